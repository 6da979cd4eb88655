import type { TransactionLimit } from '@voltlog/connection-translation';
import type { connectionV1 } from '@voltlog/proto';

/** Transactions of one station that something waits for to be told; more are not under way at once. */
const OFFERS_MAX = 64;

/** What a 2.x station is told with the next answer about each transaction. Kept as long as the socket. */
export class Offers<Value> {
  private readonly byTransaction = new Map<string, Value>();

  /** The latest offer counts. False: too many wait. */
  offer(transactionId: string, value: Value): boolean {
    if (!this.byTransaction.has(transactionId) && this.byTransaction.size >= OFFERS_MAX) return false;
    this.byTransaction.set(transactionId, value);
    return true;
  }

  /** The offer for a transaction, once. */
  take(transactionId: string): Value | undefined {
    const value = this.byTransaction.get(transactionId);
    this.byTransaction.delete(transactionId);
    return value;
  }
}

export const toTransactionLimit = (limit: connectionV1.OfferTransactionLimit): TransactionLimit => ({
  ...(limit.energyWhMax === undefined ? {} : { maxEnergy: limit.energyWhMax }),
  ...(limit.timeSecondsMax === undefined ? {} : { maxTime: limit.timeSecondsMax }),
  ...(limit.costMax === undefined ? {} : { maxCost: limit.costMax }),
  // A whole number: rounded down, so that the station does not go beyond it.
  ...(limit.stateOfChargePercentMax === undefined ? {} : { maxSoC: Math.floor(limit.stateOfChargePercentMax) }),
});
