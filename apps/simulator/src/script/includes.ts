import { isObject } from '../station/protocol.js';

/** Whether every part of `expected` is in `found`. */
export function includes(found: unknown, expected: unknown): boolean {
  if (!isObject(expected)) return JSON.stringify(found) === JSON.stringify(expected);
  return isObject(found) && Object.entries(expected).every(([name, value]) => includes(found[name], value));
}
