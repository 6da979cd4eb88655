import type {
  ReleaseCause,
  TokenAttributes,
  TokenEvent,
  TokenStatus,
  TransactionPermitted,
  TransactionReleased,
} from '@voltlog/authorization-contract';
import { assertNever, type Decider, type Decision, decided, isoTime, refused } from '@voltlog/kernel';
import { type KnownToken, type Place, type TokenState, UNKNOWN_TOKEN } from './token.state.js';

/** Makes or changes a token; what is absent stays as it is. */
export interface PutToken {
  readonly kind: 'PutToken';
  readonly idToken: string;
  /** OCPP 2.1 IdTokenEnumStringType; empty: stays, and a new token is a card (ISO14443). */
  readonly type: string;
  readonly status?: TokenStatus;
  /** `null`: never expires. */
  readonly expiresAt?: string | null;
  /** Empty: in no group. */
  readonly groupId?: string;
  /** 0: no limit. */
  readonly concurrentTransactionsMax?: number;
  readonly note?: string;
  /** Refused unless the token has this revision; 0: not checked. */
  readonly expectedRevision: number;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
}

/** Takes a place for a transaction. Asked again for the same one it takes no second. */
export interface PermitTransaction extends Place {
  readonly kind: 'PermitTransaction';
  /** It runs already, so it is counted even when the token is full. */
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

export type TokenCommand = PutToken | PermitTransaction | ReleaseTransaction;

/**
 * - `RevisionMismatch`: somebody changed the token in between.
 * - `ConcurrentLimit`: every place is taken.
 * - `TokenUnknown`: there is no such token to take a place of.
 */
export type TokenRefusal = 'RevisionMismatch' | 'ConcurrentLimit' | 'TokenUnknown';

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
        return state.kind === 'unknown'
          ? state
          : { ...state, places: state.places.filter((place) => place.transactionKey !== event.data.transactionKey) };
      default:
        return assertNever(event, 'token event');
    }
  },
};

/** True while the transaction holds a place of the token. */
export const holdsPlace = (state: TokenState, transactionKey: string): boolean =>
  state.kind === 'known' && state.places.some((place) => place.transactionKey === transactionKey);

/** True when the token has a limit and every place is taken. */
export const isFull = (state: KnownToken): boolean =>
  state.concurrentTransactionsMax > 0 && state.places.length >= state.concurrentTransactionsMax;

function put(command: PutToken, state: TokenState): Decision<TokenEvent, TokenRefusal> {
  const revision = state.kind === 'known' ? state.revision : 0;
  if (command.expectedRevision !== 0 && command.expectedRevision !== revision) return refused('RevisionMismatch');
  const before = state.kind === 'known' ? state : undefined;
  const expiresAt = command.expiresAt === undefined ? before?.expiresAt : (command.expiresAt ?? undefined);
  const groupId = (command.groupId === undefined ? before?.groupId : command.groupId) || undefined;
  const after: TokenAttributes = {
    idToken: before?.idToken ?? command.idToken,
    type: command.type || before?.type || 'ISO14443',
    status: command.status ?? before?.status ?? 'Active',
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(groupId === undefined ? {} : { groupId }),
    concurrentTransactionsMax: command.concurrentTransactionsMax ?? before?.concurrentTransactionsMax ?? 0,
    note: command.note ?? before?.note ?? '',
  };
  const at = isoTime(command.now);
  if (before === undefined) return decided({ type: 'voltlog.authorization.TokenRegistered.v1', data: { ...after, at } });
  return sameAttributes(before, after) ? decided() : decided({ type: 'voltlog.authorization.TokenChanged.v1', data: { ...after, at } });
}

function permit(command: PermitTransaction, state: TokenState): Decision<TokenEvent, TokenRefusal> {
  if (state.kind === 'unknown') return refused('TokenUnknown');
  if (holdsPlace(state, command.transactionKey)) return decided();
  if (state.concurrentTransactionsMax === 0) return decided();
  const over = state.places.filter((place) => isOver(place, command));
  const isOverLimit = state.places.length - over.length >= state.concurrentTransactionsMax;
  if (isOverLimit && !command.running) return refused('ConcurrentLimit');
  return decided<TokenEvent>(...over.map((place) => released(state, place, 'Superseded', command.now)), {
    type: 'voltlog.authorization.TransactionPermitted.v1',
    data: {
      idToken: state.idToken,
      transactionKey: command.transactionKey,
      stationId: command.stationId,
      evseId: command.evseId,
      startedAt: command.startedAt,
      overLimit: isOverLimit,
      at: isoTime(command.now),
    },
  });
}

/** An EVSE has one transaction at a time, so one that begins there later ends the one before (its end was lost, or is still queued). */
const isOver = (place: Place, next: Place): boolean =>
  place.evseId > 0 && place.evseId === next.evseId && place.stationId === next.stationId && place.startedAt < next.startedAt;

function release(command: ReleaseTransaction, state: TokenState): Decision<TokenEvent, TokenRefusal> {
  if (state.kind === 'unknown') return decided();
  const place = state.places.find((each) => each.transactionKey === command.transactionKey);
  return place === undefined ? decided() : decided<TokenEvent>(released(state, place, command.cause, command.now));
}

function released(state: KnownToken, place: Place, cause: ReleaseCause, now: number): TokenEvent {
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
    ...(from.expiresAt === undefined ? {} : { expiresAt: from.expiresAt }),
    ...(from.groupId === undefined ? {} : { groupId: from.groupId }),
    concurrentTransactionsMax: from.concurrentTransactionsMax,
    note: from.note,
    places,
    createdAt,
    updatedAt,
    revision,
  };
}

const withPlace = (places: readonly Place[], permitted: TransactionPermitted): readonly Place[] =>
  places.some((place) => place.transactionKey === permitted.transactionKey)
    ? places
    : [
        ...places,
        {
          transactionKey: permitted.transactionKey,
          stationId: permitted.stationId,
          evseId: permitted.evseId,
          startedAt: permitted.startedAt,
        },
      ];

const sameAttributes = (a: TokenAttributes, b: TokenAttributes): boolean =>
  a.idToken === b.idToken &&
  a.type === b.type &&
  a.status === b.status &&
  a.expiresAt === b.expiresAt &&
  a.groupId === b.groupId &&
  a.concurrentTransactionsMax === b.concurrentTransactionsMax &&
  a.note === b.note;
