import { EMAID, MAC_ADDRESS } from '@voltlog/authorization-contract';

export { tokenKey } from '@voltlog/authorization-contract';

/**
 * Characters of an id token: OCPP 2.1 allows 255, earlier versions 36 and 20.
 *
 * Source: OCPP 2.1 Part 2 IdTokenType, OCPP 1.6 §7.28
 */
export const ID_TOKEN_LENGTH_MAX = 255;

/** Printable, no spaces at the ends: what a reader, an app or a contract gives. Control characters would only come of a fault. */
const MALFORMED = /^\s|\s$|\p{Cc}/u;

/** True for an id that a token can have: 1 to {@link ID_TOKEN_LENGTH_MAX} characters, no control characters, no space around it. */
export const isIdToken = (idToken: string): boolean =>
  idToken.length > 0 && idToken.length <= ID_TOKEN_LENGTH_MAX && !MALFORMED.test(idToken);

/** OCPP 2.1 Part 2 IdTokenEnumStringType: words in use; any other of at most 20 characters may be told as well. */
export const ID_TOKEN_TYPES = [
  'Central',
  'DirectPayment',
  'eMAID',
  'EVCCID',
  'ISO14443',
  'ISO15693',
  'KeyCode',
  'Local',
  'MacAddress',
  'NoAuthorization',
  'VIN',
] as const;

/** What is wrong with an id of this type; undefined: it has the form of one. Types without a form of their own take any id. */
export function typeFault(idToken: string, type: string): string | undefined {
  const upper = idToken.toUpperCase();
  switch (type) {
    case 'MacAddress':
      return MAC_ADDRESS.test(upper) ? undefined : 'a MacAddress has 6 bytes in hexadecimal digits';
    case 'eMAID':
      return EMAID.test(upper) ? undefined : 'an eMAID has a country, a provider, 9 letters or digits and perhaps a check digit';
    case 'ISO14443':
    case 'ISO15693':
      return undefined;
    case 'EVCCID':
      return /^[0-9A-Z:-]{1,36}$/.test(upper) ? undefined : 'an EVCCID has letters and digits';
    case 'VIN':
      return /^[A-HJ-NPR-Z0-9]{17}$/.test(upper) ? undefined : 'a VIN has 17 letters or digits, without I, O and Q';
    case 'NoAuthorization':
      return 'NoAuthorization says that nobody is asked: there is no token to register';
    default:
      return undefined;
  }
}

/** The stream of a token. */
export const tokenStreamId = (key: string): string => `token:${key}`;

/** The key of a token's stream; the inverse of {@link tokenStreamId}. */
export const tokenKeyOfStream = (streamId: string): string => streamId.slice('token:'.length);
