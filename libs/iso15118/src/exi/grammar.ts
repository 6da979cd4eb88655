/** How a value is written. */
export type ValueRule =
  | { readonly kind: 'string'; readonly max?: number }
  | { readonly kind: 'binary'; readonly max?: number }
  | { readonly kind: 'integer' }
  | { readonly kind: 'enumeration'; readonly values: readonly string[] };

export interface AttributeRule {
  readonly name: string;
  readonly isRequired: boolean;
}

export interface ChildRule {
  /** Its name alone: the schema allows it, and nobody here reads it. */
  readonly element: ElementRule | string;
  readonly min: number;
  readonly max: number;
}

export type ContentRule =
  | { readonly kind: 'value'; readonly value: ValueRule }
  | { readonly kind: 'sequence'; readonly children: readonly ChildRule[] }
  /** One of them, or none. */
  | { readonly kind: 'choice'; readonly children: readonly ChildRule[] }
  /** Mixed content of which nothing is read: so many elements are allowed, then the end, then text. */
  | { readonly kind: 'open'; readonly elements: number };

/** An element as a schema has it. */
export interface ElementRule {
  readonly name: string;
  /** In the order of EXI: by local name, then namespace. */
  readonly attributes: readonly AttributeRule[];
  readonly content: ContentRule;
}

/** Where in an element one is. */
export interface Place {
  /** Attributes up to this one have been passed. */
  readonly attribute: number;
  /** The child that came last, and how often. */
  readonly child: number;
  readonly count: number;
  /** The value has been there. */
  readonly hasValue: boolean;
}

export const START: Place = { attribute: 0, child: 0, count: 0, hasValue: false };

/** What may come at a place. Its position among the others is its event code. */
export type Production =
  | { readonly kind: 'attribute'; readonly rule: AttributeRule; readonly next: Place }
  | { readonly kind: 'child'; readonly rule: ElementRule; readonly next: Place }
  | { readonly kind: 'value'; readonly rule: ValueRule; readonly next: Place }
  | { readonly kind: 'end' }
  | { readonly kind: 'unread'; readonly name: string };

/**
 * What a schema-informed grammar has at a place on its first level; in default fidelity (`strict` is false) one more code leads to the second.
 *
 * Source: W3C EXI 1.0 §8.5.4.1 (attributes in order, elements in schema order, end, text)
 */
export function productionsAt({ attributes, content }: ElementRule, place: Place): readonly Production[] {
  const found: Production[] = [];
  for (let i = place.attribute; i < attributes.length; i++) {
    const rule = attributes[i];
    if (rule === undefined) break;
    found.push({ kind: 'attribute', rule, next: { ...place, attribute: i + 1 } });
    if (rule.isRequired) return found;
  }
  const passed = { ...place, attribute: attributes.length };
  switch (content.kind) {
    case 'value':
      found.push(place.hasValue ? { kind: 'end' } : { kind: 'value', rule: content.value, next: { ...passed, hasValue: true } });
      return found;
    case 'sequence':
      return [...found, ...sequenceAt(content.children, passed)];
    case 'choice':
      return [
        ...found,
        ...(place.count > 0 ? [] : content.children.map(({ element }, i) => childAt(element, { ...passed, child: i, count: 1 }))),
        { kind: 'end' },
      ];
    case 'open':
      return [
        ...found,
        ...Array.from({ length: content.elements }, () => ({ kind: 'unread', name: 'an element' }) as const),
        { kind: 'end' },
        { kind: 'unread', name: 'text' },
      ];
    default:
      return content satisfies never;
  }
}

function sequenceAt(children: readonly ChildRule[], place: Place): Production[] {
  const found: Production[] = [];
  for (let i = place.child; i < children.length; i++) {
    const rule = children[i];
    if (rule === undefined) break;
    const count = i === place.child ? place.count : 0;
    if (count < rule.max) found.push(childAt(rule.element, { ...place, child: i, count: count + 1 }));
    if (count < rule.min) return found;
  }
  found.push({ kind: 'end' });
  return found;
}

const childAt = (rule: ElementRule | string, next: Place): Production =>
  typeof rule === 'string' ? { kind: 'unread', name: rule } : { kind: 'child', rule, next };
