import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { Services } from '../services.js';
import { decisionPage, decisionQuery, toDecision, toDecisionStatus } from '../views/decision.view.js';
import { Read } from '../web/route.js';

@ApiTags('tokens')
@Controller('v1/authorization-decisions')
export class DecisionsController {
  constructor(private readonly services: Services) {}

  @Get()
  @Read({ role: 'viewer', summary: 'Why a token was accepted or refused, newest first', answer: decisionPage })
  async listDecisions(@Query({ schema: decisionQuery }) query: z.output<typeof decisionQuery>) {
    const page = await this.services.authorization.listDecisions({
      pageSize: query.limit,
      pageToken: query.cursor ?? '',
      stationId: query.stationId,
      idToken: query.idToken === '' ? undefined : { idToken: query.idToken, type: '' },
      contractId: query.contractId,
      status: toDecisionStatus(query.status),
      from: query.from,
      to: query.to,
    });
    return { data: page.decisions.map(toDecision), nextCursor: page.nextPageToken || null };
  }
}
