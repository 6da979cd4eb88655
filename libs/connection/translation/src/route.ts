import type { AuthorizationAnswer, IdToken, MessageFact, OcppVersion, StationFacts, StationFactType } from '@voltlog/connection-contract';
import type { Finding, Inquiry, ShownContract } from './inquiry.js';
import { stationTime } from './station-time.js';

/** A station fact without its envelope; the edge adds id, source and trace. */
export type Fact = { [Type in StationFactType]: { readonly type: Type; readonly data: StationFacts[Type] } }[StationFactType];

/** What is known about a CALL besides its payload. */
export interface CallContext {
  readonly stationId: string;
  readonly ocppVersion: OcppVersion;
  readonly messageId: string;
  readonly action: string;
  /** ISO 8601 UTC with milliseconds, our clock. */
  readonly receivedAt: string;
  readonly receivedAtMs: number;
  /** When the station's socket was opened, our clock. */
  readonly connectedAtMs: number;
  /** How far the station's clock is behind ours; 0: hardly, or not known. Only 1.6 needs it. */
  readonly clockBehindMs: number;
  /** The token that the station last asked about on this connection, and when, our clock. Only 1.6 needs it. */
  readonly shownToken?: ShownToken | undefined;
  /** How many connectors each EVSE has, in order; undefined: one each. Only 1.6 needs it. */
  readonly connectorsPerEvse: readonly number[] | undefined;
  /** What a BootNotification is answered, or was: `Pending` for a station in quarantine. */
  readonly registrationStatus: 'Accepted' | 'Pending' | 'Rejected';
  /** Also how long a station that is not accepted waits before it boots again. */
  readonly heartbeatIntervalSeconds: number;
  /** The limit to tell a 2.1 station with the answer to this transaction's message, once; absent: none for any transaction. */
  readonly transactionLimitOf?: (transactionId: string) => TransactionLimit | undefined;
  /** What to tell a 2.x station that this transaction costs so far, once; absent: nothing of any transaction. */
  readonly runningCostOf?: (transactionId: string) => number | undefined;
}

export interface ShownToken {
  readonly idToken: string;
  /** ISO 8601 */
  readonly at: string;
}

/** OCPP 2.1 TransactionLimitType */
export interface TransactionLimit {
  readonly maxCost?: number;
  readonly maxEnergy?: number;
  readonly maxTime?: number;
  readonly maxSoC?: number;
}

/** What must be asked before a station can be answered. */
export interface TokenQuestion {
  readonly idToken: IdToken;
  /** 0: not told. */
  readonly evseId: number;
  readonly purpose: 'identify' | 'start' | 'stop';
  /** Empty for `identify`. */
  readonly transactionKey: string;
  /** ISO 8601 UTC, the station's clock. */
  readonly occurredAt: string;
  readonly offline: boolean;
  /** Of `stop`: the transaction as the station calls it, and whether it has ended already. */
  readonly stops?: { readonly transactionId: string; readonly ended: boolean };
  /** The contract certificate that was shown with the token: looked at first. */
  readonly contract?: ShownContract;
}

/**
 * One OCPP action that a station calls: what it asks, the facts it becomes, and its answer. All pure.
 *
 * `request` has passed the schema of its version.
 */
export interface Route<Request> {
  readonly action: string;
  /** Carries kWh: not answered and not refused while the log is away, see design §3.4. */
  readonly money: boolean;
  question?(request: Request, context: CallContext): TokenQuestion | undefined;
  /** Empty: nothing happened that others must know (Heartbeat). */
  toFacts(request: Request, context: CallContext, answer: AuthorizationAnswer | undefined): readonly Fact[];
  /** What is found out, besides the token, once the facts are durable and before the answer. */
  inquiry?(request: Request, context: CallContext): Inquiry | undefined;
  /** @param finding to the inquiry, of the same kind */
  toResponse(request: Request, context: CallContext, answer: AuthorizationAnswer | undefined, finding?: Finding): object;
}

/** A message that is answered with one of the version's CALLERROR codes: it is known, and this platform cannot serve it. */
export interface Unsupported {
  readonly action: string;
  readonly unsupported: string;
}

/** The part every message fact has. */
export const head = (raw: unknown, context: CallContext, occurredAt: string = context.receivedAt): MessageFact => ({
  stationId: context.stationId,
  ocppVersion: context.ocppVersion,
  receivedAt: context.receivedAt,
  occurredAt,
  messageId: context.messageId,
  action: context.action,
  raw,
});

/**
 * A message of which some fields are lifted into a fact of its own.
 *
 * @param lift the fields of the fact besides those of every message; what is undefined is left out
 */
export const reported = <Type extends StationFactType, Request = never>(
  action: string,
  type: Type,
  lift: (request: Request, context: CallContext) => Lifted<Omit<StationFacts[Type], keyof MessageFact>>,
  answer: (request: Request, context: CallContext) => object = () => ({}),
): Route<Request> => ({
  action,
  money: false,
  toFacts(request, context) {
    const fields = Object.entries(lift(request, context)).filter(([, value]) => value !== undefined);
    const data = { ...head(request, context, occurredAtOf(request, context)), ...Object.fromEntries(fields) };
    // `lift` gives every field of the fact beside the head; TypeScript cannot put the two together again.
    return [{ type, data } as Fact];
  },
  toResponse: answer,
});

type Lifted<Fields> = { readonly [Name in keyof Fields]: Fields[Name] | undefined };

/** The time that the message says, where it says one. */
const TIME_FIELDS = ['timestamp', 'generatedAt', 'settlementTime'] as const;

function occurredAtOf(request: unknown, context: CallContext): string {
  if (typeof request !== 'object' || request === null) return context.receivedAt;
  const fields: Partial<Record<string, unknown>> = { ...request };
  const text = TIME_FIELDS.map((name) => fields[name]).find((value) => typeof value === 'string');
  return typeof text === 'string' ? stationTime(text, context) : context.receivedAt;
}
