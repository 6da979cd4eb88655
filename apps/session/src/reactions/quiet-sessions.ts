import type { Clock } from '@voltlog/kernel';
import { isoTime } from '@voltlog/kernel';
import { effectiveEnd, type Readings } from '@voltlog/session-domain';
import { TimerLoop, type TimerStore } from '@voltlog/store';
import type { Logger } from '@voltlog/telemetry';
import type { Batch } from '../intake/batch.js';
import type { SessionIntake } from '../intake/session-intake.js';
import type { SessionEntry } from '../intake/station-cache.js';
import type { SessionMetrics } from '../session-metrics.js';
import { readingsOf } from '../store/readings.js';
import type { SessionCollections, SessionDocument } from '../store/session-documents.js';

const HOUR_MS = 3_600_000;

/** Active sessions looked at in one step, so that facts are not held up. */
const STEP = 200;

export interface QuietLimits {
  readonly staleHours: number;
  readonly rebootGraceHours: number;
}

export interface QuietSessionsParts {
  readonly collections: SessionCollections;
  readonly intake: Pick<SessionIntake, 'change'>;
  readonly metrics: SessionMetrics;
  readonly timers: TimerStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: QuietLimits;
  readonly everyMs: number;
}

/** One durable timer row for the whole service: whichever instance claims it sweeps. */
const TIMER = { id: 'QuietSessionSweep', kind: 'QuietSessionSweep', payload: {} } as const;

/** The first look after a start, so that an instance that restarts often still looks. */
const FIRST_MS = 30_000;

/** A sweep over very many sessions takes its time. */
const LEASE_MS = 5 * 60_000;

/** Looks for quiet sessions again and again. */
export class QuietSessions {
  private readonly loop: TimerLoop;

  constructor(private readonly parts: QuietSessionsParts) {
    const { timers, clock, logger } = parts;
    this.loop = new TimerLoop({ timers, kind: TIMER.kind, clock, logger, leaseMs: LEASE_MS, handle: () => this.sweep() });
  }

  async start(): Promise<void> {
    const { collections, metrics, everyMs } = this.parts;
    metrics.active.value = await collections.sessions.count({ state: 'Active' });
    await this.schedule(Math.min(FIRST_MS, everyMs));
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  private async sweep(): Promise<void> {
    await sweepQuietSessions(this.parts, this.parts.clock.now());
    await this.schedule(this.parts.everyMs);
    this.parts.metrics.sweeps.value += 1;
  }

  private schedule(inMs: number): Promise<void> {
    return this.parts.timers.schedule([{ ...TIMER, dueAt: isoTime(this.parts.clock.now() + inMs) }]);
  }
}

/**
 * Goes over all active sessions: one whose station booted and never spoke of it again is closed as `StationRebooted`; one that was not
 * heard of for long is flagged `Stale`. Both are undone by the next message of the transaction.
 *
 * @returns active sessions that remain
 */
export async function sweepQuietSessions(
  parts: Pick<QuietSessionsParts, 'collections' | 'intake' | 'metrics' | 'limits'>,
  now: number,
): Promise<number> {
  const { collections, intake, limits } = parts;
  let after: string | undefined;
  do {
    const page = await collections.sessions.find({
      where: { state: 'Active' },
      sort: ['startedAt', 1],
      limit: STEP,
      ...(after === undefined ? {} : { after }),
    });
    const readings = await collections.readings.getMany(page.docs.map((document) => document.id));
    const isQuiet = (known: ReadonlyMap<string, { readonly readings: Readings }>) => (document: SessionDocument) =>
      verdict({ claims: document.claims, readings: known.get(document.id)?.readings ?? {} }, limits, now) !== undefined;
    // Most are told apart by what is stored; it may be behind by some values.
    const candidates = page.docs.filter(isQuiet(readings));
    const quiet = candidates.filter(isQuiet(await readingsOf(collections, candidates)));
    if (quiet.length > 0) {
      const stationIds = [...new Set(quiet.map((document) => document.stationId))];
      await intake.change(stationIds, (batch, entries) => closeQuiet(batch, entries, limits, now));
    }
    after = page.next;
  } while (after !== undefined);
  const active = await collections.sessions.count({ state: 'Active' });
  parts.metrics.active.value = active;
  return active;
}

function closeQuiet(batch: Batch, entries: readonly SessionEntry[], limits: QuietLimits, now: number): void {
  const at = isoTime(now);
  for (const entry of entries) {
    const found = verdict(entry, limits, now);
    const { interruption } = entry.claims;
    if (found === 'Stale') batch.record(entry, { kind: 'Stale', at }, { id: `stale#${at}` });
    if (found !== 'StationRebooted' || interruption === undefined) continue;
    const end = {
      basis: 'StationRebooted',
      endedAt: interruption.at,
      receivedAt: interruption.receivedAt,
      offline: false,
      stoppedReason: 'StationRebooted',
    } as const;
    batch.record(entry, { kind: 'Ended', end }, { id: `rebooted#${interruption.receivedAt}` });
  }
}

function verdict(
  session: Pick<SessionEntry, 'claims' | 'readings'>,
  limits: QuietLimits,
  now: number,
): 'Stale' | 'StationRebooted' | undefined {
  const { claims, readings } = session;
  if (effectiveEnd(claims, readings) !== undefined) return undefined;
  const heardAt = readings.lastReceivedAt ?? claims.start?.receivedAt;
  if (heardAt === undefined) return undefined;
  const { interruption } = claims;
  if (
    interruption !== undefined &&
    interruption.receivedAt >= heardAt &&
    now - Date.parse(interruption.receivedAt) > limits.rebootGraceHours * HOUR_MS
  )
    return 'StationRebooted';
  const flagged = claims.staleAt !== undefined && claims.staleAt >= heardAt;
  return !flagged && now - Date.parse(heardAt) > limits.staleHours * HOUR_MS ? 'Stale' : undefined;
}
