import type { CampaignAttributes } from '@voltlog/device-contract';
import { isoTime } from '@voltlog/kernel';
import type { KnownCampaign } from './campaign.decider.js';
import type { KnownFirmwareImage } from './firmware-image.decider.js';

const EXPIRES_MS = 7 * 86_400_000;

/** `Never`: a person called it off. */
export type RollBackTurn = 'Begin' | 'Wait' | 'Never';

/**
 * Whether the platform brings back what it has not brought back yet. Stations that end later go together: a next campaign begins when the one
 * before is through, or when nobody of the stopped one is at it any more.
 *
 * @param before what the platform began last; undefined: nothing
 * @param underWay stations of the stopped campaign that may still end
 */
export function rollBackTurn(before: Pick<KnownCampaign, 'state' | 'outcome'> | undefined, underWay: number): RollBackTurn {
  switch (before?.state) {
    case undefined:
      return 'Begin';
    case 'Ended':
      return before?.outcome === 'Cancelled' ? 'Never' : 'Begin';
    case 'Cancelling':
      return 'Never';
    // Its own stations fail too, or somebody holds it up.
    case 'Paused':
    case 'Stopped':
      return 'Wait';
    default:
      return underWay === 0 ? 'Begin' : 'Wait';
  }
}

/**
 * The campaign that brings these stations back: at once, whatever the windows of the one before, at the same pace. An automatic one goes in the
 * same waves without their pauses, so that an image of the way back that is bad too is found out by few.
 */
export function rollBackOf(
  campaign: KnownCampaign,
  image: Pick<KnownFirmwareImage, 'imageId' | 'version' | 'md5'>,
  {
    stationIds,
    automatic,
    by,
    now,
  }: { readonly stationIds: readonly string[]; readonly automatic: boolean; readonly by: string; readonly now: number },
): Omit<CampaignAttributes, 'filesUrl'> {
  const { campaignId, name, waves, timeZone, stationsPerMinute, concurrency, proof } = campaign;
  // Stations behind a controller may reach nothing else.
  const localControllers = image.md5 === undefined ? undefined : campaign.localControllers;
  const { stopAtFailedPercent, stopAtFailedMin, attemptsMax, retryMinutes, noProgressMinutes } = campaign;
  return {
    name: `Back from: ${name || campaignId}`.slice(0, 255),
    imageId: image.imageId,
    version: image.version,
    selection: { stationIds },
    waves: automatic ? waves.map((wave) => ({ ...wave, pauseMinutes: 0 })) : [{ percent: 100, stations: 0, pauseMinutes: 0 }],
    windows: [],
    timeZone,
    stationsPerMinute,
    concurrency,
    retrieveAt: '',
    installAt: '',
    proof,
    stopAtFailedPercent,
    stopAtFailedMin,
    attemptsMax,
    retryMinutes,
    noProgressMinutes,
    expiresAt: isoTime(now + EXPIRES_MS),
    rollBackImageId: '',
    rollBackOf: campaignId,
    ...(localControllers === undefined ? {} : { localControllers }),
    createdBy: by,
  };
}
