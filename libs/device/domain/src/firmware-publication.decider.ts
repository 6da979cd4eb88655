import type { FirmwarePublicationEvent } from '@voltlog/device-contract';
import { assertNever, type Decider, type Decision, decided, isoTime } from '@voltlog/kernel';

/** OCPP 2.0.1 FirmwareType: a location has at most 512 characters. */
const LOCATION = /^[a-z][a-z0-9+.-]*:\/\/\S{1,500}$/i;

/** A local controller that publishes the image of a campaign to the stations behind it. */
export interface FirmwarePublication {
  readonly campaignId: string;
  /** The controller. */
  readonly stationId: string;
  /** `Asked`: stations behind it wait. `Failed`: they fetch the image from the platform. */
  readonly state: 'Asked' | 'Published' | 'Failed';
  readonly jobId: string;
  readonly requestId: number;
  /** Its last word; empty: none. */
  readonly status: string;
  /** Where stations behind it fetch the image; empty: nowhere. */
  readonly location: string;
  readonly reason: string;
  /** When it got further last. */
  readonly at: string;
}

/** undefined: it is not asked. */
export type FirmwarePublicationState = FirmwarePublication | undefined;

export type FirmwarePublicationCommand =
  | {
      readonly kind: 'AskPublication';
      readonly campaignId: string;
      readonly stationId: string;
      readonly jobId: string;
      readonly requestId: number;
      readonly now: number;
    }
  | {
      readonly kind: 'ReportAnswer';
      readonly jobId: string;
      readonly state: string;
      readonly stationStatus: string;
      readonly reason: string;
      readonly now: number;
    }
  /** Its turn never came. */
  | { readonly kind: 'ReportDropped'; readonly jobId: string; readonly now: number }
  | {
      readonly kind: 'ReportStatus';
      readonly status: string;
      readonly requestId: number | undefined;
      readonly locations: readonly string[];
      readonly now: number;
    }
  | { readonly kind: 'GiveUp'; readonly before: string; readonly reason: string; readonly now: number };

/** Source: OCPP 2.1 PublishFirmwareStatusEnumType */
const STEPS: ReadonlySet<string> = new Set(['DownloadScheduled', 'Downloading', 'DownloadPaused', 'Downloaded', 'ChecksumVerified']);
const FAILURES: Readonly<Record<string, string>> = {
  DownloadFailed: 'it could not download the image',
  InvalidChecksum: 'it found the checksum of the image wrong',
  PublishFailed: 'it could not publish the image',
};

type Outcome = Decision<FirmwarePublicationEvent, never>;

/** What is reported late, twice or about something else changes nothing; one that failed and publishes after all has published. */
export const firmwarePublicationDecider: Decider<FirmwarePublicationCommand, FirmwarePublicationState, FirmwarePublicationEvent> = {
  initialState: undefined,
  decide(command, publication): Outcome {
    const at = isoTime(command.now);
    if (command.kind === 'AskPublication') {
      const { campaignId, stationId, jobId, requestId } = command;
      if (publication !== undefined) return decided();
      return decided({ type: 'voltlog.device.FirmwarePublicationAsked.v1', data: { campaignId, stationId, jobId, requestId, at } });
    }
    if (publication === undefined) return decided();
    const isAsked = publication.state === 'Asked';
    switch (command.kind) {
      case 'ReportAnswer': {
        const { state, stationStatus, reason } = command;
        // Whether one of `Unknown` acts will be seen.
        if (!isAsked || command.jobId !== publication.jobId || state === 'Accepted' || state === 'Unknown') return decided();
        const words = [stationStatus, reason].filter((word) => word !== '').join(', ') || state;
        return ended(publication, { outcome: 'Failed', reason: `it refused: ${words}`, at });
      }
      case 'ReportDropped':
        if (!isAsked || command.jobId !== publication.jobId) return decided();
        return ended(publication, { outcome: 'Failed', reason: 'it was not asked', at });
      case 'ReportStatus':
        return told(publication, command, at);
      case 'GiveUp':
        if (!isAsked || publication.at >= command.before) return decided();
        return ended(publication, { outcome: 'Failed', reason: command.reason, at });
      default:
        return assertNever(command, 'firmware publication command');
    }
  },
  evolve(publication, { type, data }) {
    if (type === 'voltlog.device.FirmwarePublicationAsked.v1') return { ...data, state: 'Asked', status: '', location: '', reason: '' };
    if (publication === undefined) return publication;
    const { at } = data;
    switch (type) {
      case 'voltlog.device.FirmwarePublicationProgressed.v1':
        return { ...publication, status: data.status, at };
      case 'voltlog.device.FirmwarePublicationEnded.v1': {
        const { outcome, status, location, reason } = data;
        return { ...publication, state: outcome, status: status || publication.status, location, reason, at };
      }
      default:
        return assertNever(type, 'firmware publication event');
    }
  },
};

function told(
  publication: FirmwarePublication,
  command: FirmwarePublicationCommand & { readonly kind: 'ReportStatus' },
  at: string,
): Outcome {
  const { state, requestId, campaignId, stationId } = publication;
  const { status, locations } = command;
  if (state === 'Published' || (command.requestId !== undefined && command.requestId !== requestId)) return decided();
  if (status === 'Published') {
    const location = locations.find((each) => LOCATION.test(each));
    if (location !== undefined) return ended(publication, { outcome: 'Published', status, location, at });
    return state === 'Failed'
      ? decided()
      : ended(publication, { outcome: 'Failed', status, reason: 'it published the image, but not where', at });
  }
  if (state === 'Failed') return decided();
  const failure = FAILURES[status];
  if (failure !== undefined) return ended(publication, { outcome: 'Failed', status, reason: failure, at });
  // The same word again is no progress, and a controller that alternates is not to fill the log: each is told once, in their order.
  if (!STEPS.has(status) || rankOf(status) <= rankOf(publication.status)) return decided();
  return decided({ type: 'voltlog.device.FirmwarePublicationProgressed.v1', data: { campaignId, stationId, status, at } });
}

const rankOf = (status: string): number => [...STEPS].indexOf(status);

const ended = (
  { campaignId, stationId }: FirmwarePublication,
  {
    at,
    ...how
  }: {
    readonly outcome: 'Published' | 'Failed';
    readonly status?: string;
    readonly location?: string;
    readonly reason?: string;
    readonly at: string;
  },
): Outcome =>
  decided({
    type: 'voltlog.device.FirmwarePublicationEnded.v1',
    data: { campaignId, stationId, status: '', location: '', reason: '', ...how, at },
  });
