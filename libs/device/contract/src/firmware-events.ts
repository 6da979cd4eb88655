import type { StationSelection } from './job-events.js';

/**
 * Firmware: images that are kept, and campaigns that bring one to many stations. Topic `device.firmware.v1`; key: the image's id, or the
 * campaign's. What is done at each station of a campaign is a stream of its own.
 */

export const FIRMWARE_TOPIC = 'device.firmware.v1';

export interface FirmwareImageAttributes {
  readonly fileName: string;
  /** As stations say it when they boot. */
  readonly vendor: string;
  /** Empty: for every model of the vendor. */
  readonly model: string;
  /** As stations say it once they run it. */
  readonly version: string;
  readonly sizeBytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** Lower-case hex: the checksum by which local controllers know an image. Absent: it was brought before there was any. */
  readonly md5?: string;
}

export interface FirmwareImageAdded extends FirmwareImageAttributes {
  readonly imageId: string;
  readonly createdBy: string;
  readonly at: string;
}

/** The image is sent signed from now on. */
export interface FirmwareImageSigned {
  readonly imageId: string;
  /** Base64 */
  readonly signature: string;
  /** PEM */
  readonly signingCertificate: string;
  readonly by: string;
  readonly at: string;
}

export interface FirmwareImageDeleted {
  readonly imageId: string;
  readonly by: string;
  readonly at: string;
}

/** A part of a campaign's stations: a share of all in percent, or so many. The last wave takes the rest, whatever it says. */
export interface CampaignWave {
  /** 0: `stations` says how many. */
  readonly percent: number;
  readonly stations: number;
  /** After it is through, before the next one begins. */
  readonly pauseMinutes: number;
}

/** Times of day in the time zone of a station's site. `until` before `from`: over midnight, and `days` are those on which it begins. */
export interface MaintenanceWindow {
  /** HH:MM */
  readonly from: string;
  readonly until: string;
  /** 1 Monday to 7 Sunday; empty: every day. */
  readonly days: readonly number[];
}

/** A station that publishes the image to those behind it. */
export interface CampaignLocalController {
  readonly stationId: string;
  /** Those behind it; empty: all of its site. */
  readonly stationIds: readonly string[];
}

export interface CampaignAttributes {
  readonly name: string;
  readonly imageId: string;
  /** Of the image: a station that boots with it is updated. */
  readonly version: string;
  readonly selection: StationSelection;
  /** One at least. */
  readonly waves: readonly CampaignWave[];
  /** Empty: any time. */
  readonly windows: readonly MaintenanceWindow[];
  /** Of stations whose site has none. */
  readonly timeZone: string;
  /** 0: as fast as `concurrency` allows. */
  readonly stationsPerMinute: number;
  readonly concurrency: number;
  /** When stations are to fetch and to install it. Empty: at once. */
  readonly retrieveAt: string;
  readonly installAt: string;
  /** What makes a station updated: that it boots with the version, or that it says Installed. */
  readonly proof: 'Boot' | 'Installed';
  /** It stops once so many of those that ended have failed; 0: never. */
  readonly stopAtFailedPercent: number;
  /** And at least so many. */
  readonly stopAtFailedMin: number;
  /** Tries at each station. */
  readonly attemptsMax: number;
  readonly retryMinutes: number;
  /** A station that gets no further for so long has failed. */
  readonly noProgressMinutes: number;
  readonly expiresAt: string;
  /** The way back; empty: none. */
  readonly rollBackImageId: string;
  /** Automatic: once it stops by itself the platform brings back what it updated. Absent: Manual, somebody has to say so. */
  readonly rollBack?: 'Manual' | 'Automatic';
  /** The campaign whose way back this one is; empty: none. */
  readonly rollBackOf: string;
  /** They publish the image first, and the stations behind them fetch it there. Absent: none. */
  readonly localControllers?: readonly CampaignLocalController[];
  /** Where stations reach the platform's files, without a slash at the end. */
  readonly filesUrl: string;
  readonly createdBy: string;
}

export interface CampaignCreated extends CampaignAttributes {
  readonly campaignId: string;
  readonly at: string;
}

