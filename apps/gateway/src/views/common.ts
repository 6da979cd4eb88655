import { z } from 'zod';
import type { Role } from '../auth/api-key.js';

/** Rows of a page when the caller does not say, and at most. */
export const PAGE_DEFAULT = 50;
export const PAGE_MAX = 200;

/** An instant, ISO 8601 UTC ending in Z. */
export const instant = z.iso.datetime({ offset: false }).meta({ examples: ['2026-11-23T10:00:00.000Z'] });
const INSTANT_MAX_MS = Date.UTC(10_000, 0) - 1;

/** An instant from outside; any offset is understood and turned into UTC. Years have four digits there too: instants are compared as text. */
export const instantIn = z.iso
  .datetime({ offset: true, abort: true })
  .refine((text) => new Date(text).getTime() <= INSTANT_MAX_MS, 'is after the year 9999')
  .transform((text) => new Date(text).toISOString());

export const identifier = (what: string, max: number) =>
  z
    .string()
    .min(1, `${what} is missing`)
    .max(max)
    .regex(/^\P{Cc}+$/u, 'must not hold control characters');

/** OCPP 2.0.1 Part 4 §3.1.1: at most 48 characters. */
export const stationId = identifier('stationId', 48).meta({ examples: ['CP-001'] });
/** What a new station may be called. OCPP 2.0.1 Part 2 §3.1: an identifierString; without `:`, which ends the user name of basic authentication. */
export const newStationId = z
  .string()
  .min(1, 'stationId is missing')
  .max(48)
  .regex(/^(?!\.{1,2}$)[A-Za-z0-9*\-_=+|@.]+$/, 'may hold letters, digits and * - _ = + | @ .')
  .meta({ examples: ['CP-001'] });
export const evseId = z.int().min(0).max(1_000);
export const connectorId = z.int().min(0).max(1_000);

const limit = z.coerce.number().int().min(1).max(PAGE_MAX).default(PAGE_DEFAULT);
const cursor = z.string().min(1).max(2_048).optional().meta({ description: '`nextCursor` of the page before' });
export const pageQuery = z.object({ limit, cursor });

/** A page of rows and how to get the next one. */
export const pageOf = <Row extends z.ZodType>(row: Row, id: string) =>
  z.object({ data: z.array(row), nextCursor: z.string().nullable().meta({ description: 'null: this was the last page' }) }).meta({ id });

/** A text that may be absent; proto says that by an empty one. */
/** Fields that an answer has and a PUT does not look at: what was read can be put back as it is. */
export const asRead = <Name extends string>(...names: readonly Name[]) => {
  const field = z.unknown().optional().meta({ description: 'as it was read; not looked at', readOnly: true });
  return Object.fromEntries(names.map((name) => [name, field])) as Record<Name, typeof field>;
};

export const orNull = (text: string | undefined): string | null => (text === undefined || text === '' ? null : text);

/** `SESSION_STATE_ACTIVE` with prefix `SESSION_STATE_` -> `Active`; `CONCURRENT_TX` -> `ConcurrentTx`. */
export const wordOf = (value: string, prefix: string): string =>
  value
    .slice(value.startsWith(prefix) ? prefix.length : 0)
    .toLowerCase()
    .split('_')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('');

/** JSON text of another service; what is not JSON is handed on as the text it is. */
export function parsed(json: string): unknown {
  if (json === '') return null;
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}

/** An address that is asked, which may carry a token: a viewer is told its host, or nothing where that cannot be told. */
export function addressFor(role: Role, url: string): string {
  if (role !== 'viewer') return url;
  return URL.canParse(url) ? new URL(url).host : '';
}
