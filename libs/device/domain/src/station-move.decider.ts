import type { MoveBefore, StationMoveEnded, StationMoveEvent } from '@voltlog/device-contract';
import { assertNever, type Decider, type Decision, decided, isoTime, refused } from '@voltlog/kernel';

export interface KnownStationMove {
  readonly kind: 'stationMove';
  readonly moveId: string;
  readonly stationId: string;
  readonly wave: number;
  readonly direction: 'Out' | 'In';
  /** `Started`: nothing was told yet (`Out`), or it is waited for (`In`). `Switched`: it goes, or has gone. */
  readonly phase: 'Started' | 'Prepared' | 'Switched' | StationMoveEnded['outcome'];
  /** Undefined: it was told nothing. */
  readonly before?: MoveBefore;
  readonly confirmedBy: string;
  readonly confirmed: boolean;
  readonly reason: string;
  readonly startedAt: string;
  /** When it was told to start again; empty: not yet. */
  readonly switchedAt: string;
  /** Empty: it is under way. */
  readonly endedAt: string;
  /** Empty: it is not set to what it was before. */
  readonly restoredAt: string;
}

export type StationMoveState = { readonly kind: 'none' } | KnownStationMove;

export type StationMoveCommand =
  | {
      readonly kind: 'StartStation';
      readonly moveId: string;
      readonly stationId: string;
      readonly wave: number;
      readonly direction: 'Out' | 'In';
      readonly now: number;
    }
  | { readonly kind: 'ReportPrepared'; readonly before: MoveBefore; readonly now: number }
  | { readonly kind: 'ReportSwitched'; readonly now: number }
  | { readonly kind: 'ConfirmStation'; readonly by: string; readonly now: number }
  | { readonly kind: 'EndStation'; readonly outcome: StationMoveEnded['outcome']; readonly reason: string; readonly now: number }
  | { readonly kind: 'ReportRestored'; readonly reason: string; readonly now: number };

export type StationMoveRefusal = 'StationNotInMove' | 'StationNotSwitched';

/** One station on its way to another CSMS, or here. */
export const stationMoveDecider: Decider<StationMoveCommand, StationMoveState, StationMoveEvent, StationMoveRefusal> = {
  initialState: { kind: 'none' },
  decide(command, state): Decision<StationMoveEvent, StationMoveRefusal> {
    const at = isoTime(command.now);
    if (command.kind === 'StartStation') {
      if (state.kind === 'stationMove') return decided();
      const { moveId, stationId, wave, direction } = command;
      return decided<StationMoveEvent>({ type: 'voltlog.device.StationMoveStarted.v1', data: { moveId, stationId, wave, direction, at } });
    }
    if (state.kind === 'none') return refused('StationNotInMove');
    const of = { moveId: state.moveId, stationId: state.stationId, at };
    switch (command.kind) {
      case 'ReportPrepared':
        return state.phase === 'Started'
          ? decided<StationMoveEvent>({ type: 'voltlog.device.StationMovePrepared.v1', data: { ...of, before: command.before } })
          : decided();
      case 'ReportSwitched':
        return state.phase === 'Prepared'
          ? decided<StationMoveEvent>({ type: 'voltlog.device.StationMoveSwitched.v1', data: of })
          : decided();
      case 'ConfirmStation':
        if (state.direction === 'In' || state.switchedAt === '') return refused('StationNotSwitched');
        if (state.confirmedBy !== '') return decided();
        return decided<StationMoveEvent>({ type: 'voltlog.device.StationMoveConfirmed.v1', data: { ...of, by: command.by } });
      case 'EndStation': {
        if (state.endedAt !== '') return decided();
        const { outcome, reason } = command;
        const confirmed = state.confirmedBy !== '';
        return decided<StationMoveEvent>({ type: 'voltlog.device.StationMoveEnded.v1', data: { ...of, outcome, confirmed, reason } });
      }
      case 'ReportRestored':
        if (state.before === undefined || state.restoredAt !== '') return decided();
        return decided<StationMoveEvent>({ type: 'voltlog.device.StationMoveRestored.v1', data: { ...of, reason: command.reason } });
      default:
        return assertNever(command, 'station move command');
    }
  },
  evolve(state, { type, data }) {
    if (type === 'voltlog.device.StationMoveStarted.v1') {
      const { moveId, stationId, wave, direction, at } = data;
      return {
        kind: 'stationMove',
        moveId,
        stationId,
        wave,
        direction,
        phase: 'Started',
        confirmedBy: '',
        confirmed: false,
        reason: '',
        startedAt: at,
        switchedAt: '',
        endedAt: '',
        restoredAt: '',
      };
    }
    if (state.kind === 'none') return state;
    switch (type) {
      case 'voltlog.device.StationMovePrepared.v1':
        return { ...state, phase: 'Prepared', before: data.before };
      case 'voltlog.device.StationMoveSwitched.v1':
        return { ...state, phase: 'Switched', switchedAt: data.at };
      case 'voltlog.device.StationMoveConfirmed.v1':
        return { ...state, confirmedBy: data.by, confirmed: true };
      case 'voltlog.device.StationMoveEnded.v1':
        return { ...state, phase: data.outcome, confirmed: data.confirmed, reason: data.reason, endedAt: data.at };
      case 'voltlog.device.StationMoveRestored.v1':
        return { ...state, restoredAt: data.at, reason: data.reason || state.reason };
      default:
        return assertNever(type, 'station move event');
    }
  },
};

/** What is told to a station for its key: the station's own id where the template names it. */
export const filled = (template: string, stationId: string): string => template.replaceAll('{stationId}', stationId);
