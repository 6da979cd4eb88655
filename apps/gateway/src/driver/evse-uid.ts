import { z } from 'zod';

/** One EVSE, as its QR code names it. */
export interface EvsePlace {
  readonly stationId: string;
  /** Counts from 1. */
  readonly evseId: number;
}

const EVSE_UID = /^(.{1,48})\*([1-9]\d{0,3})$/u;

/** `<stationId>*<evseId>`; the last `*` divides, since a station's id may hold one. `undefined`: it names no EVSE. */
export function parseEvseUid(evseUid: string): EvsePlace | undefined {
  const [, stationId, evseId] = EVSE_UID.exec(evseUid) ?? [];
  return stationId === undefined || evseId === undefined ? undefined : { stationId, evseId: Number(evseId) };
}

export const evseUidOf = ({ stationId, evseId }: EvsePlace): string => `${stationId}*${evseId}`;

/** The page of an EVSE, which its QR code opens. */
export const evsePageUrl = (publicUrl: string, place: EvsePlace): string => `${publicUrl}/c/${encodeURIComponent(evseUidOf(place))}`;

export const evseParams = z.object({
  evseUid: z
    .string()
    .max(60)
    .refine((text) => parseEvseUid(text) !== undefined, 'must be <stationId>*<evseId>')
    .meta({ description: '`{stationId}*{evseId}`: what stands behind `/c/` in the address of the QR code', examples: ['CP-001*1'] }),
});