/** Its stations are looked up. */
export interface CampaignPlanned {
  readonly campaignId: string;
  /** By wave. */
  readonly stationCounts: readonly number[];
  readonly at: string;
}

export interface CampaignWaveStarted {
  readonly campaignId: string;
  /** From 1. */
  readonly wave: number;
  readonly at: string;
}

/** The wave is through. */
export interface CampaignWaveEnded {
  readonly campaignId: string;
  readonly wave: number;
  readonly at: string;
}

export interface CampaignPaused {
  readonly campaignId: string;
  readonly by: string;
  readonly at: string;
}

export interface CampaignResumed {
  readonly campaignId: string;
  readonly by: string;
  /** What had ended until then, which its threshold leaves out from now on. */
  readonly failedBefore: number;
  readonly endedBefore: number;
  readonly at: string;
}

/** Too many failed: nothing more is sent until somebody resumes it. */
export interface CampaignStopped {
  readonly campaignId: string;
  readonly failed: number;
  readonly ended: number;
  readonly at: string;
}

/** Stations that took the image, or may have, are brought back by a campaign of their own. */
export interface CampaignRollBackBegun {
  readonly campaignId: string;
  /** Of the campaign that brings them back. */
  readonly rollBackId: string;
  readonly stationCount: number;
  /** By the platform, as too many failed. */
  readonly automatic: boolean;
  /** Empty: the platform. */
  readonly by: string;
  readonly at: string;
}

export interface CampaignCancelled {
  readonly campaignId: string;
  readonly by: string;
  readonly at: string;
}

export interface CampaignEnded {
  readonly campaignId: string;
  readonly outcome: 'Completed' | 'Cancelled' | 'Expired';
  readonly at: string;
}

interface OfUpdate {
  readonly campaignId: string;
  readonly stationId: string;
  readonly at: string;
}

export interface FirmwareUpdatePlanned extends OfUpdate {
  /** From 1. */
  readonly wave: number;
  readonly version: string;
  /** What it said when it booted last; empty: nothing. */
  readonly fromVersion: string;
  readonly timeZone: string;
  readonly proof: 'Boot' | 'Installed';
  readonly attemptsMax: number;
  readonly retryMinutes: number;
  /** The local controller that it is behind. Absent: none. */
  readonly localController?: string;
}

/** A job sends it the command. */
export interface FirmwareUpdateQueued extends OfUpdate {
  readonly attempt: number;
  readonly jobId: string;
  readonly requestId: number;
  /** The local controller at whose address it is told to fetch the image. Absent: at the platform's. */
  readonly via?: string;
}

/** The job was ended before its turn came. */
export interface FirmwareUpdateReleased extends OfUpdate {
  readonly jobId: string;
}

/** The station accepted the command, or whether it did is not known. */
export interface FirmwareUpdateAccepted extends OfUpdate {
  readonly attempt: number;
  readonly stationStatus: string;
  /** Empty: it said so. */
  readonly reason: string;
}

/** The station said how far it is. */
export interface FirmwareUpdateProgressed extends OfUpdate {
  /** OCPP 2.1 FirmwareStatusEnumType */
  readonly status: string;
  /** Further than before in this attempt. */
  readonly further: boolean;
}

/** The station began to fetch the image: seen by the platform, not said by the station. */
export interface FirmwareUpdateFetched extends OfUpdate {
  readonly attempt: number;
}

/** The station came for the image with an address of its own, and the platform did not give it. */
export interface FirmwareUpdateFetchRefused extends OfUpdate {
  readonly attempt: number;
  readonly reason: string;
}

export interface FirmwareUpdateAttemptFailed extends OfUpdate {
  readonly attempt: number;
  /** The station's word, or empty. */
  readonly status: string;
  readonly reason: string;
  /** Empty: it is not tried again. */
  readonly retryAt: string;
}

export interface FirmwareUpdateEnded extends OfUpdate {
  readonly outcome: 'Updated' | 'Skipped' | 'Expired' | 'Cancelled';
  /** What shows that it is updated; empty: it is not. */
  readonly evidence: '' | 'Boot' | 'Installed';
  readonly reason: string;
}

