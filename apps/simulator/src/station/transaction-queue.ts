import type { LedgerEntry } from '../ledger.js';
import type { Payload } from './protocol.js';

/** Which end of a transaction a message tells of; `Updated` for everything between. */
export type TransactionStage = 'Started' | 'Updated' | 'Ended';

/** A message about a transaction: kept until the CSMS answers it. */
export interface TransactionMessage {
  readonly action: string;
  readonly stage: TransactionStage;
  readonly entry: LedgerEntry;
  readonly payload: Payload;
  /** Set at the first try; kept for the next ones or not, as the station does it. */
  messageId: string | undefined;
  /** Answers that were a CALLERROR so far. */
  errors: number;
}

/**
 * What a station has to tell about its transactions, oldest first. It outlives sockets and reboots, as the flash of a real station does.
 * `hold` keeps everything back, so that a test can let it go in another order.
 */
export class TransactionQueue {
  private messages: TransactionMessage[] = [];
  private kept: TransactionMessage[] | undefined;

  get length(): number {
    return this.messages.length + (this.kept?.length ?? 0);
  }

  /** Ready to be sent. */
  get head(): TransactionMessage | undefined {
    return this.messages[0];
  }

  get heldCount(): number {
    return this.kept?.length ?? 0;
  }

  add(message: Omit<TransactionMessage, 'messageId' | 'errors'>): void {
    (this.kept ?? this.messages).push({ ...message, messageId: undefined, errors: 0 });
  }

  some(matches: (message: TransactionMessage) => boolean): boolean {
    return this.messages.some(matches) || (this.kept?.some(matches) ?? false);
  }

  /** Takes away what was answered or given up. */
  remove(message: TransactionMessage): void {
    if (this.messages[0] === message) this.messages.shift();
    else this.messages = this.messages.filter((other) => other !== message);
  }

  hold(): void {
    this.kept ??= [];
  }

  /** Lets the held messages of these stages go, in the order of the stages; `all` ends the holding. */
  release(stages: readonly TransactionStage[] | 'all'): void {
    const kept = this.kept ?? [];
    if (stages === 'all') {
      this.messages.push(...kept);
      this.kept = undefined;
      return;
    }
    for (const stage of stages) this.messages.push(...kept.filter((message) => message.stage === stage));
    this.kept = kept.filter((message) => !stages.includes(message.stage));
  }
}
