import { createHash } from 'node:crypto';

/** The same key is the same reservation. */
export const idOfKey = (idempotencyKey: string): string => uuidOf(`reservation:${idempotencyKey}`);

/** The id of the reservation that one is moved to, however often that is tried. */
export const idAfter = (reservationId: string): string => uuidOf(`moved:${reservationId}`);

/** A UUIDv8 of a hash. Source: RFC 9562 §5.8 */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
