import type { LimitDimension, MilestoneKind, ReachedLimit, SessionEnd } from '@voltlog/session-contract';
import type { FreedClaim, SessionClaims } from './claims.js';
import { effectiveEnd, energyOf, isAssumed } from './outcome.js';
import type { Readings } from './readings.js';
import { REGISTER_TOLERANCE_WH } from './registers.js';

/** A milestone that is reached and was not announced yet. */
export interface DueMilestone {
  readonly milestone: MilestoneKind;
  readonly occurrence: number;
  readonly at: string;
  readonly receivedAt: string;
  readonly percent?: number;
  readonly dimension?: LimitDimension;
  readonly errorCode?: string;
}

/** Stations that flap do not make a stream long: so often each milestone is announced of one session. */
export const OCCURRENCES_MAX = 20;

/** The connector may be told free this much before the transaction's end: stations send the two in either order. */
const FREED_SLACK_MS = 60_000;

const BATTERY_FULL_PERCENT = 100;

/** Words of a station that keeps the limit by itself. Source: OCPP 2.1 ReasonEnumType, TriggerReasonEnumType. */
const LIMIT_REASONS: Readonly<Record<string, LimitDimension>> = {
  EnergyLimitReached: 'energy',
  TimeLimitReached: 'duration',
  CostLimitReached: 'cost',
  SOCLimitReached: 'stateOfCharge',
  SoCLimitReached: 'stateOfCharge',
};

/** What rests by the charging state that was told last. Source: OCPP 2.1 ChargingStateEnumType. */
const RESTS: Readonly<Record<string, MilestoneKind>> = {
  EVConnected: 'ParkingStarted',
  SuspendedEV: 'SuspendedByVehicle',
  SuspendedEVSE: 'SuspendedByStation',
};

/**
 * Milestones that claims and readings show and that were not announced, in the order they come in a session. Pure: what was announced is
 * part of the claims, so that no repetition announces again.
 *
 * @param batteryPercent the mark of `BatteryAt`
 */
export function dueMilestones(claims: SessionClaims, readings: Readings, batteryPercent: number): readonly DueMilestone[] {
  if (claims.identity === undefined) return [];
  const due: DueMilestone[] = [];
  const end = effectiveEnd(claims, readings);
  const heardAt = readings.lastReceivedAt ?? claims.start?.receivedAt ?? end?.receivedAt ?? '';
  const flowedAt = has(claims, 'ChargingStarted') ? undefined : chargingSince(claims, readings);
  if (flowedAt !== undefined) due.push({ milestone: 'ChargingStarted', occurrence: 1, at: flowedAt, receivedAt: heardAt });
  const top = readings.stateOfChargeTop;
  if (top !== undefined && top.value >= batteryPercent && !hasBattery(claims, batteryPercent))
    due.push({ milestone: 'BatteryAt', occurrence: 1, at: top.at, receivedAt: heardAt, percent: batteryPercent });
  if (top !== undefined && top.value >= BATTERY_FULL_PERCENT && !has(claims, 'BatteryFull'))
    due.push({ milestone: 'BatteryFull', occurrence: 1, at: top.at, receivedAt: heardAt });
  rest(due, claims, heardAt);
  if (claims.fault !== undefined && isNewFault(claims, claims.fault.at))
    pushResting(due, claims, { milestone: 'Faulted', ...claims.fault });
  faultCleared(due, claims);
  if (end !== undefined) ended(due, claims, { end, freed: freedAfter(claims, readings) });
  return due;
}

/** When the connector of an ended session was free; undefined: not known. */
export function freedAfter(claims: SessionClaims, readings: Readings): FreedClaim | undefined {
  const end = effectiveEnd(claims, readings);
  if (end === undefined || claims.freed === undefined) return undefined;
  const fromMs = Date.parse(end.endedAt) - FREED_SLACK_MS;
  return claims.freed.find((each) => Date.parse(each.at) >= fromMs);
}

/**
 * True while an ended session's connector is not known to be free: its driver may still be told. A station that tells no states while it
 * charges will not tell that one either.
 */
export const awaitsUnplug = (claims: SessionClaims): boolean =>
  claims.reported !== undefined && claims.charging !== undefined && !has(claims, 'SessionEnded');

/** True when a limit that the station reached was announced since it said so. */
export const isTold = ({ milestones }: SessionClaims, { dimension, receivedAt }: ReachedLimit): boolean =>
  milestones?.some((known) => known.milestone === 'LimitReached' && known.dimension === dimension && known.receivedAt >= receivedAt) ===
  true;

/** The dimension of a word of OCPP 2.1 TriggerReasonEnumType; undefined: it is about no limit. */
export const limitDimensionOf = (triggerReason: string | undefined): LimitDimension | undefined => LIMIT_REASONS[triggerReason ?? ''];

