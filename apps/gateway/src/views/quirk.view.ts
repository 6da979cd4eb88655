import { QUIRKS, type Quirk, type QuirkId, quirksOf } from '@voltlog/connection-contract';
import { type deviationsV1, deviceV1 } from '@voltlog/proto';
import { z } from 'zod';
import { instant, stationId } from './common.js';

const { QuirkChoice } = deviceV1;

const IDS = QUIRKS.map(({ id }) => id) as [QuirkId, ...QuirkId[]];

const pattern = z.object({ vendor: z.string().optional(), model: z.string().optional(), firmwareVersion: z.string().optional() });

const about = {
  quirkId: z.string(),
  deviates: z.string().meta({ description: 'what the station does' }),
  tolerance: z.string().meta({ description: 'what is made of it' }),
};

export const quirkView = z
  .object({
    ...about,
    versions: z.array(z.string()),
    kind: z.enum(['violation', 'meaning']).meta({
      description: '`meaning`: messages are well formed and mean something else; on by an operator only',
    }),
    stations: z.array(pattern).meta({ description: 'makes it is on for (regular expressions); empty: only where an operator says so' }),
    sources: z.array(z.string()),
    example: z.object({
      version: z.string(),
      action: z.string(),
      payload: z.unknown(),
      error: z.string().nullable().meta({ description: 'what it is answered without the quirk; null: nothing, it is well formed' }),
    }),
  })
  .meta({ id: 'Quirk' });
export const quirkList = z.object({ data: z.array(quirkView) }).meta({ id: 'QuirkList' });

export const stationQuirkView = z
  .object({
    ...about,
    on: z.boolean(),
    because: z.enum(['Operator', 'Make', 'None']),
    suggested: z.boolean().meta({ description: 'off, and messages were refused that it would have mended' }),
    tolerated: z.int().meta({ description: 'messages in which it was tolerated' }),
    refused: z.int().meta({ description: 'messages that were refused and that it would have mended; looked at one a second' }),
    firstAt: instant.nullable(),
    lastAt: instant.nullable(),
    lastAction: z.string().nullable(),
    lastProblem: z.string().nullable(),
  })
  .meta({ id: 'StationQuirk' });
export const stationQuirkList = z.object({ data: z.array(stationQuirkView) }).meta({ id: 'StationQuirkList' });

export const stationQuirkParams = z.object({ stationId, quirkId: z.enum(IDS) });
export const quirkChoice = z
  .strictObject({
    choice: z.enum(['On', 'Off', 'ByMake']).meta({ description: '`ByMake`: on where the make of the station is known for it' }),
  })
  .meta({ id: 'QuirkChoice' });

export const toChoice = (choice: 'On' | 'Off' | 'ByMake'): deviceV1.QuirkChoice =>
  choice === 'On' ? QuirkChoice.ON : choice === 'Off' ? QuirkChoice.OFF : QuirkChoice.BY_MAKE;

export const toQuirk = ({ id, deviates, tolerance, versions, kind, stations, sources, example }: Quirk): z.input<typeof quirkView> => ({
  quirkId: id,
  deviates,
  tolerance,
  versions: [...versions],
  kind,
  stations: [...stations],
  sources: [...sources],
  example: { ...example, error: example.error ?? null },
});

/** All quirks of the station's version, those first that are on or suggested. */
export function toStationQuirks(
  station: deviceV1.Station,
  deviations: readonly deviationsV1.Deviation[],
): z.input<typeof stationQuirkView>[] {
  const counted = new Map(deviations.map((each) => [each.quirkId, each]));
  const rows = quirksOf(station, { on: station.quirksOn, off: station.quirksOff }).map(({ quirk, on, because }) => {
    const seen = counted.get(quirk.id);
    return {
      quirkId: quirk.id,
      deviates: quirk.deviates,
      tolerance: quirk.tolerance,
      on,
      because,
      suggested: !on && because !== 'Operator' && (seen?.refused ?? 0) > 0,
      tolerated: seen?.tolerated ?? 0,
      refused: seen?.refused ?? 0,
      firstAt: seen?.firstAt ?? null,
      lastAt: seen?.lastAt ?? null,
      lastAction: seen?.lastAction || null,
      lastProblem: seen?.lastProblem || null,
    };
  });
  const rank = (row: { readonly on: boolean; readonly suggested: boolean }): number => (row.suggested ? 0 : row.on ? 1 : 2);
  return rows.sort((a, b) => rank(a) - rank(b));
}

/** Everything of the catalogue. */
export const allQuirks = (): z.input<typeof quirkView>[] => QUIRKS.map(toQuirk);
