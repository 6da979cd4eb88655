import { Body, Controller, Get, Param, Post, Put, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Services } from '../services.js';
import { identifier } from '../views/common.js';
import {
  newReservation,
  policyIn,
  policyView,
  reservationCancel,
  reservationPage,
  reservationParams,
  reservationQuery,
  reservationView,
  toPolicy,
  toReservation,
  toReservationState,
} from '../views/reservation.view.js';
import { expectedVersion, idempotencyKey, withEtag } from '../web/etag.js';
import { Read, Versioned, Write } from '../web/route.js';
import { checkSite } from './known.js';

const siteParams = z.object({ siteId: identifier('siteId', 64) });
type ReservationParams = z.output<typeof reservationParams>;
type Policy = z.output<typeof policyIn>;

const REFUSALS =
  'it cannot be: evse-reserved, evse-occupied, evse-out-of-service, no-evse-free, connector-type-unknown, group-unknown, token-has-reservation, closed, reservations-disabled, station-not-in-service; or the token may not charge there then (of a group alone, none of its tokens may): `token-blocked`, `token-expired`, `token-not-here`, `token-unknown`, `budget-exhausted`, `concurrent-limit`, ... (the words of decisions)';

const AWAY = 'nobody can say whether the token may charge there, and the site lets nobody in meanwhile; try again';

@ApiTags('reservations')
@Controller('v1')
export class ReservationsController {
  constructor(private readonly services: Services) {}

  @Get('reservations')
  @Read({ role: 'viewer', summary: 'List reservations, newest first', answer: reservationPage })
  async listReservations(@Query({ schema: reservationQuery }) query: z.output<typeof reservationQuery>) {
    const { limit, cursor = '', stationId, siteId, idToken, groupId, state } = query;
    const page = await this.services.reservation.listReservations({
      pageSize: limit,
      pageToken: cursor,
      stationId,
      siteId,
      idToken,
      groupId,
      state: toReservationState(state),
    });
    return { data: page.reservations.map(toReservation), nextCursor: page.nextPageToken || null };
  }

  @Post('reservations')
  @Write({
    role: 'operator',
    summary: 'Hold an EVSE for somebody',
    description:
      'Decided at once, also whether the token may charge there then. The station is asked for the hold when it begins; `stationHold` tells what it does about it.',
    status: 201,
    answer: reservationView,
    problems: { 409: REFUSALS, 503: AWAY },
  })
  async reserve(
    @Body({ schema: newReservation }) body: z.output<typeof newReservation>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { idToken, idTokenType, startsAt, expiresAt, ...rest } = body;
    const { reservation } = await this.services.reservation.reserve({
      ...rest,
      idToken: idToken === undefined ? undefined : { idToken, type: idTokenType },
      startsAt,
      expiresAt,
      idempotencyKey: idempotencyKey(request),
    });
    if (reservation !== undefined) void reply.header('location', `/v1/reservations/${reservation.reservationId}`);
    return withEtag(reply, reservation, 'The reservation', toReservation);
  }

  @Get('reservations/:reservationId')
  @Read({ role: 'viewer', summary: 'Read a reservation', answer: reservationView })
  async getReservation(
    @Param({ schema: reservationParams }) { reservationId }: ReservationParams,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { reservation } = await this.services.reservation.getReservation({ reservationId });
    return withEtag(reply, reservation, 'The reservation', toReservation);
  }

  @Post('reservations/:reservationId/cancel')
  @Write({
    role: 'operator',
    summary: 'Cancel a reservation',
    description:
      'The EVSE is free at once; the station is told. Cancelling again changes nothing. Of one that was moved, the reservation it was moved to is cancelled, and answered.',
    answer: reservationView,
    problems: { 409: 'it has ended otherwise (`reservation-ended`)' },
  })
  async cancelReservation(
    @Param({ schema: reservationParams }) { reservationId }: ReservationParams,
    @Body({ schema: reservationCancel }) { reason }: z.output<typeof reservationCancel>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { reservation } = await this.services.reservation.cancelReservation({
      reservationId,
      reason,
      idempotencyKey: idempotencyKey(request),
    });
    return withEtag(reply, reservation, 'The reservation', toReservation);
  }

  @Get('sites/:siteId/reservation-policy')
  @Read({ role: 'viewer', summary: 'Read what a site allows', answer: policyView })
  async getSiteReservationPolicy(
    @Param({ schema: siteParams }) { siteId }: { siteId: string },
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    await checkSite(this.services, siteId);
    return this.policyOf(siteId, reply);
  }

  @Put('sites/:siteId/reservation-policy')
  @Write({ role: 'admin', summary: 'Set what a site allows', answer: policyView })
  @Versioned()
  async putSiteReservationPolicy(
    @Param({ schema: siteParams }) { siteId }: { siteId: string },
    @Body({ schema: policyIn }) body: Policy,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    // A policy of a site that is not there would never hold.
    await checkSite(this.services, siteId);
    return this.put(siteId, body, request, reply);
  }

  @Get('reservation-policy')
  @Read({ role: 'viewer', summary: 'Read what sites without a policy of their own allow', answer: policyView })
  getReservationPolicy(@Res({ passthrough: true }) reply: FastifyReply) {
    return this.policyOf('', reply);
  }

  @Put('reservation-policy')
  @Write({ role: 'admin', summary: 'Set what sites without a policy of their own allow', answer: policyView })
  @Versioned()
  putReservationPolicy(
    @Body({ schema: policyIn }) body: Policy,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return this.put('', body, request, reply);
  }

  private async policyOf(siteId: string, reply: FastifyReply) {
    const { policy, own } = await this.services.reservation.getPolicy({ siteId });
    return withEtag(reply, toPolicy(policy, own), 'The policy', (view) => view);
  }

  private async put(siteId: string, body: Policy, request: FastifyRequest, reply: FastifyReply) {
    const { policy } = await this.services.reservation.putPolicy({
      policy: { siteId, ...body, version: 0 },
      expectedVersion: expectedVersion(request),
      idempotencyKey: idempotencyKey(request),
    });
    return withEtag(reply, toPolicy(policy, true), 'The policy', (view) => view);
  }
}
