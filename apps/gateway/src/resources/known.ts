import { OperatingError } from '@voltlog/kernel';
import { Problem } from '../problems/problem.js';
import type { Services } from '../services.js';

// While nobody can say whether something is there, it is taken for it: what was asked is of use also in an outage, or above all.

/** @throws {RequestError} when nobody knows the station */
export async function checkStation({ device }: Services, stationId: string): Promise<void> {
  await unlessAway(device.getStation({ stationId }));
}

/** @throws {RequestError} when nobody knows the site */
export async function checkSite({ device }: Services, siteId: string): Promise<void> {
  await unlessAway(device.getSite({ siteId }));
}

/**
 * Nothing is asked of a station for an EVSE that it does not have. One of whose EVSEs nothing is known yet is asked itself.
 *
 * @throws {Problem} `evse-unknown`; {RequestError} when nobody knows the station
 */
export async function checkEvse({ device }: Services, stationId: string, evseId: number): Promise<void> {
  const { station } = (await unlessAway(device.getStation({ stationId }))) ?? {};
  const evses = station?.evses ?? [];
  if (evseId === 0 || evses.length === 0 || evses.some((evse) => evse.evseId === evseId)) return;
  throw new Problem(404, 'evse-unknown', `Station ${stationId} has no EVSE ${evseId}.`);
}

async function unlessAway<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    return undefined;
  }
}
