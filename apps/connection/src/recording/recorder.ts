import { randomBytes } from 'node:crypto';
import { type Clock, type IdSource, isoTime, OperatingError, RequestError } from '@voltlog/kernel';
import type { Collection } from '@voltlog/store';
import type { Logger } from '@voltlog/telemetry';
import type { RecordingChunk, RecordingRow } from './recording.schema.js';
import { type Recorded, Tape } from './tape.js';

/** How often instances look which stations are recorded, and store what they heard. */
const TICK_MS = 1_000;
/** Recordings under way at once, over all stations. */
export const ACTIVE_MAX = 50;
/** A recording is forgotten so long after it began. */
const KEEP_MS = 30 * 86_400_000;
const SWEEP_MS = 3_600_000;
/** Writes of one row that others may come in between of. */
const TRIES_MAX = 5;

/** A socket that keeps its tape at hand. */
export interface Taped extends Recorded {
  tape: Tape | undefined;
}

export interface RecorderParts {
  readonly recordings: Collection<RecordingRow>;
  readonly chunks: Collection<RecordingChunk>;
  /** A station whose socket this instance holds. */
  readonly connected: (stationId: string) => Taped | undefined;
  /** A station without a socket that this instance has heard. */
  readonly heard: (stationId: string) => Recorded | undefined;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
}

/**
 * Recordings of stations, wherever their sockets are: each instance looks every second which are wanted, and stores what it heard of them
 * with names replaced. A crash costs the last second.
 */
