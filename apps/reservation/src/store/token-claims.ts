import { isoTime, OperatingError } from '@voltlog/kernel';
import { type Claim, type ClaimOutcome, claim } from '@voltlog/reservation-domain';
import type { ServiceContext } from '@voltlog/service';
import type { Collections } from './documents.js';

/** Tries to write the claims of a token that others write as well. */
const TRIES_MAX = 16;
/** A claim whose reservation never came to be (a crash in between) counts no more after it, milliseconds: many times what one takes. */
const ORPHAN_MS = 20_000;
/** How long, and how often, a claim is looked at again whose reservation is being decided, milliseconds. */
const UNDECIDED_MS = 2_000;
const LOOK_MS = 50;

/**
 * How many reservations a token has, over all stations. A claim is written before the hold is decided and with the version it was read
 * at, so two reservations at once cannot both take the last place. Only a claim whose hold was refused is given back; any other that is in
 * the way is looked up, and goes when its reservation has ended, or never came to be.
 */
export class TokenClaims {
  constructor(
    private readonly context: ServiceContext,
    private readonly collections: Pick<Collections, 'claims' | 'reservations'>,
  ) {}

  /** The station at which this reservation was claimed before: a repetition of a request that was cut short. */
  async stationOf(tokenKey: string, reservationId: string): Promise<string | undefined> {
    const doc = await this.collections.claims.get(tokenKey);
    return doc?.claims.find((each) => each.reservationId === reservationId)?.stationId;
  }

  /**
   * @param max 0: no limit
   * @param refusedBy stations that have refused this reservation
   * @returns `full`: the token has its share already; `elsewhere`: a repetition of the same request is at that station
   * @throws {OperatingError} `TokenContended` when others kept writing, or when it is not known whether another request came to be
   */
  async take(tokenKey: string, wanted: Omit<Claim, 'at'>, max: number, refusedBy: readonly string[]): Promise<ClaimOutcome> {
    for (let tries = 0, looks = 0; tries < TRIES_MAX; ) {
      const doc = await this.collections.claims.get(tokenKey);
      const now = isoTime(this.context.clock.now());
      const known = doc?.claims ?? [];
      const version = doc?.version ?? 0;
      const own = { ...wanted, at: now };
      let outcome = claim(known, own, max, now, refusedBy);
      if (outcome.kind === 'full') {
        const { active, undecided } = await this.standing(known);
        outcome = claim([...active, ...undecided], own, max, now, refusedBy);
        // Nobody is told of a reservation that may never come to be.
        if (outcome.kind === 'full' && claim(active, own, max, now, refusedBy).kind === 'claimed') {
          if (looks >= UNDECIDED_MS / LOOK_MS)
            throw new OperatingError('TokenContended', 'another request for the same token is not decided yet: ask again');
          looks += 1;
          await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
          continue;
        }
      }
      if (outcome.kind !== 'claimed') return outcome;
      tries += 1;
      const [written] = await this.collections.claims.upsert([
        { doc: { id: tokenKey, version: version + 1, claims: outcome.claims }, expectedVersion: version },
      ]);
      if (written === true) return outcome;
    }
    throw new OperatingError('TokenContended', 'the reservations of a token changed too often to be counted');
  }

  /** Gives back what came to nothing. */
  async release(tokenKey: string, reservationId: string): Promise<void> {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const doc = await this.collections.claims.get(tokenKey);
      if (doc === undefined || !doc.claims.some((each) => each.reservationId === reservationId)) return;
      const claims = doc.claims.filter((each) => each.reservationId !== reservationId);
      const [written] = await this.collections.claims.upsert([
        { doc: { ...doc, version: doc.version + 1, claims }, expectedVersion: doc.version },
      ]);
      if (written === true) return;
    }
  }

  /** Claims whose reservation is active, and those whose may still come to be. */
  private async standing(claims: readonly Claim[]): Promise<{ readonly active: readonly Claim[]; readonly undecided: readonly Claim[] }> {
    const docs = await this.collections.reservations.getMany(claims.map(({ reservationId }) => reservationId));
    const young = isoTime(this.context.clock.now() - ORPHAN_MS);
    const undecided = claims.filter(({ reservationId, at }) => !docs.has(reservationId) && at > young);
    return { active: claims.filter(({ reservationId }) => docs.get(reservationId)?.state === 'Active'), undecided };
  }
}
