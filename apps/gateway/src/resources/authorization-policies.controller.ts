import { Body, Controller, Get, Param, Put, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Services } from '../services.js';
import { policyPut, policyView, toPolicy } from '../views/authorization-policy.view.js';
import { identifier } from '../views/common.js';
import { expectedVersion, idempotencyKey, withEtag } from '../web/etag.js';
import { Read, Versioned, Write } from '../web/route.js';
import { checkSite } from './known.js';

const siteParams = z.object({ siteId: identifier('siteId', 64) });
type SiteParams = z.output<typeof siteParams>;
type Put = z.output<typeof policyPut>;

@ApiTags('sites')
@Controller('v1')
export class AuthorizationPoliciesController {
  constructor(private readonly services: Services) {}

  @Get('sites/:siteId/authorization-policy')
  @Read({ role: 'viewer', summary: 'Read what holds at a site for tokens', answer: policyView })
  async getSitePolicy(@Param({ schema: siteParams }) { siteId }: SiteParams, @Res({ passthrough: true }) reply: FastifyReply) {
    await checkSite(this.services, siteId);
    return this.read(siteId, reply);
  }

  @Put('sites/:siteId/authorization-policy')
  @Write({ role: 'admin', summary: 'Say what holds at a site for tokens', answer: policyView })
  @Versioned()
  async putSitePolicy(
    @Param({ schema: siteParams }) { siteId }: SiteParams,
    @Body({ schema: policyPut }) body: Put,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    // A policy of a site that is not there would never hold.
    await checkSite(this.services, siteId);
    return this.write(siteId, body, request, reply);
  }

  @Get('authorization-policy')
  @Read({ role: 'viewer', summary: 'Read what holds for tokens at sites without a policy of their own', answer: policyView })
  getAuthorizationPolicy(@Res({ passthrough: true }) reply: FastifyReply) {
    return this.read('', reply);
  }

  @Put('authorization-policy')
  @Write({ role: 'admin', summary: 'Say what holds for tokens at sites without a policy of their own', answer: policyView })
  @Versioned()
  putAuthorizationPolicy(
    @Body({ schema: policyPut }) body: Put,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return this.write('', body, request, reply);
  }

  private async read(siteId: string, reply: FastifyReply) {
    const { policy, own } = await this.services.authorization.getAuthorizationPolicy({ siteId });
    return withEtag(reply, policy, 'The policy', (found) => toPolicy(found, own));
  }

  private async write(siteId: string, body: Put, request: FastifyRequest, reply: FastifyReply) {
    const { policy } = await this.services.authorization.putAuthorizationPolicy({
      policy: { siteId, ...body, version: 0 },
      expectedVersion: expectedVersion(request),
      idempotencyKey: idempotencyKey(request),
    });
    return withEtag(reply, policy, 'The policy', (found) => toPolicy(found, true));
  }
}