export class Recorder {
  private readonly tapes = new Map<string, Tape>();
  private timer: NodeJS.Timeout | undefined;
  private working: Promise<void> | undefined;
  private sweptAtMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly parts: RecorderParts) {}

  /** Looks before the first station is let in, so that nothing of a recording under way is missed. */
  async start(): Promise<void> {
    await this.tick();
    this.timer = setInterval(() => void this.tick(), TICK_MS);
    this.timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.tick();
  }

  /** A socket of the station opened here. */
  opened(station: Taped): void {
    const tape = this.tapes.get(station.stationId);
    if (tape !== undefined) this.attach(station, tape);
  }

  /** Of a station without a socket, which has nowhere to keep it; undefined: it is not recorded. */
  tapeOf(stationId: string): Tape | undefined {
    return this.tapes.get(stationId);
  }

  async begin(stationId: string, { seconds, bytesMax }: { readonly seconds: number; readonly bytesMax: number }): Promise<RecordingRow> {
    const { recordings, ids, clock } = this.parts;
    const active = await this.active();
    if (active.some((each) => each.stationId === stationId))
      throw new RequestError('FAILED_PRECONDITION', 'the station is being recorded already', 'RecordingUnderWay');
    if (active.length >= ACTIVE_MAX)
      throw new RequestError('RESOURCE_EXHAUSTED', `at most ${ACTIVE_MAX} stations are recorded at once: stop another first`);
    const now = clock.now();
    const row: RecordingRow = {
      id: ids.next(),
      version: 1,
      stationId,
      state: 'Active',
      key: randomBytes(32).toString('base64url'),
      startedAt: isoTime(now),
      until: isoTime(now + seconds * 1_000),
      endedAt: '',
      bytesMax,
      bytes: 0,
      lines: 0,
    };
    await recordings.upsert([{ doc: row, expectedVersion: 0 }]);
    await this.tick();
    return row;
  }

  /** What was said until now is stored by this instance at once, by others within a second. */
  async end(recordingId: string): Promise<RecordingRow> {
    await this.tick();
    return this.change(recordingId, (row) => (row.state === 'Active' ? this.ended(row, 'Stopped') : row));
  }

  /** Looks which recordings are wanted and stores what waits. Never rejects. */
  tick(): Promise<void> {
    this.working ??= this.work().finally(() => {
      this.working = undefined;
    });
    return this.working;
  }

  private async work(): Promise<void> {
    try {
      const active = await this.active();
      this.follow(active);
      for (const tape of this.tapes.values()) await this.store(tape);
      const now = isoTime(this.parts.clock.now());
      for (const row of active)
        if (row.until <= now) await this.change(row.id, (each) => (each.state === 'Active' ? this.ended(each, 'Expired') : each));
      // Those that ended elsewhere gave their last lines just now.
      const wanted = new Set(active.map(({ id }) => id));
      for (const [stationId, tape] of this.tapes) if (!wanted.has(tape.recording.id)) this.drop(stationId);
      await this.sweep();
    } catch (error) {
      this.parts.logger.warn({ err: error }, 'recordings could not be stored; it is tried again');
    }
  }

  private follow(active: readonly RecordingRow[]): void {
    for (const row of active) {
      if (this.tapes.get(row.stationId)?.recording.id === row.id) continue;
      const tape = new Tape(row);
      this.tapes.set(row.stationId, tape);
      const station = this.parts.connected(row.stationId);
      if (station !== undefined) this.attach(station, tape);
      else {
        const heard = this.parts.heard(row.stationId);
        if (heard !== undefined) tape.connected(this.parts.clock.now(), heard.dialect);
      }
    }
  }

  private attach(station: Taped, tape: Tape): void {
    station.tape = tape;
    tape.connected(this.parts.clock.now(), { version: station.dialect.version });
  }

  private drop(stationId: string): void {
    this.tapes.delete(stationId);
    const station = this.parts.connected(stationId);
    if (station !== undefined) station.tape = undefined;
  }

  private async store(tape: Tape): Promise<void> {
    const cut = tape.cut();
    if (cut === undefined) return;
    const { chunks, ids } = this.parts;
    const recordingId = tape.recording.id;
    await chunks.upsert([{ doc: { id: ids.next(), recordingId, at: isoTime(cut.atMs), lines: cut.lines }, likelyNew: true }]);
    tape.kept(cut);
    const bytes = cut.lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
    const after = await this.change(recordingId, (row) => {
      const more = { ...row, bytes: row.bytes + bytes, lines: row.lines + cut.lines.length };
      return more.state === 'Active' && more.bytes >= more.bytesMax ? this.ended(more, 'Full') : more;
    });
    if (after.state !== 'Active') this.drop(after.stationId);
  }

  private ended(row: RecordingRow, state: 'Stopped' | 'Full' | 'Expired'): RecordingRow {
    return { ...row, state, key: '', endedAt: isoTime(this.parts.clock.now()) };
  }

  /** @throws {RequestError} when there is none; {OperatingError} when others wrote it all the time */
  private async change(id: string, to: (row: RecordingRow) => RecordingRow): Promise<RecordingRow> {
    const { recordings } = this.parts;
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const row = await recordings.get(id);
      if (row === undefined) throw new RequestError('NOT_FOUND', `there is no recording ${id}`);
      const next = to(row);
      if (next === row) return row;
      const doc = { ...next, version: row.version + 1 };
      const [written] = await recordings.upsert([{ doc, expectedVersion: row.version }]);
      if (written === true) return doc;
    }
    throw new OperatingError('Contention', 'the recording was written by others all the time');
  }

  private async active(): Promise<readonly RecordingRow[]> {
    return (await this.parts.recordings.find({ where: { state: 'Active' }, limit: ACTIVE_MAX })).docs;
  }

  private async sweep(): Promise<void> {
    const now = this.parts.clock.now();
    if (now - this.sweptAtMs < SWEEP_MS) return;
    this.sweptAtMs = now;
    const before = isoTime(now - KEEP_MS);
    const { docs } = await this.parts.recordings.find({ where: { startedAt: { $lt: before } }, sort: ['startedAt', 1], limit: 100 });
    for (const { id } of docs) await this.forget(id);
  }

  /** With all its lines. */
  async forget(id: string): Promise<void> {
    await this.parts.chunks.deleteWhere({ recordingId: id });
    await this.parts.recordings.delete([id]);
  }
}
