/** What an element without children holds: text, base64Binary or hexBinary, integer. An enumeration is its text. */
export type ExiValue = string | Buffer | bigint;

/** An element of a message, by its local name. */
export interface ExiElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly ExiElement[];
  readonly value: ExiValue | undefined;
}

/** An element, in short. */
export const element = (
  name: string,
  content: ExiValue | readonly ExiElement[] = [],
  attributes: Readonly<Record<string, string>> = {},
): ExiElement =>
  typeof content === 'object' && !Buffer.isBuffer(content)
    ? { name, attributes, children: content, value: undefined }
    : { name, attributes, children: [], value: content };

export const childOf = (parent: ExiElement | undefined, name: string): ExiElement | undefined =>
  parent?.children.find((each) => each.name === name);
