import { deviceFirmwareV1 } from '@voltlog/proto';
import { z } from 'zod';
import { identifier, instant, instantIn, orNull, pageOf, pageQuery, stationId, wordOf } from './common.js';
import { selectionIn, selectionView, toSelection, toSelectionView } from './job.view.js';

const CAMPAIGN_STATES = ['Planning', 'Running', 'Paused', 'Stopped', 'Cancelling', 'Ended'] as const;
export const CAMPAIGN_STATION_STATES = ['Planned', 'Queued', 'Updating', 'Updated', 'Skipped', 'Failed', 'Expired', 'Cancelled'] as const;
type StationState = (typeof CAMPAIGN_STATION_STATES)[number];
const STATION_PREFIX = 'CAMPAIGN_STATION_STATE_';
const { CampaignProof, CampaignRollBackMode, CampaignState } = deviceFirmwareV1;

const word = z.string().min(1).max(50);
export const imageQuery = z.object({
  vendor: word.meta({ description: 'as stations say it when they boot' }),
  model: z.string().max(50).default('').meta({ description: 'empty: every model of the vendor' }),
  version: word.meta({ description: 'as stations say it once they run the image' }),
  fileName: z
    .string()
    .regex(/^[\w.-]{1,100}$/, 'may hold letters, digits, dot, dash and underscore')
    .default('firmware.bin'),
  sha256: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, 'must be 64 hex digits')
    .optional()
    .meta({ description: 'checked against what arrives' }),
});

export const imageView = z
  .object({
    imageId: z.string(),
    fileName: z.string(),
    vendor: z.string(),
    model: z.string().nullable(),
    version: z.string(),
    sizeBytes: z.int(),
    sha256: z.string(),
    md5: z.string().nullable().meta({ description: 'by which local controllers know it; null: it was brought by an older version' }),
    signed: z.boolean().meta({ description: 'stations are sent its signature and signing certificate' }),
    createdBy: z.string().nullable(),
    createdAt: instant,
  })
  .meta({ id: 'FirmwareImage' });
export const imagePage = pageOf(imageView, 'FirmwareImagePage');

export const signatureIn = z
  .strictObject({
    signature: z.string().min(1).max(800).meta({ description: 'base64; over the SHA-256 of the image' }),
    signingCertificate: z.string().min(1).max(5_500).meta({ description: 'PEM' }),
  })
  .meta({ id: 'FirmwareSignature' });

const minutes = z.int().min(0).max(10_080);
const percent = z.int().min(0).max(100);
const clockTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be HH:MM');

const waveIn = z.strictObject({
  percent: percent.default(0).meta({ description: 'a share of all stations' }),
  stations: z.int().min(0).max(100_000).default(0).meta({ description: 'or so many of them' }),
  pauseMinutes: minutes.default(0).meta({ description: 'after it is through, before the next one begins' }),
});
const windowIn = z.strictObject({
  from: clockTime,
  until: clockTime.meta({ description: 'before `from`: over midnight' }),
  days: z
    .array(z.int().min(1).max(7))
    .max(7)
    .default([])
    .meta({ description: '1 Monday to 7 Sunday, on which it begins; none: every day' }),
});

const rollBackMode = z.enum(['Manual', 'Automatic']);

