import type { FirmwareUpdateEvent, FirmwareUpdatePlanned } from '@voltlog/device-contract';
import { assertNever, type Decider, type Decision, decided, isoTime } from '@voltlog/kernel';

/** Steps of one station that are kept: no update has as many, and a station gone mad is not to fill the log. */
export const UPDATE_STEPS_MAX = 40;
/** ... of earlier attempts: the next one is to have room. */
const EARLIER_STEPS_MAX = 15;
/** A station that failed and boots with the version within so long has made it after all, ms. */
const LATE_MS = 86_400_000;

export interface UpdateStep {
  readonly status: string;
  readonly at: string;
}

/** What a campaign does at one station. */
export interface FirmwareUpdate {
  readonly campaignId: string;
  readonly stationId: string;
  readonly wave: number;
  readonly version: string;
  readonly fromVersion: string;
  readonly timeZone: string;
  readonly proof: 'Boot' | 'Installed';
  readonly attemptsMax: number;
  readonly retryMinutes: number;
  /**
   * `Planned`: it is not told yet, or is to be told again. `Queued`: a job has it. `Updating`: it accepted. The others are ends; `Failed` is
   * one that a late boot with the version turns to `Updated`.
   */
  readonly state: 'Planned' | 'Queued' | 'Updating' | 'Updated' | 'Skipped' | 'Failed' | 'Expired' | 'Cancelled';
  readonly attempt: number;
  /** The local controller that it is behind; empty: none. */
  readonly localController: string;
  /** The controller at whose address it is told to fetch the image; empty: at the platform's. */
  readonly via: string;
  /** Fetching it from the controller failed: it is told the platform's address from now on. */
  readonly direct: boolean;
  /** Attempts that failed at a controller: they are none of `attemptsMax`. */
  readonly spared: number;
  /** Empty: none has it. */
  readonly jobId: string;
  readonly requestId: number;
  /** The station's last word; empty: none in this attempt. */
  readonly status: string;
  /** How far it was in this attempt. */
  readonly rank: number;
  /** When it got further last. */
  readonly progressAt: string;
  /** It is told no sooner. Empty: at once. */
  readonly dueAt: string;
  /** The platform saw it fetch the image in this attempt. */
  readonly fetched: boolean;
  /** Why the platform did not give it the image in this attempt; empty: it did, or was not asked. */
  readonly refusedFetch: string;
  readonly evidence: '' | 'Boot' | 'Installed';
  readonly reason: string;
  readonly steps: readonly UpdateStep[];
  /** The campaign that brings it back; empty: none. */
  readonly rollBackId: string;
  readonly at: string;
}

/** undefined: it is in no campaign. */
export type FirmwareUpdateState = FirmwareUpdate | undefined;

export type FirmwareUpdateCommand =
  | {
      readonly kind: 'PlanUpdate';
      readonly campaignId: string;
      readonly stationId: string;
      readonly plan: Omit<FirmwareUpdatePlanned, 'campaignId' | 'stationId' | 'at'>;
      readonly now: number;
    }
  | { readonly kind: 'QueueUpdate'; readonly jobId: string; readonly requestId: number; readonly via: string; readonly now: number }
  | {
      readonly kind: 'ReportAnswer';
      readonly jobId: string;
      readonly state: string;
      readonly stationStatus: string;
      readonly reason: string;
      readonly now: number;
    }
  | { readonly kind: 'ReportDropped'; readonly jobId: string; readonly state: 'Expired' | 'Cancelled'; readonly now: number }
  /** `requestId` undefined: the message has none (unsigned 1.6). */
  | { readonly kind: 'ReportStatus'; readonly status: string; readonly requestId: number | undefined; readonly now: number }
  | { readonly kind: 'ReportFetch'; readonly now: number }
  | { readonly kind: 'ReportFetchRefused'; readonly reason: string; readonly now: number }
  | { readonly kind: 'ReportBoot'; readonly version: string; readonly now: number }
  | { readonly kind: 'TakeBack'; readonly rollBackId: string; readonly now: number }
  | { readonly kind: 'GiveUp'; readonly before: string; readonly reason: string; readonly now: number }
  /** Nothing is sent any more; what was sent is waited for. */
  | { readonly kind: 'DropUpdate'; readonly outcome: 'Expired' | 'Cancelled'; readonly now: number };

