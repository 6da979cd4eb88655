import type { JobCommand } from '@voltlog/device-contract';
import type { KnownCampaign, KnownFirmwareImage } from '@voltlog/device-domain';
import { isoTime } from '@voltlog/kernel';
import type { connectionV1 } from '@voltlog/proto';
import type { FileLinks } from './file-links.js';

export interface CampaignJob {
  readonly jobId: string;
  /** Repeated by stations in what they say about it. */
  readonly requestId: number;
  readonly stationIds: readonly string[];
}

/**
 * The command of a campaign's job. Its location is not signed: that is done for each station when it is told, so that nothing on the log
 * opens a file, and a station that comes back after days has time enough.
 */
export function updateCommand(campaign: KnownCampaign, image: KnownFirmwareImage, job: CampaignJob, now: number): JobCommand {
  const { filesUrl, retrieveAt, installAt } = campaign;
  const { imageId, signature, signingCertificate } = image;
  const firmware = {
    location: `${filesUrl}/files/firmware/${imageId}`,
    retrieveDateTime: retrieveAt === '' ? isoTime(now) : retrieveAt,
    ...(installAt === '' ? {} : { installDateTime: installAt }),
    ...(signature === '' ? {} : { signature, signingCertificate }),
  };
  const request = { $case: 'updateFirmware', value: { requestId: job.requestId, firmware } };
  return { name: 'stationRequest', parameters: { request }, timeoutMs: 0 };
}

const UNSIGNED = /^(https?:\/\/.+)\/files\/firmware\/([\w-]{1,64})$/;

/** A command with the address of an image signed for the station it goes to; any other as it is. */
export function signedFor(
  request: connectionV1.SendCommandRequest,
  links: FileLinks,
  fileNameOf: (imageId: string) => Promise<string | undefined>,
  { linkMs, now }: { readonly linkMs: number; readonly now: number },
): Promise<connectionV1.SendCommandRequest> | connectionV1.SendCommandRequest {
  const { command, stationId } = request;
  if (command?.$case !== 'stationRequest' || command.value.request?.$case !== 'updateFirmware') return request;
  const update = command.value.request.value;
  const [, filesUrl, imageId] = UNSIGNED.exec(update.firmware?.location ?? '') ?? [];
  if (update.firmware === undefined || filesUrl === undefined || imageId === undefined) return request;
  const { firmware } = update;
  const from = Math.max(now, Date.parse(firmware.retrieveDateTime ?? '') || 0);
  const expires = Math.floor((from + linkMs) / 1_000);
  return fileNameOf(imageId).then((fileName) => {
    if (fileName === undefined) return request;
    const location = links.firmwareUrl(filesUrl, { imageId, stationId, expires, fileName });
    const signed = { $case: 'updateFirmware' as const, value: { ...update, firmware: { ...firmware, location } } };
    return { ...request, command: { $case: 'stationRequest' as const, value: { request: signed } } };
  });
}
