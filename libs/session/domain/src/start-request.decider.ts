import { type Decider, decided, refused } from '@voltlog/kernel';
import type {
  SessionIdToken,
  SessionLimit,
  StartAnswered,
  StartRequestCancelled,
  StartRequestEvent,
  StartRequested,
} from '@voltlog/session-contract';

export type StartRequestCommand =
  | { readonly kind: 'Request'; readonly requested: StartRequested }
  | { readonly kind: 'Answer'; readonly answered: StartAnswered }
  | { readonly kind: 'Match'; readonly sessionId: string; readonly at: string }
  | { readonly kind: 'Lapse'; readonly at: string }
  | { readonly kind: 'Cancel'; readonly by: StartRequestCancelled['by']; readonly at: string }
  /** A session came of one that was taken back. */
  | { readonly kind: 'Overtake'; readonly sessionId: string; readonly at: string };

/** How a start request stands. `Pending`: the station was not heard of it yet. */
export type StartRequestState =
  | { readonly kind: 'None' }
  | OpenStartRequest
  | ({ readonly kind: 'Refused' | 'Lapsed' } & Asked)
  | ({ readonly kind: 'Started'; readonly sessionId: string } & Asked)
  | CancelledStartRequest;

/** A session may still come of it. */
export type OpenStartRequest = { readonly kind: 'Pending' | 'Accepted' } & Asked;

/** Taken back; `sessionId` came of it all the same, and is stopped. */
export type CancelledStartRequest = {
  readonly kind: 'Cancelled';
  readonly by: StartRequestCancelled['by'];
  readonly sessionId?: string;
} & Asked;

interface Asked {
  readonly startRequestId: string;
  readonly stationId: string;
  readonly evseId: number;
  readonly idToken: SessionIdToken;
  readonly limit?: SessionLimit;
  readonly remoteStartId: number;
  readonly requestedAt: string;
  readonly updatedAt: string;
  /** The station's word, or why it could not be asked. */
  readonly reason: string;
}

/** `NotOpen`: nothing is waited for any more. */
export type StartRequestRefusal = 'NotOpen';

/**
 * Asking a station to start, until the session shows. Accepted is not happened; and a session may show before the answer, or although
 * the answer never came.
 */
export const startRequestDecider: Decider<StartRequestCommand, StartRequestState, StartRequestEvent, StartRequestRefusal> = {
  initialState: { kind: 'None' },
  decide(command, state) {
    switch (command.kind) {
      case 'Request':
        return state.kind === 'None' ? decided({ type: 'voltlog.session.StartRequested.v1', data: command.requested }) : decided();
      case 'Answer':
        return state.kind === 'Pending' ? decided({ type: 'voltlog.session.StartAnswered.v1', data: command.answered }) : decided();
      case 'Match': {
        if (!isOpen(state)) return refused('NotOpen');
        const { startRequestId, stationId } = state;
        return decided({
          type: 'voltlog.session.StartRequestMatched.v1',
          data: { startRequestId, stationId, sessionId: command.sessionId, at: command.at },
        });
      }
      case 'Lapse': {
        if (!isOpen(state)) return decided();
        const { startRequestId, stationId } = state;
        return decided({ type: 'voltlog.session.StartRequestLapsed.v1', data: { startRequestId, stationId, at: command.at } });
      }
      case 'Cancel': {
        if (!isOpen(state)) return decided();
        const { startRequestId, stationId } = state;
        const { by, at } = command;
        return decided({ type: 'voltlog.session.StartRequestCancelled.v1', data: { startRequestId, stationId, at, by } });
      }
      case 'Overtake': {
        if (state.kind !== 'Cancelled' || state.sessionId !== undefined) return decided();
        const { startRequestId, stationId } = state;
        const { sessionId, at } = command;
        return decided({ type: 'voltlog.session.StartRequestOvertaken.v1', data: { startRequestId, stationId, at, sessionId } });
      }
    }
  },
  evolve(state, event) {
    switch (event.type) {
      case 'voltlog.session.StartRequested.v1': {
        const { at, startRequestId, stationId, evseId, idToken, limit, remoteStartId } = event.data;
        const asked = { startRequestId, stationId, evseId, idToken, remoteStartId, ...(limit === undefined ? {} : { limit }) };
        return { kind: 'Pending', ...asked, requestedAt: at, updatedAt: at, reason: '' };
      }
      case 'voltlog.session.StartAnswered.v1': {
        const { status, stationStatus, at } = event.data;
        if (state.kind !== 'Pending') return state;
        const kind = isRefusal(status) ? 'Refused' : 'Accepted';
        return { ...state, kind, updatedAt: at, reason: stationStatus ?? (status === 'Accepted' ? '' : status) };
      }
      case 'voltlog.session.StartRequestMatched.v1':
        return state.kind === 'None' ? state : { ...state, kind: 'Started', sessionId: event.data.sessionId, updatedAt: event.data.at };
      case 'voltlog.session.StartRequestLapsed.v1':
        return isOpen(state) ? { ...state, kind: 'Lapsed', updatedAt: event.data.at } : state;
      case 'voltlog.session.StartRequestCancelled.v1':
        return isOpen(state) ? { ...state, kind: 'Cancelled', by: event.data.by, updatedAt: event.data.at } : state;
      case 'voltlog.session.StartRequestOvertaken.v1':
        return state.kind === 'Cancelled' ? { ...state, sessionId: event.data.sessionId, updatedAt: event.data.at } : state;
    }
  },
};

/** The station will not start. Of one that gave no answer it is not known whether it acts: the session may show. */
export const isRefusal = (status: StartAnswered['status']): boolean => status !== 'Accepted' && status !== 'TimedOut';

export const isOpen = (state: StartRequestState): state is OpenStartRequest => state.kind === 'Pending' || state.kind === 'Accepted';
