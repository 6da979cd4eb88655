import { isObject } from '../station/protocol.js';
import type { RecordedAnswer } from './recording.js';

/** What a value may be another of each time: a time, or an id that somebody makes up. */
const TIME = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d/;
const MADE_UP = /^(?:transactionId|reservationId|requestId|remoteStartId|messageId|id|chargingProfileId|tbc)$/;

/** How an answer differs from the recorded one, in words; times and ids that are made up may. */
export function differences(recorded: RecordedAnswer, now: RecordedAnswer): readonly string[] {
  if (recorded.kind === 'error' || now.kind === 'error') {
    const [before, after] = [said(recorded), said(now)];
    return before === after ? [] : [`was ${before}, is ${after}`];
  }
  return valuesDiffer(recorded.payload, now.payload, '');
}

const said = (answer: RecordedAnswer): string => (answer.kind === 'error' ? `CALLERROR ${answer.code}` : 'a CALLRESULT');

function valuesDiffer(recorded: unknown, now: unknown, path: string): readonly string[] {
  if (isObject(recorded) && isObject(now)) {
    const names = [...new Set([...Object.keys(recorded), ...Object.keys(now)])];
    return names.flatMap((name) => fieldDiffers(recorded, now, { name, path: `${path}/${name}` }));
  }
  if (Array.isArray(recorded) && Array.isArray(now)) {
    if (recorded.length !== now.length) return [`${path}: had ${recorded.length} elements, has ${now.length}`];
    return recorded.flatMap((each: unknown, index) => valuesDiffer(each, now[index], `${path}/${index}`));
  }
  if (recorded === now || (isTime(recorded) && isTime(now))) return [];
  return [`${path}: was ${JSON.stringify(recorded)}, is ${JSON.stringify(now)}`];
}

function fieldDiffers(
  recorded: Readonly<Record<string, unknown>>,
  now: Readonly<Record<string, unknown>>,
  { name, path }: { readonly name: string; readonly path: string },
): readonly string[] {
  if (!Object.hasOwn(recorded, name)) return [`${path}: is new, ${JSON.stringify(now[name])}`];
  if (!Object.hasOwn(now, name)) return [`${path}: is gone, was ${JSON.stringify(recorded[name])}`];
  if (MADE_UP.test(name) && typeof recorded[name] === typeof now[name]) return [];
  return valuesDiffer(recorded[name], now[name], path);
}

const isTime = (value: unknown): boolean => typeof value === 'string' && TIME.test(value);
