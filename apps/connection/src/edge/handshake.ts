import type { OcppVersion } from '@voltlog/connection-contract';

/** Newest first: the newest that both know is agreed. */
const VERSIONS: readonly OcppVersion[] = ['ocpp2.1', 'ocpp2.0.1', 'ocpp1.6'];

/** OCPP 2.0.1 Part 2 §1 (identity of a charging station). */
export const STATION_ID_LENGTH_MAX = 48;

const PATH = /^\/ocpp\/([^/?#]+)\/?(?:\?.*)?$/;
/** identifierString, without `:`, which ends the user name of basic authentication. Source: OCPP 2.0.1 Part 4 §3.1.1, RFC 7617 §2. */
const STATION_ID = /^[A-Za-z0-9*\-_=+|@.]{1,48}$/;

/** The station id of an upgrade request's target, or undefined when it is none that could be one. */
export function stationIdOf(target: string | undefined): string | undefined {
  const encoded = target === undefined ? undefined : PATH.exec(target)?.[1];
  // Each character is at most three percent-encoded bytes.
  if (encoded === undefined || encoded.length > STATION_ID_LENGTH_MAX * 3) return undefined;
  let id: string;
  try {
    id = decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
  return isStationId(id) ? id : undefined;
}

/** Whether a station could be called so. */
export const isStationId = (id: string): boolean => STATION_ID.test(id) && id !== '.' && id !== '..';

/** The newest offered subprotocol that is known, or undefined. Names are compared as they are: RFC 6455 §4.1 makes them case-sensitive. */
export function agreeVersion(header: string | undefined): OcppVersion | undefined {
  if (header === undefined) return undefined;
  const offered = header.split(',').map((name) => name.trim());
  return VERSIONS.find((version) => offered.includes(version));
}

export interface BasicCredentials {
  readonly username: string;
  /** Bytes: OCPP 1.6 passwords are hexadecimal text or, by some makes, raw octets. */
  readonly password: Buffer;
}

/** RFC 7617. Undefined: no header; 'malformed': one that is not basic authentication. */
export function basicCredentials(header: string | undefined): BasicCredentials | 'malformed' | undefined {
  if (header === undefined) return undefined;
  const encoded = /^basic +([A-Za-z0-9+/_-]+={0,2}) *$/i.exec(header)?.[1];
  if (encoded === undefined || encoded.length > 1_024) return 'malformed';
  const bytes = Buffer.from(encoded, 'base64');
  const colon = bytes.indexOf(0x3a);
  return colon < 0 ? 'malformed' : { username: bytes.toString('utf8', 0, colon), password: bytes.subarray(colon + 1) };
}