export const newCampaign = z
  .strictObject({
    name: z.string().max(255).default(''),
    imageId: identifier('imageId', 64),
    selection: selectionIn,
    waves: z
      .array(waveIn)
      .max(50)
      .default([])
      .meta({ description: 'one after the other, in an order of stations by chance; the last one takes the rest. None: all at once' }),
    windows: z.array(windowIn).max(20).default([]).meta({ description: "in the time zone of each station's site; none: any time" }),
    timeZone: z.string().max(64).default('UTC').meta({ description: 'of stations whose site has none' }),
    stationsPerMinute: z.int().min(0).max(100_000).default(0).meta({ description: '0: as fast as the concurrency allows' }),
    concurrency: z.int().min(1).max(500).default(50).meta({ description: 'stations that are asked at once' }),
    retrieveAt: instantIn.optional().meta({ description: 'when they are to fetch it; default: at once' }),
    installAt: instantIn.optional().meta({ description: 'when they are to install it; unsigned 1.6 has no word for it' }),
    doneWhen: z.enum(['Boot', 'Installed']).default('Boot').meta({ description: 'Boot: it boots with the version. Installed: it says so' }),
    stopAtFailedPercent: percent.default(0).meta({ description: 'of those that ended; 0: it never stops by itself' }),
    stopAtFailedMin: z.int().min(0).max(100_000).default(0).meta({ description: 'and at least so many' }),
    attemptsMax: z.int().min(1).max(10).default(1),
    retryMinutes: minutes.default(10),
    noProgressMinutes: minutes.min(1).default(60).meta({ description: 'a station that gets no further for so long has failed' }),
    expiresAt: instantIn.optional().meta({ description: 'default: in 7 days' }),
    rollBackImageId: identifier('rollBackImageId', 64).optional().meta({ description: 'the way back' }),
    rollBack: rollBackMode
      .default('Manual')
      .meta({ description: 'Automatic: once it stops by itself the platform brings back what it updated, in waves' }),
    localControllers: z
      .array(
        z.strictObject({
          stationId,
          stationIds: z.array(stationId).max(10_000).default([]).meta({ description: 'those behind it; none: all of its site' }),
        }),
      )
      .max(200)
      .default([])
      .meta({ description: '2.x: they publish the image first, and the stations behind them fetch it there; when that fails, from here' }),
  })
  .meta({
    id: 'NewFirmwareCampaign',
    examples: [
      {
        name: 'Spring update',
        imageId: '0198f0b2c0de70008000000000000001',
        selection: { all: true },
        waves: [{ percent: 5, pauseMinutes: 60 }, {}],
        windows: [{ from: '22:00', until: '05:00' }],
        stopAtFailedPercent: 10,
        stopAtFailedMin: 3,
      },
    ],
  });

export const rollBackIn = z
  .strictObject({
    stationIds: z.array(stationId).max(10_000).default([]).meta({ description: 'none: all that were updated or that failed' }),
  })
  .meta({ id: 'RollBackFirmwareCampaign' });

export const campaignView = z
  .object({
    campaignId: z.string(),
    name: z.string().nullable(),
    imageId: z.string(),
    version: z.string(),
    selection: selectionView,
    state: z.enum(CAMPAIGN_STATES).meta({ description: 'Stopped: too many failed; resume it to go on' }),
    outcome: z.enum(['Completed', 'Cancelled', 'Expired']).nullable(),
    stationCount: z.int().meta({ description: '0 while they are being looked up' }),
    counts: z.partialRecord(z.enum(CAMPAIGN_STATION_STATES), z.int()).meta({ description: 'stations by state; what is absent is 0' }),
    waves: z.array(
      z.object({
        percent: z.int(),
        stations: z.int(),
        pauseMinutes: z.int(),
        stationCount: z.int(),
        state: z.enum(['Waiting', 'Running', 'Through']),
      }),
    ),
    windows: z.array(z.object({ from: z.string(), until: z.string(), days: z.array(z.int()) })),
    timeZone: z.string(),
    stationsPerMinute: z.int(),
    concurrency: z.int(),
    retrieveAt: instant.nullable(),
    installAt: instant.nullable(),
    doneWhen: z.enum(['Boot', 'Installed']),
    stopAtFailedPercent: z.int(),
    stopAtFailedMin: z.int(),
    attemptsMax: z.int(),
    retryMinutes: z.int(),
    noProgressMinutes: z.int(),
    expiresAt: instant,
    rollBackImageId: z.string().nullable(),
    localControllers: z.array(
      z.object({
        stationId: z.string(),
        stationIds: z.array(z.string()),
        state: z
          .enum(['Asked', 'Published', 'Failed'])
          .nullable()
          .meta({ description: 'Asked: stations behind it wait. Failed: they fetch the image from here. null: it is not asked yet' }),
        status: z.string().nullable().meta({ description: 'its last word' }),
        location: z.string().nullable().meta({ description: 'where stations behind it fetch the image' }),
        reason: z.string().nullable(),
        jobId: z.string().nullable(),
        updatedAt: instant.nullable(),
      }),
    ),
    rollBack: rollBackMode,
    rollBacks: z
      .array(
        z.object({
          campaignId: z.string(),
          stationCount: z.int(),
          automatic: z.boolean().meta({ description: 'begun by the platform, as too many failed' }),
          by: z.string().nullable(),
          at: instant,
        }),
      )
      .meta({ description: 'campaigns that bring its stations back' }),
    rollBackOf: z.string().nullable().meta({ description: 'the campaign whose way back this is' }),
    createdBy: z.string().nullable(),
    createdAt: instant,
    endedAt: instant.nullable(),
  })
  .meta({ id: 'FirmwareCampaign' });
