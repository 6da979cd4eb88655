import type { AuthorizationDecided } from '@voltlog/authorization-contract';
import type { KnownToken, Place } from '@voltlog/authorization-domain';
import type { Collection, Store } from '@voltlog/store';
import { Schema } from 'mongoose';

/** A token as it is: read model, and the state its stream folds to, so that nothing has to be folded to answer a station. */
export interface TokenDoc {
  /** The token's key. */
  readonly id: string;
  /** Commits of its stream. */
  readonly version: number;
  readonly idToken: string;
  readonly type: string;
  readonly status: KnownToken['status'];
  readonly expiresAt?: string;
  readonly groupId?: string;
  readonly concurrentTransactionsMax: number;
  readonly note: string;
  readonly places: readonly Place[];
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly revision: number;
}

const text = { type: String };
const required = { type: String, required: true };
const count = { type: Number, required: true };

export const tokenSchema = new Schema(
  {
    id: required,
    version: count,
    idToken: required,
    type: { type: String, required: true },
    status: required,
    expiresAt: text,
    groupId: text,
    concurrentTransactionsMax: count,
    note: { type: String, default: '' },
    places: { type: [Schema.Types.Mixed], default: [] },
    createdAt: required,
    updatedAt: required,
    revision: count,
  },
  { versionKey: false },
);
tokenSchema.index({ groupId: 1, id: 1 });
tokenSchema.index({ status: 1, id: 1 });

export const toTokenDoc = (key: string, version: number, token: KnownToken): TokenDoc => {
  const { kind: _, ...rest } = token;
  return { id: key, version, ...rest };
};

export const toKnownToken = (doc: TokenDoc): KnownToken => ({
  kind: 'known',
  idToken: doc.idToken,
  type: doc.type,
  status: doc.status,
  ...(doc.expiresAt === undefined ? {} : { expiresAt: doc.expiresAt }),
  ...(doc.groupId === undefined ? {} : { groupId: doc.groupId }),
  concurrentTransactionsMax: doc.concurrentTransactionsMax,
  note: doc.note,
  places: doc.places,
  createdAt: doc.createdAt,
  updatedAt: doc.updatedAt,
  revision: doc.revision,
});

/** A decision that was given; the id rises with time. */
export interface DecisionDoc extends Omit<AuthorizationDecided, 'decisionId'> {
  readonly id: string;
  readonly tokenKey: string;
}

export const decisionSchema = new Schema(
  {
    id: required,
    tokenKey: required,
    stationId: required,
    evseId: count,
    idToken: required,
    type: { type: String, required: true },
    purpose: required,
    transactionKey: text,
    occurredAt: text,
    offline: { type: Boolean, required: true },
    status: required,
    reason: text,
    groupId: text,
    cacheExpiresAt: text,
    at: required,
  },
  { versionKey: false },
);
decisionSchema.index({ stationId: 1, id: 1 });
decisionSchema.index({ tokenKey: 1, id: 1 });

/** A transaction that holds a place, or one that ended: remembered so that a start that arrives after its end takes none. */
export interface TransactionDoc {
  /** `<stationId>/<transactionId>` */
  readonly id: string;
  readonly stationId: string;
  readonly state: 'open' | 'ended';
  /** Present when the start was seen. */
  readonly transactionKey?: string;
  readonly tokenKey?: string;
  /** When it ended; absent while it is open. */
  readonly endedAt?: string;
}

export const transactionSchema = new Schema(
  { id: required, stationId: required, state: required, transactionKey: text, tokenKey: text, endedAt: text },
  { versionKey: false },
);
transactionSchema.index({ transactionKey: 1 });
transactionSchema.index({ stationId: 1, state: 1, id: 1 });
transactionSchema.index({ endedAt: 1 });

/** The read models of the service, opened. */
export interface Collections {
  readonly tokens: Collection<TokenDoc>;
  readonly decisions: Collection<DecisionDoc>;
  readonly transactions: Collection<TransactionDoc>;
}

/** Opens the read models; their indexes are made when missing. */
export async function openCollections(store: Store): Promise<Collections> {
  const [tokens, decisions, transactions] = await Promise.all([
    store.collection<TokenDoc>('tokens', tokenSchema),
    store.collection<DecisionDoc>('decisions', decisionSchema),
    store.collection<TransactionDoc>('transactions', transactionSchema),
  ]);
  return { tokens, decisions, transactions };
}
