import type { TokenAttributes } from '@voltlog/authorization-contract';

/** A transaction that holds a place of a token. */
export interface Place {
  /** `<stationId>/<key>` */
  readonly transactionKey: string;
  readonly stationId: string;
  /** 0: not known. */
  readonly evseId: number;
  /** ISO 8601, by the station's clock. */
  readonly startedAt: string;
}

/** Nobody registered a token of this id. */
export interface UnknownToken {
  readonly kind: 'unknown';
}

export interface KnownToken extends TokenAttributes {
  readonly kind: 'known';
  /** Only of transactions that began while the token had a limit; oldest first. */
  readonly places: readonly Place[];
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Counts what operators changed, from 1; taking a place does not count. */
  readonly revision: number;
}

export type TokenState = UnknownToken | KnownToken;

export const UNKNOWN_TOKEN: UnknownToken = { kind: 'unknown' };
