import { Body, Controller, Get, Param, Put, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { Services } from '../services.js';
import { pageQuery } from '../views/common.js';
import {
  contractPage,
  contractParams,
  contractPut,
  contractView,
  contractWithTokens,
  toContract,
  toContractMessage,
  toContractWithTokens,
} from '../views/contract.view.js';
import { expectedVersion, idempotencyKey, mustBeNew, withEtag } from '../web/etag.js';
import { Creatable, Read, Write } from '../web/route.js';

type Params = z.output<typeof contractParams>;

@ApiTags('contracts')
@Controller('v1/contracts')
export class ContractsController {
  constructor(private readonly services: Services) {}

  @Get()
  @Read({ role: 'viewer', summary: "List drivers' contracts", answer: contractPage })
  async listContracts(@Query({ schema: pageQuery }) query: z.output<typeof pageQuery>) {
    const page = await this.services.authorization.listContracts({ pageSize: query.limit, pageToken: query.cursor ?? '' });
    return { data: page.contracts.map(toContract), nextCursor: page.nextPageToken || null };
  }

  @Get(':contractId')
  @Read({ role: 'viewer', summary: 'Read a contract, what was used of its budget, and its tokens', answer: contractWithTokens })
  async getContract(@Param({ schema: contractParams }) { contractId }: Params, @Res({ passthrough: true }) reply: FastifyReply) {
    const { contract, tokens } = await this.services.authorization.getContract({ contractId });
    return withEtag(reply, contract, 'The contract', (found) => toContractWithTokens(found, tokens));
  }

  @Put(':contractId')
  @Write({ role: 'operator', summary: 'Make a contract, or replace it', answer: contractView, makes: true })
  @Creatable()
  async putContract(
    @Param({ schema: contractParams }) { contractId }: Params,
    @Body({ schema: contractPut }) body: z.output<typeof contractPut>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { contract, created } = await this.services.authorization.putContract({
      contract: toContractMessage(contractId, body),
      expectedVersion: expectedVersion(request),
      mustBeNew: mustBeNew(request),
      idempotencyKey: idempotencyKey(request),
    });
    if (created) void reply.status(201).header('location', `/v1/contracts/${encodeURIComponent(contractId)}`);
    return withEtag(reply, contract, 'The contract', toContract);
  }
}
