import { QUIRKS, type QuirkId } from '@voltlog/connection-contract';
import { type Clock, isoTime } from '@voltlog/kernel';
import type { Collection } from '@voltlog/store';
import type { Count, Logger, Metrics } from '@voltlog/telemetry';
import type { DeviationRow } from './deviation.schema.js';

const FLUSH_MS = 2_000;
/** Kinds of deviations that wait for the store; beyond it new ones are not counted. */
const PENDING_MAX = 20_000;
/** A station's refused messages are tried with other quirks this often: it must not buy our time with broken messages. */
const TRY_MS = 1_000;
const TRIED_MAX = 10_000;
/** What was not seen for so long is forgotten. */
const KEEP_MS = 90 * 86_400_000;
const SWEEP_MS = 3_600_000;
/** Writes of one row that others may come in between of. */
const TRIES_MAX = 5;

type Pending = { -readonly [Key in keyof DeviationRow]: DeviationRow[Key] };

/** Counts how stations depart from OCPP: in memory, and every few seconds in the store, together with what other instances counted. */
export class Deviations {
  private pending = new Map<string, Pending>();
  private tried = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;
  private flushing: Promise<void> | undefined;
  private sweptAtMs = Number.NEGATIVE_INFINITY;
  private readonly counts: ReadonlyMap<string, Count>;

  constructor(
    private readonly rows: Collection<DeviationRow>,
    private readonly clock: Clock,
    private readonly logger: Logger,
    metrics: Metrics,
  ) {
    this.counts = new Map(
      QUIRKS.map(({ id }) => [
        id,
        metrics.counter('voltlog_quirks_tolerated_total', 'Messages in which a quirk was tolerated', { quirk: id }),
      ]),
    );
  }

  start(): void {
    this.timer = setInterval(() => void this.flush(), FLUSH_MS);
    this.timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.flush();
    await this.flush();
  }

  tolerated(stationId: string, quirks: readonly QuirkId[], action: string): void {
    for (const id of quirks) {
      const count = this.counts.get(id);
      if (count !== undefined) count.value += 1;
      const row = this.row(stationId, id);
      if (row === undefined) continue;
      row.tolerated += 1;
      row.lastAction = action;
    }
  }

  /** They would have mended it together. */
  refused(stationId: string, quirks: readonly QuirkId[], { action, problem }: { readonly action: string; readonly problem: string }): void {
    for (const id of quirks) {
      const row = this.row(stationId, id);
      if (row === undefined) continue;
      row.refused += 1;
      row.lastAction = action;
      row.lastProblem = problem;
    }
  }

  /** Whether a refused message may be tried with other quirks; then not again for a while. */
  mayTry(stationId: string): boolean {
    const now = this.clock.now();
    if (now - (this.tried.get(stationId) ?? Number.NEGATIVE_INFINITY) < TRY_MS) return false;
    if (this.tried.size >= TRIED_MAX) this.tried = new Map();
    this.tried.set(stationId, now);
    return true;
  }

  /** By quirk; with what this instance has not stored yet. */
  async of(stationId: string): Promise<readonly DeviationRow[]> {
    await this.flush();
    const { docs } = await this.rows.find({ where: { stationId }, limit: QUIRKS.length });
    return docs;
  }

  /** Stores what waits. Never rejects: what could not be stored is tried again. */
  flush(): Promise<void> {
    this.flushing ??= this.write().finally(() => {
      this.flushing = undefined;
    });
    return this.flushing;
  }

  private row(stationId: string, quirkId: QuirkId): Pending | undefined {
    const id = `${stationId}~${quirkId}`;
    const at = isoTime(this.clock.now());
    let row = this.pending.get(id);
    if (row === undefined) {
      if (this.pending.size >= PENDING_MAX) return undefined;
      row = { id, version: 0, stationId, quirkId, tolerated: 0, refused: 0, firstAt: at, lastAt: at, lastAction: '', lastProblem: '' };
      this.pending.set(id, row);
    }
    row.lastAt = at;
    return row;
  }

  private async write(): Promise<void> {
    let waiting = this.pending;
    this.pending = new Map();
    try {
      for (let tries = 0; waiting.size > 0 && tries < TRIES_MAX; tries++) waiting = await this.add(waiting);
      await this.sweep();
    } catch (error) {
      this.logger.warn({ err: error, rows: waiting.size }, 'deviations of stations could not be counted');
    }
    for (const row of waiting.values()) this.giveBack(row);
  }

  /** @returns those that another instance wrote in between */
  private async add(waiting: ReadonlyMap<string, Pending>): Promise<Map<string, Pending>> {
    const news = [...waiting.values()];
    const known = await this.rows.getMany(news.map(({ id }) => id));
    const written = await this.rows.upsert(news.map((row) => sum(row, known.get(row.id))));
    return new Map(news.filter((_, index) => written[index] !== true).map((row) => [row.id, row]));
  }

  private giveBack(row: Pending): void {
    const now = this.pending.get(row.id);
    if (now === undefined) this.pending.set(row.id, row);
    else {
      now.tolerated += row.tolerated;
      now.refused += row.refused;
      now.firstAt = row.firstAt;
    }
  }

  private async sweep(): Promise<void> {
    const now = this.clock.now();
    if (now - this.sweptAtMs < SWEEP_MS) return;
    this.sweptAtMs = now;
    await this.rows.deleteWhere({ lastAt: { $lt: isoTime(now - KEEP_MS) } });
  }
}

const sum = (row: DeviationRow, known: DeviationRow | undefined) => ({
  expectedVersion: known?.version ?? 0,
  doc: {
    ...row,
    version: (known?.version ?? 0) + 1,
    tolerated: row.tolerated + (known?.tolerated ?? 0),
    refused: row.refused + (known?.refused ?? 0),
    firstAt: known?.firstAt ?? row.firstAt,
    lastProblem: row.lastProblem || (known?.lastProblem ?? ''),
  },
});
