import type { StationMake } from '@voltlog/connection-contract';
import type { ShownToken, TransactionLimit } from '@voltlog/connection-translation';
import type { Call, OcppError } from '@voltlog/ocpp-rpc';
import type { Offers } from '../commands/offers.js';
import type { Dialect } from './actions.js';
import type { AdmittedStation, BootAnswer, EdgeParts } from './parts.js';

/** A station as the road of its calls sees it, whatever carries them. */
export interface CallingStation {
  readonly stationId: string;
  readonly dialect: Dialect;
  readonly station: AdmittedStation;
  readonly edge: EdgeParts;
  /** Since when it could reach us without a break, ms since the epoch. */
  readonly connectedAtMs: number;
  /** How far its clock is behind ours, as far as is known; only of 1.6. */
  clockBehindMs: number;
  /** The token it last asked about on this connection; only of 1.6. */
  shownToken: ShownToken | undefined;
  /** What its last boot on this connection was answered; undefined: it did not boot on it. */
  told: BootAnswer['status'] | undefined;
  readonly limits: Offers<TransactionLimit> | undefined;
  readonly costs: Offers<number> | undefined;
  readonly triggered: ReadonlySet<string> | undefined;
  /** Nobody waits for the answer any more. */
  readonly closed: boolean;
  /** Answers again where this is the call that was answered last. */
  repeated(call: Call, text: string): boolean;
  /** The call in work begins to wait for the log. */
  logging(money: boolean): void;
  /** What it said when it booted: its quirks go by it. */
  isOfMake(make: StationMake): void;
  answered(call: Call, text: string, payload: object): void;
  refused(call: Call, text: string, error: OcppError): void;
}
