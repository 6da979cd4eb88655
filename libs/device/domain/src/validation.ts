import type { EvseTopology, SiteAttributes } from '@voltlog/device-contract';

/** Characters of a station's identity: what OCPP 2.x allows in its URL. */
export const STATION_ID_LENGTH_MAX = 48;
/** OCPP allows no more EVSEs than a number can say; a station with more than this is a fault. */
export const EVSES_MAX = 256;
export const CONNECTORS_PER_EVSE_MAX = 32;
export const NAME_LENGTH_MAX = 255;
/** MW charging has 3.75 MW per connector; ten times that is a slip of the unit. */
export const POWER_W_MAX = 40_000_000;
/** OCPP 2.0.1 Part 2 BasicAuthPassword: 16 to 40 characters. OCPP 1.6 security whitepaper, AuthorizationKey: 40 at most. */
export const PASSWORD_LENGTH_MIN = 16;
export const PASSWORD_LENGTH_MAX = 40;

/** Of one station. */
export const TAGS_MAX = 20;
const TAG = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,31}$/;

/** What is wrong with tags, in words; undefined: nothing. */
export function tagsProblem(tags: readonly string[]): string | undefined {
  if (tags.length > TAGS_MAX) return `a station has at most ${TAGS_MAX} tags`;
  const wrong = tags.find((tag) => !TAG.test(tag));
  return wrong === undefined
    ? undefined
    : `tag ${JSON.stringify(wrong)} must be 1 to 32 of letters, digits and _ . : -, and begin with a letter or digit`;
}

const STATION_ID = /^[A-Za-z0-9*\-_=+|@.]{1,48}$/;
const SITE_ID = /^[A-Za-z0-9*\-_=:+|@.]{1,48}$/;

/**
 * True for an id a station can have: 1 to 48 of letters, digits and `* - _ = + | @ .`, and no step in a path. No `:`: it ends the user name
 * of basic authentication, so such a station could never connect.
 *
 * Source: OCPP-J 2.0.1 Part 4 §3.1 (identifierString, 48 characters), RFC 7617 §2
 */
export const isStationId = (stationId: string): boolean => STATION_ID.test(stationId) && stationId !== '.' && stationId !== '..';

/** A site's id: as a station's, and `:` too. */
export const isSiteId = (siteId: string): boolean => SITE_ID.test(siteId);

/** Printable ASCII: what HTTP basic authentication carries unharmed. Source: RFC 7617 §2 */
export const isPassword = (password: string): boolean =>
  password.length >= PASSWORD_LENGTH_MIN && password.length <= PASSWORD_LENGTH_MAX && /^[\x21-\x7e]+$/.test(password);

/** What is wrong with a site's attributes, in words for the one who sent them; undefined: nothing. */
export function siteProblem(site: SiteAttributes): string | undefined {
  for (const [field, text] of [
    ['name', site.name],
    ['address', site.address],
    ['city', site.city],
  ] as const) {
    if (text.length > NAME_LENGTH_MAX) return `${field} must have at most ${NAME_LENGTH_MAX} characters`;
  }
  if (site.countryCode !== '' && !/^[A-Z]{2}$/.test(site.countryCode))
    return 'countryCode must be two capital letters (ISO 3166-1 alpha-2)';
  if (!(Math.abs(site.latitude) <= 90)) return 'latitude must be between -90 and 90 degrees';
  if (!(Math.abs(site.longitude) <= 180)) return 'longitude must be between -180 and 180 degrees';
  if (site.timeZone !== '' && !isTimeZone(site.timeZone)) return 'timeZone must be an IANA name, e.g. Europe/Amsterdam';
  return undefined;
}

/** What is wrong with EVSEs; undefined: nothing. They may come in any order. */
export function evsesProblem(evses: readonly EvseTopology[]): string | undefined {
  if (evses.length > EVSES_MAX) return `evses must be at most ${EVSES_MAX}`;
  const ids = new Set<number>();
  for (const { evseId, connectors, powerWMax } of evses) {
    if (!isPosition(evseId, EVSES_MAX)) return `evseId must be between 1 and ${EVSES_MAX}`;
    if (ids.has(evseId)) return `evseId ${evseId} is there twice`;
    ids.add(evseId);
    if (!(powerWMax >= 0 && powerWMax <= POWER_W_MAX)) return `powerWMax must be between 0 and ${POWER_W_MAX} W`;
    if (connectors.length > CONNECTORS_PER_EVSE_MAX) return `connectors must be at most ${CONNECTORS_PER_EVSE_MAX} per EVSE`;
    const connectorIds = new Set(connectors.map((connector) => connector.connectorId));
    if (connectorIds.size < connectors.length) return `connectorId is there twice in EVSE ${evseId}`;
    for (const { connectorId, connectorType } of connectors) {
      if (!isPosition(connectorId, CONNECTORS_PER_EVSE_MAX)) return `connectorId must be between 1 and ${CONNECTORS_PER_EVSE_MAX}`;
      // OCPP 2.1 Part 2 ConnectorEnumStringType has 20 characters.
      if (connectorType.length > 20) return 'connectorType must have at most 20 characters';
    }
  }
  return undefined;
}

/** True for a connector that a station can have: EVSE 0 is the station, connector 0 the whole EVSE. */
export const isConnector = (evseId: number, connectorId: number): boolean =>
  isPosition(evseId, EVSES_MAX) && isPosition(connectorId, CONNECTORS_PER_EVSE_MAX);

const isPosition = (id: number, max: number): boolean => Number.isInteger(id) && id >= 1 && id <= max;

function isTimeZone(name: string): boolean {
  // An offset such as +01:00 is taken by Intl too, but knows no summer time.
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    return Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
