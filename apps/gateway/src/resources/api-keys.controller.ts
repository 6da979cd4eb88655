import { Body, Controller, Delete, Get, Inject, Param, Post, Query, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { SERVICE_CONFIG } from '@voltlog/service';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { CallerParam } from '../auth/access.js';
import { ROLES } from '../auth/api-key.js';
import { type ApiKey, ApiKeys, type Caller } from '../auth/api-keys.js';
import type { GatewayConfig } from '../config.js';
import { Problem } from '../problems/problem.js';
import { identifier, instant, pageOf, pageQuery } from '../views/common.js';
import { Read, Write } from '../web/route.js';

const roleSchema = z.enum(ROLES).meta({ description: 'admin: everything; operator: commands and tokens; viewer: reads' });
const apiKeyView = z
  .object({ keyId: z.string(), name: z.string(), role: roleSchema, createdAt: instant, revokedAt: instant.nullable() })
  .meta({ id: 'ApiKey' });
const newApiKey = z.strictObject({ name: z.string().min(1).max(100), role: roleSchema }).meta({ id: 'NewApiKey' });
const madeApiKey = apiKeyView.extend({ key: z.string().meta({ description: 'shown this once' }) }).meta({ id: 'MadeApiKey' });
const apiKeyPage = pageOf(apiKeyView, 'ApiKeyPage');
const keyParams = z.object({ keyId: identifier('keyId', 32) });
const meView = z
  .object({ keyId: z.string(), name: z.string(), role: roleSchema, platform: z.object({ name: z.string(), ocppUrl: z.string() }) })
  .meta({ id: 'Me' });

const toView = (key: ApiKey): z.input<typeof apiKeyView> => ({
  keyId: key.id,
  name: key.name,
  role: key.role,
  createdAt: key.createdAt,
  revokedAt: key.revokedAt ?? null,
});

@ApiTags('api keys')
@Controller('v1')
export class ApiKeysController {
  constructor(
    private readonly keys: ApiKeys,
    @Inject(SERVICE_CONFIG) private readonly config: GatewayConfig,
  ) {}

  @Get('me')
  @Read({ role: 'viewer', summary: 'Who this key is, and where stations connect', answer: meView })
  me(@CallerParam() caller: Caller, @Req() request: FastifyRequest): z.input<typeof meView> {
    const ocppUrl = this.config.ocppPublicUrl || `ws://${request.hostname}:${this.config.ocppPort}/ocpp/`;
    return {
      keyId: caller.keyId,
      name: caller.name,
      role: caller.role,
      platform: { name: 'Voltlog', ocppUrl: ocppUrl.endsWith('/') ? ocppUrl : `${ocppUrl}/` },
    };
  }

  @Get('api-keys')
  @Read({ role: 'admin', summary: 'List API keys', answer: apiKeyPage })
  async listApiKeys(@Query({ schema: pageQuery }) query: z.output<typeof pageQuery>) {
    const page = await this.keys.list(query.limit, query.cursor);
    return { data: page.docs.map(toView), nextCursor: page.next ?? null };
  }

  @Post('api-keys')
  @Write({
    role: 'admin',
    summary: 'Make an API key',
    description: 'The key is in this answer and nowhere else.',
    status: 201,
    answer: madeApiKey,
  })
  async createApiKey(@Body({ schema: newApiKey }) body: z.output<typeof newApiKey>) {
    const { made, stored } = await this.keys.create(body.name, body.role);
    return { ...toView(stored), key: made.key };
  }

  @Delete('api-keys/:keyId')
  @Write({
    role: 'admin',
    summary: 'Revoke an API key',
    description: 'Other gateway instances follow within five seconds.',
    answer: apiKeyView,
  })
  async revokeApiKey(@Param({ schema: keyParams }) { keyId }: z.output<typeof keyParams>, @CallerParam() caller: Caller) {
    if (caller.keyId === keyId)
      throw new Problem(409, 'own-key', 'A key cannot revoke itself; use another admin key, so that nobody is locked out.');
    return toView(await this.keys.revoke(keyId));
  }
}