export const campaignPage = pageOf(campaignView, 'FirmwareCampaignPage');

export const campaignStationQuery = pageQuery.extend({ state: z.enum(CAMPAIGN_STATION_STATES).optional() });
export const campaignStationView = z
  .object({
    stationId: z.string(),
    wave: z.int(),
    state: z.enum(CAMPAIGN_STATION_STATES),
    fromVersion: z.string().nullable(),
    attempts: z.int(),
    status: z.string().nullable().meta({ description: "the station's last word" }),
    evidence: z.enum(['Boot', 'Installed']).nullable().meta({ description: 'what shows that it is updated' }),
    fetched: z.boolean().meta({ description: 'the platform saw it fetch the image in this attempt' }),
    reason: z.string().nullable(),
    jobId: z.string().nullable().meta({ description: 'the job that sends it the command' }),
    dueAt: instant.nullable().meta({ description: 'when it is tried again' }),
    updatedAt: instant.nullable(),
    steps: z.array(z.object({ status: z.string(), at: instant })),
    rollBackId: z.string().nullable().meta({ description: 'the campaign that brings it back' }),
    localController: z.string().nullable().meta({ description: 'that it is behind' }),
    via: z
      .string()
      .nullable()
      .meta({ description: 'the controller at whose address it was told to fetch the image; null: at the address here' }),
  })
  .meta({ id: 'FirmwareCampaignStation' });
export const campaignStationPage = pageOf(campaignStationView, 'FirmwareCampaignStationPage');

export const toImage = (image: deviceFirmwareV1.FirmwareImage): z.input<typeof imageView> => ({
  imageId: image.imageId,
  fileName: image.fileName,
  vendor: image.vendor,
  model: orNull(image.model),
  version: image.version,
  sizeBytes: image.sizeBytes,
  sha256: image.sha256,
  md5: orNull(image.md5),
  signed: image.signature !== '',
  createdBy: orNull(image.createdBy),
  createdAt: image.createdAt ?? '',
});

export function toPlan(body: z.output<typeof newCampaign>): deviceFirmwareV1.CampaignPlan {
  const { selection, doneWhen, rollBack, rollBackImageId = '', retrieveAt, installAt, expiresAt, ...rest } = body;
  return {
    ...rest,
    selection: toSelection(selection),
    proof: doneWhen === 'Boot' ? CampaignProof.BOOT : CampaignProof.INSTALLED,
    rollBackImageId,
    rollBack: rollBack === 'Automatic' ? CampaignRollBackMode.AUTOMATIC : CampaignRollBackMode.MANUAL,
    retrieveAt,
    installAt,
    expiresAt,
  };
}