/** How far a word is, from nothing to installed. Source: OCPP 2.1 FirmwareStatusEnumType, OCPP 1.6 §7.25 */
const RANKS: Readonly<Record<string, number>> = {
  DownloadScheduled: 1,
  Downloading: 2,
  DownloadPaused: 2,
  Downloaded: 3,
  SignatureVerified: 4,
  InstallScheduled: 5,
  Installing: 6,
  InstallRebooting: 7,
  Installed: 8,
};
const FAILURES: Readonly<Record<string, string>> = {
  DownloadFailed: 'it could not download the image',
  InvalidSignature: 'it found the signature of the image wrong',
  InstallVerificationFailed: 'it found the image wrong',
  InstallationFailed: 'it could not install the image',
};
/** What went wrong, in plain words; undefined: nothing that this says. */
export const firmwareFailure = (status: string): string | undefined => FAILURES[status];

const INSTALLS = 6;
const REBOOTS = 7;

type Outcome = Decision<FirmwareUpdateEvent, never>;

/** A station in a campaign. Whatever is reported late, twice or about something else changes nothing. */
export const firmwareUpdateDecider: Decider<FirmwareUpdateCommand, FirmwareUpdateState, FirmwareUpdateEvent> = {
  initialState: undefined,
  decide(command, update): Outcome {
    const at = isoTime(command.now);
    if (command.kind === 'PlanUpdate') {
      const { campaignId, stationId, plan } = command;
      if (update !== undefined) return decided();
      const planned: FirmwareUpdateEvent = {
        type: 'voltlog.device.FirmwareUpdatePlanned.v1',
        data: { campaignId, stationId, ...plan, at },
      };
      if (plan.fromVersion !== plan.version) return decided(planned);
      return decided(planned, ended({ campaignId, stationId }, 'Skipped', '', 'it has the version already', at));
    }
    if (update === undefined) return decided();
    const { campaignId, stationId, attempt, state } = update;
    const about = { campaignId, stationId, at };
    switch (command.kind) {
      case 'QueueUpdate': {
        if (state !== 'Planned') return decided();
        const { jobId, requestId, via } = command;
        return decided({
          type: 'voltlog.device.FirmwareUpdateQueued.v1',
          data: { ...about, attempt: attempt + 1, jobId, requestId, ...(via === '' ? {} : { via }) },
        });
      }
      case 'ReportAnswer':
        return command.jobId === update.jobId && state === 'Queued' ? answered(update, command, at) : decided();
      case 'ReportDropped':
        if (command.jobId !== update.jobId || state !== 'Queued') return decided();
        return command.state === 'Cancelled'
          ? decided({ type: 'voltlog.device.FirmwareUpdateReleased.v1', data: { ...about, jobId: command.jobId } })
          : decided(ended(update, 'Expired', '', 'it did not come back in time', at));
      case 'ReportStatus':
        return told(update, command.status, command.requestId, at);
      case 'ReportFetch':
        if (update.fetched || !isUnderWay(update)) return decided();
        return decided({ type: 'voltlog.device.FirmwareUpdateFetched.v1', data: { ...about, attempt } });
      case 'ReportFetchRefused': {
        const { reason } = command;
        if (update.refusedFetch === reason || !isUnderWay(update)) return decided();
        return decided({ type: 'voltlog.device.FirmwareUpdateFetchRefused.v1', data: { ...about, attempt, reason } });
      }
      case 'ReportBoot':
        return booted(update, command.version, command.now);
      case 'TakeBack': {
        const { rollBackId } = command;
        if ((state !== 'Updated' && state !== 'Failed') || update.rollBackId === rollBackId) return decided();
        return decided({ type: 'voltlog.device.FirmwareUpdateTakenBack.v1', data: { campaignId, stationId, rollBackId, at } });
      }
      case 'GiveUp':
        return state === 'Updating' && update.progressAt < command.before ? failed(update, '', command.reason, at) : decided();
      case 'DropUpdate':
        return state === 'Planned' ? decided(ended(update, command.outcome, '', '', at)) : decided();
      default:
        return assertNever(command, 'firmware update command');
    }
  },
  evolve(update, { type, data }) {
    const { at } = data;
    if (type === 'voltlog.device.FirmwareUpdatePlanned.v1') {
      const { localController = '', ...plan } = data;
      return {
        ...plan,
        localController,
        direct: false,
        spared: 0,
        state: 'Planned',
        attempt: 0,
        ...FRESH,
        dueAt: '',
        progressAt: at,
        evidence: '',
        reason: '',
        steps: [],
        rollBackId: '',
      };
    }
    if (update === undefined) return update;
    switch (type) {
      case 'voltlog.device.FirmwareUpdateQueued.v1': {
        const { attempt, jobId, requestId, via = '' } = data;
        const steps = update.steps.slice(-EARLIER_STEPS_MAX);
        return stepped(
          { ...update, ...FRESH, steps, state: 'Queued', attempt, jobId, requestId, via, reason: '', progressAt: at },
          'Queued',
          at,
        );
      }
      case 'voltlog.device.FirmwareUpdateReleased.v1':
        return { ...update, state: 'Planned', attempt: update.attempt - 1, jobId: '', at };
      case 'voltlog.device.FirmwareUpdateAccepted.v1':
        return stepped({ ...update, state: 'Updating', reason: data.reason, progressAt: at }, 'Accepted', at);
      case 'voltlog.device.FirmwareUpdateProgressed.v1': {
        const { status, further } = data;
        const rank = Math.max(update.rank, RANKS[status] ?? 0);
        return stepped({ ...update, status, rank, progressAt: further ? at : update.progressAt }, status, at);
      }
      case 'voltlog.device.FirmwareUpdateFetched.v1':
        return stepped({ ...update, fetched: true, progressAt: at }, 'Fetched', at);
      case 'voltlog.device.FirmwareUpdateFetchRefused.v1':
        return stepped({ ...update, refusedFetch: data.reason }, 'FetchRefused', at);
      case 'voltlog.device.FirmwareUpdateAttemptFailed.v1': {
        const state = data.retryAt === '' ? 'Failed' : 'Planned';
        const { status, reason, retryAt: dueAt } = data;
        const spared = update.spared + (isOfController(update, status) ? 1 : 0);
        const direct = update.direct || update.via !== '';
        return stepped({ ...update, state, status, reason, dueAt, jobId: '', direct, spared }, 'Failed', at);
      }
      case 'voltlog.device.FirmwareUpdateEnded.v1':
        return stepped({ ...update, state: data.outcome, evidence: data.evidence, reason: data.reason, jobId: '' }, data.outcome, at);
      // When it was updated, or failed, stays as it was.
      case 'voltlog.device.FirmwareUpdateTakenBack.v1':
        return { ...update, rollBackId: data.rollBackId };
      default:
        return assertNever(type, 'firmware update event');
    }
  },
};

