/** A reservation that counts against its token, wherever it is. */
export interface Claim {
  readonly reservationId: string;
  readonly stationId: string;
  /** ISO 8601; until then it counts. */
  readonly expiresAt: string;
  /** When it was made, ISO 8601. */
  readonly at: string;
}

export type ClaimOutcome = { readonly kind: 'claimed'; readonly claims: readonly Claim[] } | { readonly kind: 'full' };

/**
 * Takes a place among the active reservations of a token. What has expired counts no more; the same reservation counts once.
 *
 * @param max 0: no limit
 * @param now ISO 8601
 */
export function claim(claims: readonly Claim[], wanted: Claim, max: number, now: string): ClaimOutcome {
  const others = claims.filter(({ reservationId, expiresAt }) => expiresAt > now && reservationId !== wanted.reservationId);
  return max > 0 && others.length >= max ? { kind: 'full' } : { kind: 'claimed', claims: [...others, wanted] };
}
