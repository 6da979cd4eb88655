import type { authorizationV1 } from '@voltlog/proto';
import { z } from 'zod';
import { instant, orNull } from './common.js';

const STATES = ['InStep', 'Pending', 'Sending', 'NotSupported', 'TooLarge', 'Failed', 'Off'] as const;

export const localListView = z
  .object({
    stationId: z.string(),
    state: z.enum(STATES).meta({ description: 'InStep: the station has said that it has the list that is wanted' }),
    reason: z.string().nullable(),
    wantedVersion: z.int(),
    wantedEntries: z.int(),
    stationVersion: z.int().nullable().meta({ description: 'as the station last said; null: never asked' }),
    updatedAt: instant.nullable(),
  })
  .meta({ id: 'LocalList' });

export const localListSync = z
  .strictObject({ full: z.boolean().default(false).meta({ description: 'send the whole list even when the versions agree' }) })
  .meta({ id: 'LocalListSync' });

export const toLocalList = (list: authorizationV1.LocalList): z.input<typeof localListView> => ({
  stationId: list.stationId,
  state: STATES.find((state) => state === list.state) ?? 'Pending',
  reason: orNull(list.reason),
  wantedVersion: list.wantedVersion,
  wantedEntries: list.wantedEntries,
  stationVersion: list.stationVersion ?? null,
  updatedAt: list.updatedAt ?? null,
});
