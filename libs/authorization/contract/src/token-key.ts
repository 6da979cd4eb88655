/** A MAC address in one of its spellings; Autocharge puts `VID:` before it where a 1.6 station cannot tell the type. */
export const MAC_ADDRESS = /^(?:VID:)?([0-9A-F]{2})([:-]?)([0-9A-F]{2})\2([0-9A-F]{2})\2([0-9A-F]{2})\2([0-9A-F]{2})\2([0-9A-F]{2})$/;
/** An eMAID: country, provider, instance and perhaps its check digit. Source: ISO 15118-2 Annex H, OCPP 2.1 Part 2 IdTokenEnumStringType */
export const EMAID = /^([A-Z]{2})(-?)([A-Z0-9]{3})\2([A-Z0-9]{9})(?:\2([A-Z0-9]))?$/;

/**
 * The identity of a token, by which its events are keyed: its id in upper case, whatever its type, MAC addresses and eMAIDs without
 * separators.
 *
 * Ids are compared without regard to case, and a card registered as ISO14443 is the same card when a 1.6 station reads it. Separators
 * of an eMAID are optional and do not count; those of a MAC address depend on who wrote it.
 *
 * Source: OCPP 1.6 §7.28 (IdToken is CiString20Type), OCPP 2.0.1 Part 2 IdTokenType.idToken (identifierString, case insensitive)
 */
export function tokenKey(idToken: string): string {
  const upper = idToken.toUpperCase();
  // Nearly every id has no separator, and is its own key.
  if (!upper.includes('-') && !upper.includes(':')) return upper;
  const mac = MAC_ADDRESS.exec(upper);
  if (mac !== null) return mac.filter((_, index) => index === 1 || index > 2).join('');
  return EMAID.test(upper) ? upper.replaceAll('-', '') : upper;
}
