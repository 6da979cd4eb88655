import { Body, Controller, Delete, Get, Param, Post, Put, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { notFound } from '../problems/problem.js';
import { Services } from '../services.js';
import { orNull } from '../views/common.js';
import {
  deletedSubscription,
  madeSubscription,
  replayIn,
  replayView,
  rotatedSecret,
  subscriptionPage,
  subscriptionParams,
  subscriptionPut,
  subscriptionQuery,
  subscriptionView,
  toListSubscriptions,
  toSubscription,
  toSubscriptionRequest,
} from '../views/notification.view.js';
import { expectedVersion, idempotencyKey, withEtag } from '../web/etag.js';
import { Read, Versioned, Write } from '../web/route.js';

type Params = z.output<typeof subscriptionParams>;
type SubscriptionPut = z.output<typeof subscriptionPut>;

/** Targets are addresses of people and doors of partners, so that reading them takes an operator too. */
@ApiTags('notifications')
@Controller('v1/subscriptions')
export class SubscriptionsController {
  constructor(private readonly services: Services) {}

  @Get()
  @Read({ role: 'operator', summary: 'List subscriptions', answer: subscriptionPage })
  async listSubscriptions(@Query({ schema: subscriptionQuery }) query: z.output<typeof subscriptionQuery>) {
    const page = await this.services.notification.listSubscriptions(toListSubscriptions(query));
    return { data: page.subscriptions.map(toSubscription), nextCursor: page.nextPageToken || null };
  }

  @Post()
  @Write({
    role: 'operator',
    summary: 'Subscribe to notifications',
    description: 'The signing secret of a webhook is in this answer and nowhere else.',
    status: 201,
    answer: madeSubscription,
  })
  async createSubscription(
    @Body({ schema: subscriptionPut }) body: SubscriptionPut,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { subscription, secret } = await this.services.notification.putSubscription({
      subscription: toSubscriptionRequest('', body),
      expectedVersion: 0,
      idempotencyKey: idempotencyKey(request),
    });
    if (subscription !== undefined) void reply.header('location', `/v1/subscriptions/${encodeURIComponent(subscription.subscriptionId)}`);
    return { ...withEtag(reply, subscription, 'The subscription', toSubscription), secret: orNull(secret) };
  }

  @Get(':subscriptionId')
  @Read({ role: 'operator', summary: 'Read a subscription', answer: subscriptionView })
  async getSubscription(
    @Param({ schema: subscriptionParams }) { subscriptionId }: Params,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { subscription } = await this.services.notification.getSubscription({ subscriptionId });
    return withEtag(reply, subscription, 'The subscription', toSubscription);
  }

  @Put(':subscriptionId')
  @Write({
    role: 'operator',
    summary: 'Change a subscription',
    description: 'Replaces it as a whole; its channel and its secret stay. One that was switched off is on again.',
    answer: subscriptionView,
  })
  @Versioned()
  async putSubscription(
    @Param({ schema: subscriptionParams }) { subscriptionId }: Params,
    @Body({ schema: subscriptionPut }) body: SubscriptionPut,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { subscription } = await this.services.notification.putSubscription({
      subscription: toSubscriptionRequest(subscriptionId, body),
      expectedVersion: expectedVersion(request),
      idempotencyKey: idempotencyKey(request),
    });
    return withEtag(reply, subscription, 'The subscription', toSubscription);
  }

  @Delete(':subscriptionId')
  @Write({
    role: 'operator',
    summary: 'Delete a subscription',
    description: 'What still waits for it is dropped.',
    answer: deletedSubscription,
  })
  async deleteSubscription(@Param({ schema: subscriptionParams }) { subscriptionId }: Params, @Req() request: FastifyRequest) {
    await this.services.notification.deleteSubscription({ subscriptionId, idempotencyKey: idempotencyKey(request) });
    return { subscriptionId };
  }

  @Post(':subscriptionId/rotate-secret')
  @Write({
    role: 'operator',
    summary: 'Give a webhook a new signing secret',
    description: 'The old one signs beside it for a day.',
    answer: rotatedSecret,
  })
  async rotateSecret(@Param({ schema: subscriptionParams }) { subscriptionId }: Params, @Req() request: FastifyRequest) {
    const rotated = await this.services.notification.rotateSecret({ subscriptionId, idempotencyKey: idempotencyKey(request) });
    if (rotated.secret === '') throw notFound('The secret');
    return { secret: rotated.secret, oldSecretExpiresAt: rotated.oldSecretExpiresAt ?? null };
  }

  @Post(':subscriptionId/replay')
  @Write({
    role: 'operator',
    summary: 'Send everything a subscription wants that happened since a time',
    description: 'Whether or not it was told before; each notification keeps its `webhook-id`, so that receivers know what they have seen.',
    status: 202,
    answer: replayView,
  })
  async replaySubscription(
    @Param({ schema: subscriptionParams }) { subscriptionId }: Params,
    @Body({ schema: replayIn }) { since }: z.output<typeof replayIn>,
    @Req() request: FastifyRequest,
  ) {
    return this.services.notification.replaySubscription({ subscriptionId, since, idempotencyKey: idempotencyKey(request) });
  }
}
