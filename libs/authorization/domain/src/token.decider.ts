import type { TokenAttributes, TokenEvent, TokenStatus, TransactionReleased, UseRules } from '@voltlog/authorization-contract';
import { assertNever, type Decider, type Decision, decided, isoTime, refused } from '@voltlog/kernel';
import { type PermitTransaction, type Place, type ReleaseTransaction, takePlace, withoutPlace, withPlace } from './places.js';
import { type KnownToken, type TokenState, UNKNOWN_TOKEN } from './token.state.js';
import { sameRules, useRules } from './use-rules.js';

/** Makes or changes a token; what is absent stays as it is. */
export interface PutToken {
  readonly kind: 'PutToken';
  readonly idToken: string;
  /** OCPP 2.1 IdTokenEnumStringType; empty: stays, and a new token is a card (ISO14443). */
  readonly type: string;
  readonly status?: TokenStatus;
  /** `null`: valid at once. */
  readonly validFrom?: string | null;
  /** `null`: never expires. */
  readonly expiresAt?: string | null;
  /** Empty: in no group. */
  readonly groupId?: string;
  /** Empty: of no contract. */
  readonly contractId?: string;
  /** Replaces the places and the budget. */
  readonly rules?: Pick<UseRules, 'siteIds' | 'stationIds' | 'budget'>;
  /** 0: no limit. */
  readonly concurrentTransactionsMax?: number;
  readonly note?: string;
  /** Refused unless the token has this revision; 0: not checked. */
  readonly expectedRevision: number;
  /** Refused when there is one already. */
  readonly mustBeNew: boolean;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
}

export type TokenCommand = PutToken | PermitTransaction | ReleaseTransaction;

/**
 * - `RevisionMismatch`: somebody changed the token in between.
 * - `TokenExists`: it must be new, and is not.
 * - `ConcurrentLimit`: every place is taken.
 * - `TokenUnknown`: there is no such token to take a place of.
 */
export type TokenRefusal = 'RevisionMismatch' | 'TokenExists' | 'ConcurrentLimit' | 'TokenUnknown';

/** What a token is and who holds its places. */
export const tokenDecider: Decider<TokenCommand, TokenState, TokenEvent, TokenRefusal> = {
  initialState: UNKNOWN_TOKEN,
  decide(command, state) {
    switch (command.kind) {
      case 'PutToken':
        return put(command, state);
      case 'PermitTransaction':
        return permit(command, state);
      case 'ReleaseTransaction':
        return release(command, state);
      default:
        return assertNever(command, 'token command');
    }
  },
  evolve(state, event) {
    switch (event.type) {
      case 'voltlog.authorization.TokenRegistered.v1':
        return known(event.data, event.data.at, event.data.at, 1, []);
      case 'voltlog.authorization.TokenChanged.v1':
        return state.kind === 'unknown' ? state : known(event.data, state.createdAt, event.data.at, state.revision + 1, state.places);
      case 'voltlog.authorization.TransactionPermitted.v1':
        return state.kind === 'unknown' ? state : { ...state, places: withPlace(state.places, event.data) };
      case 'voltlog.authorization.TransactionReleased.v1':
        return state.kind === 'unknown' ? state : { ...state, places: withoutPlace(state.places, event.data.transactionKey) };
      default:
        return assertNever(event, 'token event');
    }
  },
};

