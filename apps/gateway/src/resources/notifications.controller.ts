import { Controller, Get, Param, Post, Query, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { notFound } from '../problems/problem.js';
import { Services } from '../services.js';
import { pageQuery } from '../views/common.js';
import {
  deliveryPage,
  deliveryParams,
  deliveryQuery,
  deliveryView,
  outboxEmailPage,
  pushKeyView,
  toDelivery,
  toListDeliveries,
  toOutboxEmail,
} from '../views/notification.view.js';
import { idempotencyKey } from '../web/etag.js';
import { Read, Write } from '../web/route.js';

type Params = z.output<typeof deliveryParams>;

@ApiTags('notifications')
@Controller('v1')
export class NotificationsController {
  constructor(private readonly services: Services) {}

  @Get('deliveries')
  @Read({ role: 'operator', summary: 'What was told to whom, and what came of it, newest first', answer: deliveryPage })
  async listDeliveries(@Query({ schema: deliveryQuery }) query: z.output<typeof deliveryQuery>) {
    const page = await this.services.notification.listDeliveries(toListDeliveries(query));
    return { data: page.deliveries.map(toDelivery), nextCursor: page.nextPageToken || null };
  }

  @Get('deliveries/:deliveryId')
  @Read({ role: 'operator', summary: 'Read a delivery with its attempts', answer: deliveryView })
  async getDelivery(@Param({ schema: deliveryParams }) { deliveryId }: Params) {
    const { delivery } = await this.services.notification.getDelivery({ deliveryId });
    if (delivery === undefined) throw notFound('The delivery');
    return toDelivery(delivery);
  }

  @Post('deliveries/:deliveryId/redeliver')
  @Write({
    role: 'operator',
    summary: 'Send a delivery again',
    description: 'Whatever became of it, under the id it had; 409 while it is being sent.',
    status: 202,
    answer: deliveryView,
  })
  async redeliver(@Param({ schema: deliveryParams }) { deliveryId }: Params, @Req() request: FastifyRequest) {
    const { delivery } = await this.services.notification.redeliver({ deliveryId, idempotencyKey: idempotencyKey(request) });
    if (delivery === undefined) throw notFound('The delivery');
    return toDelivery(delivery);
  }

  @Get('outbox-emails')
  @Read({
    role: 'operator',
    summary: 'E-mails that were kept instead of sent, newest first',
    description: 'Where no mail server is configured; the page /outbox shows them.',
    answer: outboxEmailPage,
  })
  async listOutboxEmails(@Query({ schema: pageQuery }) query: z.output<typeof pageQuery>) {
    const page = await this.services.notification.listOutboxEmails({ pageSize: query.limit, pageToken: query.cursor ?? '' });
    return { data: page.emails.map(toOutboxEmail), nextCursor: page.nextPageToken || null };
  }

  @Get('push-key')
  @Read({ role: 'viewer', summary: 'The key with which browsers subscribe to push', answer: pushKeyView })
  getPushKey() {
    return this.services.notification.getPushKey({});
  }
}
