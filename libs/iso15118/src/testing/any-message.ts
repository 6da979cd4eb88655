import fc from 'fast-check';
import type { ExiElement, ExiValue } from '../exi/element.js';
import type { ElementRule, ValueRule } from '../exi/grammar.js';
import { MESSAGE } from '../v2/schema.js';

/** Repetitions without a limit of the schema. */
const REPEATED_MAX = 4;
// Few, so that some repeat; XML has no control characters.
const text = fc.oneof(
  fc.constantFrom('a', 'b', 'CN=A', ''),
  fc.string({ unit: fc.constantFrom('a', 'ß', '電', '😀', '<', ' z'), maxLength: 8 }),
);

/** Any message that the schema has, of what is read here. */
export const anyMessage: fc.Arbitrary<ExiElement> = anyElement(MESSAGE.rule);

function anyElement(rule: ElementRule): fc.Arbitrary<ExiElement> {
  const required = rule.attributes.filter(({ isRequired }) => isRequired).map(({ name }) => name);
  const attributes = fc
    .record(Object.fromEntries(rule.attributes.map(({ name }) => [name, text])), { requiredKeys: required })
    .map((each) => ({ ...each }) as Record<string, string>);
  return fc
    .record({ attributes, content: anyContent(rule) })
    .map(({ attributes: said, content: { children, value } }) => ({ name: rule.name, attributes: said, children, value }));
}

type Content = Pick<ExiElement, 'children' | 'value'>;

function anyContent({ content }: ElementRule): fc.Arbitrary<Content> {
  switch (content.kind) {
    case 'value':
      return anyValue(content.value).map((value) => ({ children: [], value }));
    case 'open':
      return fc.constant({ children: [], value: undefined });
    case 'choice': {
      const known = content.children.flatMap(({ element }) => (typeof element === 'string' ? [] : [anyElement(element)]));
      return fc.oneof(...known).map((child) => ({ children: [child], value: undefined }));
    }
    case 'sequence': {
      const parts = content.children.flatMap(({ element, min, max }) =>
        typeof element === 'string'
          ? []
          : [fc.array(anyElement(element), { minLength: min, maxLength: Math.min(max, min + REPEATED_MAX) })],
      );
      return fc.tuple(...parts).map((children) => ({ children: children.flat(), value: undefined }));
    }
    default:
      return content satisfies never;
  }
}

function anyValue(rule: ValueRule): fc.Arbitrary<ExiValue> {
  switch (rule.kind) {
    case 'string':
      return text.filter((each) => each.length <= (rule.max ?? each.length));
    case 'binary':
      return fc.uint8Array({ maxLength: Math.min(rule.max ?? 40, 40) }).map((octets) => Buffer.from(octets));
    case 'integer':
      return fc.bigInt({ min: -(2n ** 160n), max: 2n ** 160n });
    case 'enumeration':
      return fc.constantFrom(...rule.values);
    default:
      return rule satisfies never;
  }
}
