import { Controller, Get, Headers, Post, Query, Res } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Access, CallerParam } from '../auth/access.js';
import type { Caller } from '../auth/api-keys.js';
import { eventStream } from '../live/event-stream.js';
import { EventTickets } from '../live/event-tickets.js';
import { LiveHub } from '../live/live-hub.js';
import { instant } from '../views/common.js';
import { Read } from '../web/route.js';

const eventQuery = z.object({
  types: z
    .string()
    .max(2_000)
    .optional()
    .meta({ description: 'comma-separated event types or bare names, e.g. TransactionStarted,TransactionEnded' }),
  stationId: z.string().max(48).optional(),
  access_token: z
    .string()
    .max(64)
    .optional()
    .meta({ description: 'a ticket of POST /v1/event-tickets, instead of the Authorization header' }),
});

const ticketView = z.object({ ticket: z.string(), expiresAt: instant }).meta({ id: 'EventTicket' });

@ApiTags('events')
@Controller('v1')
export class EventsController {
  constructor(
    private readonly hub: LiveHub,
    private readonly tickets: EventTickets,
  ) {}

  @Post('event-tickets')
  @Read({
    role: 'viewer',
    summary: 'A one-time ticket for the event stream',
    description: 'For EventSource, which cannot send headers. Use it within 30 s.',
    status: 201,
    answer: ticketView,
  })
  createEventTicket(@CallerParam() caller: Caller) {
    return this.tickets.give(caller);
  }

  @Get('events')
  @Access('viewer')
  @ApiOperation({
    summary: 'What happens, live',
    description:
      'Server-sent events. `ready` says that events flow; `reset` that events were missed and lists should be read again; every other message is one event as JSON, id tokens masked. ' +
      'Send `Last-Event-ID` to go on where you were.',
  })
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'id of the last event received', schema: { type: 'string' } })
  @ApiProduces('text/event-stream')
  @ApiResponse({ status: 200, description: 'the stream', content: { 'text/event-stream': { schema: { type: 'string' } } } })
  async streamEvents(
    @Query({ schema: eventQuery }) query: z.output<typeof eventQuery>,
    @CallerParam() caller: Caller,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const types = query.types
      ?.split(',')
      .map((type) => type.trim())
      .filter((type) => type !== '');
    const leave = await this.hub.join(
      caller.keyId,
      eventStream(reply),
      {
        ...(types === undefined || types.length === 0 ? {} : { types: new Set(types) }),
        ...(query.stationId === undefined ? {} : { stationId: query.stationId }),
      },
      lastEventId,
    );
    reply.raw.once('close', leave);
    if (reply.raw.destroyed) leave();
  }
}
