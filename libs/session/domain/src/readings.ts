import type { MeterValue, SampledValue } from '@voltlog/connection-contract';
import type { ReachedLimit } from '@voltlog/session-contract';
import type { PiecewiseEnergy, RegisterPoint, RegisterRank, RegisterSummary } from './registers.js';
import { joinPoint } from './registers.js';

/**
 * All that is kept in memory of a session's meter readings and sequence numbers. Every field is a least, a greatest or a union, so that
 * the same readings in any order, any number of times, give the same summary.
 *
 * The one who keeps it may change it in place with `note...`; all else reads it.
 */
export interface Readings {
  registers?: RegisterSummary;
  /** Set while the registers are irregular: the energy over all values. */
  piecewise?: PiecewiseEnergy;
  power?: Measured;
  stateOfCharge?: Measured;
  /** The greatest state of charge seen, and when first. */
  stateOfChargeTop?: Measured;
  charging?: ChargingState;
  /** When energy flowed first by the charging states that were told. */
  chargingSince?: string;
  /** Latest reading by the station's clock. */
  lastReadingAt?: string;
  /** When anything of the transaction was last received, our clock. */
  lastReceivedAt?: string;
  /** Sequence numbers seen, as intervals [from, to, from, to, ...] that rise and do not touch. */
  seqNos?: readonly number[];
}

export interface Measured {
  readonly at: string;
  readonly value: number;
}

/** The latest charging state: by seqNo where there is one, then by time, then by name. */
export interface ChargingState {
  readonly seqNo: number;
  readonly at: string;
  readonly value: string;
  /** What the station gives no more power for. */
  readonly limitReached?: ReachedLimit;
}

/** A station that skips more numbers than this is only flagged. */
export const SEQ_NO_INTERVALS_MAX = 64;

/** Takes one meter value in; `points` also gets its register values. */
export function noteMeterValue(readings: Readings, value: MeterValue, points?: RegisterPoint[]): void {
  const { at } = value;
  const samples = value.samples;
  let wholeRegister = false;
  let wholePower = false;
  let phases = false;
  for (const sample of samples) {
    switch (sample.measurand) {
      case 'Energy.Active.Import.Register':
        if (!isOutlet(sample)) break;
        if (sample.phase === undefined) {
          wholeRegister = true;
          notePoint(readings, { rank: rankOf(sample.context), at, wh: sample.value }, points);
        } else phases = true;
        break;
      case 'Power.Active.Import':
        if (!isOutlet(sample)) break;
        if (sample.phase === undefined) {
          wholePower = true;
          readings.power = laterOf(readings.power, at, sample.value);
        } else phases = true;
        break;
      case 'SoC':
        readings.stateOfCharge = laterOf(readings.stateOfCharge, at, sample.value);
        noteTop(readings, at, sample.value);
        break;
      default:
    }
  }
  if (phases) notePhases(readings, value, { register: !wholeRegister, power: !wholePower }, points);
  if (samples.length > 0 && (readings.lastReadingAt === undefined || at > readings.lastReadingAt)) readings.lastReadingAt = at;
}

/** Register values of one meter value. */
export function registerPoints(value: MeterValue): RegisterPoint[] {
  const points: RegisterPoint[] = [];
  noteMeterValue({}, value, points);
  return points;
}

export function noteReceived(readings: Readings, receivedAt: string): void {
  if (readings.lastReceivedAt === undefined || receivedAt > readings.lastReceivedAt) readings.lastReceivedAt = receivedAt;
}

export function noteChargingState(readings: Readings, state: ChargingState): void {
  if (readings.charging === undefined || compareStates(state, readings.charging) > 0) readings.charging = state;
  if (state.value === 'Charging' && !(readings.chargingSince !== undefined && readings.chargingSince <= state.at))
    readings.chargingSince = state.at;
}

export function noteSeqNo(readings: Readings, seqNo: number): void {
  readings.seqNos = withSeqNo(readings.seqNos ?? [], seqNo);
}

