import { RequestError } from '@voltlog/kernel';
import type { reservationV1 } from '@voltlog/proto';
import { type Reservation, tokenKey } from '@voltlog/reservation-domain';
import type { ServiceContext } from '@voltlog/service';
import { refusal } from '../commands/refusals.js';
import type { Reserver } from '../commands/reserver.js';
import type { CalendarRepository } from '../store/calendar-repository.js';
import type { Collections } from '../store/documents.js';
import { toPolicyMessage, toReservationMessage } from './messages.js';
import { checkKey, pageSize, stateOf, toCancelReason, toPolicy, toWish } from './requests.js';

/** `voltlog.reservation.v1.ReservationService`. A write repeated with its idempotency key changes nothing and answers what is now. */
export class ReservationGrpc implements reservationV1.ReservationService {
  constructor(
    private readonly context: ServiceContext,
    private readonly repository: CalendarRepository,
    private readonly reserver: Reserver,
    private readonly collections: Collections,
  ) {}

  async reserve(request: reservationV1.ReserveRequest): Promise<reservationV1.ReserveResponse> {
    return { reservation: toReservationMessage(await this.reserver.reserve(toWish(request))) };
  }

  async cancelReservation(request: reservationV1.CancelReservationRequest): Promise<reservationV1.CancelReservationResponse> {
    const reason = toCancelReason(request.reason);
    const key = checkKey(request.idempotencyKey);
    const { reservationId } = request;
    const doc = await this.known(reservationId);
    // Whoever gives back what was moved wants none of it.
    const movedTo = movedToOf(doc);
    if (movedTo !== undefined) return this.cancelReservation({ ...request, reservationId: movedTo });
    // An end is for good; a calendar forgets it after a while.
    if (doc.state === 'Cancelled') return { reservation: toReservationMessage(doc) };
    if (doc.state !== 'Active') throw refusal('ReservationEnded');
    const { state, refusal: no } = await this.repository.execute({
      stationId: doc.stationId,
      command: { kind: 'Cancel', reservationId, reason, now: this.context.clock.now() },
      causationId: key === '' ? this.context.ids.next() : `request:${key}`,
    });
    if (no !== undefined) throw refusal(no);
    // It may have been moved since it was read.
    const movedMeanwhile = movedToOf(state.reservations.get(reservationId));
    if (movedMeanwhile !== undefined) return this.cancelReservation({ ...request, reservationId: movedMeanwhile });
    return { reservation: toReservationMessage(await this.known(reservationId)) };
  }

  async getReservation({ reservationId }: reservationV1.GetReservationRequest): Promise<reservationV1.GetReservationResponse> {
    return { reservation: toReservationMessage(await this.known(reservationId)) };
  }

  async listReservations(request: reservationV1.ListReservationsRequest): Promise<reservationV1.ListReservationsResponse> {
    const state = stateOf(request.state);
    const page = await this.collections.reservations.find({
      where: {
        ...(request.stationId === '' ? {} : { stationId: request.stationId }),
        ...(request.siteId === '' ? {} : { siteId: request.siteId }),
        ...(request.idToken === '' ? {} : { tokenKey: tokenKey(request.idToken) }),
        ...(request.groupId === '' ? {} : { groupKey: tokenKey(request.groupId) }),
        ...(state === undefined ? {} : { state }),
      },
      sort: ['createdAt', -1],
      limit: pageSize(request.pageSize),
      ...(request.pageToken === '' ? {} : { after: request.pageToken }),
    });
    return { reservations: page.docs.map(toReservationMessage), nextPageToken: page.next ?? '' };
  }

  async putPolicy(request: reservationV1.PutPolicyRequest): Promise<reservationV1.PutPolicyResponse> {
    const policy = toPolicy(request.policy);
    const siteId = request.policy?.siteId ?? '';
    const key = checkKey(request.idempotencyKey);
    const { state, refusal: no } = await this.repository.putPolicy(
      { kind: 'PutPolicy', siteId, policy, expectedRevision: request.expectedVersion, now: this.context.clock.now() },
      key === '' ? this.context.ids.next() : `request:${key}`,
    );
    if (no !== undefined) throw refusal(no);
    if (state.kind === 'none') throw new Error('a policy that was put is known');
    return { policy: toPolicyMessage(siteId, state.policy, state.revision) };
  }

  async getPolicy({ siteId }: reservationV1.GetPolicyRequest): Promise<reservationV1.GetPolicyResponse> {
    const { policy, revision, own } = await this.repository.policy(siteId);
    return { policy: toPolicyMessage(siteId, policy, revision), own };
  }

  private async known(reservationId: string) {
    const doc = await this.repository.reservation(reservationId);
    if (doc === undefined) throw new RequestError('NOT_FOUND', 'there is no such reservation', 'ReservationUnknown');
    return doc;
  }
}

const movedToOf = (reservation: Pick<Reservation, 'end'> | undefined): string | undefined =>
  reservation?.end?.kind === 'Cancelled' ? reservation.end.movedTo : undefined;
