import type { SessionEvent, SessionFact, SessionMilestoneReached, SessionOutcome, SessionPrice } from '@voltlog/session-contract';
import type { AnnouncedMilestone, Claim, SessionClaims } from './claims.js';
import { joinClaim } from './claims.js';
import { contractLimitOf, overshootsOf, sessionCost } from './limits.js';
import { type DueMilestone, dueMilestones, isTold, OCCURRENCES_MAX, reachedOf } from './milestones.js';
import { byStationClock, effectiveEnd, isSkewed } from './outcome.js';
import type { Readings } from './readings.js';

/** What is known beside the session's own facts. */
export interface RecordContext {
  /** Of the station. */
  readonly siteId?: string;
  /** The price that holds at the station now. */
  readonly price?: SessionPrice;
  /** When the first price of its scope was set; absent: long ago. */
  readonly priceSince?: string;
  /** The mark of the milestone `BatteryAt`. */
  readonly batteryPercent: number;
}

type AnnouncedEvent = Extract<
  SessionEvent,
  {
    type:
      | 'voltlog.session.SessionMilestoneReached.v1'
      | 'voltlog.session.SessionPriced.v1'
      | 'voltlog.session.SessionLimitOvershot.v1'
      | 'voltlog.session.SessionLimitSet.v1';
  }
>;

interface Recorded {
  readonly identity: SessionFact;
  readonly claim: Claim;
  readonly readings: Readings;
  readonly context: RecordContext;
}

/**
 * What the claims and readings show that was not announced yet: price, contract limit, milestones, a limit that was passed.
 *
 * @param outcome of these claims and readings; no announcement changes it
 */
export function announcements(command: Recorded, claims: SessionClaims, outcome: SessionOutcome): SessionEvent[] {
  const { identity, readings, context, claim } = command;
  const events: AnnouncedEvent[] = [];
  let after = claims;
  const say = (event: AnnouncedEvent): void => {
    events.push(event);
    after = evolveAnnounced(after, event);
  };
  const { start } = claims;
  // What began, or ended, without a price is free: the driver was told of none. A start that is told late still brings one.
  const mayPrice = claim.kind === 'Started' || effectiveEnd(claims, readings) === undefined;
  const isHeld = start !== undefined && start.receivedAt >= (context.priceSince ?? '');
  if (mayPrice && isHeld && claims.price === undefined && context.price !== undefined)
    say({ type: 'voltlog.session.SessionPriced.v1', data: { ...identity, price: context.price, at: start.receivedAt } });
  // Without a start it is not known from when its time counts.
  const allowed = start === undefined ? undefined : contractLimitOf(claims);
  if (allowed !== undefined && JSON.stringify(allowed) !== JSON.stringify(claims.contractLimit?.limit))
    say({
      type: 'voltlog.session.SessionLimitSet.v1',
      data: { ...identity, limit: allowed, by: 'Contract', at: claims.token?.receivedAt ?? '' },
    });
  const due = [...dueMilestones(after, readings, context.batteryPercent), ...limitReached(after, readings, claim)];
  for (const milestone of due) say(toEvent(command, after, outcome, milestone));
  if (effectiveEnd(after, readings) !== undefined) {
    for (const overshoot of overshootsOf(after, readings)) {
      if (after.overshot?.includes(overshoot.dimension)) continue;
      const at = effectiveEnd(after, readings)?.endedAt ?? '';
      say({ type: 'voltlog.session.SessionLimitOvershot.v1', data: { ...identity, ...overshoot, at } });
    }
  }
  return events;
}

/** True when a review of the session would say something: cheap, since it is asked of every session a batch touches. */
export function hasNews(claims: SessionClaims, readings: Readings, batteryPercent: number): boolean {
  return dueMilestones(claims, readings, batteryPercent).length > 0;
}

export function evolveAnnounced(state: SessionClaims, event: AnnouncedEvent): SessionClaims {
  switch (event.type) {
    case 'voltlog.session.SessionMilestoneReached.v1':
      return milestone(state, event.data);
    case 'voltlog.session.SessionPriced.v1':
      return state.price === undefined ? { ...state, price: event.data.price } : state;
    case 'voltlog.session.SessionLimitSet.v1': {
      const { limit, by, at } = event.data;
      return joinClaim(state, { kind: 'LimitSet', limit: { limit, by, at } });
    }
    case 'voltlog.session.SessionLimitOvershot.v1':
      return { ...state, overshot: [...(state.overshot ?? []), event.data.dimension] };
  }
}

