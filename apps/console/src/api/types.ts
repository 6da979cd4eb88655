/** What the API answers, as far as the console reads it. The whole is in docs/reference/openapi.json. */
export interface Page<Row> {
  readonly data: readonly Row[];
  readonly nextCursor: string | null;
}

export type Role = 'admin' | 'operator' | 'viewer';

export interface Me {
  readonly keyId: string;
  readonly name: string;
  readonly role: Role;
  readonly platform: { readonly name: string; readonly ocppUrl: string };
}

export interface Connection {
  readonly stationId: string;
  readonly connected: boolean;
  readonly ocppVersion: string | null;
  /** With what carries it, e.g. `1.6S`. */
  readonly dialect: string | null;
  readonly connectedAt: string | null;
  readonly lastSeenAt: string | null;
  readonly securityProfile: number | null;
}

export interface Connector {
  readonly connectorId: number;
  readonly connectorType: string | null;
  readonly status: string | null;
  readonly detail: string | null;
  readonly errorCode: string | null;
  readonly statusAt: string | null;
}

export interface Evse {
  readonly evseId: number;
  readonly powerWMax: number | null;
  readonly connectors: readonly Connector[];
}

export interface Station {
  readonly stationId: string;
  readonly name: string | null;
  readonly lifecycle: 'Active' | 'Quarantined' | 'Retired';
  readonly evses: readonly Evse[];
  readonly tags: readonly string[];
  readonly vendor: string | null;
  readonly model: string | null;
  readonly serialNumber: string | null;
  readonly firmwareVersion: string | null;
  readonly ocppVersion: string | null;
  readonly lastBootAt: string | null;
  readonly connection: Connection | null;
}

/** A known deviation of stations as it stands for one of them. */
export interface StationQuirk {
  readonly quirkId: string;
  readonly deviates: string;
  readonly tolerance: string;
  readonly on: boolean;
  readonly because: 'Operator' | 'Make' | 'None';
  readonly suggested: boolean;
  readonly tolerated: number;
  readonly refused: number;
  readonly lastAt: string | null;
  readonly lastAction: string | null;
  readonly lastProblem: string | null;
}

export interface Session {
  readonly sessionId: string;
  readonly stationId: string;
  readonly evseId: number;
  readonly connectorId: number;
  readonly transactionId: string | null;
  readonly state: 'Active' | 'Ended';
  readonly idToken: string | null;
  readonly authorizationStatus: string | null;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly energyWh: number;
  readonly powerW: number | null;
  readonly stateOfChargePercent: number | null;
  readonly chargingState: string | null;
  readonly stoppedReason: string | null;
  readonly flags: readonly string[];
  readonly incomplete: boolean;
  readonly ocppVersion: string | null;
  readonly cost: Money | null;
  readonly limit: Limit | null;
  readonly milestones: readonly { readonly kind: string; readonly at: string | null }[];
  readonly idleSeconds: number | null;
  readonly overshootWh: number | null;
}

export interface Money {
  readonly amount: string;
  readonly currency: string;
}

/** What is null is not limited. */
export interface Limit {
  readonly energyWh: number | null;
  readonly durationSeconds: number | null;
  readonly cost: Money | null;
  readonly stateOfChargePercent: number | null;
}

export interface SampledValue {
  readonly measurand: string;
  readonly value: number;
  readonly phase?: string | null;
}

export interface MeterValue {
  readonly at: string | null;
  readonly samples: readonly SampledValue[];
}

export interface SessionNotice {
  readonly noticeId: string;
  readonly kind: string;
  readonly at: string | null;
  readonly details: Readonly<Record<string, string | number | boolean>>;
}

export interface SessionEvent {
  readonly eventId: string;
  readonly type: string;
  readonly at: string | null;
  readonly version: number;
  readonly data: unknown;
}

export interface Message {
  readonly at: string | null;
  readonly direction: 'FromStation' | 'ToStation';
  readonly text: string;
}

export interface CommandResult {
  readonly status: 'Accepted' | 'Rejected';
  readonly stationStatus: string | null;
  readonly reason: string | null;
  readonly action: string;
  readonly latencyMs: number;
}

/** One event of the live stream. */
export interface LiveEvent {
  readonly id: string;
  readonly type: string;
  readonly time: string;
  readonly stationId: string | null;
  readonly subject: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}
