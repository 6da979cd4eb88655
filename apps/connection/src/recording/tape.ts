import { Anonymiser } from './anonymise.js';
import { Pseudonyms } from './pseudonyms.js';
import type { RecordingRow } from './recording.schema.js';

/** Bytes of frames that wait to be stored, of one recording. */
const WAITING_BYTES_MAX = 4 * 1_048_576;

const EVENT_BYTES = 64;

/** Lines that belong together. */
export interface Cut {
  /** Of the first, our clock. */
  readonly atMs: number;
  readonly lines: readonly string[];
}

interface Waiting {
  readonly atMs: number;
  readonly line: Readonly<Record<string, unknown>>;
  readonly text: string | undefined;
}

/** A station that can be listened to. */
export interface Recorded {
  readonly stationId: string;
  /** `name` where it is not told by the version: an edition over SOAP. */
  readonly dialect: { readonly version: string; readonly name?: string };
}

/** What one instance has heard of a recording and not stored yet. Taking is cheap; names are replaced when it is stored. */
export class Tape {
  private waiting: Waiting[] = [];
  private bytes = 0;
  private readonly startedAtMs: number;
  private readonly anonymiser: Anonymiser;

  constructor(readonly recording: Pick<RecordingRow, 'id' | 'stationId' | 'key' | 'startedAt'>) {
    this.startedAtMs = Date.parse(recording.startedAt);
    this.anonymiser = new Anonymiser(new Pseudonyms(recording.key), recording.stationId);
  }

  /** @param more what is said beside the frame, of closed lists alone */
  frame(from: 'station' | 'csms', atMs: number, text: string, more: Readonly<Record<string, unknown>> = {}): void {
    this.take({ atMs, line: { from, ...more }, text });
  }

  /** A socket opened, or was open when the recording began; over SOAP: it was heard. */
  connected(atMs: number, { version, name }: Recorded['dialect']): void {
    this.take({ atMs, line: { do: 'connect', ocppVersion: version, ...(name === undefined ? {} : { dialect: name }) }, text: undefined });
  }

  closed(atMs: number, code: number): void {
    this.take({ atMs, line: { do: 'close', code }, text: undefined });
  }

  /** What waits, as lines of JSON; it waits until it is {@link kept}. */
  cut(): Cut | undefined {
    const { waiting } = this;
    const [first] = waiting;
    if (first === undefined) return undefined;
    return { atMs: first.atMs, lines: waiting.map((each) => this.written(each)) };
  }

  /** It is stored. */
  kept({ lines }: Cut): void {
    for (const { text } of this.waiting.splice(0, lines.length)) this.bytes -= text?.length ?? EVENT_BYTES;
  }

  private take(each: Waiting): void {
    const bytes = each.text?.length ?? EVENT_BYTES;
    if (this.bytes + bytes > WAITING_BYTES_MAX) return;
    this.bytes += bytes;
    this.waiting.push(each);
  }

  private written({ atMs, line, text }: Waiting): string {
    const ms = Math.max(0, atMs - this.startedAtMs);
    if (text === undefined) return JSON.stringify({ ms, ...line });
    const frame = this.anonymiser.frame(text);
    return JSON.stringify(frame === undefined ? { ms, ...line, unreadable: text.length } : { ms, ...line, frame });
  }
}
