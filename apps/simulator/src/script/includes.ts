import { isObject } from '../station/protocol.js';

/** Whether every part of `expected` is in `found`; a list is as long, and each of it in its place. */
export function includes(found: unknown, expected: unknown): boolean {
  if (Array.isArray(expected))
    return Array.isArray(found) && found.length === expected.length && expected.every((each, index) => includes(found[index], each));
  if (!isObject(expected)) return JSON.stringify(found) === JSON.stringify(expected);
  return isObject(found) && Object.entries(expected).every(([name, value]) => includes(found[name], value));
}
