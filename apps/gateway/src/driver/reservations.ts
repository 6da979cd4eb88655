import { Inject, Injectable } from '@nestjs/common';
import { isDecisionReason } from '@voltlog/authorization-contract';
import { isoTime, OperatingError, RequestError } from '@voltlog/kernel';
import { reservationV1 } from '@voltlog/proto';
import { SERVICE_CONFIG, SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import { z } from 'zod';
import type { GatewayConfig } from '../config.js';
import { Problem } from '../problems/problem.js';
import { Services } from '../services.js';
import { instant, orNull } from '../views/common.js';
import { DriverLimits } from './driver-limits.js';
import { type DriverLink, DriverLinks } from './driver-links.js';
import { type Availability, type DriverEvseView, headOf, headView } from './evse.view.js';
import { type EvsePlace, evseUidOf } from './evse-uid.js';
import type { Payer } from './payers.js';
import { type Place, Places } from './places.js';

/** Milliseconds a key tells what became of a reservation after its time. */
const AFTER_MS = 24 * 3_600_000;
/** Holds that guests of one address get: a new token for each guest makes the limit by token none. */
const GUEST_HOLDS = { burst: 2, perSecond: 1 / 900 };
/** Minutes a guest may hold an EVSE that others pay for. */
const GUEST_MINUTES_MAX = 30;
/** What is later than this is of no matter to whoever starts now, milliseconds. */
const SOON_MS = 24 * 3_600_000;
/** Reservations of one station that are looked through. */
const ACTIVE_MAX = 200;
const MINUTE_MS = 60_000;

/** What a reserver finds at the station. */
const STATION_HOLDS = ['Asked', 'Held', 'Offline', 'Alone', 'Blocked'] as const;
type DriverHold = (typeof STATION_HOLDS)[number];

export const driverReservationView = z
  .object({
    ...headView,
    state: z.enum(['Active', 'Used', 'Cancelled', 'Expired']),
    startsAt: instant.nullable(),
    expiresAt: instant.nullable(),
    reason: z.string().nullable().meta({
      description:
        'why it ended: ByDriver, ByOperator, EvseOutOfService, TakenByOther, StationRetired; NoShow or StationOffline of Expired',
    }),
    stationHold: z.enum(STATION_HOLDS).nullable().meta({
      description:
        'Held: the station shows it; Asked: it is being told; Offline: it does not know of it before it is back; Alone: it does not show it, the platform lets nobody else start; Blocked: a car is in the way. null: not active',
    }),
  })
  .meta({ id: 'DriverReservation' });
type ReservationView = z.input<typeof driverReservationView>;

const STATES: Readonly<Record<string, ReservationView['state']>> = {
  [reservationV1.ReservationState.ACTIVE]: 'Active',
  [reservationV1.ReservationState.USED]: 'Used',
  [reservationV1.ReservationState.CANCELLED]: 'Cancelled',
};

/** Holds EVSEs for drivers, by keys as charges have them. */
@Injectable()
export class Reservations {
  constructor(
    private readonly services: Services,
    private readonly links: DriverLinks,
    private readonly places: Places,
    private readonly limits: DriverLimits,
    @Inject(SERVICE_CONTEXT) private readonly context: ServiceContext,
    @Inject(SERVICE_CONFIG) private readonly config: GatewayConfig,
  ) {}

  /** How long one may reserve there; `null`: not at all, or nobody can say now. */
  async offer({ station }: Place): Promise<DriverEvseView['reservation']> {
    try {
      const { policy } = await this.services.reservation.getPolicy({ siteId: station.siteId });
      if (policy?.enabled !== true) return null;
      const minutesMax = Math.floor(policy.lengthSecondsMax / 60);
      const minutesDefault = Math.min(minutesMax, Math.ceil(policy.lengthSecondsDefault / 60));
      return { minutesDefault, minutesMax, guestMinutesMax: Math.min(minutesMax, GUEST_MINUTES_MAX) };
    } catch (error) {
      return this.unknownNow(error, null);
    }
  }

  /**
   * `Reserved` where the EVSE is held or kept free for somebody now, also when its station knows nothing of that; else until when whoever
   * starts now may charge.
   */
  async around(place: Place, availability: Availability): Promise<Pick<DriverEvseView, 'availability' | 'freeUntil'>> {
    if (availability !== 'Available' && availability !== 'PluggedIn' && availability !== 'Unknown')
      return { availability, freeUntil: null };
    const now = isoTime(this.context.clock.now());
    const soon = isoTime(this.context.clock.now() + SOON_MS);
    try {
      const here = await this.activeAt(place, now);
      if (here.some(({ startsAt = '', keptFrom = startsAt }) => keptFrom <= now)) return { availability: 'Reserved', freeUntil: null };
      const [freeUntil = null] = here
        .flatMap(({ startsAt = '', keptFrom = startsAt }) => (keptFrom < startsAt && keptFrom < soon ? [keptFrom] : []))
        .sort();
      return { availability, freeUntil };
    } catch (error) {
      return this.unknownNow(error, { availability, freeUntil: null });
    }
  }

  /** Until when the reservation of this key, or one for the contract of this key or its group, holds this EVSE. */
  async heldBy(key: string | undefined, place: EvsePlace): Promise<string | undefined> {
    const link = key === undefined ? undefined : await this.links.find(key, 'Reservation', 'Contract');
    if (link?.kind === 'Contract') return this.heldForToken(link, place);
    if (link?.reservationId === undefined || link.stationId !== place.stationId || link.evseId !== place.evseId) return undefined;
    try {
      const { reservation } = await this.services.reservation.getReservation({ reservationId: link.reservationId });
      return reservation?.state === reservationV1.ReservationState.ACTIVE ? reservation.expiresAt : undefined;
    } catch (error) {
      return this.unknownNow(error, undefined);
    }
  }

  private async heldForToken({ idToken = '', idTokenType = '' }: DriverLink, place: EvsePlace): Promise<string | undefined> {
    try {
      const now = isoTime(this.context.clock.now());
      const begun = (await this.activeAt(place, now)).filter(({ startsAt = '', keptFrom = startsAt }) => keptFrom <= now);
      if (begun.length === 0) return undefined;
      const { token } = await this.services.authorization.getToken({ idToken: { idToken, type: idTokenType } });
      const groupId = token?.groupId || (await this.groupOf(token?.contractId ?? ''));
      const isTheirs = (held: reservationV1.Reservation): boolean =>
        isSame(held.idToken?.idToken ?? '', idToken) || isSame(held.groupId, groupId);
      return begun.find(isTheirs)?.expiresAt;
    } catch (error) {
      return this.unknownNow(error, undefined);
    }
  }

  /** A contract's; empty: it has none. */
  private async groupOf(contractId: string): Promise<string> {
    if (contractId === '') return '';
    return (await this.services.authorization.getContract({ contractId })).contract?.groupId ?? '';
  }

  private async activeAt({ stationId, evseId }: EvsePlace, now: string): Promise<readonly reservationV1.Reservation[]> {
    const { reservations } = await this.services.reservation.listReservations(
      reservationV1.ListReservationsRequest.fromPartial({
        stationId,
        state: reservationV1.ReservationState.ACTIVE,
        pageSize: ACTIVE_MAX,
      }),
    );
    return reservations.filter((each) => each.evseId === evseId && (each.expiresAt ?? '') > now);
  }

  /** Counts and bounds what guests hold. */
  async guestMayHold(minutes: number, address: string): Promise<void> {
    if (this.config.guestCharging === 'off') throw new Problem(403, 'guest-refused', 'Guests cannot charge here.');
    if (minutes > GUEST_MINUTES_MAX)
      throw new Problem(422, 'guest-holds-shorter', `A guest may hold a charging point for ${GUEST_MINUTES_MAX} minutes.`);
    await this.limits.take('guest hold', GUEST_HOLDS, address);
  }

  async reserve(place: Place, payer: Payer, minutes: number): Promise<{ readonly key: string; readonly reservation: ReservationView }> {
    const { stationId, evseId } = place;
    const expiresAt = isoTime(this.context.clock.now() + minutes * MINUTE_MS);
    const { key, link } = await this.links.give(
      {
        kind: 'Reservation',
        stationId,
        evseId,
        guest: payer.guest,
        idToken: payer.idToken.idToken,
        idTokenType: payer.idToken.type,
      },
      minutes * MINUTE_MS + AFTER_MS,
    );
    const wish = { stationId, evseId, siteId: place.station.siteId, idToken: payer.idToken, groupId: payer.groupId, expiresAt };
    const { reservation } = await this.held({ ...wish, idempotencyKey: link.id });
    if (reservation === undefined) throw new OperatingError('ServiceUnavailable', 'a reservation was made and not told');
    await this.links.note(link.id, { reservationId: reservation.reservationId });
    return { key, reservation: toView(reservation, place) };
  }

  /** Why a token may not charge is between the operator and whoever the contract is of. */
  private async held(wish: Partial<reservationV1.ReserveRequest>): Promise<reservationV1.ReserveResponse> {
    try {
      return await this.services.reservation.reserve(reservationV1.ReserveRequest.fromPartial(wish));
    } catch (error) {
      if (error instanceof RequestError && isDecisionReason(error.reason ?? ''))
        throw new Problem(403, 'token-refused', 'What you reserve with cannot be used here then.', { cause: error });
      throw error;
    }
  }

  async read(key: string): Promise<ReservationView> {
    const { link, reservationId } = await this.opened(key);
    const { reservation } = await this.services.reservation.getReservation({ reservationId });
    return this.shown(reservation, link);
  }

  async cancel(key: string): Promise<ReservationView> {
    const { link, reservationId } = await this.opened(key);
    const { reservation } = await this.services.reservation.cancelReservation({
      reservationId,
      reason: 'ByDriver',
      idempotencyKey: `driver ${link.id}`,
    });
    return this.shown(reservation, link);
  }

  /** @throws {Problem} 404 where the key opens no reservation */
  async opened(key: string): Promise<{ readonly link: DriverLink; readonly reservationId: string }> {
    const link = await this.links.open(key, 'Reservation');
    if (link.reservationId === undefined) throw new Problem(404, 'link-unknown', 'This reservation was refused.');
    return { link, reservationId: link.reservationId };
  }

  private async shown(reservation: reservationV1.Reservation | undefined, link: DriverLink): Promise<ReservationView> {
    if (reservation === undefined) throw new Problem(404, 'link-unknown', 'This reservation is not known.');
    return toView(reservation, await this.places.find(evseUidOf({ stationId: link.stationId ?? '', evseId: link.evseId ?? 0 })));
  }

  /** The page of an EVSE is of use without what the reservation service knows; the authorization refuses who may not start. */
  private unknownNow<T>(error: unknown, fallback: T): T {
    if (!(error instanceof OperatingError) && !(error instanceof RequestError)) throw error;
    this.context.logger.warn({ err: error }, 'reservations are not known now');
    return fallback;
  }
}

/** Ids are compared without regard to case: OCPP 1.6 §7.28, OCPP 2.0.1 Part 2 IdTokenType. */
const isSame = (one: string, other: string): boolean => one !== '' && one.toUpperCase() === other.toUpperCase();

const toView = (reservation: reservationV1.Reservation, place: Place): ReservationView => ({
  ...headOf(place),
  state: STATES[reservation.state] ?? 'Expired',
  startsAt: reservation.startsAt ?? null,
  expiresAt: reservation.expiresAt ?? null,
  reason: orNull(reservation.endReason),
  stationHold: reservation.state === reservationV1.ReservationState.ACTIVE ? holdOf(reservation) : null,
});

function holdOf({ stationHold, stationStatus }: reservationV1.Reservation): DriverHold {
  switch (stationHold) {
    case reservationV1.StationHold.HELD:
      return 'Held';
    case reservationV1.StationHold.PENDING:
    case reservationV1.StationHold.LOST:
      return stationStatus === 'Offline' ? 'Offline' : 'Asked';
    case reservationV1.StationHold.REFUSED:
    case reservationV1.StationHold.NOT_SUPPORTED:
      return stationStatus === 'Occupied' ? 'Blocked' : 'Alone';
    default:
      return 'Alone';
  }
}
