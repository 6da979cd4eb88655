import { Body, Controller, Delete, Get, Param, Post, Put, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { LimitCurrency } from '../limit-currency.js';
import { notFound } from '../problems/problem.js';
import { Services } from '../services.js';
import {
  limitBody,
  limitIn,
  priceBody,
  priceParams,
  priceView,
  receiptView,
  startBody,
  startRequestView,
  stopView,
  toPrice,
  toReceipt,
  toStartRequest,
} from '../views/charging.view.js';
import { identifier, orNull } from '../views/common.js';
import { sessionView, toSession } from '../views/session.view.js';
import { expectedVersion, idempotencyKey, mustBeNew, withEtag } from '../web/etag.js';
import { Creatable, Read, Versioned, Write } from '../web/route.js';
import { checkEvse } from './known.js';

const sessionParams = z.object({ sessionId: identifier('sessionId', 128) });
type SessionParams = z.output<typeof sessionParams>;
const startParams = z.object({ startRequestId: identifier('startRequestId', 128) });

const OTHER_CURRENCY = { 422: 'no price there is in the currency of the limit (`other-currency`)' };
const TOKEN_REFUSED = {
  409: 'the token may not charge there now: `token-blocked`, `token-expired`, `token-not-here`, `token-unknown`, `budget-exhausted`, `concurrent-limit`, `reserved-for-other`, ... (the words of decisions)',
  503: 'nobody can say whether it may, and the site lets nobody in meanwhile; try again',
};
const ENDED = { 409: 'the session has ended (`session-ended`)' };

/** Starting, limiting, stopping and paying for a charge. */
@ApiTags('charging')
@Controller('v1')
export class ChargingController {
  constructor(
    private readonly services: Services,
    private readonly currency: LimitCurrency,
  ) {}

  @Post('start-requests')
  @Write({
    role: 'operator',
    summary: 'Ask a station to start, with a limit',
    description:
      "201 with the station's answer, or at once why the token may not charge there. The session it becomes is told by the start request once somebody plugged in.",
    answer: startRequestView,
    status: 201,
    problems: {
      404: 'there is no such station, or it has no such EVSE (`station-unknown`, `evse-unknown`)',
      ...OTHER_CURRENCY,
      ...TOKEN_REFUSED,
    },
  })
  async orderStart(
    @Body({ schema: startBody }) body: z.output<typeof startBody>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    await this.currency.checkAt(body.stationId, body.limit === null ? undefined : limitIn(body.limit));
    await checkEvse(this.services, body.stationId, body.evseId);
    const { startRequest } = await this.services.starts.requestStart({
      stationId: body.stationId,
      evseId: body.evseId,
      idToken: { idToken: body.idToken, type: body.idTokenType },
      groupId: body.groupId,
      limit: body.limit === null ? undefined : limitIn(body.limit),
      idempotencyKey: idempotencyKey(request),
    });
    if (startRequest === undefined) throw notFound('The start request');
    void reply.header('location', `/v1/start-requests/${startRequest.startRequestId}`);
    return toStartRequest(startRequest);
  }

  @Get('start-requests/:startRequestId')
  @Read({ role: 'viewer', summary: 'Read a start request', answer: startRequestView })
  async getStartRequest(@Param({ schema: startParams }) { startRequestId }: z.output<typeof startParams>) {
    const { startRequest } = await this.services.session.getStartRequest({ startRequestId, idempotencyKey: '' });
    if (startRequest === undefined) throw notFound(`Start request ${startRequestId}`);
    return toStartRequest(startRequest);
  }

  @Post('start-requests/:startRequestId/cancel')
  @Write({
    role: 'operator',
    summary: 'Take a start request back',
    description:
      'OCPP has no message for that: the station goes on waiting for its own time, and what begins of it all the same is stopped. Read the `state`: `Cancelled`, else what became of it before; a session is stopped.',
    answer: startRequestView,
  })
  async cancelStartRequest(@Param({ schema: startParams }) { startRequestId }: z.output<typeof startParams>) {
    const cancelled = await this.services.session.cancelStart({ startRequestId, idempotencyKey: '', requestedBy: 'Operator' });
    if (cancelled.startRequest === undefined) throw notFound(`Start request ${startRequestId}`);
    return toStartRequest(cancelled.startRequest);
  }

  @Post('sessions/:sessionId/stop')
  @Write({
    role: 'operator',
    summary: 'Stop a session',
    description:
      "Waits for the station's answer. The stop is repeated until the session ends, or `SessionStopEscalated` tells that it does not.",
    answer: stopView,
    problems: ENDED,
  })
  async stopSession(@Param({ schema: sessionParams }) { sessionId }: SessionParams, @Req() request: FastifyRequest) {
    const stopped = await this.services.starts.requestStop({
      sessionId,
      requestedBy: 'Operator',
      idempotencyKey: idempotencyKey(request),
    });
    if (stopped.session === undefined) throw notFound(`Session ${sessionId}`);
    return { session: toSession(stopped.session), stationStatus: orNull(stopped.stationStatus) };
  }

  @Put('sessions/:sessionId/limit')
  @Write({
    role: 'operator',
    summary: 'Set, change or take away the limit of a running session',
    description: 'An empty limit takes it away. What the contract allows holds beside it: the lower counts.',
    answer: sessionView,
    problems: { ...ENDED, ...OTHER_CURRENCY },
  })
  async setLimit(
    @Param({ schema: sessionParams }) { sessionId }: SessionParams,
    @Body({ schema: limitBody }) body: z.output<typeof limitBody>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const limit = limitIn(body);
    if (limit.cost !== undefined) {
      const { session: running } = await this.services.session.getSession({ sessionId });
      if (running !== undefined) await this.currency.checkFor(running, limit);
    }
    const { session } = await this.services.session.setLimit({
      sessionId,
      limit,
      requestedBy: 'Operator',
      idempotencyKey: idempotencyKey(request),
    });
    return withEtag(reply, session, `Session ${sessionId}`, toSession);
  }

  @Get('sessions/:sessionId/receipt')
  @Read({ role: 'viewer', summary: 'What a session came to: times, energy and its curve, cost', answer: receiptView })
  async getReceipt(@Param({ schema: sessionParams }) { sessionId }: SessionParams) {
    const { receipt } = await this.services.session.getReceipt({ sessionId });
    if (receipt?.session === undefined) throw notFound(`Session ${sessionId}`);
    return toReceipt(receipt, receipt.session);
  }

  @Get('prices/:scope')
  @Read({ role: 'viewer', summary: 'Read the price of all stations (`default`), of `site:<id>` or of `station:<id>`', answer: priceView })
  async getPrice(@Param({ schema: priceParams }) { scope }: z.output<typeof priceParams>, @Res({ passthrough: true }) reply: FastifyReply) {
    const { price } = await this.services.session.getPrice({ stationId: '', scope });
    return withEtag(reply, price, `A price for ${scope}`, toPrice);
  }

  @Put('prices/:scope')
  @Write({
    role: 'operator',
    summary: 'Set a price',
    description: "Holds for sessions that start from now on: at a station its own, else its site's, else the default.",
    answer: priceView,
    problems: { 404: 'there is no such site or station (`site-unknown`, `station-unknown`)' },
  })
  @Creatable()
  async putPrice(
    @Param({ schema: priceParams }) { scope }: z.output<typeof priceParams>,
    @Body({ schema: priceBody }) body: z.output<typeof priceBody>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    await this.mustBeThere(scope);
    const { price } = await this.services.session.putPrice({
      price: { ...body, scope, version: 0 },
      expectedVersion: expectedVersion(request),
      mustBeNew: mustBeNew(request),
      idempotencyKey: idempotencyKey(request),
    });
    return withEtag(reply, price, `A price for ${scope}`, toPrice);
  }

  @Delete('prices/:scope')
  @Write({
    role: 'operator',
    summary: 'Take a price away',
    description:
      "Sessions that start from now on have the next wider one: of a station its site's, else the default; those that run keep theirs.",
    answer: z.object({}),
  })
  @Versioned()
  removePrice(@Param({ schema: priceParams }) { scope }: z.output<typeof priceParams>, @Req() request: FastifyRequest) {
    const which = { scope, expectedVersion: expectedVersion(request), idempotencyKey: idempotencyKey(request) };
    return this.services.session.removePrice(which);
  }

  /** A price of nobody is a typing mistake, and would hold nowhere. @throws {RequestError} `NOT_FOUND` */
  private async mustBeThere(scope: string): Promise<void> {
    const [kind = '', ...rest] = scope.split(':');
    const id = rest.join(':');
    if (kind === 'site') await this.services.device.getSite({ siteId: id });
    if (kind === 'station') await this.services.device.getStation({ stationId: id });
  }
}
