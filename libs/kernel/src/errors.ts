/**
 * Something outside does not work now (broker, database, peer). Retried with a bound or for ever by the platform libraries;
 * never turned into an answer a station could take for a decision.
 */
export class OperatingError extends Error {
  override readonly name: string = 'OperatingError';
  constructor(
    readonly code: string,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** The caller asked for something that cannot be: a wrong id, a broken rule. Not retried. */
export class RequestError extends Error {
  override readonly name: string = 'RequestError';
  constructor(
    readonly code:
      | 'INVALID_ARGUMENT'
      | 'NOT_FOUND'
      | 'ALREADY_EXISTS'
      | 'FAILED_PRECONDITION'
      | 'ABORTED'
      | 'PERMISSION_DENIED'
      | 'UNAUTHENTICATED'
      | 'RESOURCE_EXHAUSTED',
    message: string,
    /** A stable word for programs, e.g. `StationExists`. */
    readonly reason?: string,
  ) {
    super(message);
  }
}

/** Marks what a `switch` over a closed set can never reach. */
export function assertNever(value: never, what = 'case'): never {
  throw new Error(`unexpected ${what}: ${JSON.stringify(value)}`);
}