const RESTING: ReadonlySet<string> = new Set(['ParkingStarted', 'SuspendedByVehicle', 'SuspendedByStation', 'Faulted']);

function milestone(state: SessionClaims, data: SessionMilestoneReached): SessionClaims {
  const milestones = [...(state.milestones ?? []), announcedOf(data)];
  if (data.milestone === 'FaultCleared') {
    const cleared = { at: data.at, receivedAt: data.receivedAt };
    // It may break again before energy flows.
    const rested = (state.rested ?? []).filter((known) => known !== 'Faulted');
    return joinClaim({ ...state, milestones, rested }, { kind: 'FaultCleared', cleared });
  }
  if (!RESTING.has(data.milestone)) return { ...state, milestones };
  const rested = { ...state, milestones, rested: [...(state.rested ?? []), data.milestone] };
  if (data.milestone !== 'Faulted') return rested;
  const { at, receivedAt, errorCode } = data;
  return joinClaim(rested, { kind: 'Fault', fault: { at, receivedAt, ...(errorCode === undefined ? {} : { errorCode }) } });
}

function announcedOf(data: SessionMilestoneReached): AnnouncedMilestone {
  const { milestone, occurrence, at, receivedAt, stateOfChargePercent, percent, dimension } = data;
  return {
    milestone,
    occurrence,
    at,
    receivedAt,
    ...(stateOfChargePercent === undefined ? {} : { stateOfChargePercent }),
    ...(percent === undefined ? {} : { percent }),
    ...(dimension === undefined ? {} : { dimension }),
  };
}

/** The stop for a limit was asked for: once per stop, however often it is repeated. As all milestones it is told by the station's clock. */
function limitReached(claims: SessionClaims, readings: Readings, claim: Claim): readonly DueMilestone[] {
  if (claim.kind !== 'StopRequested' || claim.stop.cause !== 'Limit' || claims.stop?.attempt !== claim.stop.attempt) return [];
  const { dimension, at: receivedAt, attempt } = claim.stop;
  if (dimension === undefined || claims.stop.firstAttempt !== attempt) return [];
  const said = claims.charging?.limitReached;
  if (said?.dimension === dimension && isTold(claims, said)) return [];
  const occurrence = reachedOf(claims, dimension) + 1;
  if (occurrence > OCCURRENCES_MAX) return [];
  return [{ milestone: 'LimitReached', occurrence, at: byStationClock(receivedAt, claims, readings), receivedAt, dimension }];
}

/** Of a clock that was plainly wrong at the start it is not known how long it took by that. */
const momentOf = ({ at, receivedAt }: DueMilestone, { start }: SessionClaims): number =>
  Date.parse(start !== undefined && isSkewed(start.startedAt, start) ? receivedAt : at);

/** Where a session is, and whose: who is told of it is chosen by that. */
export function whereAndWhose(
  { token, place, start, startRequestId }: SessionClaims,
  { idToken }: Pick<SessionOutcome, 'idToken'>,
  { siteId }: Pick<RecordContext, 'siteId'>,
) {
  const { groupId, contractId } = token?.authorization ?? {};
  return {
    evseId: place?.evseId ?? start?.evseId ?? 0,
    connectorId: place?.connectorId ?? start?.connectorId ?? 0,
    ...(siteId === undefined ? {} : { siteId }),
    ...(idToken === undefined ? {} : { idToken }),
    ...(groupId === undefined ? {} : { groupId }),
    ...(contractId === undefined ? {} : { contractId }),
    ...(startRequestId === undefined ? {} : { startRequestId }),
  };
}

function toEvent(
  { identity, readings, context }: Recorded,
  claims: SessionClaims,
  outcome: SessionOutcome,
  due: DueMilestone,
): AnnouncedEvent {
  const cost = claims.price === undefined ? undefined : sessionCost(claims, readings, momentOf(due, claims));
  return {
    type: 'voltlog.session.SessionMilestoneReached.v1',
    data: {
      ...identity,
      ...due,
      ...whereAndWhose(claims, outcome, context),
      energyWh: outcome.energyWh,
      ...(readings.stateOfCharge === undefined ? {} : { stateOfChargePercent: readings.stateOfCharge.value }),
      ...(cost === undefined ? {} : { cost: cost.total }),
    },
  };
}
