import { XML_SCHEMA_INSTANCE } from './names.js';
import type { Field, Shape, TextKind } from './shape.js';
import { escaped, type XmlElement } from './xml.js';

/** A message as OCPP-J has it. */
export type Payload = Readonly<Record<string, unknown>>;

/** Told of each tolerance that was needed. */
export type Noted = (tolerance: 'unqualifiedFields' | 'nilField' | 'emptyField') => void;

/**
 * The fields of an element as JSON. What its shape does not have stays in, so that the schema refuses it; so does text that is not of
 * its kind. The order of the elements does not matter.
 */
export function toPayload(element: XmlElement, shape: Shape, noted: Noted): Payload {
  const payload: Record<string, unknown> = {};
  const byTag = new Map(shape.map((field) => [field.tag ?? field.name, field]));
  for (const child of element.children) {
    if (child.uri === '') noted('unqualifiedFields');
    const known = child.uri === '' || child.uri === element.uri;
    const field = known ? byTag.get(child.name) : undefined;
    const name = field?.name ?? (known ? child.name : `{${child.uri}}${child.name}`);
    const value = field === undefined ? child.text : valueOf(child, field, noted);
    if (value !== undefined) add(payload, name, value, field?.list ?? false);
  }
  return payload;
}

function add(payload: Record<string, unknown>, name: string, value: unknown, list: boolean): void {
  const before = Object.hasOwn(payload, name) ? payload[name] : undefined;
  if (!list && before === undefined) Object.defineProperty(payload, name, { value, enumerable: true, writable: true, configurable: true });
  // A field that may be there once and is there twice becomes a list, which the schema refuses.
  else if (Array.isArray(before)) before.push(value);
  else payload[name] = before === undefined ? [value] : [before, value];
}

/** Undefined: as if it were not there. */
function valueOf(element: XmlElement, { kind, asAttributes }: Field, noted: Noted): unknown {
  if (element.attributes.some(({ name, uri, value }) => name === 'nil' && uri === XML_SCHEMA_INSTANCE && isTrue(value))) {
    noted('nilField');
    return undefined;
  }
  if (asAttributes) return { value: element.text.trim(), ...attributesOf(element) };
  if (typeof kind === 'object') return toPayload(element, kind, noted);
  if (element.children.length > 0) return toPayload(element, [], noted);
  if (kind === 'text') return element.text;
  const text = element.text.trim();
  if (text === '') {
    noted('emptyField');
    return undefined;
  }
  return scalar(text, kind);
}

const attributesOf = (element: XmlElement): Payload =>
  Object.fromEntries(element.attributes.filter(({ uri }) => uri === '').map(({ name, value }) => [name, value.trim()]));

const INTEGER = /^[+-]?\d{1,15}$/;
const DECIMAL = /^[+-]?(?:\d{1,15}(?:\.\d{0,15})?|\.\d{1,15})$/;
const isTrue = (text: string): boolean => text === 'true' || text === '1';

function scalar(text: string, kind: Exclude<TextKind, 'text'>): unknown {
  switch (kind) {
    case 'integer':
      return INTEGER.test(text) ? Number(text) : text;
    case 'number':
      return DECIMAL.test(text) ? Number(text) : text;
    case 'boolean':
      return isTrue(text) || (text === 'false' || text === '0' ? false : text);
    default:
      return text;
  }
}

/** The fields of a message as XML, in the order of its shape, each with the prefix. The payload must have passed its schema. */
export function toXml(payload: Payload, shape: Shape, prefix: string): string {
  let xml = '';
  for (const field of shape) {
    const value = payload[field.name];
    if (value === undefined || value === null) continue;
    for (const one of Array.isArray(value) ? value : [value]) xml += elementXml(one, field, prefix);
  }
  return xml;
}

function elementXml(value: unknown, { name, tag = name, kind, asAttributes }: Field, prefix: string): string {
  if (asAttributes && isPayload(value)) return attributesXml(value, tag, prefix);
  const inner = typeof kind === 'object' ? (isPayload(value) ? toXml(value, kind, prefix) : '') : escaped(String(value));
  return `<${prefix}:${tag}>${inner}</${prefix}:${tag}>`;
}

function attributesXml({ value, ...others }: Payload, tag: string, prefix: string): string {
  const attributes = Object.entries(others).map(([name, text]) => ` ${name}="${escaped(String(text))}"`);
  return `<${prefix}:${tag}${attributes.join('')}>${escaped(String(value))}</${prefix}:${tag}>`;
}

const isPayload = (value: unknown): value is Payload => typeof value === 'object' && value !== null && !Array.isArray(value);
