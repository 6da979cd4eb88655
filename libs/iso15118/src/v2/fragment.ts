import { BitWriter, MalformedExi } from '../exi/bits.js';
import { encodeFragment } from '../exi/codec.js';
import type { ExiElement } from '../exi/element.js';
import { DSIG_FRAGMENT_END, EMAID_FRAGMENT, FRAGMENTS, SIGNED_INFO, V2G_FRAGMENT_END } from './schema.js';

/**
 * The bytes of an element that are digested or signed. Two codecs give the same: all that EXI leaves open is fixed by the options.
 *
 * @throws {MalformedExi} when it is none that is signed, or not as its schema has it
 */
export function fragmentOf(element: ExiElement): Buffer {
  if (element.name === SIGNED_INFO.rule.name) return encodeFragment(element, SIGNED_INFO, DSIG_FRAGMENT_END);
  if (element.name === 'eMAID') return emaidFragment(element);
  const entry = FRAGMENTS[element.name];
  if (entry === undefined) throw new MalformedExi(`${element.name} is not signed`);
  return encodeFragment(element, entry, V2G_FRAGMENT_END);
}

function emaidFragment({ attributes, value }: ExiElement): Buffer {
  const { code, width, id, value: text, end } = EMAID_FRAGMENT;
  const bits = new BitWriter();
  bits.bits(0x80, 8);
  bits.bits(code, width);
  bits.bits(id.code, id.width);
  bits.text(attributes['Id'] ?? '');
  bits.bits(text.code, text.width);
  bits.text(String(value));
  bits.bits(end.code, end.width);
  bits.bits(V2G_FRAGMENT_END, width);
  return bits.finish();
}