function put(command: PutToken, state: TokenState): Decision<TokenEvent, TokenRefusal> {
  const revision = state.kind === 'known' ? state.revision : 0;
  if (command.expectedRevision !== 0 && command.expectedRevision !== revision) return refused('RevisionMismatch');
  if (command.mustBeNew && state.kind === 'known') return refused('TokenExists');
  const before = state.kind === 'known' ? state : undefined;
  const validFrom = command.validFrom === undefined ? before?.validFrom : (command.validFrom ?? undefined);
  const expiresAt = command.expiresAt === undefined ? before?.expiresAt : (command.expiresAt ?? undefined);
  const groupId = command.groupId ?? before?.groupId ?? '';
  const contractId = command.contractId ?? before?.contractId ?? '';
  const { siteIds, stationIds, budget } = command.rules ?? before ?? {};
  const after: TokenAttributes = {
    idToken: before?.idToken ?? command.idToken,
    type: command.type || before?.type || 'ISO14443',
    status: command.status ?? before?.status ?? 'Active',
    ...useRules({
      ...(validFrom === undefined ? {} : { validFrom }),
      ...(expiresAt === undefined ? {} : { expiresAt }),
      ...(siteIds === undefined ? {} : { siteIds }),
      ...(stationIds === undefined ? {} : { stationIds }),
      ...(budget === undefined ? {} : { budget }),
    }),
    ...(groupId === '' ? {} : { groupId }),
    ...(contractId === '' ? {} : { contractId }),
    concurrentTransactionsMax: command.concurrentTransactionsMax ?? before?.concurrentTransactionsMax ?? 0,
    note: command.note ?? before?.note ?? '',
  };
  const at = isoTime(command.now);
  if (before === undefined) return decided({ type: 'voltlog.authorization.TokenRegistered.v1', data: { ...after, at } });
  return sameAttributes(before, after) ? decided() : decided({ type: 'voltlog.authorization.TokenChanged.v1', data: { ...after, at } });
}

function permit(command: PermitTransaction, state: TokenState): Decision<TokenEvent, TokenRefusal> {
  if (state.kind === 'unknown') return refused('TokenUnknown');
  const taken = takePlace(state, command);
  if (taken === undefined) return decided();
  if (taken === 'ConcurrentLimit') return refused('ConcurrentLimit');
  return decided<TokenEvent>(...taken.over.map((place) => released(state, place, 'Superseded', command.now)), {
    type: 'voltlog.authorization.TransactionPermitted.v1',
    data: {
      idToken: state.idToken,
      transactionKey: command.transactionKey,
      stationId: command.stationId,
      evseId: command.evseId,
      startedAt: command.startedAt,
      overLimit: taken.overLimit,
      at: isoTime(command.now),
    },
  });
}

function release(command: ReleaseTransaction, state: TokenState): Decision<TokenEvent, TokenRefusal> {
  if (state.kind === 'unknown') return decided();
  const place = state.places.find((each) => each.transactionKey === command.transactionKey);
  return place === undefined ? decided() : decided<TokenEvent>(released(state, place, command.cause, command.now));
}

function released(state: KnownToken, place: Place, cause: TransactionReleased['cause'], now: number): TokenEvent {
  const data: TransactionReleased = {
    idToken: state.idToken,
    transactionKey: place.transactionKey,
    stationId: place.stationId,
    cause,
    at: isoTime(now),
  };
  return { type: 'voltlog.authorization.TransactionReleased.v1', data };
}

function known(from: TokenAttributes, createdAt: string, updatedAt: string, revision: number, places: readonly Place[]): KnownToken {
  return {
    kind: 'known',
    idToken: from.idToken,
    type: from.type,
    status: from.status,
    ...useRules(from),
    ...(from.groupId === undefined ? {} : { groupId: from.groupId }),
    ...(from.contractId === undefined ? {} : { contractId: from.contractId }),
    concurrentTransactionsMax: from.concurrentTransactionsMax,
    note: from.note,
    places,
    createdAt,
    updatedAt,
    revision,
  };
}

const sameAttributes = (a: TokenAttributes, b: TokenAttributes): boolean =>
  a.idToken === b.idToken &&
  a.type === b.type &&
  a.status === b.status &&
  a.groupId === b.groupId &&
  a.contractId === b.contractId &&
  sameRules(a, b) &&
  a.concurrentTransactionsMax === b.concurrentTransactionsMax &&
  a.note === b.note;
