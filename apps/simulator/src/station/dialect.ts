import type { LedgerEntry } from '../ledger.js';
import type { Evse } from './evse.js';
import type { CommandAnswer, OcppVersion, Payload } from './protocol.js';
import type { Setting } from './settings.js';
import type { SimulatedStation } from './station.js';
import type { TransactionLimit } from './transaction-limit.js';
import type { TransactionStage } from './transaction-queue.js';

/** Why a transaction ended. OCPP 1.6 §7.36 and 2.0.1 ReasonEnumType have most of these; the dialects map the rest. */
export type StopReason =
  | 'Local'
  | 'MasterPass'
  | 'Remote'
  | 'EVDisconnected'
  | 'DeAuthorized'
  | 'EmergencyStop'
  | 'PowerLoss'
  | 'Reboot'
  | 'SoftReset'
  | 'HardReset'
  | 'UnlockCommand'
  | 'EnergyLimitReached'
  | 'TimeLimitReached'
  | 'CostLimitReached'
  | 'SOCLimitReached'
  | 'Other';

export type BootReason = 'PowerUp' | 'RemoteReset' | 'LocalReset' | 'Triggered' | 'FirmwareUpdate';

/** A moment of a transaction that the station has to tell. */
export interface Moment {
  readonly stage: TransactionStage;
  readonly evse: Evse;
  readonly entry: LedgerEntry;
  /** By the station's clock, ISO 8601. */
  readonly at: string;
  readonly offline: boolean;
  /** Set when the charging state changed, not for a periodic sample. */
  readonly stateChanged?: boolean;
  /** Token that stopped it, when one did. */
  readonly stopToken?: string;
  /** The hold that the transaction uses. */
  readonly reservationId?: number;
  /** 2.1: the limit that was set just now. */
  readonly limit?: TransactionLimit;
  /** 1.6: an id other than the transaction's, as from a station that lost it. */
  readonly stopAsTransactionId?: number;
}

/** What a station does after it has answered a command. */
export interface CommandOutcome {
  readonly answer: CommandAnswer;
  readonly then?: () => void;
}

/** One OCPP version as a station speaks it: shapes only, the behaviour is the station's. */
export interface Dialect {
  readonly version: OcppVersion;
  readonly subprotocol: string;
  readonly settings: ReadonlyMap<string, Setting>;
  /** Names of the settings that steer the station. */
  readonly names: {
    readonly heartbeat: string;
    readonly sample: string;
    readonly attempts: string;
    readonly retryInterval: string;
    readonly stopOnInvalid: string;
    readonly stopOnUnplug: string;
    readonly authorizeRemote: string;
    /** Seconds that an authorized start waits for a car; 0: for ever. */
    readonly connectionTimeout: string;
    readonly masterPassGroup: string;
    readonly preAuthorize: string;
    readonly offlineUnknown: string;
  };
  boot(station: SimulatedStation, reason: BootReason): Payload;
  statusWord(evse: Evse): string;
  status(evse: Evse, status: string, at: string): Payload;
  authorize(idToken: string): Payload;
  /** What an answer says about the token. */
  tokenStatus(answer: Payload): string | undefined;
  /** The group of the token, where an answer tells it. */
  groupOf(answer: Payload): string | undefined;
  /** Tells that a hold expired; 1.6 has no word for it but the connector's status. */
  holdExpired(station: SimulatedStation, reservationId: number): void;
  actionOf(stage: TransactionStage): string;
  transactionMessage(moment: Moment): Payload;
  /** A message as it goes out: 1.6 learns the transaction id only from the answer to the start. */
  completed(payload: Payload, entry: LedgerEntry): Payload;
  /** The CSMS answered a start. */
  startAnswered(entry: LedgerEntry, answer: Payload): void;
  /** 2.1: the limit of the transaction that an answer about it tells. */
  readonly limitOf?: (answer: Payload) => TransactionLimit | undefined;
  /** 2.1: what the transaction costs so far, where an answer tells it. */
  readonly totalCostOf?: (answer: Payload) => number | undefined;
  /** Values outside a transaction. */
  meterValues(evse: Evse, at: string): Payload;
  command(station: SimulatedStation, action: string, payload: Payload): CommandOutcome;
}
