import { fold } from '@voltlog/kernel';
import type { ReservationEvent, ReservationPolicyEvent } from '@voltlog/reservation-contract';
import { type Calendar, EMPTY_CALENDAR, type PolicyState, policyDecider, withEvent } from '@voltlog/reservation-domain';
import type { Commit } from '@voltlog/store';
import { type PolicyDoc, type ReservationDoc, toReservationDoc } from './documents.js';

const STATION = 'station:';
const POLICY = 'policy:';

/** The calendar of a station. */
export const stationStream = (stationId: string): string => STATION + stationId;
/** The policy of a site; of the empty site id: of all others. */
export const policyStream = (siteId: string): string => POLICY + siteId;

/** The key on the topic: a commit of a calendar is about one reservation. */
export function topicKeyOf({ streamId, events }: Commit): string {
  if (streamId.startsWith(POLICY)) return streamId;
  const data = events[0]?.data as ReservationEvent['data'] | undefined;
  return data?.reservationId ?? streamId;
}

/** The read models that whole streams fold to; of reservations, those that `wanted` lets through. */
export function docsOf(
  streams: ReadonlyMap<string, readonly Commit[]>,
  wanted: (reservationId: string) => boolean = () => true,
): { readonly reservations: readonly ReservationDoc[]; readonly policies: readonly PolicyDoc[] } {
  const reservations: ReservationDoc[] = [];
  const policies: PolicyDoc[] = [];
  for (const [streamId, commits] of streams) {
    const version = commits.at(-1)?.version ?? 0;
    if (streamId.startsWith(POLICY)) {
      const doc = toPolicyDoc(fold(policyDecider, eventsOf<ReservationPolicyEvent>(commits)), version);
      if (doc !== undefined) policies.push(doc);
    } else if (streamId.startsWith(STATION)) {
      const calendar = eventsOf<ReservationEvent>(commits).reduce<Calendar>(withEvent, EMPTY_CALENDAR);
      for (const reservation of calendar.reservations.values())
        if (wanted(reservation.reservationId)) reservations.push(toReservationDoc(reservation, version));
    }
  }
  return { reservations, policies };
}

export function toPolicyDoc(state: PolicyState, version: number): PolicyDoc | undefined {
  if (state.kind === 'none') return undefined;
  const { siteId, policy, revision } = state;
  return { id: policyStream(siteId), version, siteId, policy, revision };
}

/** What was written as an event of the stream is one. */
const eventsOf = <Event>(commits: readonly Commit[]): Event[] =>
  commits.flatMap((commit) => commit.events.map(({ type, data }) => ({ type, data }) as Event));
