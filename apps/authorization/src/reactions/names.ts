/** The consumer group that follows transactions; `caughtUp` asks about it. */
export const GROUP = 'authorization';

/** Kind of the timer that looks for permitted transactions which never started. */
export const NEVER_STARTED = 'AuthorizationNeverStarted';

/** What that timer is about. */
export interface NeverStarted {
  readonly transactionKey: string;
  readonly stationId: string;
  readonly tokenKey: string;
  /** When the contract limits how many run at once. */
  readonly contractId?: string;
}

/** Kind of the timer that removes what is too old to be of use. */
export const SWEEP = 'AuthorizationSweep';
