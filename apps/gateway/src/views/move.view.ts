import { deviceJobV1, deviceMoveV1 } from '@voltlog/proto';
import { z } from 'zod';
import type { Role } from '../auth/api-key.js';
import { addressFor, identifier, instant, orNull, pageOf, pageQuery, stationId } from './common.js';
import { selectionIn, toSelection } from './job.view.js';

const STATES = ['Running', 'Paused', 'Stopped', 'Cancelling', 'Ended'] as const;
const PHASES = ['Started', 'Prepared', 'Switched', 'Moved', 'Failed', 'CameBack', 'Cancelled'] as const;
type Phase = (typeof PHASES)[number];

const key = z.object({
  key: z.string().min(1).max(50),
  value: z.string().max(500).meta({ description: '`{stationId}` stands for the station’s id' }),
});
const target = z.object({
  csmsUrl: z
    .string()
    .max(512)
    .meta({
      description:
        'OCPP address without the station id, for stations of 2.x, and for those of 1.6 whose keys are known. A viewer is told the host only, here as in the values of keys',
      examples: ['wss://new-provider.example/ocpp'],
    }),
  securityProfile: z.int().min(0).max(3),
  slot: z.int().min(1).max(100).default(2).meta({ description: 'network profile slot of 2.x; another than the one in use' }),
  messageTimeoutSeconds: z.int().min(0).max(600).default(30),
  keys: z
    .array(
      z.object({
        vendor: z.string().max(255).default('').meta({ description: 'as the station tells it; empty: any' }),
        keys: z.array(key).min(1).max(20),
      }),
    )
    .max(50)
    .default([])
    .meta({
      description:
        'configuration keys that bring stations of 1.6 to another CSMS, by vendor; each maker has names of its own. Of a vendor that is not named: the keys that are known of it',
    }),
  healthUrl: z
    .string()
    .max(500)
    .default('')
    .meta({
      description:
        'asked by GET whether a station has arrived, with its id for `{stationId}`: 2xx, and no JSON that says `connected: false`; a station of which it does not say so within healthMinutes has failed. A viewer is told the host only',
      examples: ['https://new-provider.example/arrived/{stationId}'],
    }),
});
const wave = z.object({
  percent: z.int().min(0).max(100).default(0).meta({ description: 'of all stations; above 0 `stations` does not count' }),
  stations: z.int().min(0).max(10_000).default(0),
  pauseMinutes: z.int().min(0).max(20_160).default(0).meta({ description: 'how long nothing begins after the wave is through' }),
});

export const newMove = z
  .strictObject({
    name: z.string().max(100).default(''),
    direction: z.enum(['Out', 'In']),
    selection: selectionIn,
    target: target.optional().meta({ description: 'needed with `Out`' }),
    waves: z.array(wave).max(20).default([]).meta({ description: 'what is left over is in the last; none: all in one' }),
    atOnceMax: z.int().min(1).max(200).default(10).meta({ description: 'stations under way at once' }),
    healthMinutes: z
      .int()
      .min(1)
      .max(10_080)
      .default(10)
      .meta({ description: '`Out`: how long a station is to be away; `In`: within which it is to boot here with a connector in service' }),
    confirm: z.boolean().default(false).meta({ description: '`Out`: a station that nobody confirms within healthMinutes has failed' }),
    stopAtFailedPercent: z.int().min(0).max(100).default(20).meta({ description: 'of those that are through; 0: go on whatever fails' }),
    stopAtFailedMin: z.int().min(0).max(10_000).default(2),
  })
  .meta({ id: 'NewMove' });

export const moveView = z
  .object({
    moveId: z.string(),
    name: z.string().nullable(),
    direction: z.enum(['Out', 'In']),
    target: target.nullable(),
    waves: z.array(wave.extend({ stationCount: z.int() })),
    atOnceMax: z.int(),
    healthMinutes: z.int(),
    confirm: z.boolean(),
    stopAtFailedPercent: z.int(),
    stopAtFailedMin: z.int(),
    state: z.enum(STATES).meta({ description: 'Stopped: too many failed' }),
    outcome: z.enum(['Completed', 'Cancelled']).nullable(),
    stationCount: z.int(),
    wave: z.int().meta({ description: 'the newest that has begun; 0: none' }),
    counts: z.partialRecord(z.enum(PHASES), z.int()).meta({ description: 'of the stations whose turn has come' }),
    createdBy: z.string().nullable(),
    createdAt: instant,
    endedAt: instant.nullable(),
  })
  .meta({ id: 'Move' });
