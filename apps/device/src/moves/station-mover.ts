import type { MoveAttributes, MoveBefore, MoveTarget } from '@voltlog/device-contract';
import type { KnownStationMove, StationMoveCommand } from '@voltlog/device-domain';
import { isoTime } from '@voltlog/kernel';
import type { connectionV1 } from '@voltlog/proto';
import type { ServiceContext } from '@voltlog/service';
import type { Collection } from '@voltlog/store';
import type { Stepped } from '../security/address-steps.js';
import { DONE, type Intent, type IntentHandler, LATER, type Step } from '../security/intents.js';
import type { StationLine } from '../security/station-line.js';
import type { StationStatusDoc } from '../store/documents.js';
import type { StationMemory } from '../store/station-memory.js';
import { HealthAddress, NOT_ASKED } from './health-address.js';
import type { MoveCollections } from './move-documents.js';
import { keysOf, MoveSteps } from './move-steps.js';
import { type MoveStreams, stationMoveId } from './move-streams.js';

/** How often it is looked whether a station has gone; that it has come is noticed at once. */
const LOOK_MS = 5_000;
/** ... and one that has gone for good, of which there are many. */
const AWAY_LOOK_MS = 3_600_000;
/** Its coming back is waited for so long after it went: a new provider may fail within the first month. */
export const STATION_MOVE_MS = 30 * 86_400_000;
/** A station that cannot be reached for this long after its turn came has failed. */
const REACH_MS = 86_400_000;

export interface StationMoveData {
  readonly moveId: string;
  /** It answered that it starts again. */
  readonly restarts?: boolean;
  /** Since when it is seen to be away, after it was told to go. */
  readonly awaySince?: string;
}

export interface StationMoverParts {
  readonly context: Pick<ServiceContext, 'clock'>;
  readonly collections: MoveCollections;
  readonly streams: MoveStreams;
  readonly memory: Pick<StationMemory, 'docs'>;
  readonly statuses: Collection<StationStatusDoc>;
  readonly line: StationLine;
  /** A station that is here again stays for this long before it is taken for back, ms. */
  readonly fallbackMs: number;
  /** Health addresses may be at private addresses and plain http. */
  readonly allowPrivate: boolean;
}

type Attempt = Intent<StationMoveData>;
type Next = Promise<Step<StationMoveData>>;

/**
 * One station of a move. Away: told where to go, told to start again, gone for long enough or said to have arrived. The way back stays open: the
 * old profile stays second in the station's own list, and a station that is here again is set to what it was. In: it booted here and is in service.
 */
export class StationMover implements IntentHandler<StationMoveData> {
  private readonly steps: MoveSteps;
  private readonly health: HealthAddress;

  constructor(private readonly parts: StationMoverParts) {
    this.steps = new MoveSteps(parts.line);
    this.health = new HealthAddress(parts.allowPrivate);
  }

  async attempt(intent: Attempt): Next {
    const move = await this.parts.collections.moves.get(intent.data.moveId);
    const state = await this.parts.streams.stations.state(stationMoveId(intent.data.moveId, intent.stationId));
    if (move === undefined || state.kind === 'none') return DONE;
    if (state.direction === 'In') return state.endedAt === '' ? this.arrive(intent, state, move) : DONE;
    const { target } = move;
    if (target === undefined) return DONE;
    switch (state.phase) {
      case 'Started':
      case 'Prepared':
        if (move.state === 'Cancelling') return this.end(intent, 'Cancelled', '');
        return state.phase === 'Started' ? this.prepare(intent, state, target) : this.goOver(intent, state, target);
      case 'Switched':
        return this.leave(intent, state, move);
      default:
        return this.comeBack(intent, state);
    }
  }

  /** The way back is open until now. */
  async expired(intent: Attempt): Next {
    const state = await this.parts.streams.stations.state(stationMoveId(intent.data.moveId, intent.stationId));
    return state.kind === 'none' || state.endedAt !== '' ? DONE : this.end(intent, 'Failed', 'nothing was heard of the station any more');
  }

