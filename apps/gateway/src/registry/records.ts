import { deviceRegistryV1 } from '@voltlog/proto';
import { z } from 'zod';

/** One record of a file, or what is wrong with it. */
export interface Parsed {
  /** Its line or record in the file, from 1. */
  readonly row: number;
  /** The station or site it is about, as far as it can be told. */
  readonly id: string;
  readonly record?: NonNullable<deviceRegistryV1.RegistryRecord['record']>;
  readonly problem?: string;
}

const text = z.string().default('');
/** Absent: what is known stays. */
const kept = z.string().optional();
const connector = z.strictObject({ connectorId: z.int().min(1), connectorType: text });
const evse = z.strictObject({ evseId: z.int().min(1), powerWMax: z.int().min(0).default(0), connectors: z.array(connector).default([]) });

const site = z.strictObject({
  type: z.literal('site'),
  siteId: z.string().min(1),
  name: kept,
  address: kept,
  city: kept,
  countryCode: kept,
  latitude: z.number().optional(),
  longitude: z.number().optional(),
  timeZone: kept,
});
const station = z.strictObject({
  type: z.literal('station'),
  stationId: z.string().min(1),
  siteId: kept,
  name: kept,
  securityProfileMin: z.int().min(0).max(3).optional(),
  tags: z.array(z.string()).optional(),
  password: text,
  evses: z.array(evse).default([]),
});

/** A site or a station as a line of JSON has it. Further rules (lengths, ids, what there is already) are the device service's. */
export const registryRecord = z.discriminatedUnion('type', [site, station]);
export type RegistryRecord = z.output<typeof registryRecord>;

/** Checks the form of a record. */
export function parsedOf(row: number, value: unknown): Parsed {
  const result = registryRecord.safeParse(value);
  const id = idOf(value);
  if (result.success) return { row, id, record: toMessage(result.data) };
  const problem = result.error.issues.map(({ path, message }) => `${path.join('.') || 'record'}: ${message}`).join('; ');
  return { row, id, problem };
}

function idOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return '';
  const { stationId, siteId } = value as { readonly stationId?: unknown; readonly siteId?: unknown };
  return typeof stationId === 'string' ? stationId : typeof siteId === 'string' ? siteId : '';
}

function toMessage(record: RegistryRecord): NonNullable<deviceRegistryV1.RegistryRecord['record']> {
  const { type, ...rest } = record;
  const fields = 'tags' in rest && rest.tags !== undefined ? { ...rest, tags: { tags: rest.tags } } : rest;
  // The checked fields are those of the message; `fromPartial` adds what only answers have.
  const { record: message } = deviceRegistryV1.RegistryRecord.fromPartial({ record: { $case: type, value: fields } } as never);
  if (message === undefined) throw new Error('a record that was checked is one');
  return message;
}