/** The station is brought back by the campaign `rollBackId`, whose events tell how that goes. */
export interface FirmwareUpdateTakenBack extends OfUpdate {
  readonly rollBackId: string;
}

/** A local controller is to publish the image; `stationId` is the controller. */
export interface FirmwarePublicationAsked extends OfUpdate {
  readonly jobId: string;
  readonly requestId: number;
}

/** The controller said how far it is. */
export interface FirmwarePublicationProgressed extends OfUpdate {
  /** OCPP 2.1 PublishFirmwareStatusEnumType */
  readonly status: string;
}

/** `Failed`: stations behind it fetch the image from the platform; a controller that publishes after all is used from then on. */
export interface FirmwarePublicationEnded extends OfUpdate {
  readonly outcome: 'Published' | 'Failed';
  /** The controller's word, or empty. */
  readonly status: string;
  /** Where stations behind it fetch the image; empty: nowhere. */
  readonly location: string;
  readonly reason: string;
}

/** Every event on the topic: event type -> data. */
export interface FirmwareEvents {
  'voltlog.device.FirmwareImageAdded.v1': FirmwareImageAdded;
  'voltlog.device.FirmwareImageSigned.v1': FirmwareImageSigned;
  'voltlog.device.FirmwareImageDeleted.v1': FirmwareImageDeleted;
  'voltlog.device.CampaignCreated.v1': CampaignCreated;
  'voltlog.device.CampaignPlanned.v1': CampaignPlanned;
  'voltlog.device.CampaignWaveStarted.v1': CampaignWaveStarted;
  'voltlog.device.CampaignWaveEnded.v1': CampaignWaveEnded;
  'voltlog.device.CampaignPaused.v1': CampaignPaused;
  'voltlog.device.CampaignResumed.v1': CampaignResumed;
  'voltlog.device.CampaignStopped.v1': CampaignStopped;
  'voltlog.device.CampaignRollBackBegun.v1': CampaignRollBackBegun;
  'voltlog.device.CampaignCancelled.v1': CampaignCancelled;
  'voltlog.device.CampaignEnded.v1': CampaignEnded;
  'voltlog.device.FirmwareUpdatePlanned.v1': FirmwareUpdatePlanned;
  'voltlog.device.FirmwareUpdateQueued.v1': FirmwareUpdateQueued;
  'voltlog.device.FirmwareUpdateReleased.v1': FirmwareUpdateReleased;
  'voltlog.device.FirmwareUpdateAccepted.v1': FirmwareUpdateAccepted;
  'voltlog.device.FirmwareUpdateProgressed.v1': FirmwareUpdateProgressed;
  'voltlog.device.FirmwareUpdateFetched.v1': FirmwareUpdateFetched;
  'voltlog.device.FirmwareUpdateFetchRefused.v1': FirmwareUpdateFetchRefused;
  'voltlog.device.FirmwareUpdateAttemptFailed.v1': FirmwareUpdateAttemptFailed;
  'voltlog.device.FirmwareUpdateEnded.v1': FirmwareUpdateEnded;
  'voltlog.device.FirmwareUpdateTakenBack.v1': FirmwareUpdateTakenBack;
  'voltlog.device.FirmwarePublicationAsked.v1': FirmwarePublicationAsked;
  'voltlog.device.FirmwarePublicationProgressed.v1': FirmwarePublicationProgressed;
  'voltlog.device.FirmwarePublicationEnded.v1': FirmwarePublicationEnded;
}

type Plain<Type extends keyof FirmwareEvents> = {
  readonly [Each in Type]: { readonly type: Each; readonly data: FirmwareEvents[Each] };
}[Type];

export type FirmwareImageEvent = Plain<`voltlog.device.FirmwareImage${string}` & keyof FirmwareEvents>;
export type CampaignEvent = Plain<`voltlog.device.Campaign${string}` & keyof FirmwareEvents>;
export type FirmwarePublicationEvent = Plain<`voltlog.device.FirmwarePublication${string}` & keyof FirmwareEvents>;
export type FirmwareUpdateEvent = Plain<`voltlog.device.FirmwareUpdate${string}` & keyof FirmwareEvents>;
