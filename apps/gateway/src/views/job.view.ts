import type { connectionV1 } from '@voltlog/proto';
import { deviceJobV1 } from '@voltlog/proto';
import { z } from 'zod';
import { COMMAND_NAMES, nameOf } from '../resources/command-table.js';
import { identifier, instant, instantIn, orNull, pageOf, pageQuery, parsed, stationId, wordOf } from './common.js';
import { tags } from './device.view.js';
import { templateId } from './device-model.view.js';
import { collectLogIn } from './log-upload.view.js';

const STATES = ['Planning', 'Running', 'Paused', 'Cancelling', 'Ended'] as const;
export const STATION_STATES = [
  'Pending',
  'Waiting',
  'Sending',
  'Accepted',
  'Rejected',
  'NotSupported',
  'Failed',
  'Unknown',
  'Expired',
  'Cancelled',
] as const;
const END_STATES = STATION_STATES.slice(3) as unknown as readonly [string, ...string[]];
type StationState = (typeof STATION_STATES)[number];

const word = z.string().min(1).max(255).meta({ description: 'letters may be written either way; may end with `*`' });
const selectionFields = {
  stationIds: z.array(stationId).min(1).max(10_000).optional(),
  siteId: identifier('siteId', 64).optional(),
  vendor: word.optional(),
  model: word.optional(),
  firmwareVersion: word.optional(),
  ocppVersion: z.enum(['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1']).optional(),
  connected: z.boolean().optional().meta({ description: 'whether they are connected when the job begins' }),
  tags: tags.min(1).optional().meta({ description: 'they have all of these' }),
  all: z.literal(true).optional().meta({ description: 'every station in service, and no other condition' }),
};
export const selectionIn = z
  .strictObject(selectionFields)
  .refine((selection) => Object.keys(selection).length > 0, 'has no condition: say `all` when every station in service is meant')
  .meta({ id: 'StationSelection', description: 'all stations in service that meet every condition' });

export const selectionView = z.object({ ...selectionFields, stationIds: z.array(z.string()).optional(), all: z.boolean().optional() });

const failureBound = z.strictObject({
  percent: z.int().min(1).max(100),
  stations: z.int().min(1).max(10_000).default(10).meta({ description: 'fewer that are through say nothing yet' }),
});

const commandIn = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(64)
    .meta({
      description: `as in \`POST /v1/stations/{stationId}/commands/{name}\`: ${COMMAND_NAMES.join(', ')}`,
      examples: ['reset'],
    }),
  body: z.looseObject({}).default({}).meta({ description: 'the body of that route' }),
});

export const newJob = z
  .strictObject({
    name: z.string().max(255).default(''),
    command: commandIn.optional(),
    applyTemplate: z
      .strictObject({ templateId: templateId.optional().meta({ description: 'absent: all that is intended for each of them' }) })
      .optional()
      .meta({ description: 'instead of a command: stations are set to what a configuration template says, whatever they are' }),
    collectLog: collectLogIn.optional().meta({
      description:
        'instead of a command: each station uploads a log to an address of its own, as by `POST /v1/stations/{stationId}/log-uploads`',
    }),
    failureBound: failureBound.optional().meta({
      description: 'the job pauses by itself when so many of those that are through are Rejected, NotSupported, Failed or Unknown',
    }),
    selection: selectionIn,
    stationsPerMinute: z.int().min(0).max(100_000).default(0).meta({ description: '0: as fast as the concurrency allows' }),
    concurrency: z.int().min(1).max(500).default(50).meta({ description: 'stations that are asked at once' }),
    expiresAt: instantIn.optional().meta({ description: 'until when stations that are offline may come back; default: in 24 hours' }),
  })
  .refine(
    ({ command, applyTemplate, collectLog }) => [command, applyTemplate, collectLog].filter((work) => work !== undefined).length === 1,
    'has one of command, applyTemplate and collectLog',
  )
  .meta({
    id: 'NewJob',
    examples: [{ name: 'Restart', command: { name: 'reset', body: { type: 'OnIdle' } }, selection: { siteId: 'depot-north' } }],
  });

export const previewIn = z
  .strictObject({ selection: selectionIn, command: commandIn.optional().meta({ description: 'is checked as for a job' }) })
  .meta({ id: 'PreviewSelection' });
export const previewView = z
  .object({ stationCount: z.int(), connectedCount: z.int(), firstStationIds: z.array(z.string()) })
  .meta({ id: 'SelectionPreview' });

export const jobView = z
  .object({
    jobId: z.string(),
    name: z.string().nullable(),
    command: z.object({ name: z.string(), parameters: z.unknown().meta({ description: 'as the connection service is told' }) }),
    selection: selectionView,
    state: z.enum(STATES),
    outcome: z.enum(['Completed', 'Cancelled', 'Expired']).nullable(),
    stationCount: z.int().meta({ description: '0 while they are being looked up' }),
    counts: z.partialRecord(z.enum(STATION_STATES), z.int()).meta({ description: 'stations by state; what is absent is 0' }),
    stationsPerMinute: z.int(),
    concurrency: z.int(),
    failureBound: z.object({ percent: z.int(), stations: z.int() }).nullable(),
    pausedBecause: z.string().nullable(),
    round: z.int().meta({ description: '1, and one more with each retry' }),
    createdBy: z.string().nullable(),
    createdAt: instant,
    expiresAt: instant,
    endedAt: instant.nullable(),
  })
  .meta({ id: 'Job' });