  /** What it is set to now is kept before anything is changed. */
  private async prepare(intent: Attempt, state: KnownStationMove, target: MoveTarget): Next {
    const { stationId } = intent;
    const connection = await this.parts.line.connectionOf(stationId);
    if (connection === undefined) return this.unreached(intent, state);
    const v16 = connection.ocppVersion === 'ocpp1.6';
    const vendor = await this.vendorOf(stationId);
    const before = v16
      ? await this.steps.before16(stationId, vendor, keysOf(target, vendor))
      : await this.steps.before2(stationId, target.slot);
    if (before.kind !== 'done') return this.orFail(intent, state, before, 'what it is set to could not be read');
    await this.tell(intent, { kind: 'ReportPrepared', before: before.value, now: this.now() }, 'prepared');
    return { again: 0 };
  }

  private async goOver(intent: Attempt, state: KnownStationMove, target: MoveTarget): Next {
    const { stationId } = intent;
    const { before } = state;
    if (before === undefined) return DONE;
    const pointed =
      before.priority === ''
        ? await this.steps.point16(stationId, keysOf(target, await this.vendorOf(stationId)), target, before)
        : await this.steps.point2(stationId, target, before);
    if (pointed.kind === 'refused') await this.steps.restore(stationId, before);
    if (pointed.kind !== 'done') return this.orFail(intent, state, pointed, 'it does not take the new address');
    // Before it is told: it may be gone before it answers, and is on its way then.
    await this.tell(intent, { kind: 'ReportSwitched', now: this.now() }, 'switched');
    return this.restart(intent, before);
  }

  /** Again until it answers; how long is up to who asks. */
  private async restart(intent: Attempt, before: MoveBefore): Next {
    const { stationId, data } = intent;
    const restarted = await this.steps.restart(stationId);
    if (restarted.kind === 'away') return { ...LATER, data };
    if (restarted.kind === 'done') return { again: LOOK_MS, data: { ...data, restarts: true } };
    await this.steps.restore(stationId, before);
    return this.end(intent, 'Failed', `it does not start again: ${restarted.reason}`);
  }

  private async leave(intent: Attempt, state: KnownStationMove, move: MoveAttributes): Next {
    const connection = await this.parts.line.lookUp(intent.stationId);
    if (connection === 'unknown') return LATER;
    const { awaySince = isoTime(this.now()), ...here } = intent.data;
    if (connection === 'none') {
      if (state.confirmedBy !== '') return this.end(intent, 'Moved', '');
      const problem = await this.health.problemOf(move.target, intent.stationId);
      if (problem === '') {
        await this.tell(intent, { kind: 'ConfirmStation', by: 'health address', now: this.now() }, 'health');
        return this.end(intent, 'Moved', '');
      }
      const leftMs = move.healthMinutes * 60_000 - (this.now() - Date.parse(awaySince));
      if (leftMs > 0) return { again: Math.min(LOOK_MS, leftMs), data: { ...here, awaySince } };
      if (problem === NOT_ASKED) return { again: LOOK_MS, data: { ...here, awaySince } };
      if (problem !== undefined)
        return this.end(
          intent,
          'Failed',
          `its health address did not say within ${move.healthMinutes} min that it has arrived: ${problem}`,
        );
      return move.confirm
        ? this.end(intent, 'Failed', `nobody said within ${move.healthMinutes} min that it has arrived`)
        : this.end(intent, 'Moved', '');
    }
    // It has not gone yet: a transaction may have to end first.
    if ((connection.connectedAt ?? '') <= state.switchedAt) {
      if (this.now() - Date.parse(state.switchedAt) >= REACH_MS)
        return this.end(intent, 'Failed', 'it was told to start again and did not within a day');
      if (here.restarts !== true && state.before !== undefined) return this.restart({ ...intent, data: here }, state.before);
      return { again: LOOK_MS, data: here };
    }
    const staysMs = this.stays(connection);
    if (staysMs > 0) return { again: Math.min(LOOK_MS, staysMs), data: here };
    return this.end(intent, 'CameBack', 'it was away and is connected here again');
  }

