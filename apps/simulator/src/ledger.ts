import type { OcppVersion } from './station/protocol.js';

/** How far a message about a transaction got. `abandoned`: the station gave up after `TransactionMessageAttempts` errors. */
export type Delivery = 'queued' | 'answered' | 'abandoned';

/**
 * One transaction as it truly was. The station writes here what happened at its plug, whatever becomes of its messages, so that a test
 * can compare what a CSMS believes with what was delivered.
 */
export interface LedgerEntry {
  readonly stationId: string;
  readonly version: OcppVersion;
  /** Counts the transactions of a ledger, from 1. */
  readonly number: number;
  /** 2.0.1: made by the station. 1.6: the number the CSMS gave, absent until it did. */
  transactionId: string | number | undefined;
  readonly evseId: number;
  readonly connectorId: number;
  readonly idToken: string;
  /** OCPP 2.x IdTokenEnumType; absent: a card's. */
  readonly idTokenType?: string;
  /** By the station's clock, ms since the Unix epoch. */
  readonly startedAt: number;
  /** Register as reported, Wh. */
  readonly meterStartWh: number;
  stoppedAt: number | undefined;
  meterStopWh: number | undefined;
  stopReason: string | undefined;
  /** Register now or at the stop, minus the register at the start. */
  deliveredWh: number;
  /** The station was offline when the transaction started. */
  readonly offlineStart: boolean;
  remoteStartId: number | undefined;
  start: Delivery;
  stop: Delivery | undefined;
  /** What the CSMS last said about the token in a transaction message, e.g. `Blocked`. */
  tokenStatus: string | undefined;
  /** Messages about this transaction that the station gave up. */
  abandonedMessages: number;
  /** 2.0.1: number of the next message. */
  seqNo: number;
}

/** What is known when a transaction starts. */
export type OpenedTransaction = Pick<
  LedgerEntry,
  | 'stationId'
  | 'version'
  | 'transactionId'
  | 'evseId'
  | 'connectorId'
  | 'idToken'
  | 'idTokenType'
  | 'startedAt'
  | 'meterStartWh'
  | 'offlineStart'
  | 'remoteStartId'
>;

export interface LedgerSummary {
  readonly transactions: number;
  readonly running: number;
  readonly stopped: number;
  /** Stopped, and the CSMS has answered start and stop. */
  readonly settled: number;
  readonly abandonedMessages: number;
  readonly deliveredWh: number;
}

/** What truly happened at all stations that share it. */
export class Ledger {
  private readonly all: LedgerEntry[] = [];
  private opened = 0;

  /** @param keep how many transactions are remembered; an endless demo keeps few */
  constructor(private readonly keep = Number.POSITIVE_INFINITY) {}

  /** In the order in which they started. */
  get transactions(): readonly LedgerEntry[] {
    return this.all;
  }

  open(entry: OpenedTransaction): LedgerEntry {
    this.opened += 1;
    const opened: LedgerEntry = {
      ...entry,
      number: this.opened,
      stoppedAt: undefined,
      meterStopWh: undefined,
      stopReason: undefined,
      deliveredWh: 0,
      start: 'queued',
      stop: undefined,
      tokenStatus: undefined,
      abandonedMessages: 0,
      seqNo: 0,
    };
    this.all.push(opened);
    if (this.all.length > this.keep) this.all.shift();
    return opened;
  }

  of(stationId: string): readonly LedgerEntry[] {
    return this.all.filter((entry) => entry.stationId === stationId);
  }

  summary(): LedgerSummary {
    let stopped = 0;
    let settled = 0;
    let abandonedMessages = 0;
    let deliveredWh = 0;
    for (const entry of this.all) {
      if (entry.stoppedAt !== undefined) stopped += 1;
      if (entry.start === 'answered' && entry.stop === 'answered') settled += 1;
      abandonedMessages += entry.abandonedMessages;
      deliveredWh += entry.deliveredWh;
    }
    return { transactions: this.all.length, running: this.all.length - stopped, stopped, settled, abandonedMessages, deliveredWh };
  }
}
