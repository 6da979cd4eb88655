import { tokenKey } from '@voltlog/authorization-domain';
import type { TransactionEnded, TransactionFact } from '@voltlog/connection-contract';
import { BoundedCache } from '@voltlog/store';

/** Stations whose transactions are remembered; the ones that were quiet longest are forgotten first. */
const STATIONS_MAX = 50_000;
/** Transactions of one station; the oldest is forgotten first. */
const PER_STATION_MAX = 64;

/** Whose a transaction is, as its start was told. */
export interface Running {
  readonly tokenKey: string;
  readonly groupId?: string | undefined;
  readonly contractId?: string | undefined;
}

const NONE: ReadonlyMap<string, Running> = new Map();

/**
 * The transactions that run, in memory, as far as this instance follows their stations. After a restart, and at stations that another
 * instance follows, the session service is asked instead; what it does not know either is never held against a driver.
 */
export class RunningTransactions {
  private readonly byStation = new BoundedCache<Map<string, Running>>(STATIONS_MAX);

  began({ stationId, transactionId, idToken, authorization }: TransactionFact): void {
    if (idToken === undefined) return;
    const known = this.byStation.get(stationId) ?? new Map<string, Running>();
    // The token that began it stays its own, whatever is shown later.
    if (known.has(transactionId)) return;
    const [oldest] = known.keys();
    if (known.size >= PER_STATION_MAX && oldest !== undefined) known.delete(oldest);
    const { groupId, contractId } = authorization ?? {};
    this.byStation.set(stationId, known.set(transactionId, { tokenKey: tokenKey(idToken.idToken), groupId, contractId }));
  }

  ended({ stationId, transactionId }: TransactionEnded): void {
    const known = this.byStation.get(stationId);
    known?.delete(transactionId);
    if (known?.size === 0) this.byStation.delete(stationId);
  }

  /** Other instances may have followed any of the stations meanwhile. */
  clear(): void {
    this.byStation.clear();
  }

  /** By the station's name for them. */
  at(stationId: string): ReadonlyMap<string, Running> {
    return this.byStation.get(stationId) ?? NONE;
  }
}