export const movePage = pageOf(moveView, 'MovePage');
export const moveParams = z.object({ moveId: identifier('moveId', 64) });
export const moveStationParams = z.object({ moveId: identifier('moveId', 64), stationId });
export const moveStationQuery = pageQuery.extend({ phase: z.enum(PHASES).optional() });

export const moveStationView = z
  .object({
    stationId: z.string(),
    wave: z.int(),
    phase: z.enum(PHASES).meta({ description: 'Switched: it was told to start again. CameBack: it was away and is connected here again.' }),
    confirmed: z.boolean(),
    reason: z.string().nullable(),
    startedAt: instant.nullable(),
    switchedAt: instant.nullable(),
    endedAt: instant.nullable(),
    restoredAt: instant.nullable().meta({ description: 'it is here again, and set to what it was before' }),
    before: z.object({
      networkConfigurationPriority: z.string().nullable(),
      keys: z.array(z.object({ key: z.string(), value: z.string() })),
    }),
  })
  .meta({ id: 'MoveStation' });
export const moveStationPage = pageOf(moveStationView, 'MoveStationPage');

export const movePreview = z
  .object({
    data: z.array(
      z.object({
        stationId: z.string(),
        wave: z.int(),
        ocppVersion: z.string().nullable(),
        connected: z.boolean(),
        problem: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'MovePreview' });
export const moveExport = z.string().meta({ id: 'MoveExport', description: 'one station a line' });

export const toCreateMove = (
  body: z.output<typeof newMove>,
  { createdBy, idempotencyKey }: { readonly createdBy: string; readonly idempotencyKey: string },
): deviceMoveV1.CreateMoveRequest =>
  deviceMoveV1.CreateMoveRequest.fromPartial({
    ...body,
    target: body.target ?? undefined,
    selection: deviceJobV1.StationSelection.fromPartial(toSelection(body.selection)),
    createdBy,
    idempotencyKey,
  } as deviceMoveV1.DeepPartial<deviceMoveV1.CreateMoveRequest>);

export const toMove = (move: deviceMoveV1.Move, role: Role): z.input<typeof moveView> => ({
  moveId: move.moveId,
  name: orNull(move.name),
  direction: move.direction as 'Out' | 'In',
  target: move.target === undefined ? null : toTarget(move.target, role),
  waves: move.waves.map((each, index) => ({ ...each, stationCount: move.waveSizes[index] ?? 0 })),
  atOnceMax: move.atOnceMax,
  healthMinutes: move.healthMinutes,
  confirm: move.confirm,
  stopAtFailedPercent: move.stopAtFailedPercent,
  stopAtFailedMin: move.stopAtFailedMin,
  state: move.state as (typeof STATES)[number],
  outcome: orNull(move.outcome) as 'Completed' | 'Cancelled' | null,
  stationCount: move.waveSizes.reduce((sum, size) => sum + size, 0),
  wave: move.wave,
  counts: Object.fromEntries(move.counts.map(({ phase, count }) => [phase as Phase, count])),
  createdBy: orNull(move.createdBy),
  createdAt: move.createdAt ?? '',
  endedAt: move.endedAt ?? null,
});

/** What brings a station elsewhere, or back, may carry a token wherever it stands. */
const toTarget = (told: deviceMoveV1.MoveTarget, role: Role): z.input<typeof target> => ({
  ...told,
  csmsUrl: addressFor(role, told.csmsUrl),
  keys: told.keys.map(({ vendor, keys }) => ({ vendor, keys: keysFor(role, keys) })),
  healthUrl: addressFor(role, told.healthUrl),
});
const keysFor = (role: Role, keys: readonly deviceMoveV1.MoveKey[]) =>
  keys.map(({ key, value }) => ({ key, value: addressFor(role, value) }));

export const toMoveStation = (station: deviceMoveV1.MoveStation, role: Role): z.input<typeof moveStationView> => ({
  stationId: station.stationId,
  wave: station.wave,
  phase: station.phase as Phase,
  confirmed: station.confirmed,
  reason: orNull(station.reason),
  startedAt: station.startedAt ?? null,
  switchedAt: station.switchedAt ?? null,
  endedAt: station.endedAt ?? null,
  restoredAt: station.restoredAt ?? null,
  before: { networkConfigurationPriority: orNull(station.priorityBefore), keys: keysFor(role, station.keysBefore) },
});

export const toMovePreview = ({ stations }: deviceMoveV1.PreviewMoveResponse): z.input<typeof movePreview> => ({
  data: stations.map(({ stationId: id, wave: number, ocppVersion, connected, problem }) => ({
    stationId: id,
    wave: number,
    ocppVersion: orNull(ocppVersion),
    connected,
    problem: orNull(problem),
  })),
});
