import { isObject, type Payload } from '../station/protocol.js';

/** A line of a recording, besides its head. `ms` counts from the beginning. */
export type RecordedLine =
  /** `dialect`: it speaks SOAP, and any instance that hears it first may say so while it is there. */
  | { readonly kind: 'connect'; readonly ms: number; readonly ocppVersion: string; readonly dialect?: string }
  | { readonly kind: 'close'; readonly ms: number; readonly code: number }
  | {
      readonly kind: 'call';
      readonly ms: number;
      readonly from: Side;
      readonly messageId: string;
      readonly action: string;
      readonly payload: Payload;
    }
  | { readonly kind: 'answer'; readonly ms: number; readonly from: Side; readonly messageId: string; readonly answer: RecordedAnswer }
  /** 2.1 SEND, or a frame that nobody could read. */
  | { readonly kind: 'other'; readonly ms: number; readonly from: Side; readonly frame: unknown };

export type Side = 'station' | 'csms';

export type RecordedAnswer =
  | { readonly kind: 'result'; readonly payload: Payload }
  | { readonly kind: 'error'; readonly code: string; readonly description: string };

export interface Recording {
  /** Subprotocol of its first connection. */
  readonly ocppVersion: string;
  readonly startedAtMs: number;
  readonly lines: readonly RecordedLine[];
}

export const FORMAT_VERSION = 1;

/** @throws {RangeError} naming the line that is not what the format says */
export function readRecording(text: string): Recording {
  const [first, ...rest] = text.split('\n').flatMap((line, index) => (line.trim() === '' ? [] : [{ line, row: index + 1 }]));
  const head = first === undefined ? undefined : parsed(first.line, first.row);
  if (!isObject(head) || head['format'] !== 'voltlog-recording') throw new RangeError('line 1: not the head of a recording');
  if (head['version'] !== FORMAT_VERSION) throw new RangeError(`line 1: version ${String(head['version'])} of the format is not known`);
  const startedAtMs = Date.parse(String(head['startedAt']));
  if (Number.isNaN(startedAtMs)) throw new RangeError('line 1: startedAt is no time');
  // Instances store their lines apart; by time they are in order, and those of one moment as they were written.
  const lines = rest.map(({ line, row }) => lineOf(parsed(line, row), row)).sort((a, b) => a.ms - b.ms);
  const connect = lines.find((line) => line.kind === 'connect');
  if (connect === undefined) throw new RangeError('the station was never connected while it was recorded');
  return { ocppVersion: connect.ocppVersion, startedAtMs, lines };
}

function parsed(line: string, row: number): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new RangeError(`line ${row}: not JSON`);
  }
}

function lineOf(line: unknown, row: number): RecordedLine {
  if (!isObject(line) || typeof line['ms'] !== 'number') throw new RangeError(`line ${row}: no object with ms`);
  const { ms, from, frame } = line;
  if (line['do'] === 'connect') {
    const { dialect } = line;
    return { kind: 'connect', ms, ocppVersion: String(line['ocppVersion']), ...(typeof dialect === 'string' ? { dialect } : {}) };
  }
  if (line['do'] === 'close') return { kind: 'close', ms, code: Number(line['code']) };
  if (from !== 'station' && from !== 'csms') throw new RangeError(`line ${row}: from must be station or csms`);
  if (!Array.isArray(frame)) return { kind: 'other', ms, from, frame: undefined };
  const [type, messageId, third, fourth]: readonly unknown[] = frame;
  if (typeof messageId !== 'string') return { kind: 'other', ms, from, frame };
  if (type === 2 && typeof third === 'string')
    return { kind: 'call', ms, from, messageId, action: third, payload: isObject(fourth) ? fourth : {} };
  if (type === 3) return { kind: 'answer', ms, from, messageId, answer: { kind: 'result', payload: isObject(third) ? third : {} } };
  if (type === 4)
    return { kind: 'answer', ms, from, messageId, answer: { kind: 'error', code: String(third), description: String(fourth ?? '') } };
  return { kind: 'other', ms, from, frame };
}
