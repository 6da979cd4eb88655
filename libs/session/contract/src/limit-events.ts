import type { SessionFact, SessionIdToken } from './session-events.js';

/** A sum of money; never a float. */
export interface Money {
  /** A decimal number, e.g. `12.50`. */
  readonly amount: string;
  /** ISO 4217 */
  readonly currency: string;
}

/** What a session is allowed; what is absent is not limited. The first one reached stops it. */
export interface SessionLimit {
  readonly energyWh?: number;
  /** From the start of the transaction. */
  readonly durationSeconds?: number;
  readonly cost?: Money;
  readonly stateOfChargePercent?: number;
}

export type LimitDimension = 'energy' | 'duration' | 'cost' | 'stateOfCharge';

export type MilestoneKind =
  | 'ChargingStarted'
  | 'ParkingStarted'
  | 'BatteryAt'
  | 'BatteryFull'
  | 'SuspendedByVehicle'
  | 'SuspendedByStation'
  | 'LimitReached'
  | 'ChargingEnded'
  | 'SessionEnded'
  | 'Faulted'
  | 'FaultCleared';

/**
 * Something happened that a driver is told of. Exactly once per session, milestone and occurrence, whatever is repeated or comes late.
 *
 * `ChargingStarted`: energy flows for the first time. `ParkingStarted`: plugged in, but not, or no longer, drawing. `SuspendedBy...`: the
 * car or the station holds the energy back. `ChargingEnded`: the transaction is over. `SessionEnded`: the connector is free again.
 * `FaultCleared`: the connector that `Faulted` says that it is well again, whether or not energy flows.
 */
export interface SessionMilestoneReached extends SessionFact {
  readonly milestone: MilestoneKind;
  /** Counts from 1: what rests (`ParkingStarted`, `SuspendedBy...`, `Faulted`) may rest again once energy flowed in between. */
  readonly occurrence: number;
  /** By the station's clock. */
  readonly at: string;
  readonly receivedAt: string;
  /** 0: not told. */
  readonly evseId: number;
  readonly connectorId: number;
  readonly siteId?: string;
  readonly idToken?: SessionIdToken;
  readonly groupId?: string;
  readonly contractId?: string;
  readonly startRequestId?: string;
  readonly stateOfChargePercent?: number;
  /** Of `BatteryAt`: which mark. */
  readonly percent?: number;
  /** Of `LimitReached`. */
  readonly dimension?: LimitDimension;
  /** Wh so far. */
  readonly energyWh: number;
  /** So far; absent where no price is set. */
  readonly cost?: Money;
  /** Of `Faulted`: the station's word. */
  readonly errorCode?: string;
}

/** A limit was set, changed or taken away (null). The contract's own limit holds beside the one that was chosen: the lower counts. */
export interface SessionLimitSet extends SessionFact {
  readonly limit: SessionLimit | null;
  readonly by: 'Driver' | 'Operator' | 'Contract' | 'StartRequest';
  /** Our clock. */
  readonly at: string;
}

/** The session came of this start request. */
export interface SessionStartRequestMatched extends SessionFact {
  readonly startRequestId: string;
  readonly at: string;
}

/** The connector of the session was reported free. */
export interface SessionConnectorFreed extends SessionFact {
  /** By the station's clock. */
  readonly at: string;
  readonly receivedAt: string;
}

export type StopCause = 'Limit' | 'Driver' | 'Operator' | 'Group';

/** The station is asked to stop. */
export interface SessionStopRequested extends SessionFact {
  /** Counts the stop commands of the session from 1. */
  readonly attempt: number;
  readonly cause: StopCause;
  /** Of cause `Limit`. */
  readonly dimension?: LimitDimension;
  readonly at: string;
}

/** What came of a stop command. Accepted is not happened. */
export interface SessionStopAnswered extends SessionFact {
  readonly attempt: number;
  readonly status: 'Accepted' | 'Rejected' | 'NotSupported' | 'Offline' | 'TimedOut' | 'Busy';
  /** The station's own word. */
  readonly stationStatus?: string;
  readonly at: string;
}

/** The station did not stop whatever was tried: an operator must look. */
export interface SessionStopEscalated extends SessionFact {
  readonly attempts: number;
  readonly cause: StopCause;
  readonly at: string;
  /** 0: not told. Absent, as all that follows, in what an earlier version said. */
  readonly evseId?: number;
  readonly connectorId?: number;
  readonly siteId?: string;
  readonly idToken?: SessionIdToken;
  readonly groupId?: string;
  readonly contractId?: string;
  readonly startRequestId?: string;
}

/** The session ended beyond its limit. */
export interface SessionLimitOvershot extends SessionFact {
  readonly dimension: LimitDimension;
  /** Wh, seconds or percentage points; of cost see `cost`. */
  readonly by?: number;
  readonly cost?: Money;
  readonly at: string;
}

/** The price the session is counted by: the one that held when its start was heard of. A session that began before there was any has none. */
export interface SessionPriced extends SessionFact {
  readonly price: SessionPrice;
  readonly at: string;
}

export interface SessionPrice {
  /** `default`, `site:<id>` or `station:<id>` */
  readonly scope: string;
  readonly currency: string;
  /** Decimal numbers. */
  readonly perKwh: string;
  readonly perMinute: string;
  readonly perSession: string;
  readonly version: number;
}