export const jobPage = pageOf(jobView, 'JobPage');

export const jobStationQuery = pageQuery.extend({ state: z.enum(STATION_STATES).optional() });
export const jobStationView = z
  .object({
    stationId: z.string(),
    state: z.enum(STATION_STATES).meta({
      description:
        'Unknown: no answer in time, or the platform stopped meanwhile; it is not known whether the station acted. Waiting: offline or busy, nothing was sent.',
    }),
    attempts: z.int(),
    sentAt: instant.nullable(),
    updatedAt: instant.nullable(),
    stationStatus: z.string().nullable().meta({ description: "the station's own word, or its CALLERROR code" }),
    reason: z.string().nullable(),
    action: z.string().nullable().meta({ description: 'the OCPP action that was sent' }),
    latencyMs: z.int(),
    response: z.unknown().meta({ description: "the station's answer as received; cut after 16 384 characters" }),
  })
  .meta({ id: 'JobStation' });
export const jobStationPage = pageOf(jobStationView, 'JobStationPage');

export const retryIn = z
  .strictObject({
    states: z
      .array(z.enum(END_STATES))
      .max(7)
      .default([])
      .meta({ description: 'default: Rejected, Failed and Expired; a station of Unknown may have acted already, so it must be named' }),
    expiresAt: instantIn.optional(),
  })
  .meta({ id: 'RetryJob' });

/** What is empty is no condition. */
export const toSelection = (selection: z.output<typeof selectionIn>): deviceJobV1.StationSelection =>
  deviceJobV1.StationSelection.fromPartial(withoutUndefined(selection));

const withoutUndefined = (fields: object): object => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

const STATION_PREFIX = 'JOB_STATION_STATE_';

export const toStationState = (state: string): deviceJobV1.JobStationState => {
  const found = Object.values(deviceJobV1.JobStationState).find((each) => wordOf(each, STATION_PREFIX) === state);
  if (found === undefined) throw new Error(`no state ${state}`);
  return found;
};

export function toJob(job: deviceJobV1.Job): z.input<typeof jobView> {
  return {
    jobId: job.jobId,
    name: orNull(job.name),
    command: toWork(job),
    selection: toSelectionView(job.selection),
    state: wordOf(job.state, 'JOB_STATE_') as (typeof STATES)[number],
    outcome: orNull(job.outcome) as z.input<typeof jobView>['outcome'],
    stationCount: job.stationCount,
    counts: Object.fromEntries(job.counts.map(({ state, count }) => [wordOf(state, STATION_PREFIX) as StationState, count])),
    stationsPerMinute: job.stationsPerMinute,
    concurrency: job.concurrency,
    failureBound: job.failureBound ?? null,
    pausedBecause: orNull(job.pausedBecause),
    round: job.round,
    createdBy: orNull(job.createdBy),
    createdAt: job.createdAt ?? '',
    expiresAt: job.expiresAt ?? '',
    endedAt: job.endedAt ?? null,
  };
}

function toWork({ applyTemplate, collectLog, command }: deviceJobV1.Job): z.input<typeof jobView>['command'] {
  if (applyTemplate !== undefined) return { name: 'apply-template', parameters: applyTemplate };
  if (collectLog !== undefined) return { name: 'collect-log', parameters: collectLog };
  return toCommandView(command?.command);
}

export function toSelectionView(selection = deviceJobV1.StationSelection.fromPartial({})): z.input<typeof selectionView> {
  const { stationIds, connected, all, tags: of, ...words } = selection;
  return {
    ...(Object.fromEntries(Object.entries(words).filter(([, text]) => text !== '')) as object),
    ...(stationIds.length === 0 ? {} : { stationIds }),
    ...(connected === undefined ? {} : { connected }),
    ...(of.length === 0 ? {} : { tags: of }),
    ...(all ? { all: true } : {}),
  };
}

function toCommandView(command: connectionV1.SendCommandRequest['command']): { name: string; parameters: unknown } {
  if (command === undefined) return { name: '', parameters: null };
  const parameters = command.$case === 'stationRequest' ? command.value.request?.value : command.value;
  return { name: nameOf(command), parameters };
}

export const toJobStation = (station: deviceJobV1.JobStation): z.input<typeof jobStationView> => ({
  stationId: station.stationId,
  state: wordOf(station.state, STATION_PREFIX) as StationState,
  attempts: station.attempts,
  sentAt: station.sentAt ?? null,
  updatedAt: station.updatedAt ?? null,
  stationStatus: orNull(station.stationStatus),
  reason: orNull(station.reason),
  action: orNull(station.action),
  latencyMs: station.latencyMs,
  response: parsed(station.responseJson),
});