  /** Once it is here for good, it is set to what it was before, so that it does not go away again with its next start. */
  private async comeBack(intent: Attempt, state: KnownStationMove): Next {
    const { before } = state;
    if (before === undefined || state.restoredAt !== '') return DONE;
    const connection = await this.parts.line.connectionOf(intent.stationId);
    if (connection === undefined) return { again: AWAY_LOOK_MS };
    const staysMs = this.stays(connection);
    if (staysMs > 0) return { again: Math.min(LOOK_MS, staysMs) };
    const restored = await this.steps.restore(intent.stationId, before);
    if (restored.kind === 'away') return LATER;
    const reason = restored.kind === 'refused' ? `it is here again and does not take back its old setting: ${restored.reason}` : '';
    await this.tell(intent, { kind: 'ReportRestored', reason, now: this.now() }, 'restored');
    return DONE;
  }

  /** Booted here since its turn came, and a connector in service. */
  private async arrive(intent: Attempt, state: KnownStationMove, move: MoveAttributes): Next {
    const { stationId } = intent;
    const status = await this.parts.statuses.get(stationId);
    const booted = (status?.lastBootAt ?? '') >= state.startedAt;
    const inService = status?.connectors.some((each) => each.status === 'Available' || each.status === 'Occupied') === true;
    if (status?.connected === true && booted && inService) return this.end(intent, 'Moved', '');
    const leftMs = move.healthMinutes * 60_000 - (this.now() - Date.parse(state.startedAt));
    if (leftMs > 0) return { again: Math.min(LOOK_MS, leftMs) };
    const missing =
      status?.connected !== true ? 'it is not connected here' : booted ? 'none of its connectors is in service' : 'it did not boot here';
    return this.end(intent, 'Failed', `${missing} after ${move.healthMinutes} min`);
  }

  private async vendorOf(stationId: string): Promise<string> {
    return (await this.parts.memory.docs([stationId])).get(stationId)?.vendor ?? '';
  }

  private stays(connection: connectionV1.Connection): number {
    return this.parts.fallbackMs - (this.now() - Date.parse(connection.connectedAt ?? ''));
  }

  private unreached(intent: Attempt, state: KnownStationMove, next: Step<StationMoveData> = { again: LOOK_MS }): Next {
    const waitedMs = this.now() - Date.parse(state.startedAt);
    return waitedMs < REACH_MS
      ? Promise.resolve(next)
      : this.end(intent, 'Failed', 'it could not be reached for a day after its turn had come');
  }

  private orFail(intent: Attempt, state: KnownStationMove, step: Exclude<Stepped<unknown>, { readonly kind: 'done' }>, what: string): Next {
    return step.kind === 'away' ? this.unreached(intent, state, LATER) : this.end(intent, 'Failed', `${what}: ${step.reason}`);
  }

  private async end(intent: Attempt, outcome: 'Moved' | 'Failed' | 'CameBack' | 'Cancelled', reason: string): Next {
    const after = await this.tell(intent, { kind: 'EndStation', outcome, reason, now: this.now() }, 'ended');
    // What was told to it is waited for to be taken back.
    return after.state.kind === 'stationMove' && after.state.before !== undefined ? { again: LOOK_MS } : DONE;
  }

  private tell({ stationId, data }: Attempt, command: StationMoveCommand, what: string) {
    const id = stationMoveId(data.moveId, stationId);
    return this.parts.streams.stations.one(id, command, `${id}:${what}`);
  }

  private now(): number {
    return this.parts.context.clock.now();
  }
}
