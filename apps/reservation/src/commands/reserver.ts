import { createHash } from 'node:crypto';
import { RequestError } from '@voltlog/kernel';
import type { MovedFrom, Obstacle } from '@voltlog/reservation-contract';
import {
  keepFreeMsOf,
  type PlacementRefusal,
  place,
  policyRefusal,
  type Reserve,
  type ReserveRefusal,
  reserverKey,
} from '@voltlog/reservation-domain';
import type { ServiceContext } from '@voltlog/service';
import type { Count } from '@voltlog/telemetry';
import type { CalendarRepository } from '../store/calendar-repository.js';
import type { ReservationDoc } from '../store/documents.js';
import type { TokenClaims } from '../store/token-claims.js';
import { type Refusal, refusal } from './refusals.js';
import { idOfKey } from './reservation-id.js';
import type { StationDirectory, StationEntry } from './station-directory.js';
import type { TokenCheck } from './token-check.js';

/** Stations of a site that are tried one after the other. */
const STATIONS_TRIED_MAX = 200;
/** The rank of a station that looks taken. */
const TAKEN = 2;

/** A checked request. */
export interface ReserveWish {
  /** Empty: any station of the site. */
  readonly stationId: string;
  readonly siteId: string;
  /** 0: any. */
  readonly evseId: number;
  readonly connectorType: string | undefined;
  readonly idToken: { readonly idToken: string; readonly type: string };
  readonly groupId: string | undefined;
  /** For the group alone: `idToken` is the group's own. */
  readonly forGroup: true | undefined;
  /** Milliseconds since the Unix epoch; undefined: now. */
  readonly startsAt: number | undefined;
  /** undefined: as long as the policy's default. */
  readonly expiresAt: number | undefined;
  readonly idempotencyKey: string;
  /** The reservation it stands in for: it counts in its place among those of the token. */
  readonly movedFrom?: MovedFrom;
}

/** A place that is refused here may be free at the next station. */
const NEXT_STATION: ReadonlySet<ReserveRefusal> = new Set<PlacementRefusal | 'StationNotInService'>([
  'ConnectorTypeUnknown',
  'EvseOutOfService',
  'NoEvseFree',
  'StationNotInService',
]);

/**
 * Decides at once whether there is a hold: the policy of the site, whether the token may charge there, its other reservations, then the
 * calendar of a station.
 */
export class Reserver {
  private readonly confirmed: Count;
  private readonly refused: Count;
  /** By reservation id. */
  private readonly underway = new Map<string, Promise<ReservationDoc>>();

  constructor(
    private readonly context: ServiceContext,
    private readonly repository: CalendarRepository,
    private readonly claims: TokenClaims,
    private readonly directory: StationDirectory,
    private readonly tokens: TokenCheck,
  ) {
    const help = 'Reservations that were asked for';
    this.confirmed = context.metrics.counter('voltlog_reservations_total', help, { result: 'confirmed' });
    this.refused = context.metrics.counter('voltlog_reservations_total', help, { result: 'refused' });
  }

  /** @throws {RequestError} with the refusal's word as its reason */
  reserve(wish: ReserveWish): Promise<ReservationDoc> {
    const reservationId = wish.idempotencyKey === '' ? this.context.ids.next() : idOfKey(wish.idempotencyKey);
    return this.once(wish, reservationId);
  }

  /**
   * Another EVSE for the time that is left of a reservation that let the platform choose, under an id of its own: of its station, where that
   * has one free.
   *
   * @throws {RequestError} where there is none, or the token may not charge there
   */
  reserveInstead(doc: ReservationDoc, reason: Obstacle, reservationId: string): Promise<ReservationDoc> {
    const { stationId, siteId = '', evseId, connectorType, idToken, groupId, forGroup, chosenFrom, expiresAt } = doc;
    const startsAt = Date.parse(doc.startsAt);
    const wish: ReserveWish = {
      stationId: chosenFrom === 'Site' ? '' : stationId,
      siteId,
      evseId: 0,
      connectorType,
      idToken,
      groupId,
      forGroup,
      startsAt: startsAt > this.context.clock.now() ? startsAt : undefined,
      expiresAt: Date.parse(expiresAt),
      idempotencyKey: '',
      movedFrom: { reservationId: doc.reservationId, stationId, evseId, reason },
    };
    return this.once(wish, reservationId);
  }

  /** Whoever asks again while the first answer is awaited gets that one. */
  private once(wish: ReserveWish, reservationId: string): Promise<ReservationDoc> {
    const same = this.underway.get(reservationId);
    if (same !== undefined) return same;
    const made = this.make(wish, reservationId).finally(() => this.underway.delete(reservationId));
    this.underway.set(reservationId, made);
    return made;
  }

