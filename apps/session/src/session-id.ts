import { hash } from 'node:crypto';

/**
 * The id of the session that a transaction is: the same for every repetition of its messages, on every instance.
 * UUIDv8 (RFC 9562 §5.8) of SHA-256 over station id and transaction key.
 *
 * @param transactionKey as `TransactionStarted` carries it; for 2.x the transaction id
 */
export function sessionIdOf(stationId: string, transactionKey: string): string {
  return uuidOf(`session\n${stationId}\n${transactionKey}`);
}

/** A UUIDv8 of any text. */
export function uuidOf(text: string): string {
  const hex = hash('sha256', text, 'hex');
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