/** It runs what the campaign brought it, or may: it failed, and had begun to install it. */
export const mayRunImage = ({ state, status, steps }: FirmwareUpdate): boolean =>
  state === 'Updated' ||
  (state === 'Failed' && (status === 'InstallationFailed' || steps.some((step) => (RANKS[step.status] ?? 0) >= INSTALLS)));

const FRESH = { jobId: '', requestId: 0, via: '', status: '', rank: 0, fetched: false, refusedFetch: '' } as const;

const stepped = (update: FirmwareUpdate, status: string, at: string): FirmwareUpdate => ({
  ...update,
  at,
  steps: [...update.steps, { status, at }].slice(-UPDATE_STEPS_MAX),
});

/** It was told, or may have been, and has not ended. */
const isUnderWay = ({ state }: FirmwareUpdate): boolean => state === 'Queued' || state === 'Updating';

function answered(
  update: FirmwareUpdate,
  { state, stationStatus, reason }: FirmwareUpdateCommand & { readonly kind: 'ReportAnswer' },
  at: string,
): Outcome {
  const { campaignId, stationId, attempt } = update;
  // Whether a station of `Unknown` acted will be seen.
  if (state === 'Accepted' || state === 'Unknown')
    return decided({
      type: 'voltlog.device.FirmwareUpdateAccepted.v1',
      data: { campaignId, stationId, attempt, stationStatus, reason: state === 'Unknown' ? reason : '', at },
    });
  const words = `it refused: ${[stationStatus, reason].filter((word) => word !== '').join(', ') || state}`;
  return failed(update, stationStatus, words, at, state === 'Rejected');
}

