import { randomUUID } from 'node:crypto';
import { Body, Controller, Get, Param, Post, Put, Req, Res } from '@nestjs/common';
import { ApiProduces, ApiTags } from '@nestjs/swagger';
import { isoTime } from '@voltlog/kernel';
import { sessionV1 } from '@voltlog/proto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { LimitCurrency } from '../limit-currency.js';
import { eventStream } from '../live/event-stream.js';
import { Services } from '../services.js';
import { idempotencyKey } from '../web/etag.js';
import { Cancellations } from './cancellations.js';
import { chargeView, keyParams, limitIn, receiptView } from './charge.view.js';
import { ChargeFeed } from './charge-feed.js';
import { ChargeReader } from './charge-reader.js';
import { DriverRoute } from './driver.guard.js';
import { DriverLinks } from './driver-links.js';

type KeyParams = z.output<typeof keyParams>;
const nothing = z.strictObject({});

/** One charge, for whoever has its key. */
@ApiTags('driver')
@Controller('driver/v1/charges/:key')
export class DriverChargesController {
  constructor(
    private readonly services: Services,
    private readonly links: DriverLinks,
    private readonly reader: ChargeReader,
    private readonly currency: LimitCurrency,
    private readonly feed: ChargeFeed,
    private readonly cancellations: Cancellations,
  ) {}

  @Get()
  @DriverRoute({ summary: 'How a charge is', answer: chargeView })
  async getDriverCharge(@Param({ schema: keyParams }) { key }: KeyParams) {
    return this.reader.read(await this.links.open(key, 'Charge'));
  }

  @Get('events')
  @ApiProduces('text/event-stream')
  @DriverRoute({
    summary: 'How a charge is, live',
    description: 'Server-sent events: `charge` is the whole charge, whenever it has changed; `beat` a sign of life, at least every 15 s.',
    answer: z.string(),
  })
  async streamDriverCharge(@Param({ schema: keyParams }) { key }: KeyParams, @Res() reply: FastifyReply): Promise<void> {
    const link = await this.links.open(key, 'Charge');
    const leave = await this.feed.watch(key, link, eventStream(reply));
    reply.raw.once('close', leave);
    if (reply.raw.destroyed) leave();
  }

  @Put('limit')
  @DriverRoute({
    summary: 'Set, change or (empty) take away the limit',
    description: '409 `not-charging` until charging has begun: a limit from the beginning goes into the start.',
    answer: chargeView,
    write: true,
  })
  async setDriverLimit(
    @Param({ schema: keyParams }) { key }: KeyParams,
    @Body({ schema: limitIn }) body: z.output<typeof limitIn>,
    @Req() request: FastifyRequest,
  ) {
    const link = await this.links.open(key, 'Charge');
    const session = await this.reader.sessionOf(link);
    await this.currency.checkFor(session, body);
    const { sessionId } = session;
    await this.services.starts.setLimit({
      sessionId,
      limit: sessionV1.SessionLimit.fromPartial(body),
      requestedBy: 'Driver',
      idempotencyKey: idempotencyKey(request) || randomUUID(),
    });
    return this.reader.read(link);
  }

  @Post('stop')
  @DriverRoute({
    summary: 'Stop charging, or take the start back',
    description:
      'The stop is repeated until it is seen, or `stopFailed`. Before charging has begun the start is taken back: should the station begin all the same, it is stopped at once.',
    answer: chargeView,
    write: true,
  })
  async stopDriverCharge(
    @Param({ schema: keyParams }) { key }: KeyParams,
    @Body({ schema: nothing }) _body: z.output<typeof nothing>,
    @Req() request: FastifyRequest,
  ) {
    const link = await this.links.open(key, 'Charge');
    const { session } = await this.reader.progress(link);
    if (session === undefined) return this.reader.read(await this.cancellations.cancel(link));
    if (session.state === sessionV1.SessionState.ENDED) return this.reader.read(link);
    await this.services.starts.requestStop({
      sessionId: session.sessionId,
      requestedBy: 'Driver',
      idempotencyKey: idempotencyKey(request) || randomUUID(),
    });
    const stopRequestedAt = isoTime(this.links.now());
    await this.links.note(link.id, { stopRequestedAt });
    return this.reader.read({ ...link, stopRequestedAt });
  }

  @Get('receipt')
  @DriverRoute({
    summary: 'What was delivered and what it cost',
    description: 'From the beginning of charging on; 409 `not-charging` before. Read it again until it is `final`.',
    answer: receiptView,
  })
  async getDriverReceipt(@Param({ schema: keyParams }) { key }: KeyParams) {
    return this.reader.receipt(await this.links.open(key, 'Charge'));
  }
}
