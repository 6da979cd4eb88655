import { randomFillSync } from 'node:crypto';
import { isoTime } from '@voltlog/kernel';

export interface VariationOptions {
  /** What stands in the text that is varied. */
  readonly stationId: string;
  readonly idToken: string;
  readonly transactionId: string;
  readonly sessions: number;
  /** Who charged, one after the other. */
  readonly stationIds: readonly string[];
  readonly tokens: number;
}

/** Makes texts of one session into those of many. */
export interface Variations {
  /** A text of the session, prepared: the numbers of copies give the texts. Texts prepared by the same variations vary together. */
  prepare(text: string): () => string;
  /** What is prepared gives the texts of this copy from now on, from 0. */
  select(number: number): void;
}

const HOUR_MS = 3_600_000;
/** A time, or a UUID. */
const TIME = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z';
const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const IS_TIME = new RegExp(`^${TIME}$`);
/** Of a UUID that begins with 48 bits of time, how far that may be from the session. */
const NEAR_MS = 24 * HOUR_MS;

/** Each station charges once an hour; the latest session ended an hour ago. */
export function variationsOf(options: VariationOptions): Variations {
  const { stationId, idToken, transactionId, sessions, stationIds, tokens } = options;
  const parts = new RegExp(`(${TIME}|${UUID}|${stationId}|${idToken}|\\b${transactionId}\\b)`, 'i');
  const makers = new Map<string, () => string>();
  const values = new Map<string, { text: string }>();
  const random = Buffer.alloc(16);
  const firstAt = Date.now() - (Math.ceil(sessions / stationIds.length) + 1) * HOUR_MS;
  let number = 0;
  let startAt = firstAt;
  let templateAt: number | undefined;

  const shifted = (ms: number): number => ms - (templateAt ?? ms) + startAt;
  function makerOf(part: string): () => string {
    if (part === stationId) return () => stationIds[number % stationIds.length] as string;
    if (part.toLowerCase() === idToken.toLowerCase()) {
      const token = part === idToken ? 'BENCH' : 'bench';
      return () => token + ((number % tokens) + 1);
    }
    if (part === transactionId) return () => String(randomFillSync(random).readUInt32LE(0) >>> 1);
    if (IS_TIME.test(part)) {
      const ms = Date.parse(part);
      templateAt = Math.min(templateAt ?? ms, ms);
      return () => isoTime(shifted(ms));
    }
    const ms = Number.parseInt(part.slice(0, 8) + part.slice(9, 13), 16);
    const version = part.charAt(14);
    // Those of version 7 begin with a time (RFC 9562 §5.7), and of version 8 some of ours.
    if (version !== '7' && Math.abs(ms - (templateAt ?? Date.now())) > NEAR_MS)
      return () => uuid(randomFillSync(random).toString('hex'), version);
    return () => uuid(shifted(ms).toString(16).padStart(12, '0') + randomFillSync(random).toString('hex', 0, 10), version);
  }

  return {
    prepare: (text) => {
      const pieces = text.split(parts).map((piece, i): { readonly text: string } => {
        if (i % 2 === 0) return { text: piece };
        const known = values.get(piece);
        if (known !== undefined) return known;
        const value = { text: piece };
        values.set(piece, value);
        makers.set(piece, makerOf(piece));
        return value;
      });
      return () => {
        let varied = '';
        for (const piece of pieces) varied += piece.text;
        return varied;
      };
    },
    select: (next) => {
      number = next;
      startAt = firstAt + Math.floor(next * (HOUR_MS / stationIds.length));
      for (const [piece, make] of makers) (values.get(piece) as { text: string }).text = make();
    },
  };
}

/** 32 hexadecimal digits as a UUID of a version. */
function uuid(hex: string, version: string): string {
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${version}${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
