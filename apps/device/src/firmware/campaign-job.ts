import type { JobCommand } from '@voltlog/device-contract';
import type { KnownCampaign, KnownFirmwareImage } from '@voltlog/device-domain';
import { isoTime } from '@voltlog/kernel';
import type { connectionV1, stationRequestsV1 } from '@voltlog/proto';
import { jobGroupOf } from '../jobs/job-documents.js';
import type { JobRepository } from '../jobs/job-repository.js';
import type { JobWorker } from '../jobs/job-worker.js';
import type { FileLinks } from './file-links.js';
import type { FirmwareCollections } from './firmware-documents.js';

/** Jobs that campaigns are carried out by. */
export interface CampaignJobs {
  readonly repository: Pick<JobRepository, 'job' | 'onJob'>;
  readonly worker: Pick<JobWorker, 'hurry'>;
}

/** Makes a job of a campaign; one that is there stays as it is. */
export async function makeJob(
  { repository, worker }: CampaignJobs,
  campaign: Omit<KnownCampaign, 'kind'>,
  job: { readonly jobId: string; readonly stationIds: readonly string[]; readonly about: string; readonly command: JobCommand },
  now: number,
): Promise<void> {
  const { version, name, campaignId, stationsPerMinute, concurrency, expiresAt, createdBy } = campaign;
  const { jobId, stationIds, about, command } = job;
  const attributes = {
    name: `Firmware ${version}: ${name || campaignId}, ${about}`.slice(0, 255),
    command,
    selection: { stationIds },
    stationsPerMinute,
    concurrency,
    expiresAt,
    createdBy,
  };
  await repository.onJob(jobId, { kind: 'CreateJob', jobId, attributes, now }, 'campaign');
  await worker.hurry([jobId]);
}

export interface CampaignJob {
  readonly jobId: string;
  /** Repeated by stations in what they say about it. */
  readonly requestId: number;
  readonly stationIds: readonly string[];
  /** Where they fetch the image; undefined: from the platform. */
  readonly location: string | undefined;
}

const unsigned = ({ filesUrl, imageId }: Pick<KnownCampaign, 'filesUrl' | 'imageId'>): string => `${filesUrl}/files/firmware/${imageId}`;

/**
 * The command of a campaign's job. The platform's location is not signed: that is done for each station when it is told, so that nothing on the log
 * opens a file, and a station that comes back after days has time enough.
 */
export function updateCommand(campaign: KnownCampaign, image: KnownFirmwareImage, job: CampaignJob, now: number): JobCommand {
  const { retrieveAt, installAt } = campaign;
  const { signature, signingCertificate } = image;
  const firmware = {
    location: job.location ?? unsigned(campaign),
    retrieveDateTime: retrieveAt === '' ? isoTime(now) : retrieveAt,
    ...(installAt === '' ? {} : { installDateTime: installAt }),
    ...(signature === '' ? {} : { signature, signingCertificate }),
  };
  const request = { $case: 'updateFirmware', value: { requestId: job.requestId, firmware } };
  return { name: 'stationRequest', parameters: { request }, timeoutMs: 0 };
}

/** For local controllers, which know an image by its MD5. Source: OCPP 2.0.1 Part 2 L03 */
export function publishCommand(campaign: KnownCampaign, image: KnownFirmwareImage, requestId: number): JobCommand {
  const value = { requestId, location: unsigned(campaign), checksum: image.md5 ?? '' };
  return { name: 'stationRequest', parameters: { request: { $case: 'publishFirmware', value } }, timeoutMs: 0 };
}

/** Source: OCPP 2.0.1 Part 2 L04 */
export function unpublishCommand({ md5 = '' }: KnownFirmwareImage): JobCommand {
  const request = { $case: 'unpublishFirmware', value: { checksum: md5 } };
  return { name: 'stationRequest', parameters: { request }, timeoutMs: 0 };
}

/**
 * A command of a campaign's job with the address of its image signed for the station it goes to; any other as it is. Only the platform's own
 * address is signed: what a local controller reports may look like it, and whoever is there must not learn a signature.
 */
export async function signedFor(
  request: connectionV1.SendCommandRequest,
  jobId: string,
  links: FileLinks,
  { campaigns, images }: Pick<FirmwareCollections, 'campaigns' | 'images'>,
  { linkMs, now }: { readonly linkMs: number; readonly now: number },
): Promise<connectionV1.SendCommandRequest> {
  const { command, stationId } = request;
  const asked = command?.$case === 'stationRequest' ? command.value.request : undefined;
  const [location, from] =
    asked?.$case === 'updateFirmware'
      ? [asked.value.firmware?.location, asked.value.firmware?.retrieveDateTime]
      : asked?.$case === 'publishFirmware'
        ? [asked.value.location, undefined]
        : [];
  if (asked === undefined || location === undefined) return request;
  const campaignId = jobGroupOf(jobId);
  const campaign = campaignId === undefined ? undefined : (await campaigns.get(campaignId))?.campaign;
  if (campaign === undefined || location !== unsigned(campaign)) return request;
  const { filesUrl, imageId } = campaign;
  const fileName = (await images.get(imageId))?.image.fileName;
  if (fileName === undefined) return request;
  const expires = Math.floor((Math.max(now, Date.parse(from ?? '') || 0) + linkMs) / 1_000);
  const signed = located(asked, links.firmwareUrl(filesUrl, { imageId, stationId, expires, fileName }));
  return { ...request, command: { $case: 'stationRequest', value: { request: signed } } };
}

type Asked = NonNullable<stationRequestsV1.StationRequest['request']>;

function located(asked: Asked, location: string): Asked {
  if (asked.$case === 'publishFirmware') return { ...asked, value: { ...asked.value, location } };
  if (asked.$case !== 'updateFirmware' || asked.value.firmware === undefined) return asked;
  return { ...asked, value: { ...asked.value, firmware: { ...asked.value.firmware, location } } };
}
