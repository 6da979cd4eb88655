import type { TokenAttributes } from '@voltlog/authorization-contract';
import type { Place } from './places.js';

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
