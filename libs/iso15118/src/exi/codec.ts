import { BitReader, BitWriter, MalformedExi, widthOf } from './bits.js';
import type { ExiElement, ExiValue } from './element.js';
import { type ElementRule, type Place, type Production, productionsAt, START, type ValueRule } from './grammar.js';

/** No cookie, no options, version 1: they are agreed on beforehand. Source: W3C EXI 1.0 §5 */
const HEADER = 0x80;
/** Elements of a message. The biggest that a car sends has about a hundred: 20 roots that it knows. */
const ELEMENTS_MAX = 300;

/** One of the elements with which a document or a fragment may begin. */
export interface Entry {
  readonly rule: ElementRule;
  /** Its event code, and how many bits event codes have there. */
  readonly code: number;
  readonly width: number;
}

/**
 * Schema-informed, bit-packed, default fidelity options, no text said by reference (`valuePartitionCapacity` is 0), as cars and stations agree on it.
 *
 * @throws {MalformedExi} when the bytes are no document of that kind, or have what nobody here reads
 *
 * Source: W3C EXI 1.0; ISO 15118-2 §7.9.1.3
 */
export function decodeDocument(bytes: Buffer, { rule, code, width }: Entry): ExiElement {
  const bits = new BitReader(bytes);
  const header = bits.bits(8);
  if (header !== HEADER) throw new MalformedExi(`it begins with 0x${header.toString(16).padStart(2, '0')} instead of 0x80`);
  if (bits.bits(width) !== code) throw new MalformedExi(`it is no ${rule.name}`);
  const read = new Decoder(bits).element(rule);
  if (!bits.isAtEnd) throw new MalformedExi('something follows the message');
  return read;
}

/** @throws {MalformedExi} when the element is not as the schema has it */
export function encodeDocument(element: ExiElement, entry: Entry): Buffer {
  return written(element, entry).finish();
}

/** One element alone, as it is digested: what may follow is another, and the end of the fragment has a code of its own. */
export function encodeFragment(element: ExiElement, entry: Entry, endCode: number): Buffer {
  const bits = written(element, entry);
  bits.bits(endCode, entry.width);
  return bits.finish();
}

function written(element: ExiElement, { rule, code, width }: Entry): BitWriter {
  const bits = new BitWriter();
  bits.bits(HEADER, 8);
  bits.bits(code, width);
  new Encoder(bits).element(element, rule);
  return bits;
}

class Decoder {
  private elements = 0;

  constructor(private readonly bits: BitReader) {}

  element(rule: ElementRule): ExiElement {
    if (++this.elements > ELEMENTS_MAX) throw new MalformedExi(`it has more than ${ELEMENTS_MAX} elements`);
    const attributes: Record<string, string> = {};
    const children: ExiElement[] = [];
    let value: ExiValue | undefined;
    let place: Place = START;
    for (;;) {
      const production = this.production(rule, place);
      if (production.kind === 'end') return { name: rule.name, attributes, children, value };
      if (production.kind === 'attribute') attributes[production.rule.name] = this.bits.text();
      else if (production.kind === 'child') children.push(this.element(production.rule));
      else value = this.value(production.rule, rule.name);
      place = production.next;
    }
  }

  private production(rule: ElementRule, place: Place): Exclude<Production, { kind: 'unread' }> {
    const productions = productionsAt(rule, place);
    const production = productions[this.bits.bits(widthOf(productions.length + 1))];
    if (production === undefined) throw new MalformedExi(`${rule.name} has what the schema does not have there`);
    if (production.kind === 'unread') throw new MalformedExi(`${rule.name} has ${production.name}, which is not read`);
    return production;
  }

  private value(rule: ValueRule, name: string): ExiValue {
    switch (rule.kind) {
      case 'string':
        return bounded(this.bits.text(), rule.max, name);
      case 'binary':
        return bounded(this.bits.octets(this.bits.count()), rule.max, name);
      case 'integer':
        return this.bits.integer();
      case 'enumeration': {
        const value = rule.values[this.bits.bits(widthOf(rule.values.length))];
        if (value === undefined) throw new MalformedExi(`${name} has a value that is none`);
        return value;
      }
      default:
        return rule satisfies never;
    }
  }
}

class Encoder {
  constructor(private readonly bits: BitWriter) {}

  element({ name, attributes, children, value }: ExiElement, rule: ElementRule): void {
    let place: Place = START;
    for (const { name: attribute } of rule.attributes) {
      const text = attributes[attribute];
      if (text === undefined) continue;
      place = this.go(rule, place, (each) => each.kind === 'attribute' && each.rule.name === attribute);
      this.bits.text(text);
    }
    if (value !== undefined) {
      place = this.go(rule, place, (each) => each.kind === 'value');
      if (rule.content.kind === 'value') this.value(value, rule.content.value, name);
    }
    for (const child of children) {
      let inner: ElementRule | undefined;
      place = this.go(rule, place, (each) => {
        const isIt = each.kind === 'child' && each.rule.name === child.name;
        if (isIt) inner = each.rule;
        return isIt;
      });
      if (inner !== undefined) this.element(child, inner);
    }
    this.go(rule, place, (each) => each.kind === 'end');
  }

  private go(rule: ElementRule, place: Place, isIt: (production: Production) => boolean): Place {
    const productions = productionsAt(rule, place);
    const code = productions.findIndex(isIt);
    const production = productions[code];
    if (production === undefined) throw new MalformedExi(`${rule.name} is not as its schema has it`);
    this.bits.bits(code, widthOf(productions.length + 1));
    return 'next' in production ? production.next : place;
  }

  private value(value: ExiValue, rule: ValueRule, name: string): void {
    if (rule.kind === 'string' && typeof value === 'string') return this.bits.text(bounded(value, rule.max, name));
    if (rule.kind === 'integer' && typeof value === 'bigint') return this.bits.integer(value);
    if (rule.kind === 'binary' && Buffer.isBuffer(value)) {
      this.bits.unsigned(BigInt(bounded(value, rule.max, name).length));
      return this.bits.octets(value);
    }
    const code = rule.kind === 'enumeration' ? rule.values.indexOf(String(value)) : -1;
    if (rule.kind !== 'enumeration' || code < 0) throw new MalformedExi(`${name} has a value that is none`);
    this.bits.bits(code, widthOf(rule.values.length));
  }
}

function bounded<T extends { readonly length: number }>(value: T, max: number | undefined, name: string): T {
  if (max !== undefined && value.length > max) throw new MalformedExi(`${name} has ${value.length} of at most ${max}`);
  return value;
}
