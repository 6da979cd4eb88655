import type { AuthorizationDecided, SitePolicyAttributes, UseRules } from '@voltlog/authorization-contract';
import { type KnownContract, type KnownToken, type OpenUse, type Place, type SentList, useRules } from '@voltlog/authorization-domain';
import { type Collection, type Store, smallDocuments } from '@voltlog/store';
import { Schema } from 'mongoose';
import { type GrantDoc, grantSchema } from './grants.js';

/** A token as it is: read model, and the state its stream folds to, so that nothing has to be folded to answer a station. */
export interface TokenDoc extends UseRules {
  /** The token's key. */
  readonly id: string;
  /** Commits of its stream. */
  readonly version: number;
  readonly idToken: string;
  readonly type: string;
  readonly status: KnownToken['status'];
  readonly groupId?: string;
  readonly contractId?: string;
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

const list = { type: [String], default: undefined };
const mixed = { type: Schema.Types.Mixed };
const rules = { validFrom: text, expiresAt: text, siteIds: list, stationIds: list, budget: mixed };

export const tokenSchema = new Schema(
  {
    id: required,
    version: count,
    idToken: required,
    type: { type: String, required: true },
    status: required,
    ...rules,
    groupId: text,
    contractId: text,
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
tokenSchema.index({ contractId: 1, id: 1 });

export const toTokenDoc = (key: string, version: number, token: KnownToken): TokenDoc => {
  const { kind: _, ...rest } = token;
  return { id: key, version, ...rest };
};

export const toKnownToken = (doc: TokenDoc): KnownToken => ({
  kind: 'known',
  idToken: doc.idToken,
  type: doc.type,
  status: doc.status,
  ...useRules(doc),
  ...(doc.groupId === undefined ? {} : { groupId: doc.groupId }),
  ...(doc.contractId === undefined ? {} : { contractId: doc.contractId }),
  concurrentTransactionsMax: doc.concurrentTransactionsMax,
  note: doc.note,
  places: doc.places,
  createdAt: doc.createdAt,
  updatedAt: doc.updatedAt,
  revision: doc.revision,
});

/** A contract as it is: read model, and the state its stream folds to. */
export interface ContractDoc extends Omit<KnownContract, 'kind' | 'contractId'> {
  /** The contract's id. */
  readonly id: string;
  /** Commits of its stream. */
  readonly version: number;
}

export const contractSchema = new Schema(
  {
    id: required,
    version: count,
    name: { type: String, default: '' },
    status: required,
    ...rules,
    groupId: text,
    concurrentTransactionsMax: count,
    sessionLimit: mixed,
    note: { type: String, default: '' },
    places: { type: [Schema.Types.Mixed], default: [] },
    createdAt: required,
    updatedAt: required,
    revision: count,
  },
  { versionKey: false },
);

contractSchema.index({ groupId: 1, id: 1 });

export const toContractDoc = (key: string, version: number, contract: KnownContract): ContractDoc => {
  const { kind: _, contractId: __, ...rest } = contract;
  return { id: key, version, ...rest };
};

export const toKnownContract = (doc: ContractDoc): KnownContract => ({
  kind: 'known',
  contractId: doc.id,
  name: doc.name,
  status: doc.status,
  ...useRules(doc),
  ...(doc.groupId === undefined ? {} : { groupId: doc.groupId }),
  concurrentTransactionsMax: doc.concurrentTransactionsMax,
  ...(doc.sessionLimit === undefined ? {} : { sessionLimit: doc.sessionLimit }),
  note: doc.note,
  places: doc.places,
  createdAt: doc.createdAt,
  updatedAt: doc.updatedAt,
  revision: doc.revision,
});

/** What holds at a site. */
export interface PolicyDoc extends SitePolicyAttributes {
  /** The site id; `*`: the sites that have none of their own. */
  readonly id: string;
  readonly version: number;
}

export const policySchema = new Schema(
  {
    id: required,
    version: count,
    siteId: { type: String, default: '' },
    unknownTokens: required,
    authorizationAway: required,
    noAuthorization: required,
    localLists: { type: Boolean, required: true },
  },
  { versionKey: false },
);

/** Where a station stands and what it speaks, as far as other services told. */
export interface StationDoc {
  readonly id: string;
  /** Empty: at no site. */
  readonly siteId: string;
}

export const stationSchema = new Schema({ id: required, siteId: { type: String, default: '' } }, { versionKey: false });
stationSchema.index({ siteId: 1, id: 1 });

/** What a session used of the budgets of its token and contract. */
export interface SessionUseDoc extends OpenUse {
  /** The session's id. */
  readonly id: string;
  /** As the question about its start named it; absent where its start was not told. */
  readonly transactionKey?: string;
  readonly stationId: string;
  readonly tokenKey: string;
  readonly contractId?: string;
  readonly open: boolean;
}

export const sessionUseSchema = new Schema(
  {
    id: required,
    stationId: required,
    tokenKey: required,
    contractId: text,
    startedAt: required,
    energyWh: count,
    cost: mixed,
    held: mixed,
    transactionKey: text,
    open: { type: Boolean, required: true },
  },
  { versionKey: false },
);
sessionUseSchema.index({ tokenKey: 1, startedAt: 1, id: 1 });
sessionUseSchema.index({ contractId: 1, startedAt: 1, id: 1 }, { sparse: true });
sessionUseSchema.index({ startedAt: 1, id: 1 });

/** How the local list of a station stands. */
export interface LocalListDoc {
  /** The station's id. */
  readonly id: string;
  readonly wantedVersion: number;
  readonly wantedEntries: number;
  /** As the station last said. */
  readonly stationVersion?: number;
  readonly state: 'InStep' | 'Pending' | 'Sending' | 'NotSupported' | 'TooLarge' | 'Failed' | 'Off';
  readonly reason: string;
  readonly updatedAt: string;
  /** What the station accepted in whole; absent: nothing, or not known. */
  readonly sent?: SentList;
}

export const localListSchema = new Schema(
  {
    id: required,
    wantedVersion: count,
    wantedEntries: count,
    stationVersion: { type: Number },
    state: required,
    reason: { type: String, default: '' },
    updatedAt: { type: String, default: '' },
    sent: mixed,
  },
  { versionKey: false },
);

/** A decision that was given; the id rises with time. */
export interface DecisionDoc extends Omit<AuthorizationDecided, 'decisionId'> {
  readonly id: string;
  readonly tokenKey: string;
}

export const decisionSchema = smallDocuments(
  new Schema(
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
      limit: mixed,
      contractId: text,
      at: required,
    },
    { versionKey: false },
  ),
);
decisionSchema.index({ stationId: 1, id: 1 });
decisionSchema.index({ tokenKey: 1, id: 1 });
decisionSchema.index({ contractId: 1, id: 1 }, { sparse: true });
decisionSchema.index({ status: 1, id: 1 });

/** A transaction that holds a place, or one that ended: remembered so that a start that arrives after its end takes none. */
export interface TransactionDoc {
  /** `<stationId>/<transactionId>` */
  readonly id: string;
  readonly stationId: string;
  readonly state: 'open' | 'ended';
  /** Present when the start was seen. */
  readonly transactionKey?: string;
  readonly tokenKey?: string;
  /** Of the token's contract, when it limits how many run at once. */
  readonly contractId?: string;
  /** When it ended; absent while it is open. */
  readonly endedAt?: string;
}

export const transactionSchema = new Schema(
  { id: required, stationId: required, state: required, transactionKey: text, tokenKey: text, contractId: text, endedAt: text },
  { versionKey: false },
);
transactionSchema.index({ transactionKey: 1 });
transactionSchema.index({ stationId: 1, state: 1, id: 1 });
transactionSchema.index({ endedAt: 1 });

/** How many entries a station's local list may have, as it reported. */
export interface ListBoundDoc {
  /** The station. */
  readonly id: string;
  readonly entriesMax: number;
}

export const listBoundSchema = new Schema(
  { id: { type: String, required: true }, entriesMax: { type: Number, required: true } },
  { versionKey: false },
);

/** The read models of the service, opened. */
export interface Collections {
  readonly tokens: Collection<TokenDoc>;
  readonly decisions: Collection<DecisionDoc>;
  readonly transactions: Collection<TransactionDoc>;
  readonly contracts: Collection<ContractDoc>;
  readonly policies: Collection<PolicyDoc>;
  readonly stations: Collection<StationDoc>;
  readonly sessionUses: Collection<SessionUseDoc>;
  readonly localLists: Collection<LocalListDoc>;
  readonly listBounds: Collection<ListBoundDoc>;
  readonly grants: Collection<GrantDoc>;
}

/** Opens the read models; their indexes are made when missing. */
export async function openCollections(store: Store): Promise<Collections> {
  const [tokens, decisions, transactions, contracts, policies, stations, sessionUses, localLists, listBounds, grants] = await Promise.all([
    store.collection<TokenDoc>('tokens', tokenSchema),
    store.collection<DecisionDoc>('decisions', decisionSchema),
    store.collection<TransactionDoc>('transactions', transactionSchema),
    store.collection<ContractDoc>('contracts', contractSchema),
    store.collection<PolicyDoc>('policies', policySchema),
    store.collection<StationDoc>('stations', stationSchema),
    store.collection<SessionUseDoc>('sessionUses', sessionUseSchema),
    store.collection<LocalListDoc>('localLists', localListSchema),
    store.collection<ListBoundDoc>('listBounds', listBoundSchema),
    store.collection<GrantDoc>('grants', grantSchema),
  ]);
  return { tokens, decisions, transactions, contracts, policies, stations, sessionUses, localLists, listBounds, grants };
}