  private async make(wish: ReserveWish, reservationId: string): Promise<ReservationDoc> {
    const known = await this.repository.reservation(reservationId);
    if (known !== undefined) return known;
    const key = reserverKey(wish);
    const { movedFrom } = wish;
    const isNew = wish.idempotencyKey === '' && movedFrom === undefined;
    const before = (isNew ? undefined : await this.claims.stationOf(key, reservationId)) ?? movedFrom?.stationId;
    const { entries, command, max } = await this.prepare(wish, reservationId);
    const comers = await this.tokens.whoMayCome(wish);
    const candidates = [...(await this.inOrder(entries, command, before))];
    const refusedBy: string[] = [];
    const why = (reason: Refusal): RequestError => refusal(reason, command.policy);
    let no: RequestError | undefined;
    for (let entry = candidates.shift(); entry !== undefined; entry = candidates.shift()) {
      const { stationId } = entry;
      const unwanted = await comers.refusalAt({ stationId, evseId: wish.evseId, startsAt: command.startsAt });
      if (unwanted !== undefined) {
        no = unwanted.isOfPlace ? (no ?? unwanted.error) : unwanted.error;
        if (!unwanted.isOfPlace) break;
        refusedBy.push(stationId);
        continue;
      }
      const claimed = { reservationId, stationId, expiresAt: new Date(command.expiresAt).toISOString() };
      const claim = await this.claims.take(key, claimed, max, refusedBy);
      if (claim.kind === 'full') {
        no = why('TokenHasReservation');
        break;
      }
      // A repetition at another instance is about to be held there: two stations must not hold the same.
      if (claim.kind === 'elsewhere') {
        const there = entries.find((each) => each.stationId === claim.stationId);
        candidates.unshift(...(there === undefined ? [] : [there]), entry);
        if (there === undefined) refusedBy.push(claim.stationId);
        continue;
      }
      const station = await this.directory.withOutages(entry);
      const outcome = await this.decide({ ...command, stationId, station });
      if (typeof outcome !== 'string') {
        if (movedFrom === undefined) this.confirmed.value += 1;
        return outcome;
      }
      no = why(outcome);
      if (!NEXT_STATION.has(outcome)) break;
      refusedBy.push(stationId);
    }
    if (movedFrom === undefined) this.refused.value += 1;
    await this.claims.release(key, reservationId);
    throw no ?? why('NoEvseFree');
  }

  /** Where it may be, under which rules. */
  private async prepare(wish: ReserveWish, reservationId: string) {
    const entries = wish.stationId === '' ? await this.directory.stationsOf(wish.siteId) : [await this.directory.station(wish.stationId)];
    const siteId = wish.stationId === '' ? wish.siteId : (entries[0]?.siteId ?? '');
    if (wish.stationId !== '' && wish.siteId !== '' && wish.siteId !== siteId) throw refusal('StationElsewhere');
    const [{ policy }, timeZone] = await Promise.all([this.repository.policy(siteId), this.directory.timeZoneOf(siteId)]);
    const now = this.context.clock.now();
    const startsAt = wish.startsAt ?? now;
    const command: Reserve = {
      kind: 'Reserve',
      reservationId,
      stationId: wish.stationId,
      siteId: siteId === '' ? undefined : siteId,
      evseId: wish.evseId,
      connectorType: wish.connectorType,
      idToken: wish.idToken,
      groupId: wish.groupId,
      forGroup: wish.forGroup,
      startsAt,
      expiresAt: wish.expiresAt ?? startsAt + policy.lengthSecondsDefault * 1_000,
      station: { inService: true, evses: [] },
      policy,
      timeZone,
      chosenFrom: wish.stationId === '' ? 'Site' : wish.evseId === 0 ? 'Station' : undefined,
      movedFrom: wish.movedFrom,
      now,
    };
    // What no station could grant needs no station, and takes no claim.
    const no = policyRefusal(command);
    if (no !== undefined) {
      if (wish.movedFrom === undefined) this.refused.value += 1;
      throw refusal(no, policy);
    }
    return { entries, command, max: wish.movedFrom === undefined ? policy.activePerTokenMax : 0 };
  }

  /** Stations that look free; racers begin at different ones. The calendar of each decides; where none looks free, that of one says why. */
  private async inOrder(entries: readonly StationEntry[], command: Reserve, before: string | undefined): Promise<readonly StationEntry[]> {
    if (entries.length <= 1) return entries;
    const taken = await this.repository.openAt(entries.map(({ stationId }) => stationId));
    const wish = {
      evseId: command.evseId,
      connectorType: command.connectorType,
      startsAt: new Date(command.startsAt).toISOString(),
      expiresAt: new Date(command.expiresAt).toISOString(),
      leadMs: Math.max(0, command.startsAt - command.now),
      keepFreeMs: keepFreeMsOf(command.policy),
    };
    const rank = ({ stationId, place: at }: StationEntry): number => {
      if (stationId === before) return 0;
      const active = (taken.get(stationId) ?? []).filter(({ state }) => state === 'Active');
      return typeof place(at, active, wish) === 'string' ? TAKEN : 1;
    };
    const from = createHash('sha256').update(command.reservationId).digest().readUInt32BE() % entries.length;
    const rotated = [...entries.slice(from), ...entries.slice(0, from)];
    const ranks = new Map(rotated.map((entry) => [entry, rank(entry)]));
    const sorted = rotated.sort((a, b) => (ranks.get(a) ?? 0) - (ranks.get(b) ?? 0));
    const free = sorted.filter((entry) => ranks.get(entry) !== TAKEN);
    return free.length === 0 ? sorted.slice(0, 1) : free.slice(0, STATIONS_TRIED_MAX);
  }

  private async decide(command: Reserve): Promise<ReservationDoc | ReserveRefusal> {
    const { stationId, reservationId } = command;
    const causationId = `reserve:${reservationId}`;
    const { refusal: no } = await this.repository.execute({ stationId, command, causationId });
    // The calendar refuses a reservation for the reasons of a reservation alone.
    if (no !== undefined) return no as ReserveRefusal;
    const doc = await this.repository.reservation(reservationId);
    if (doc === undefined) throw new Error('a reservation that was confirmed is in the read model');
    return doc;
  }
}