/** The dimension whose limit the station says it stopped for. */
export const limitReasonOf = (end: SessionEnd | undefined): LimitDimension | undefined =>
  LIMIT_REASONS[end?.stoppedReason ?? ''] ?? LIMIT_REASONS[end?.triggerReason ?? ''];

export const reachedOf = (claims: SessionClaims, dimension: LimitDimension): number =>
  count(claims, (known) => known.milestone === 'LimitReached' && known.dimension === dimension);

/** By what was told where the station tells charging states; else by what the register shows. */
function chargingSince(claims: SessionClaims, readings: Readings): string | undefined {
  if (readings.chargingSince !== undefined) return readings.chargingSince;
  if (claims.charging?.value === 'Charging') return claims.charging.at;
  return energyOf(claims, readings) > REGISTER_TOLERANCE_WH ? (readings.lastReadingAt ?? claims.start?.startedAt) : undefined;
}

function rest(due: DueMilestone[], claims: SessionClaims, receivedAt: string): void {
  const { charging } = claims;
  const milestone = charging === undefined ? undefined : RESTS[charging.value];
  if (charging?.limitReached !== undefined) return limitKept(due, claims, { ...charging.limitReached, at: charging.at });
  if (charging !== undefined && milestone !== undefined) pushResting(due, claims, { milestone, at: charging.at, receivedAt });
}

/** The station reached a limit and waits: told of once, by this or by the stop that is asked for because of it. */
function limitKept(
  due: DueMilestone[],
  claims: SessionClaims,
  { dimension, at, receivedAt }: ReachedLimit & { readonly at: string },
): void {
  const occurrence = reachedOf(claims, dimension) + 1;
  if (claims.stop?.cause === 'Limit' && claims.stop.withdrawn !== true) return;
  if (isTold(claims, { dimension, receivedAt }) || occurrence > OCCURRENCES_MAX) return;
  due.push({ milestone: 'LimitReached', occurrence, at, receivedAt, dimension });
}

function faultCleared(due: DueMilestone[], claims: SessionClaims): void {
  const { faultCleared: cleared, milestones } = claims;
  const fault = milestones?.findLast(({ milestone }) => milestone === 'Faulted' || milestone === 'FaultCleared');
  if (cleared === undefined || fault?.milestone !== 'Faulted' || fault.at >= cleared.at) return;
  due.push({ milestone: 'FaultCleared', occurrence: fault.occurrence, ...cleared });
}

/** One from before energy flowed again, or from before it was said to be over, is none. */
function isNewFault({ milestones, charging, faultCleared: cleared }: SessionClaims, at: string): boolean {
  if (cleared !== undefined && cleared.at > at) return false;
  const before = milestones?.filter((known) => known.milestone === 'Faulted') ?? [];
  return before.length === 0 || (before.every((known) => known.at < at) && !(charging !== undefined && charging.at > at));
}

function ended(due: DueMilestone[], claims: SessionClaims, { end, freed }: { end: SessionEnd; freed: FreedClaim | undefined }): void {
  const { endedAt: at, receivedAt } = end;
  const dimension = limitReasonOf(end);
  if (dimension !== undefined && reachedOf(claims, dimension) === 0)
    due.push({ milestone: 'LimitReached', occurrence: 1, at, receivedAt, dimension });
  if (!has(claims, 'ChargingEnded')) due.push({ milestone: 'ChargingEnded', occurrence: 1, at, receivedAt });
  if (freed === undefined) {
    const parked = !isAssumed(end) && end.stoppedReason !== 'EVDisconnected' && !due.some((each) => each.milestone === 'ParkingStarted');
    if (parked) pushResting(due, claims, { milestone: 'ParkingStarted', at, receivedAt });
  } else if (!has(claims, 'SessionEnded')) {
    due.push({ milestone: 'SessionEnded', occurrence: 1, at: freed.at < at ? at : freed.at, receivedAt: freed.receivedAt });
  }
}

function pushResting(due: DueMilestone[], claims: SessionClaims, resting: Omit<DueMilestone, 'occurrence'>): void {
  const { milestone } = resting;
  if (claims.rested?.includes(milestone)) return;
  const occurrence = count(claims, (known) => known.milestone === milestone) + 1;
  if (occurrence <= OCCURRENCES_MAX) due.push({ ...resting, occurrence });
}

const has = (claims: SessionClaims, milestone: MilestoneKind): boolean =>
  claims.milestones?.some((known) => known.milestone === milestone) ?? false;

const hasBattery = (claims: SessionClaims, percent: number): boolean =>
  claims.milestones?.some((known) => known.milestone === 'BatteryAt' && known.percent === percent) ?? false;

const count = (claims: SessionClaims, which: (known: NonNullable<SessionClaims['milestones']>[number]) => boolean): number =>
  claims.milestones?.reduce((sum, known) => sum + (which(known) ? 1 : 0), 0) ?? 0;
