import { hash } from 'node:crypto';
import type { TransactionStarted } from '@voltlog/connection-contract';

const TIME_DIGITS = 12;
const TIME_END_MS = 16 ** TIME_DIGITS;
/** Where an id goes on behind the place of its time. */
const OF_KEY = 13;

/**
 * The id of the session that a transaction is: the same for every repetition of its messages, on every instance.
 * UUIDv8 (RFC 9562 §5.8) of SHA-256 over station id and transaction key.
 *
 * @param transactionKey as `TransactionStarted` carries it; for 2.x the transaction id
 * @param startedAt where every message that makes the session tells it, as in 1.6: the id then begins with it, like a UUIDv7, so that
 * the newest sessions lie together in every index, however many there were before
 */
export function sessionIdOf(stationId: string, transactionKey: string, startedAt?: string): string {
  const untimed = uuidOf(`session\n${stationId}\n${transactionKey}`);
  const ms = startedAt === undefined ? Number.NaN : Date.parse(startedAt);
  if (!(ms >= 0 && ms < TIME_END_MS)) return untimed;
  const time = ms.toString(16).padStart(TIME_DIGITS, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}${untimed.slice(OF_KEY)}`;
}

/** The id of the session that a start begins, as far as the start tells it alone. */
export const startIdOf = ({ stationId, ocppVersion, transactionKey, occurredAt }: TransactionStarted): string =>
  sessionIdOf(stationId, transactionKey, ocppVersion === 'ocpp1.6' ? occurredAt : undefined);

/** Whether two ids are made of the same transaction, with or without its time. */
export const sameTransaction = (a: string, b: string): boolean => a.slice(OF_KEY) === b.slice(OF_KEY);

/** A UUIDv8 of any text. */
export function uuidOf(text: string): string {
  const hex = hash('sha256', text, 'hex');
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
