/**
 * One value of the energy register.
 *
 * `rank` is its role, which outweighs the clock: 0 the start message's own register, 1 context Transaction.Begin, 2 a reading in between,
 * 3 context Transaction.End, 4 the stop message's own register.
 */
export interface RegisterPoint {
  readonly rank: RegisterRank;
  /** By the station's clock. */
  readonly at: string;
  readonly wh: number;
}

export type RegisterRank = 0 | 1 | 2 | 3 | 4;

/** What is kept of all register values of a session, whatever their order and repetition. */
export interface RegisterSummary {
  readonly first: RegisterPoint;
  readonly last: RegisterPoint;
  readonly lowestWh: number;
  readonly highestWh: number;
}

/** The energy of a session whose register did not just rise. */
export interface PiecewiseEnergy {
  readonly energyWh: number;
  readonly fell: boolean;
  readonly jumped: boolean;
}

/** Registers of one meter told with different rounding (whole Wh, 0.01 kWh) may differ by this much without having fallen. */
export const REGISTER_TOLERANCE_WH = 10;

/** More than any charging system delivers (Megawatt Charging System: 3.75 MW). A rise above it is a change of the register, not energy. */
export const POWER_W_MAX = 4_000_000;

/** Clocks of stations are good to a minute at best. */
const SHORTEST_STEP_MS = 60_000;

/** The total order of register values: role, station's time, value. */
export function comparePoints(a: RegisterPoint, b: RegisterPoint): number {
  if (a.rank !== b.rank) return a.rank - b.rank;
  if (a.at !== b.at) return a.at < b.at ? -1 : 1;
  return a.wh - b.wh;
}

export function joinPoint(summary: RegisterSummary | undefined, point: RegisterPoint): RegisterSummary {
  if (summary === undefined) return { first: point, last: point, lowestWh: point.wh, highestWh: point.wh };
  const first = comparePoints(point, summary.first) < 0 ? point : summary.first;
  const last = comparePoints(point, summary.last) > 0 ? point : summary.last;
  const lowestWh = Math.min(summary.lowestWh, point.wh);
  const highestWh = Math.max(summary.highestWh, point.wh);
  if (first === summary.first && last === summary.last && lowestWh === summary.lowestWh && highestWh === summary.highestWh) return summary;
  return { first, last, lowestWh, highestWh };
}

/**
 * True when the first and the last register do not tell the energy: some value lies outside of them, or the rise is more than
 * can be charged in the time. {@link piecewiseEnergy} over all values tells it then.
 */
export function isIrregular(summary: RegisterSummary): boolean {
  return (
    summary.lowestWh < summary.first.wh - REGISTER_TOLERANCE_WH ||
    summary.highestWh > summary.last.wh + REGISTER_TOLERANCE_WH ||
    isJump(summary.first, summary.last)
  );
}

/** Wh between the first and the last register of a regular session. */
export function regularEnergy(summary: RegisterSummary): number {
  return Math.max(0, round(summary.last.wh - summary.first.wh));
}

/**
 * Energy over all register values, counted in pieces: a lone value that does not fit between its neighbours is a misreading and left out;
 * where the register falls for good (reset, meter replaced) or jumps, a new piece begins, and what flowed between two pieces is not counted,
 * so that nobody pays for energy that no meter shows.
 *
 * @param points in any order, with repetitions
 */
export function piecewiseEnergy(points: readonly RegisterPoint[]): PiecewiseEnergy {
  const sorted = [...points].sort(comparePoints).filter((point, i, all) => i === 0 || comparePoints(all[i - 1] ?? point, point) !== 0);
  let fell = false;
  let jumped = false;
  const kept: RegisterPoint[] = [];
  for (let i = 0; i < sorted.length; i++) {
    const point = sorted[i];
    const before = kept.at(-1);
    const after = sorted[i + 1];
    if (point === undefined) continue;
    if (before !== undefined && after !== undefined && !isFall(before, after) && !isJump(before, after)) {
      if (isFall(before, point)) {
        fell = true;
        continue;
      }
      if (isFall(point, after)) {
        jumped = true;
        continue;
      }
    }
    kept.push(point);
  }
  let energyWh = 0;
  let from = kept[0];
  for (const point of kept) {
    if (from === undefined) break;
    if (isFall(from, point)) {
      fell = true;
      from = point;
    } else if (isJump(from, point)) {
      jumped = true;
      from = point;
    } else if (point.wh > from.wh) {
      energyWh += point.wh - from.wh;
      from = point;
    }
  }
  return { energyWh: round(energyWh), fell, jumped };
}

const isFall = (from: RegisterPoint, to: RegisterPoint): boolean => to.wh < from.wh - REGISTER_TOLERANCE_WH;

function isJump(from: RegisterPoint, to: RegisterPoint): boolean {
  const rise = to.wh - from.wh;
  // Cheap bound first: nothing below it can be a jump, whatever the clocks say.
  if (rise * 3_600_000 <= POWER_W_MAX * SHORTEST_STEP_MS) return false;
  const stepMs = Math.max(SHORTEST_STEP_MS, Date.parse(to.at) - Date.parse(from.at));
  return rise * 3_600_000 > POWER_W_MAX * stepMs;
}

/** Registers come as decimal fractions of kWh; sums are kept to a millionth of a Wh so that 0.1 + 0.2 is 0.3. */
export const round = (wh: number): number => Math.round(wh * 1e6) / 1e6;
