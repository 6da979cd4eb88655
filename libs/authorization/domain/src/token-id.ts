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

/**
 * The identity of a token: its id in upper case, whatever its type.
 *
 * Ids are compared without regard to case, and a card registered as ISO14443 is the same card when a 1.6 station reads it.
 *
 * Source: OCPP 1.6 §7.28 (IdToken is CiString20Type), OCPP 2.0.1 Part 2 IdTokenType.idToken (identifierString, case insensitive)
 */
export const tokenKey = (idToken: string): string => idToken.toUpperCase();

/** The stream of a token. */
export const tokenStreamId = (key: string): string => `token:${key}`;

/** The key of a token's stream; the inverse of {@link tokenStreamId}. */
export const tokenKeyOfStream = (streamId: string): string => streamId.slice('token:'.length);