const isAbout = (update: FirmwareUpdate, requestId: number | undefined): boolean =>
  isUnderWay(update) && (requestId === undefined || requestId === update.requestId);

/** What a station says is about this update: that is under way, or was by the number the station names; undefined: it names none. */
export const isOfUpdate = (update: FirmwareUpdate, requestId: number | undefined): boolean =>
  isAbout(update, requestId) || (update.attempt > 0 && update.requestId === requestId);

/** Of a station that says the same again nothing is learnt; of one that never stops, what gets further, and no more of the rest than fits. */
function told(update: FirmwareUpdate, status: string, requestId: number | undefined, at: string): Outcome {
  const { campaignId, stationId, steps } = update;
  if (!isAbout(update, requestId)) return decided();
  const failure = FAILURES[status];
  if (failure !== undefined) return failed(update, status, status === 'DownloadFailed' ? undownloaded(update) : failure, at);
  const rank = RANKS[status];
  if (rank === undefined || status === update.status || (rank <= update.rank && steps.length >= UPDATE_STEPS_MAX)) return decided();
  const progressed: FirmwareUpdateEvent = {
    type: 'voltlog.device.FirmwareUpdateProgressed.v1',
    data: { campaignId, stationId, status, further: rank > update.rank, at },
  };
  if (status !== 'Installed' || update.proof !== 'Installed') return decided(progressed);
  return decided(progressed, ended(update, 'Updated', 'Installed', unseen(update), at));
}

function booted(update: FirmwareUpdate, version: string, now: number): Outcome {
  const at = isoTime(now);
  const { state, attempt, rank } = update;
  if (version === update.version) {
    const late = state === 'Failed' && Date.parse(update.at) > now - LATE_MS;
    if (isUnderWay(update) || late || (state === 'Planned' && attempt > 0))
      return decided(ended(update, 'Updated', 'Boot', late ? `it made it after all; before: ${update.reason}` : unseen(update), at));
    return state === 'Planned' ? decided(ended(update, 'Skipped', '', 'it has the version already', at)) : decided();
  }
  // While it installs some restart more than once; what it said was done is not. Where a word is the proof, the version may tell nothing.
  return isUnderWay(update) && update.proof === 'Boot' && rank >= REBOOTS
    ? failed(update, update.status, `it said ${update.status}, but booted with version ${version || '(none)'}`, at)
    : decided();
}

/** What a person can look at. */
function undownloaded({ via, fetched, refusedFetch }: FirmwareUpdate): string {
  if (via !== '') return `it could not download the image from local controller ${via}`;
  if (refusedFetch !== '') return `it came for the image and was refused: ${refusedFetch}`;
  return fetched
    ? 'it began to download the image from the platform, and could not end it'
    : 'it could not download the image, and never asked the platform for it: can stations reach the address of its files?';
}

const unseen = ({ fetched, via }: FirmwareUpdate): string =>
  fetched
    ? ''
    : via === ''
      ? 'the platform has not seen it fetch the image'
      : `it was told to fetch the image from local controller ${via}`;

/** A controller that does not deliver costs the station no try: it is told the platform's address at once. */
const isOfController = ({ via }: FirmwareUpdate, status: string): boolean => via !== '' && status === 'DownloadFailed';

function failed(update: FirmwareUpdate, status: string, reason: string, at: string, mayRetry = true): Outcome {
  const { campaignId, stationId, attempt, spared, attemptsMax, retryMinutes } = update;
  const costsNothing = isOfController(update, status);
  const retryMs = costsNothing ? 0 : retryMinutes * 60_000;
  const retryAt = mayRetry && (costsNothing || attempt - spared < attemptsMax) ? isoTime(Date.parse(at) + retryMs) : '';
  return decided({
    type: 'voltlog.device.FirmwareUpdateAttemptFailed.v1',
    data: { campaignId, stationId, attempt, status, reason, retryAt, at },
  });
}

const ended = (
  { campaignId, stationId }: Pick<FirmwareUpdate, 'campaignId' | 'stationId'>,
  outcome: 'Updated' | 'Skipped' | 'Expired' | 'Cancelled',
  evidence: FirmwareUpdate['evidence'],
  reason: string,
  at: string,
): FirmwareUpdateEvent => ({
  type: 'voltlog.device.FirmwareUpdateEnded.v1',
  data: { campaignId, stationId, outcome, evidence, reason, at },
});
