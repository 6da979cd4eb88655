/** What the driver API of the gateway says; docs/reference/openapi.json, tag `driver`. */

export interface Money {
  /** A decimal number. */
  readonly amount: string;
  readonly currency: string;
}

export interface Price {
  readonly currency: string;
  readonly perKwh: string;
  readonly perMinute: string;
  readonly perSession: string;
}

export interface Site {
  readonly name: string;
  readonly address: string | null;
  readonly city: string | null;
  readonly timeZone: string | null;
}

export interface Place {
  readonly evseUid: string;
  readonly evseId: number;
  readonly stationName: string;
  readonly site: Site | null;
}

export type Availability = 'Available' | 'PluggedIn' | 'InUse' | 'Reserved' | 'Faulted' | 'Unavailable' | 'Offline' | 'Unknown';

export interface Evse extends Place {
  readonly availability: Availability;
  readonly powerWMax: number | null;
  readonly connectors: readonly { readonly connectorId: number; readonly type: string | null; readonly status: string | null }[];
  readonly price: Price | null;
  readonly guest: 'off' | 'free-vend';
  readonly mayStart: boolean;
  /** Whoever starts now is stopped then: it is reserved for later. */
  readonly freeUntil: string | null;
  readonly reservation: { readonly minutesDefault: number; readonly minutesMax: number; readonly guestMinutesMax: number } | null;
  readonly mine: { readonly kind: 'Reservation'; readonly expiresAt: string } | null;
}

/** What is absent is not limited. */
export interface Limit {
  readonly energyWh?: number | undefined;
  readonly durationSeconds?: number | undefined;
  readonly cost?: Money | undefined;
  readonly stateOfChargePercent?: number | undefined;
}

export type ChargeState =
  | 'Starting'
  | 'PlugIn'
  | 'Charging'
  | 'Suspended'
  | 'Full'
  | 'Ended'
  | 'Unplugged'
  | 'Refused'
  | 'Lapsed'
  | 'Cancelled';

export interface Milestone {
  readonly kind: string;
  readonly at: string | null;
  readonly stateOfChargePercent: number | null;
  readonly dimension: string | null;
}

export interface Charge extends Place {
  readonly state: ChargeState;
  /** Why it is so, where there is something to say; a word of a closed list, or the station's own. */
  readonly reason: string | null;
  readonly price: Price | null;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly durationSeconds: number;
  readonly energyWh: number;
  readonly powerW: number | null;
  readonly powerWMax: number | null;
  readonly stateOfChargePercent: number | null;
  readonly cost: Money | null;
  readonly limit: Limit | null;
  readonly milestones: readonly Milestone[];
  /** Seconds from the end of charging until the cable was out. */
  readonly idleSeconds: number | null;
  readonly stopRequested: boolean;
  /** The station was asked again and again, and did not stop. */
  readonly stopFailed: boolean;
  readonly stationOnline: boolean;
  readonly lastReadingAt: string | null;
  /** When this was so, by the server's clock. */
  readonly asOf: string;
}

export interface CurvePoint {
  readonly at: string;
  readonly energyWh: number;
  readonly powerW: number | null;
  readonly stateOfChargePercent: number | null;
}

export interface Receipt extends Place {
  readonly number: string;
  readonly final: boolean;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly durationSeconds: number;
  readonly energyWh: number;
  readonly meterStartWh: number | null;
  readonly meterStopWh: number | null;
  readonly price: Price | null;
  readonly energyCost: Money | null;
  readonly timeCost: Money | null;
  readonly sessionCost: Money | null;
  readonly total: Money | null;
  readonly idToken: string | null;
  /** Limit, Driver, Operator, Group, else the station's word. */
  readonly endCause: string | null;
  /** The card that stopped it, masked. */
  readonly stoppedBy: string | null;
  readonly curve: readonly CurvePoint[];
}

/** What one finds at the station of a reservation. */
export type StationHold = 'Asked' | 'Held' | 'Offline' | 'Alone' | 'Blocked';

export interface Reservation extends Place {
  readonly state: 'Active' | 'Used' | 'Cancelled' | 'Expired';
  readonly startsAt: string | null;
  readonly expiresAt: string | null;
  readonly reason: string | null;
  /** null when it has ended. */
  readonly stationHold: StationHold | null;
}

export interface Contract {
  readonly label: string | null;
  readonly idToken: string;
  readonly expiresAt: string;
}
