import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Services } from '../services.js';
import { identifier, pageQuery } from '../views/common.js';
import {
  meterValuePage,
  quarantinedPage,
  quarantineQuery,
  sessionEventPage,
  sessionNoticeList,
  sessionPage,
  sessionQuery,
  sessionView,
  toMeterValue,
  toQuarantined,
  toSession,
  toSessionEvent,
  toSessionNotice,
  toSessionState,
} from '../views/session.view.js';
import { withEtag } from '../web/etag.js';
import { Read } from '../web/route.js';

const sessionParams = z.object({ sessionId: identifier('sessionId', 128) });
type SessionParams = z.output<typeof sessionParams>;

@ApiTags('sessions')
@Controller('v1')
export class SessionsController {
  constructor(private readonly services: Services) {}

  @Get('sessions')
  @Read({ role: 'viewer', summary: 'List sessions, newest first', answer: sessionPage })
  async listSessions(@Query({ schema: sessionQuery }) query: z.output<typeof sessionQuery>) {
    const page = await this.services.session.listSessions({
      pageSize: query.limit,
      pageToken: query.cursor ?? '',
      stationId: query.stationId,
      state: toSessionState(query.state),
      idToken: query.idToken,
      transactionId: query.transactionId,
    });
    return { data: page.sessions.map(toSession), nextCursor: page.nextPageToken || null };
  }

  @Get('sessions/:sessionId')
  @Read({ role: 'viewer', summary: 'Read a session', answer: sessionView })
  async getSession(@Param({ schema: sessionParams }) { sessionId }: SessionParams, @Res({ passthrough: true }) reply: FastifyReply) {
    const { session } = await this.services.session.getSession({ sessionId });
    return withEtag(reply, session, `Session ${sessionId}`, toSession);
  }

  @Get('sessions/:sessionId/meter-values')
  @Read({ role: 'viewer', summary: 'Meter values of a session, oldest first', answer: meterValuePage })
  async listMeterValues(
    @Param({ schema: sessionParams }) { sessionId }: SessionParams,
    @Query({ schema: pageQuery }) query: z.output<typeof pageQuery>,
  ) {
    const page = await this.services.session.listMeterValues({ sessionId, pageSize: query.limit, pageToken: query.cursor ?? '' });
    return { data: page.meterValues.map(toMeterValue), nextCursor: page.nextPageToken || null };
  }

  @Get('sessions/:sessionId/events')
  @Read({ role: 'viewer', summary: 'The events behind a session, in the order they were decided', answer: sessionEventPage })
  async listSessionEvents(@Param({ schema: sessionParams }) { sessionId }: SessionParams) {
    const { events } = await this.services.session.listSessionEvents({ sessionId });
    return { data: events.map(toSessionEvent), nextCursor: null };
  }

  @Get('sessions/:sessionId/notices')
  @Read({
    role: 'viewer',
    summary: 'What the car asked for, who else limited the charge, and how it was paid, oldest first',
    description: 'What the station told of the place while the session ran, and of its transaction whenever. OCPP 2.x.',
    answer: sessionNoticeList,
  })
  async listSessionNotices(@Param({ schema: sessionParams }) { sessionId }: SessionParams) {
    return { data: (await this.services.session.listSessionNotices({ sessionId })).notices.map(toSessionNotice) };
  }

  @Get('quarantine')
  @Read({ role: 'viewer', summary: 'Facts that no session could be found for, newest first', answer: quarantinedPage })
  async listQuarantined(@Query({ schema: quarantineQuery }) query: z.output<typeof quarantineQuery>) {
    const page = await this.services.session.listQuarantined({
      pageSize: query.limit,
      pageToken: query.cursor ?? '',
      stationId: query.stationId,
    });
    return { data: page.facts.map(toQuarantined), nextCursor: page.nextPageToken || null };
  }
}
