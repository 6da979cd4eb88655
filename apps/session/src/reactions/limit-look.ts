import { type Clock } from '@voltlog/kernel';
import type { SessionLimit } from '@voltlog/session-contract';
import {
  effectiveEnd,
  energyOf,
  isMeant,
  type LimitProgress,
  type LimitVerdict,
  limitOf,
  noteMeterValue,
  type Readings,
  type RegisterPoint,
  type SessionClaims,
  trueTime,
  watchLimit,
} from '@voltlog/session-domain';
import type { StationCommands } from '../commands/station-commands.js';
import type { MeterValueDocument, SessionCollections } from '../store/session-documents.js';
import { meterValueRange } from '../store/session-documents.js';

/** Values that tell power and rates. */
const VALUES = 8;
/** Between two readings, where only one came yet, and at most. */
const INTERVAL_MS = 60_000;
const INTERVAL_MS_MAX = 15 * 60_000;
/** A station that was told the limit keeps it by itself; it is helped when it is this late. */
const OWN_LIMIT_GRACE_MS = 20_000;
const MS_PER_HOUR = 3_600_000;
/** Offers remembered. */
const OFFERS_MAX = 10_000;

/** Looks whether a session reached its limit, by what is stored of its readings. */
export class LimitLook {
  /** The limit that a 2.1 station was told of each session. */
  private readonly offered = new Map<string, string>();

  constructor(
    private readonly collections: Pick<SessionCollections, 'meterValues'>,
    private readonly commands: Pick<StationCommands, 'send'>,
    private readonly clock: Clock,
  ) {}

  /** Undefined: it has no limit, or has ended. */
  async look(sessionId: string, claims: SessionClaims, readings: Readings): Promise<LimitVerdict | undefined> {
    const limit = limitOf(claims);
    const { start } = claims;
    if (effectiveEnd(claims, readings) !== undefined) {
      this.forget(sessionId);
      return undefined;
    }
    if (limit === undefined) {
      await this.offer(sessionId, claims, {});
      return undefined;
    }
    // Without its start nothing is known of how long it runs, and little else; the start, or the next reading, comes.
    if (start === undefined) return undefined;
    const own = await this.offer(sessionId, claims, limit);
    const { docs } = await this.collections.meterValues.find({
      where: { id: meterValueRange(sessionId) },
      sort: ['id', -1],
      limit: VALUES,
    });
    const progress = progressOf({ claims, readings, values: docs, startedMs: trueTime(start.startedAt, start) }, this.clock.now());
    const said = claims.charging?.limitReached?.dimension;
    if (said !== undefined && isMeant(limit, said, progress)) return { kind: 'Reached', dimension: said };
    return watchLimit(limit, own ? { ...progress, graceMs: OWN_LIMIT_GRACE_MS } : progress);
  }

  forget(sessionId: string): void {
    this.offered.delete(sessionId);
  }

  /**
   * Tells a 2.1 station, once per limit, also that there is none any more; not of money, since it knows no price. True: it keeps the rest
   * by itself. Source: OCPP 2.1 Part 2 E16.
   */
  private async offer(sessionId: string, { identity, limit: chosen }: SessionClaims, limit: SessionLimit): Promise<boolean> {
    if (identity?.ocppVersion !== 'ocpp2.1') return false;
    const { cost: _, ...kept } = limit;
    const isNone = Object.keys(kept).length === 0;
    const before = this.offered.get(sessionId);
    // Another instance may have told it what is taken away now.
    if (isNone && before === undefined && chosen?.limit !== null) return false;
    const text = JSON.stringify(kept);
    if (before === text) return !isNone;
    const answer = await this.commands.send(identity.stationId, {
      $case: 'offerTransactionLimit',
      value: {
        transactionId: identity.transactionId,
        energyWhMax: kept.energyWh,
        timeSecondsMax: kept.durationSeconds,
        costMax: undefined,
        stateOfChargePercentMax: kept.stateOfChargePercent,
      },
    });
    if (answer.status !== 'Accepted') return false;
    this.offered.set(sessionId, text);
    for (const oldest of this.offered.keys()) {
      if (this.offered.size <= OFFERS_MAX) break;
      this.offered.delete(oldest);
    }
    return !isNone;
  }
}

interface Known {
  readonly claims: SessionClaims;
  readonly readings: Readings;
  /** Newest first. */
  readonly values: readonly MeterValueDocument[];
  readonly startedMs: number;
}

/** What the last readings of a session tell of how it goes on. */
export function progressOf({ claims, readings, values, startedMs }: Known, nowMs: number): LimitProgress {
  const times = values.filter((value) => value.samples.length > 0).map(timeOf);
  const last = times[0];
  const before = times.find((time) => last !== undefined && time < last);
  const gapMs = last === undefined || before === undefined ? INTERVAL_MS : Math.min(INTERVAL_MS_MAX, last - before);
  const registers = values.flatMap((value) => registerOf(value));
  const states = values.flatMap((value) => stateOfChargeOf(value));
  const percentPerHour = ratePerHour(states);
  return {
    nowMs,
    startedMs,
    readingMs: Math.min(nowMs, last ?? startedMs),
    energyWh: energyOf(claims, readings),
    powerW: powerOf(values) ?? ratePerHour(registers) ?? 0,
    intervalMs: gapMs,
    ...(readings.stateOfCharge === undefined ? {} : { stateOfChargePercent: readings.stateOfCharge.value }),
    ...(percentPerHour === undefined ? {} : { percentPerHour }),
    ...(claims.price === undefined ? {} : { price: claims.price }),
  };
}

type Point = readonly [atMs: number, value: number];

const timeOf = (value: MeterValueDocument): number => trueTime(value.at, { receivedAt: value.receivedAt, offline: true });

/** W of the newest value, where it tells it. */
function powerOf(values: readonly MeterValueDocument[]): number | undefined {
  const newest = values.find((value) => value.samples.length > 0);
  if (newest === undefined) return undefined;
  const readings: Readings = {};
  noteMeterValue(readings, newest);
  return readings.power?.value;
}

function registerOf(value: MeterValueDocument): Point[] {
  const points: RegisterPoint[] = [];
  noteMeterValue({}, value, points);
  return points.map(({ wh }) => [timeOf(value), wh]);
}

function stateOfChargeOf(value: MeterValueDocument): Point[] {
  const readings: Readings = {};
  noteMeterValue(readings, value);
  return readings.stateOfCharge === undefined ? [] : [[timeOf(value), readings.stateOfCharge.value]];
}

/** How fast a value rises, from the oldest to the newest of some; undefined: one only. */
function ratePerHour(points: readonly Point[]): number | undefined {
  const newest = points[0];
  const oldest = points.at(-1);
  if (newest === undefined || oldest === undefined || newest[0] <= oldest[0]) return undefined;
  return ((newest[1] - oldest[1]) / (newest[0] - oldest[0])) * MS_PER_HOUR;
}
