import { type KnownMove, type MoveTally, mayStartWave } from '@voltlog/device-domain';
import type { ServiceContext } from '@voltlog/service';
import { DONE, type Intent, type IntentHandler, type Intents, type Step } from '../security/intents.js';
import type { MoveCollections } from './move-documents.js';
import { type MoveStreams, stationMoveId } from './move-streams.js';
import { STATION_MOVE_MS } from './station-mover.js';

/** How often a move is looked at. */
const LOOK_MS = 2_000;
/** A move is looked after for this long; then it is looked after for as long again. */
export const MOVE_MS = 30 * 86_400_000;
const ENDED = ['Moved', 'Failed', 'CameBack', 'Cancelled'] as const;

export interface MoveWorkerParts {
  readonly context: Pick<ServiceContext, 'clock'>;
  readonly collections: MoveCollections;
  readonly streams: MoveStreams;
  readonly intents: Intents;
}

/** Starts waves and stations when their turn has come, stops when too many failed. One instance at a time works on a move, by a lease. */
export class MoveWorker implements IntentHandler<object> {
  constructor(private readonly parts: MoveWorkerParts) {}

  async attempt({ stationId: moveId }: Intent<object>): Promise<Step<object>> {
    const { streams } = this.parts;
    const state = await streams.moves.state(moveId);
    if (state.kind === 'none' || state.state === 'Ended') return DONE;
    const tally = await this.tally(moveId);
    await this.tell(moveId, { kind: 'Judge', tally, now: this.now() });
    await this.wave(moveId);
    const after = await streams.moves.state(moveId);
    return after.kind === 'move' && after.state === 'Ended' ? DONE : { again: LOOK_MS };
  }

  async expired(intent: Intent<object>): Promise<Step<object>> {
    return this.attempt(intent);
  }

  /** Of those whose turn has come. */
  async tally(moveId: string): Promise<MoveTally> {
    const { stations } = this.parts.collections;
    const [moved, failed, cameBack, cancelled] = await Promise.all(ENDED.map((phase) => stations.count({ moveId, phase })));
    const bad = (failed ?? 0) + (cameBack ?? 0);
    return { failed: bad, ended: (moved ?? 0) + bad + (cancelled ?? 0) };
  }

  private async wave(moveId: string): Promise<void> {
    let move = await this.running(moveId);
    if (move === undefined) return;
    if (move.state === 'Running' && move.wave < move.waves.length && mayStartWave(move, this.now())) {
      await this.tell(moveId, { kind: 'StartWave', wave: move.wave + 1, now: this.now() });
      move = await this.running(moveId);
      if (move === undefined) return;
    }
    const { stations } = this.parts.collections;
    const of = { moveId, wave: move.wave };
    const [begun, underWay] = await Promise.all([stations.count(of), stations.count({ ...of, endedAt: '' })]);
    // They begin in this order, so that those that began need not be read again and again.
    const left = (move.stationIds[move.wave - 1] ?? []).slice(begun);
    if (move.state === 'Running') for (const id of left.slice(0, Math.max(0, move.atOnceMax - underWay))) await this.start(move, id);
    const through = left.length === 0 && underWay === 0;
    if (through && move.wave > move.wavesEnded) await this.tell(moveId, { kind: 'EndWave', wave: move.wave, now: this.now() });
    const noneLeft = move.state === 'Cancelling' ? underWay === 0 : through && move.wave === move.waves.length;
    if (noneLeft) await this.tell(moveId, { kind: 'EndMove', now: this.now() });
  }

  private async start({ moveId, wave, direction }: KnownMove, stationId: string): Promise<void> {
    const { streams, intents } = this.parts;
    const id = stationMoveId(moveId, stationId);
    const intent = { id: `move:${id}`, stationId, kind: 'MoveStation' as const, data: { moveId } };
    const kept = await intents.keep(intent, STATION_MOVE_MS);
    await streams.stations.one(id, { kind: 'StartStation', moveId, stationId, wave, direction, now: this.now() }, `${id}:started`);
    await intents.go(kept);
  }

  private async running(moveId: string): Promise<KnownMove | undefined> {
    const state = await this.parts.streams.moves.state(moveId);
    return state.kind === 'move' && state.state !== 'Ended' ? state : undefined;
  }

  /** Decided by what is: said again it decides nothing. */
  private async tell(moveId: string, command: Parameters<MoveStreams['moves']['one']>[1]): Promise<void> {
    const { wave = 0 } = 'wave' in command ? command : {};
    const id = command.kind === 'Judge' ? `${moveId}:judge:${command.now}` : `${moveId}:${command.kind}:${wave}`;
    await this.parts.streams.moves.one(moveId, command, id);
  }

  private now(): number {
    return this.parts.context.clock.now();
  }
}
