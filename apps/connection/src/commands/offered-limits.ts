import type { TransactionLimit } from '@voltlog/connection-translation';
import type { connectionV1 } from '@voltlog/proto';

/** Transactions of one station whose limit waits for their next message; more are not under way at once. */
const OFFERS_MAX = 64;

/** Limits that a 2.1 station is told with the next answer about each transaction. Kept as long as the socket. */
export class OfferedLimits {
  private readonly offers = new Map<string, TransactionLimit>();

  /** The latest offer counts. False: too many wait. */
  offer({ transactionId, ...limit }: connectionV1.OfferTransactionLimit): boolean {
    if (!this.offers.has(transactionId) && this.offers.size >= OFFERS_MAX) return false;
    this.offers.set(transactionId, {
      ...(limit.energyWhMax === undefined ? {} : { maxEnergy: limit.energyWhMax }),
      ...(limit.timeSecondsMax === undefined ? {} : { maxTime: limit.timeSecondsMax }),
      ...(limit.costMax === undefined ? {} : { maxCost: limit.costMax }),
      // A whole number: rounded down, so that the station does not go beyond it.
      ...(limit.stateOfChargePercentMax === undefined ? {} : { maxSoC: Math.floor(limit.stateOfChargePercentMax) }),
    });
    return true;
  }

  /** The offer for a transaction, once. */
  take(transactionId: string): TransactionLimit | undefined {
    const limit = this.offers.get(transactionId);
    this.offers.delete(transactionId);
    return limit;
  }
}
