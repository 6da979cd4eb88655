import type { ContractAttributes, ContractEvent } from '@voltlog/authorization-contract';
import { assertNever, type Decider, type Decision, decided, isoTime, refused } from '@voltlog/kernel';
import { type PermitTransaction, type Place, type ReleaseTransaction, takePlace, withoutPlace, withPlace } from './places.js';
import { sameLimit, sameRules, useRules } from './use-rules.js';

/** Nobody registered a contract of this id. */
export interface UnknownContract {
  readonly kind: 'unknown';
}

export interface KnownContract extends ContractAttributes {
  readonly kind: 'known';
  /** Only of transactions that began while the contract had a limit; oldest first. */
  readonly places: readonly Place[];
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Counts what operators changed, from 1; taking a place does not count. */
  readonly revision: number;
}

export type ContractState = UnknownContract | KnownContract;

export const UNKNOWN_CONTRACT: UnknownContract = { kind: 'unknown' };

/** Characters of a contract id. */
export const CONTRACT_ID_LENGTH_MAX = 64;

export const contractStreamId = (contractId: string): string => `contract:${contractId}`;
/** The id of a contract's stream; the inverse of {@link contractStreamId}. */
export const contractIdOfStream = (streamId: string): string => streamId.slice('contract:'.length);

/** Makes a contract, or replaces all that was said about it. */
export interface PutContract extends ContractAttributes {
  readonly kind: 'PutContract';
  /** Refused unless the contract has this revision; 0: not checked. */
  readonly expectedRevision: number;
  /** Refused when there is one already. */
  readonly mustBeNew: boolean;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
}

export type ContractCommand = PutContract | PermitTransaction | ReleaseTransaction;

/**
 * - `RevisionMismatch`: somebody changed the contract in between.
 * - `ContractExists`: it must be new, and is not.
 * - `ConcurrentLimit`: every place is taken.
 * - `ContractUnknown`: there is no such contract to take a place of.
 */
export type ContractRefusal = 'RevisionMismatch' | 'ContractExists' | 'ConcurrentLimit' | 'ContractUnknown';

/** What a contract allows and who holds its places. */
export const contractDecider: Decider<ContractCommand, ContractState, ContractEvent, ContractRefusal> = {
  initialState: UNKNOWN_CONTRACT,
  decide(command, state) {
    switch (command.kind) {
      case 'PutContract':
        return put(command, state);
      case 'PermitTransaction':
        return permit(command, state);
      case 'ReleaseTransaction':
        return release(command, state);
      default:
        return assertNever(command, 'contract command');
    }
  },
  evolve(state, event) {
    switch (event.type) {
      case 'voltlog.authorization.ContractRegistered.v1':
        return known(event.data, { places: [], createdAt: event.data.at, updatedAt: event.data.at, revision: 1 });
      case 'voltlog.authorization.ContractChanged.v1':
        return state.kind === 'unknown' ? state : known(event.data, { ...state, updatedAt: event.data.at, revision: state.revision + 1 });
      case 'voltlog.authorization.ContractTransactionPermitted.v1':
        return state.kind === 'unknown' ? state : { ...state, places: withPlace(state.places, event.data) };
      case 'voltlog.authorization.ContractTransactionReleased.v1':
        return state.kind === 'unknown' ? state : { ...state, places: withoutPlace(state.places, event.data.transactionKey) };
      default:
        return assertNever(event, 'contract event');
    }
  },
};

function put(command: PutContract, state: ContractState): Decision<ContractEvent, ContractRefusal> {
  const revision = state.kind === 'known' ? state.revision : 0;
  if (command.expectedRevision !== 0 && command.expectedRevision !== revision) return refused('RevisionMismatch');
  if (command.mustBeNew && state.kind === 'known') return refused('ContractExists');
  const after = attributes(command);
  const at = isoTime(command.now);
  if (state.kind === 'unknown') return decided({ type: 'voltlog.authorization.ContractRegistered.v1', data: { ...after, at } });
  if (sameAttributes(state, after)) return decided();
  return decided({ type: 'voltlog.authorization.ContractChanged.v1', data: { ...after, at } });
}

function permit(command: PermitTransaction, state: ContractState): Decision<ContractEvent, ContractRefusal> {
  if (state.kind === 'unknown') return refused('ContractUnknown');
  const taken = takePlace(state, command);
  if (taken === undefined) return decided();
  if (taken === 'ConcurrentLimit') return refused('ConcurrentLimit');
  return decided<ContractEvent>(...taken.over.map((place) => released(state, place, { cause: 'Superseded', now: command.now })), {
    type: 'voltlog.authorization.ContractTransactionPermitted.v1',
    data: {
      contractId: state.contractId,
      transactionKey: command.transactionKey,
      stationId: command.stationId,
      evseId: command.evseId,
      startedAt: command.startedAt,
      overLimit: taken.overLimit,
      at: isoTime(command.now),
    },
  });
}

function release(command: ReleaseTransaction, state: ContractState): Decision<ContractEvent, ContractRefusal> {
  if (state.kind === 'unknown') return decided();
  const place = state.places.find((each) => each.transactionKey === command.transactionKey);
  return place === undefined ? decided() : decided<ContractEvent>(released(state, place, command));
}

const released = (
  { contractId }: KnownContract,
  { transactionKey, stationId }: Place,
  { cause, now }: Pick<ReleaseTransaction, 'cause' | 'now'>,
): ContractEvent => ({
  type: 'voltlog.authorization.ContractTransactionReleased.v1',
  data: { contractId, transactionKey, stationId, cause, at: isoTime(now) },
});

function attributes(from: ContractAttributes): ContractAttributes {
  return {
    contractId: from.contractId,
    name: from.name,
    status: from.status,
    ...useRules(from),
    ...(from.groupId === undefined || from.groupId === '' ? {} : { groupId: from.groupId }),
    concurrentTransactionsMax: from.concurrentTransactionsMax,
    ...(from.sessionLimit === undefined ? {} : { sessionLimit: from.sessionLimit }),
    note: from.note,
  };
}

const known = (from: ContractAttributes, rest: Pick<KnownContract, 'places' | 'createdAt' | 'updatedAt' | 'revision'>): KnownContract => ({
  kind: 'known',
  ...attributes(from),
  places: rest.places,
  createdAt: rest.createdAt,
  updatedAt: rest.updatedAt,
  revision: rest.revision,
});

const sameAttributes = (a: ContractAttributes, b: ContractAttributes): boolean =>
  a.name === b.name &&
  a.status === b.status &&
  a.groupId === b.groupId &&
  a.concurrentTransactionsMax === b.concurrentTransactionsMax &&
  a.note === b.note &&
  sameRules(a, b) &&
  sameLimit(a.sessionLimit, b.sessionLimit);