/** The join of two summaries; `piecewise` has to be computed again. */
export function joinReadings(into: Readings, other: Readings): void {
  const { registers } = other;
  if (registers !== undefined) {
    let joined = joinPoint(joinPoint(into.registers, registers.first), registers.last);
    const lowestWh = Math.min(joined.lowestWh, registers.lowestWh);
    const highestWh = Math.max(joined.highestWh, registers.highestWh);
    if (lowestWh !== joined.lowestWh || highestWh !== joined.highestWh) joined = { ...joined, lowestWh, highestWh };
    into.registers = joined;
  }
  if (other.power !== undefined) into.power = laterOf(into.power, other.power.at, other.power.value);
  if (other.stateOfCharge !== undefined)
    into.stateOfCharge = laterOf(into.stateOfCharge, other.stateOfCharge.at, other.stateOfCharge.value);
  if (other.stateOfChargeTop !== undefined) noteTop(into, other.stateOfChargeTop.at, other.stateOfChargeTop.value);
  if (other.charging !== undefined) noteChargingState(into, other.charging);
  if (other.chargingSince !== undefined && !(into.chargingSince !== undefined && into.chargingSince <= other.chargingSince))
    into.chargingSince = other.chargingSince;
  if (other.lastReadingAt !== undefined && !(into.lastReadingAt !== undefined && into.lastReadingAt >= other.lastReadingAt))
    into.lastReadingAt = other.lastReadingAt;
  if (other.lastReceivedAt !== undefined) noteReceived(into, other.lastReceivedAt);
  const theirs = other.seqNos ?? [];
  for (let i = 0; i < theirs.length; i += 2) into.seqNos = withInterval(into.seqNos ?? [], theirs[i] ?? 0, theirs[i + 1] ?? 0);
}

export function compareStates(a: ChargingState, b: ChargingState): number {
  if (a.seqNo !== b.seqNo) return a.seqNo - b.seqNo;
  if (a.at !== b.at) return a.at < b.at ? -1 : 1;
  return a.value < b.value ? -1 : a.value > b.value ? 1 : 0;
}

/** The union of intervals with one number; the same array when it is in already. */
export function withSeqNo(intervals: readonly number[], seqNo: number): readonly number[] {
  const end = intervals.length - 1;
  // The usual case: the next number of the last interval.
  if (end > 0 && intervals[end] === seqNo - 1)
    return intervals.length === 2 ? [intervals[0] ?? seqNo, seqNo] : [...intervals.slice(0, end), seqNo];
  return withInterval(intervals, seqNo, seqNo);
}

function withInterval(intervals: readonly number[], from: number, to: number): readonly number[] {
  const merged: number[] = [];
  let low = from;
  let high = to;
  let placed = false;
  for (let i = 0; i < intervals.length; i += 2) {
    const a = intervals[i] ?? 0;
    const b = intervals[i + 1] ?? 0;
    if (a <= low && b >= high) return intervals;
    if (b < low - 1) merged.push(a, b);
    else if (a > high + 1) {
      if (!placed) merged.push(low, high);
      placed = true;
      merged.push(a, b);
    } else {
      low = Math.min(low, a);
      high = Math.max(high, b);
    }
  }
  if (!placed) merged.push(low, high);
  // Keep the first numbers and the last one: enough to know that numbers are missing.
  return merged.length > SEQ_NO_INTERVALS_MAX * 2 ? [...merged.slice(0, SEQ_NO_INTERVALS_MAX * 2 - 2), ...merged.slice(-2)] : merged;
}

function notePoint(readings: Readings, point: RegisterPoint, points: RegisterPoint[] | undefined): void {
  // A register counts from 0 upwards: anything else is a broken sample.
  if (!(point.wh >= 0 && point.wh < Number.POSITIVE_INFINITY)) return;
  readings.registers = joinPoint(readings.registers, point);
  points?.push(point);
}

/** A station that only tells the phases: their sum is the value. */
function notePhases(
  readings: Readings,
  value: MeterValue,
  wanted: { register: boolean; power: boolean },
  points: RegisterPoint[] | undefined,
): void {
  let wh = Number.NaN;
  let w = Number.NaN;
  let context: string | undefined;
  for (const sample of value.samples) {
    if (!isOutlet(sample) || !isSinglePhase(sample.phase)) continue;
    if (sample.measurand === 'Energy.Active.Import.Register') {
      wh = Number.isNaN(wh) ? sample.value : wh + sample.value;
      context ??= sample.context;
    } else if (sample.measurand === 'Power.Active.Import') w = Number.isNaN(w) ? sample.value : w + sample.value;
  }
  if (wanted.register && !Number.isNaN(wh)) notePoint(readings, { rank: rankOf(context), at: value.at, wh }, points);
  if (wanted.power && !Number.isNaN(w)) readings.power = laterOf(readings.power, value.at, w);
}

const isOutlet = (sample: SampledValue): boolean => sample.location === undefined || sample.location === 'Outlet';

const isSinglePhase = (phase: string | undefined): boolean => phase !== undefined && /^L[123](-N)?$/.test(phase);

function rankOf(context: string | undefined): RegisterRank {
  return context === 'Transaction.Begin' ? 1 : context === 'Transaction.End' ? 3 : 2;
}

function noteTop(readings: Readings, at: string, value: number): void {
  const top = readings.stateOfChargeTop;
  if (top === undefined || value > top.value || (value === top.value && at < top.at)) readings.stateOfChargeTop = { at, value };
}

function laterOf(known: Measured | undefined, at: string, value: number): Measured {
  return known !== undefined && (known.at > at || (known.at === at && known.value >= value)) ? known : { at, value };
}
