/** A reservation that counts against its token, wherever it is. */
export interface Claim {
  readonly reservationId: string;
  readonly stationId: string;
  /** ISO 8601; until then it counts. */
  readonly expiresAt: string;
  /** When it was made, ISO 8601. */
  readonly at: string;
}

/** `elsewhere`: the same reservation is being made at another station, by a repetition of its request. */
export type ClaimOutcome =
  | { readonly kind: 'claimed'; readonly claims: readonly Claim[] }
  | { readonly kind: 'full' }
  | { readonly kind: 'elsewhere'; readonly stationId: string };

/**
 * Takes a place among the active reservations of a token. What has expired counts no more; the same reservation counts once.
 *
 * @param max 0: no limit
 * @param now ISO 8601
 * @param before stations that have refused this reservation: from there, and from nowhere else, its claim is moved
 */
export function claim(claims: readonly Claim[], wanted: Claim, max: number, now: string, before: readonly string[] = []): ClaimOutcome {
  const own = claims.find(({ reservationId }) => reservationId === wanted.reservationId);
  if (own !== undefined && own.stationId !== wanted.stationId && !before.includes(own.stationId))
    return { kind: 'elsewhere', stationId: own.stationId };
  const others = claims.filter(({ reservationId, expiresAt }) => expiresAt > now && reservationId !== wanted.reservationId);
  return max > 0 && others.length >= max ? { kind: 'full' } : { kind: 'claimed', claims: [...others, wanted] };
}
