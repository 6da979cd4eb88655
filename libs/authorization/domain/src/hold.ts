import { tokenKey } from './token-id.js';

/** An EVSE that is held for somebody: a reservation, as far as it matters to whoever else comes. */
export interface Hold {
  readonly reservationId: string;
  readonly stationId: string;
  readonly evseId: number;
  /** EVSEs the station has. */
  readonly stationEvses: number;
  readonly tokenKey: string;
  /** Key of the group whose tokens may use it too. */
  readonly groupKey?: string;
  /** ISO 8601; held from it on, and no more from `expiresAt` on. */
  readonly startsAt: string;
  readonly expiresAt: string;
  /** Before that, others are to be gone from then on; absent: they may charge until it begins, and stay. */
  readonly keptFrom?: string;
}

/**
 * May this token not charge there, since it is held for others? Where no EVSE is told (Authorize of every version) only when every EVSE of the
 * station is.
 *
 * @param holds of one station
 * @param asked `evseId` 0: not told; `at` ISO 8601
 */
export function isHeldForOthers(
  holds: Iterable<Hold>,
  asked: { readonly evseId: number; readonly idToken: string; readonly groupId: string | undefined; readonly at: string },
): boolean {
  const key = tokenKey(asked.idToken);
  const groupKey = asked.groupId === undefined ? undefined : tokenKey(asked.groupId);
  const others = new Set<number>();
  let evses = 0;
  const holding = [...holds].filter(
    (hold) => beginOf(hold) <= asked.at && asked.at < hold.expiresAt && (asked.evseId === 0 || hold.evseId === asked.evseId),
  );
  for (const hold of holding) {
    // Whoever comes next waits for the end of the one before.
    if (holding.some((before) => isBefore(before, hold))) continue;
    if (isFor(hold, key, groupKey)) return false;
    others.add(hold.evseId);
    evses = Math.max(evses, hold.stationEvses);
  }
  return asked.evseId === 0 ? evses > 0 && others.size >= evses : others.size > 0;
}

/**
 * Until when a token may charge at an EVSE that is held for others later; undefined: nobody waits for that.
 *
 * @param asked `at` ISO 8601
 */
export function freeUntil(
  holds: Iterable<Hold>,
  asked: { readonly evseId: number; readonly idToken: string; readonly groupId: string | undefined; readonly at: string },
): string | undefined {
  const key = tokenKey(asked.idToken);
  const groupKey = asked.groupId === undefined ? undefined : tokenKey(asked.groupId);
  const here = [...holds].filter(({ evseId }) => evseId === asked.evseId);
  let until: string | undefined;
  for (const hold of here) {
    const { keptFrom, startsAt } = hold;
    if (keptFrom === undefined || startsAt <= asked.at || isFor(hold, key, groupKey)) continue;
    // Whoever holds it before has the whole of their slot.
    const free = here.reduce((from, before) => (isBefore(before, hold) && before.expiresAt > from ? before.expiresAt : from), keptFrom);
    const end = free > asked.at ? free : startsAt;
    if (until === undefined || end < until) until = end;
  }
  return until;
}

const beginOf = ({ keptFrom, startsAt }: Hold): string => keptFrom ?? startsAt;

/** Of two on the same EVSE, which never overlap but for the time before. */
const isBefore = (a: Hold, b: Hold): boolean => a.evseId === b.evseId && a.startsAt < b.startsAt;

const isFor = (hold: Hold, key: string, groupKey: string | undefined): boolean =>
  hold.tokenKey === key || (groupKey !== undefined && hold.groupKey === groupKey);
