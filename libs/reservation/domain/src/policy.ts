import { type Decider, decided, isoTime, refused } from '@voltlog/kernel';
import type { OpeningHours, PolicyAttributes, ReservationPolicyEvent } from '@voltlog/reservation-contract';
import { END_OF_DAY } from './opening-hours.js';

/** What holds where nobody said anything else. */
export const DEFAULT_POLICY: PolicyAttributes = {
  enabled: true,
  leadSecondsMax: 7 * 86_400,
  lengthSecondsMax: 2 * 3_600,
  lengthSecondsDefault: 1_800,
  activePerTokenMax: 1,
  expiringNoticeSeconds: 300,
  keepFreeSeconds: 900,
  openingHours: [],
};

/** The shortest hold; less is no time to drive there. */
export const LENGTH_SECONDS_MIN = 60;
/** A charging point that nobody may use for longer earns nothing. */
const KEEP_FREE_SECONDS_LIMIT = 4 * 3_600;
const LENGTH_SECONDS_LIMIT = 7 * 86_400;
const LEAD_SECONDS_LIMIT = 365 * 86_400;
const ACTIVE_PER_TOKEN_LIMIT = 100;
/** Seven weekdays with a few openings each. */
const OPENING_HOURS_LIMIT = 50;

/** What is wrong with a policy, in words; undefined: nothing. */
export function policyProblem(policy: PolicyAttributes): string | undefined {
  const { leadSecondsMax, lengthSecondsMax, lengthSecondsDefault, activePerTokenMax, expiringNoticeSeconds, openingHours } = policy;
  const { keepFreeSeconds = 0 } = policy;
  if (!within(leadSecondsMax, 0, LEAD_SECONDS_LIMIT)) return `leadSecondsMax must be 0 to ${LEAD_SECONDS_LIMIT}`;
  if (!within(lengthSecondsMax, LENGTH_SECONDS_MIN, LENGTH_SECONDS_LIMIT))
    return `lengthSecondsMax must be ${LENGTH_SECONDS_MIN} to ${LENGTH_SECONDS_LIMIT}`;
  if (!within(lengthSecondsDefault, LENGTH_SECONDS_MIN, lengthSecondsMax))
    return `lengthSecondsDefault must be ${LENGTH_SECONDS_MIN} to lengthSecondsMax`;
  if (!within(activePerTokenMax, 0, ACTIVE_PER_TOKEN_LIMIT)) return `activePerTokenMax must be 0 to ${ACTIVE_PER_TOKEN_LIMIT}`;
  if (!within(expiringNoticeSeconds, 0, lengthSecondsMax)) return 'expiringNoticeSeconds must be 0 to lengthSecondsMax';
  if (!within(keepFreeSeconds, 0, KEEP_FREE_SECONDS_LIMIT)) return `keepFreeSeconds must be 0 to ${KEEP_FREE_SECONDS_LIMIT}`;
  if (openingHours.length > OPENING_HOURS_LIMIT) return `openingHours must have at most ${OPENING_HOURS_LIMIT} entries`;
  const wrong = openingHours.findIndex((hours) => !isOpening(hours));
  return wrong === -1 ? undefined : `openingHours[${wrong}] must have a weekday from 1 to 7 and times as HH:MM`;
}

const within = (value: number, least: number, most: number): boolean => Number.isInteger(value) && value >= least && value <= most;

const TIME = /^([01]\d|2[0-3]):[0-5]\d$/;
const isOpening = ({ weekday, from, until }: OpeningHours): boolean =>
  within(weekday, 1, 7) && TIME.test(from) && (until === END_OF_DAY || TIME.test(until));

export interface PutPolicy {
  readonly kind: 'PutPolicy';
  /** Empty: for every site that has none of its own. */
  readonly siteId: string;
  readonly policy: PolicyAttributes;
  /** 0: whatever it is. */
  readonly expectedRevision: number;
  readonly now: number;
}

export type PolicyState =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'policy';
      readonly siteId: string;
      readonly policy: PolicyAttributes;
      /** Counts events, from 1. */
      readonly revision: number;
    };

/** `RevisionMismatch`: somebody changed it in between. */
export type PolicyRefusal = 'RevisionMismatch';

/** What a site allows. */
export const policyDecider: Decider<PutPolicy, PolicyState, ReservationPolicyEvent, PolicyRefusal> = {
  initialState: { kind: 'none' },
  decide({ siteId, policy, expectedRevision, now }, state) {
    if (expectedRevision !== 0 && expectedRevision !== (state.kind === 'none' ? 0 : state.revision)) return refused('RevisionMismatch');
    if (state.kind === 'policy' && JSON.stringify(state.policy) === JSON.stringify(attributesOf(policy))) return decided();
    const data = { siteId, ...attributesOf(policy), at: isoTime(now) };
    return decided<ReservationPolicyEvent>({ type: 'voltlog.reservation.ReservationPolicyChanged.v1', data });
  },
  evolve: (state, { data }) => ({
    kind: 'policy',
    siteId: data.siteId,
    policy: attributesOf(data),
    revision: state.kind === 'none' ? 1 : state.revision + 1,
  }),
};

/** In one order of fields, so that equal policies are equal texts. */
const attributesOf = (from: PolicyAttributes): PolicyAttributes => ({
  enabled: from.enabled,
  leadSecondsMax: from.leadSecondsMax,
  lengthSecondsMax: from.lengthSecondsMax,
  lengthSecondsDefault: from.lengthSecondsDefault,
  activePerTokenMax: from.activePerTokenMax,
  expiringNoticeSeconds: from.expiringNoticeSeconds,
  ...(from.keepFreeSeconds === undefined ? {} : { keepFreeSeconds: from.keepFreeSeconds }),
  openingHours: from.openingHours.map(({ weekday, from: opens, until }) => ({ weekday, from: opens, until })),
});
