import type { ReleaseCause } from '@voltlog/authorization-contract';

/** A transaction that holds a place of a token or of a contract. */
export interface Place {
  /** `<stationId>/<key>` */
  readonly transactionKey: string;
  readonly stationId: string;
  /** 0: not known. */
  readonly evseId: number;
  /** ISO 8601, by the station's clock. */
  readonly startedAt: string;
}

/** What has places: a token, or a contract. */
export interface PlaceHolder {
  /** Transactions at once; 0: no limit. */
  readonly concurrentTransactionsMax: number;
  /** Only of transactions that began while there was a limit; oldest first. */
  readonly places: readonly Place[];
}

/** Takes a place for a transaction. Asked again for the same one it takes no second. */
export interface PermitTransaction extends Place {
  readonly kind: 'PermitTransaction';
  /** It runs already, so it is counted even when every place is taken. */
  readonly running: boolean;
  readonly now: number;
}

/** Gives a place back. Nothing happens when it is not held. */
export interface ReleaseTransaction {
  readonly kind: 'ReleaseTransaction';
  readonly transactionKey: string;
  readonly cause: ReleaseCause;
  readonly now: number;
}

/** True while the transaction holds a place. */
export const holdsPlace = (holder: PlaceHolder, transactionKey: string): boolean =>
  holder.places.some((place) => place.transactionKey === transactionKey);

/** True when there is a limit and every place is taken. */
export const isFull = (holder: PlaceHolder): boolean =>
  holder.concurrentTransactionsMax > 0 && holder.places.length >= holder.concurrentTransactionsMax;

/** What taking a place does: those that are over by it, and whether it goes over the limit. */
export interface TakenPlace {
  readonly over: readonly Place[];
  readonly overLimit: boolean;
}

/** @returns undefined when there is nothing to take: it holds one already, or there is no limit */
export function takePlace(holder: PlaceHolder, command: PermitTransaction): TakenPlace | 'ConcurrentLimit' | undefined {
  if (holdsPlace(holder, command.transactionKey) || holder.concurrentTransactionsMax === 0) return undefined;
  const over = holder.places.filter((place) => isOver(place, command));
  const overLimit = holder.places.length - over.length >= holder.concurrentTransactionsMax;
  return overLimit && !command.running ? 'ConcurrentLimit' : { over, overLimit };
}

/** An EVSE has one transaction at a time, so one that begins there later ends the one before (its end was lost, or is still queued). */
const isOver = (place: Place, next: Place): boolean =>
  place.evseId > 0 && place.evseId === next.evseId && place.stationId === next.stationId && place.startedAt < next.startedAt;

export const withPlace = (places: readonly Place[], { transactionKey, stationId, evseId, startedAt }: Place): readonly Place[] =>
  places.some((place) => place.transactionKey === transactionKey) ? places : [...places, { transactionKey, stationId, evseId, startedAt }];

export const withoutPlace = (places: readonly Place[], transactionKey: string): readonly Place[] =>
  places.filter((place) => place.transactionKey !== transactionKey);
