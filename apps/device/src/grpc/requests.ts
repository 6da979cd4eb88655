import type { EvseTopology, SiteAttributes } from '@voltlog/device-contract';
import {
  evsesProblem,
  isPassword,
  isSiteId,
  isStationId,
  NAME_LENGTH_MAX,
  PASSWORD_LENGTH_MAX,
  PASSWORD_LENGTH_MIN,
  SECURITY_PROFILE_MAX,
  siteProblem,
  tagsProblem,
} from '@voltlog/device-domain';
import { RequestError } from '@voltlog/kernel';
import { deviceV1 } from '@voltlog/proto';
import type { StationDoc } from '../store/documents.js';

export const PAGE_SIZE_DEFAULT = 50;
export const PAGE_SIZE_MAX = 500;
/** Stations in one question about access; the connection service asks for at most 1 000. */
export const ACCESS_MAX = 5_000;
export const IDEMPOTENCY_KEY_LENGTH_MAX = 255;

const STATION_ID_RULE = 'must be 1 to 48 of letters, digits and * - _ = + | @ .';
const SITE_ID_RULE = 'must be 1 to 48 of letters, digits and * - _ = : + | @ .';

const invalid = (message: string): RequestError => new RequestError('INVALID_ARGUMENT', message);

/** @throws {RequestError} `INVALID_ARGUMENT` */
export function checkStationId(stationId: string): string {
  if (!isStationId(stationId)) throw invalid(`stationId ${STATION_ID_RULE}`);
  return stationId;
}

/** @throws {RequestError} `INVALID_ARGUMENT` */
export function checkSiteId(siteId: string): string {
  if (!isSiteId(siteId)) throw invalid(`siteId ${SITE_ID_RULE}`);
  return siteId;
}

/** @throws {RequestError} `INVALID_ARGUMENT` */
export function checkName(name: string): string {
  if (name.length > NAME_LENGTH_MAX) throw invalid(`name must have at most ${NAME_LENGTH_MAX} characters`);
  return name;
}

/** @throws {RequestError} `INVALID_ARGUMENT`; the password is not told */
export function checkPassword(password: string): string {
  if (!isPassword(password))
    throw invalid(`password must have ${PASSWORD_LENGTH_MIN} to ${PASSWORD_LENGTH_MAX} printable ASCII characters and no space`);
  return password;
}

/** @throws {RequestError} `INVALID_ARGUMENT` naming the tag that is wrong */
export function checkTags(tags: readonly string[]): readonly string[] {
  const problem = tagsProblem(tags);
  if (problem !== undefined) throw invalid(problem);
  return tags;
}

/** @throws {RequestError} `INVALID_ARGUMENT` */
export function checkProfile(securityProfileMin: number | undefined): void {
  if (securityProfileMin !== undefined && securityProfileMin > SECURITY_PROFILE_MAX)
    throw invalid(`securityProfileMin must be between 0 and ${SECURITY_PROFILE_MAX}`);
}

/** @throws {RequestError} `INVALID_ARGUMENT` naming the field that is wrong */
export function checkSite(site: SiteAttributes): SiteAttributes {
  const problem = siteProblem(site);
  if (problem !== undefined) throw invalid(problem);
  return site;
}

/** What a request gives of a site; absent fields stay absent. */
export function toSiteChanges(request: Pick<deviceV1.UpdateSiteRequest, keyof SiteAttributes>): Partial<SiteAttributes> {
  const { name, address, city, countryCode, latitude, longitude, timeZone } = request;
  return {
    ...(name === undefined ? {} : { name }),
    ...(address === undefined ? {} : { address }),
    ...(city === undefined ? {} : { city }),
    ...(countryCode === undefined ? {} : { countryCode }),
    ...(latitude === undefined ? {} : { latitude }),
    ...(longitude === undefined ? {} : { longitude }),
    ...(timeZone === undefined ? {} : { timeZone }),
  };
}

/** @throws {RequestError} `INVALID_ARGUMENT` naming the field that is wrong */
export function toEvses(evses: readonly deviceV1.Evse[]): readonly EvseTopology[] {
  const topology = evses.map(({ evseId, powerWMax, connectors }) => ({
    evseId,
    powerWMax,
    connectors: connectors.map(({ connectorId, connectorType }) => ({ connectorId, connectorType })),
  }));
  const problem = evsesProblem(topology);
  if (problem !== undefined) throw invalid(problem);
  return topology;
}

/** The cause under which a request is committed; without a key every request is one of its own. */
export function causeOf(idempotencyKey: string, fallback: () => string): string {
  if (idempotencyKey.length > IDEMPOTENCY_KEY_LENGTH_MAX)
    throw invalid(`idempotencyKey must have at most ${IDEMPOTENCY_KEY_LENGTH_MAX} characters`);
  return idempotencyKey === '' ? fallback() : `request:${idempotencyKey}`;
}

/** undefined: any. */
export function lifecycleOf(lifecycle: deviceV1.StationLifecycle): StationDoc['lifecycle'] | undefined {
  switch (lifecycle) {
    case deviceV1.StationLifecycle.ACTIVE:
      return 'Active';
    case deviceV1.StationLifecycle.QUARANTINED:
      return 'Quarantined';
    case deviceV1.StationLifecycle.RETIRED:
      return 'Retired';
    default:
      return undefined;
  }
}

/** The size of a page; 0 means the usual. */
export const pageSize = (size: number): number => (size === 0 ? PAGE_SIZE_DEFAULT : Math.min(size, PAGE_SIZE_MAX));

/** Of 512 the signed part takes up to 350. */
const FILES_URL_LENGTH_MAX = 150;

/** @throws {RequestError} `INVALID_ARGUMENT` */
export function checkFilesUrl(filesUrl: string): string {
  if (!/^https?:\/\/[^\s?#]+[^/\s?#]$/.test(filesUrl))
    throw new RequestError('INVALID_ARGUMENT', 'filesUrl must be an http:// or https:// address without a slash at the end');
  if (filesUrl.length > FILES_URL_LENGTH_MAX)
    throw new RequestError(
      'INVALID_ARGUMENT',
      `filesUrl must have at most ${FILES_URL_LENGTH_MAX} characters: stations take addresses of at most 512`,
    );
  return filesUrl;
}
