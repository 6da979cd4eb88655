import type { MoveAttributes, MoveEvent } from '@voltlog/device-contract';
import { assertNever, type Decider, type Decision, decided, isoTime, refused } from '@voltlog/kernel';
import { mayStartWave, stopsAtFailed } from './waves.js';

/** More are several moves: the stations of one are in one event. */
export const MOVE_STATIONS_MAX = 10_000;

export interface KnownMove extends MoveAttributes {
  readonly kind: 'move';
  readonly moveId: string;
  readonly stationIds: readonly (readonly string[])[];
  /** `Paused`: by a person. `Stopped`: too many failed. `Cancelling`: stations are still under way. */
  readonly state: 'Running' | 'Paused' | 'Stopped' | 'Cancelling' | 'Ended';
  /** Absent: it has not ended. */
  readonly outcome?: 'Completed' | 'Cancelled';
  /** The newest wave that has begun; 0: none. */
  readonly wave: number;
  /** Waves that are through. */
  readonly wavesEnded: number;
  /** When that changed last; empty: never. */
  readonly waveAt: string;
  /** What the threshold leaves out. */
  readonly failedBefore: number;
  readonly endedBefore: number;
  readonly createdAt: string;
  /** Empty: it has not ended. */
  readonly endedAt: string;
}

export type MoveState = { readonly kind: 'none' } | KnownMove;

/** How far the stations of a move are. */
export interface MoveTally {
  /** Failed or came back. */
  readonly failed: number;
  readonly ended: number;
}

export type MoveCommand =
  | {
      readonly kind: 'CreateMove';
      readonly moveId: string;
      readonly attributes: MoveAttributes;
      readonly stationIds: readonly (readonly string[])[];
      readonly now: number;
    }
  | { readonly kind: 'StartWave'; readonly wave: number; readonly now: number }
  | { readonly kind: 'EndWave'; readonly wave: number; readonly now: number }
  | { readonly kind: 'Judge'; readonly tally: MoveTally; readonly now: number }
  | { readonly kind: 'PauseMove'; readonly by: string; readonly now: number }
  | { readonly kind: 'ResumeMove'; readonly by: string; readonly tally: MoveTally; readonly now: number }
  | { readonly kind: 'CancelMove'; readonly by: string; readonly now: number }
  /** No station is under way, and none will begin. */
  | { readonly kind: 'EndMove'; readonly now: number };

export type MoveRefusal = 'MoveExists' | 'MoveUnknown' | 'MoveEnded' | 'MoveNotRunning' | 'NoStations';

/** A plan that brings stations to another CSMS, or here, wave by wave. What is done at each station is a stream of its own. */
export const moveDecider: Decider<MoveCommand, MoveState, MoveEvent, MoveRefusal> = {
  initialState: { kind: 'none' },
  decide(command, state): Decision<MoveEvent, MoveRefusal> {
    const at = isoTime(command.now);
    if (command.kind === 'CreateMove') {
      const { moveId, attributes, stationIds } = command;
      if (state.kind === 'move') return refused('MoveExists');
      if (stationIds.flat().length === 0) return refused('NoStations');
      return decided<MoveEvent>({ type: 'voltlog.device.MoveCreated.v1', data: { moveId, ...attributes, stationIds, at } });
    }
    if (state.kind === 'none') return refused('MoveUnknown');
    const { moveId } = state;
    switch (command.kind) {
      case 'StartWave': {
        const { wave } = command;
        if (state.state !== 'Running' || wave !== state.wave + 1 || wave > state.waves.length || !mayStartWave(state, command.now))
          return decided();
        return decided<MoveEvent>({ type: 'voltlog.device.MoveWaveStarted.v1', data: { moveId, wave, at } });
      }
      case 'EndWave':
        if (state.state === 'Ended' || command.wave !== state.wave || state.wavesEnded >= command.wave) return decided();
        return decided<MoveEvent>({ type: 'voltlog.device.MoveWaveEnded.v1', data: { moveId, wave: command.wave, at } });
      case 'Judge': {
        const failed = command.tally.failed - state.failedBefore;
        const ended = command.tally.ended - state.endedBefore;
        if (state.state !== 'Running' || !stopsAtFailed(state, { failed, ended })) return decided();
        return decided<MoveEvent>({ type: 'voltlog.device.MoveStopped.v1', data: { moveId, failed, ended, at } });
      }
      case 'PauseMove':
        if (state.state === 'Paused') return decided();
        if (state.state !== 'Running' && state.state !== 'Stopped') return refused(notRunning(state));
        return decided<MoveEvent>({ type: 'voltlog.device.MovePaused.v1', data: { moveId, by: command.by, at } });
      case 'ResumeMove': {
        if (state.state === 'Running') return decided();
        if (state.state !== 'Paused' && state.state !== 'Stopped') return refused(notRunning(state));
        const { failed: failedBefore, ended: endedBefore } = command.tally;
        return decided<MoveEvent>({
          type: 'voltlog.device.MoveResumed.v1',
          data: { moveId, by: command.by, failedBefore, endedBefore, at },
        });
      }
      case 'CancelMove':
        if (state.state === 'Ended' || state.state === 'Cancelling') return decided();
        return decided<MoveEvent>({ type: 'voltlog.device.MoveCancelled.v1', data: { moveId, by: command.by, at } });
      case 'EndMove': {
        if (state.state === 'Ended') return decided();
        const outcome = state.state === 'Cancelling' ? 'Cancelled' : 'Completed';
        if (outcome === 'Completed' && state.wavesEnded < state.waves.length) return decided();
        return decided<MoveEvent>({ type: 'voltlog.device.MoveEnded.v1', data: { moveId, outcome, at } });
      }
      default:
        return assertNever(command, 'move command');
    }
  },
  evolve(state, { type, data }) {
    if (type === 'voltlog.device.MoveCreated.v1') {
      const { at: createdAt, ...rest } = data;
      return {
        kind: 'move',
        ...rest,
        state: 'Running',
        wave: 0,
        wavesEnded: 0,
        waveAt: '',
        failedBefore: 0,
        endedBefore: 0,
        createdAt,
        endedAt: '',
      };
    }
    if (state.kind === 'none') return state;
    switch (type) {
      case 'voltlog.device.MoveWaveStarted.v1':
        return { ...state, wave: data.wave, waveAt: data.at };
      case 'voltlog.device.MoveWaveEnded.v1':
        return { ...state, wavesEnded: data.wave, waveAt: data.at };
      case 'voltlog.device.MoveStopped.v1':
        return { ...state, state: 'Stopped' };
      case 'voltlog.device.MovePaused.v1':
        return { ...state, state: 'Paused' };
      case 'voltlog.device.MoveResumed.v1':
        return { ...state, state: 'Running', failedBefore: data.failedBefore, endedBefore: data.endedBefore };
      case 'voltlog.device.MoveCancelled.v1':
        return { ...state, state: 'Cancelling' };
      case 'voltlog.device.MoveEnded.v1':
        return { ...state, state: 'Ended', outcome: data.outcome, endedAt: data.at };
      default:
        return assertNever(type, 'move event');
    }
  },
};

const notRunning = ({ state }: KnownMove): MoveRefusal => (state === 'Ended' ? 'MoveEnded' : 'MoveNotRunning');
