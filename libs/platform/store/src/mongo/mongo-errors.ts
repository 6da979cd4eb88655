import { OperatingError } from '@voltlog/kernel';
import { mongo } from 'mongoose';

/** How long an operation is tried while the database is away, milliseconds. */
const TRY_FOR_MS = 10_000;
const RETRY_FIRST_MS = 50;
const RETRY_MAX_MS = 1_000;

/**
 * A read that a rename of its collection cut off, or a write that met one: LockTimeout, CursorNotFound, QueryPlanKilled. The way to the primary:
 * HostUnreachable, HostNotFound, NetworkTimeout, ExceededTimeLimit, SocketException. Another primary: the rest.
 */
const PASSING_CODES: ReadonlySet<number> = new Set([
  24, 43, 175, 237, 6, 7, 89, 262, 9001, 91, 189, 10058, 10107, 11600, 11602, 13435, 13436,
]);

export const DUPLICATE_KEY = 11000;
export const INDEX_NOT_FOUND = 27;

/** Whether the database or the way to it is the trouble, so that the same operation may work later. */
export function isPassing(error: unknown): boolean {
  if (error instanceof mongo.MongoNetworkError || error instanceof mongo.MongoServerSelectionError) return true;
  if (error instanceof mongo.MongoNotConnectedError || error instanceof mongo.MongoTopologyClosedError) return true;
  if (!(error instanceof mongo.MongoError)) return false;
  if (
    error.hasErrorLabel('RetryableWriteError') ||
    error.hasErrorLabel('TransientTransactionError') ||
    error.name === 'MongoPoolClearedError'
  )
    return true;
  if (error instanceof mongo.MongoWriteConcernError) return true;
  // A bulk wraps what happened to its request: without an answer there is neither a code nor a write error.
  if (error instanceof mongo.MongoBulkWriteError) {
    if (error.result.getWriteConcernError() !== undefined) return true;
    const writeErrors = [error.writeErrors].flat();
    if (error.code === undefined && writeErrors.length === 0) return true;
    if (writeErrors.some(({ code }) => PASSING_CODES.has(Number(code)))) return true;
  }
  return typeof error.code === 'number' && PASSING_CODES.has(error.code);
}

/**
 * Tries until it works or 10 s have passed.
 *
 * @throws {OperatingError} `StoreUnavailable` with the last error as its cause
 */
export async function whileAway<T>(work: () => Promise<T>, closed: () => boolean): Promise<T> {
  const giveUpAt = Date.now() + TRY_FOR_MS;
  for (let failures = 0; ; failures += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isPassing(error)) throw error;
      const waitMs = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** failures);
      if (closed() || Date.now() + waitMs > giveUpAt) throw unavailable(error);
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }
}

export function unavailable(error: unknown): OperatingError {
  return new OperatingError('StoreUnavailable', `the database does not answer: ${error instanceof Error ? error.message : String(error)}`, {
    cause: error,
  });
}

/** The write errors of an unordered bulk by the index of the operation; any other error is thrown on. */
export function bulkErrors(error: unknown): ReadonlyMap<number, { readonly code: number; readonly message: string }> {
  if (!(error instanceof mongo.MongoBulkWriteError) || isPassing(error)) throw error;
  const errors = Array.isArray(error.writeErrors) ? error.writeErrors : [error.writeErrors];
  if (errors.length === 0) throw error;
  return new Map(errors.map((one) => [one.index, { code: Number(one.code), message: String(one.errmsg) }]));
}