export function toCampaign(campaign: deviceFirmwareV1.Campaign): z.input<typeof campaignView> {
  const plan = campaign.plan ?? deviceFirmwareV1.CampaignPlan.fromPartial({});
  const { wave, wavesEnded, stationCounts } = campaign;
  // One that stopped or was cancelled ends no further wave: when it has ended, nothing of what it began is under way.
  const through = campaign.state === CampaignState.ENDED ? wave : wavesEnded;
  return {
    campaignId: campaign.campaignId,
    name: orNull(plan.name),
    imageId: plan.imageId,
    version: campaign.version,
    selection: toSelectionView(plan.selection),
    state: wordOf(campaign.state, 'CAMPAIGN_STATE_') as (typeof CAMPAIGN_STATES)[number],
    outcome: orNull(campaign.outcome) as z.input<typeof campaignView>['outcome'],
    stationCount: stationCounts.reduce((sum, count) => sum + count, 0),
    counts: Object.fromEntries(campaign.counts.map(({ state, count }) => [wordOf(state, STATION_PREFIX) as StationState, count])),
    waves: plan.waves.map((each, index) => ({
      ...each,
      stationCount: stationCounts[index] ?? 0,
      state: index < through ? 'Through' : index < wave ? 'Running' : 'Waiting',
    })),
    windows: plan.windows,
    timeZone: plan.timeZone,
    stationsPerMinute: plan.stationsPerMinute,
    concurrency: plan.concurrency,
    retrieveAt: plan.retrieveAt ?? null,
    installAt: plan.installAt ?? null,
    doneWhen: plan.proof === CampaignProof.INSTALLED ? 'Installed' : 'Boot',
    stopAtFailedPercent: plan.stopAtFailedPercent,
    stopAtFailedMin: plan.stopAtFailedMin,
    attemptsMax: plan.attemptsMax,
    retryMinutes: plan.retryMinutes,
    noProgressMinutes: plan.noProgressMinutes,
    expiresAt: plan.expiresAt ?? '',
    rollBackImageId: orNull(plan.rollBackImageId),
    localControllers: plan.localControllers.map(({ stationId: controller, stationIds }) => {
      const publication = campaign.publications.find((each) => each.stationId === controller);
      return {
        stationId: controller,
        stationIds,
        state: orNull(publication?.state ?? '') as 'Asked' | 'Published' | 'Failed' | null,
        status: orNull(publication?.status ?? ''),
        location: orNull(publication?.location ?? ''),
        reason: orNull(publication?.reason ?? ''),
        jobId: orNull(publication?.jobId ?? ''),
        updatedAt: publication?.updatedAt ?? null,
      };
    }),
    rollBack: plan.rollBack === CampaignRollBackMode.AUTOMATIC ? 'Automatic' : 'Manual',
    rollBacks: campaign.rollBacks.map(({ by, at, ...begun }) => ({ ...begun, by: orNull(by), at: at ?? '' })),
    rollBackOf: orNull(campaign.rollBackOf),
    createdBy: orNull(campaign.createdBy),
    createdAt: campaign.createdAt ?? '',
    endedAt: campaign.endedAt ?? null,
  };
}

export const toCampaignStation = (station: deviceFirmwareV1.CampaignStation): z.input<typeof campaignStationView> => ({
  stationId: station.stationId,
  wave: station.wave,
  state: wordOf(station.state, STATION_PREFIX) as StationState,
  fromVersion: orNull(station.fromVersion),
  attempts: station.attempts,
  status: orNull(station.status),
  evidence: orNull(station.evidence) as 'Boot' | 'Installed' | null,
  fetched: station.fetched,
  reason: orNull(station.reason),
  jobId: orNull(station.jobId),
  dueAt: station.dueAt ?? null,
  updatedAt: station.updatedAt ?? null,
  steps: station.steps.map(({ status, at }) => ({ status, at: at ?? '' })),
  rollBackId: orNull(station.rollBackId),
  localController: orNull(station.localController),
  via: orNull(station.via),
});

export function toCampaignStationState(state: StationState | undefined): deviceFirmwareV1.CampaignStationState {
  const { CampaignStationState } = deviceFirmwareV1;
  return Object.values(CampaignStationState).find((each) => wordOf(each, STATION_PREFIX) === state) ?? CampaignStationState.UNSPECIFIED;
}
