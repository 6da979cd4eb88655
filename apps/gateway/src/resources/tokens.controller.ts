import { Body, Controller, Get, Inject, Param, Put, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { RequestError } from '@voltlog/kernel';
import { authorizationV1 } from '@voltlog/proto';
import { SERVICE_CONFIG } from '@voltlog/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { GatewayConfig } from '../config.js';
import { invalid } from '../problems/problem.js';
import { Services } from '../services.js';
import {
  tokenPage,
  tokenParams,
  tokenPut,
  tokenQuery,
  tokenTypeQuery,
  tokenView,
  toPutToken,
  toToken,
  toTokenStatus,
} from '../views/token.view.js';
import { expectedVersion, idempotencyKey, mustBeNew, withEtag } from '../web/etag.js';
import { Creatable, Read, Write } from '../web/route.js';

type TokenParams = z.output<typeof tokenParams>;

@ApiTags('tokens')
@Controller('v1')
export class TokensController {
  constructor(
    private readonly services: Services,
    @Inject(SERVICE_CONFIG) private readonly config: GatewayConfig,
  ) {}

  @Get('tokens')
  @Read({ role: 'viewer', summary: 'List ID tokens', answer: tokenPage })
  async listTokens(@Query({ schema: tokenQuery }) query: z.output<typeof tokenQuery>) {
    const page = await this.services.authorization.listTokens({
      pageSize: query.limit,
      pageToken: query.cursor ?? '',
      groupId: query.groupId,
      status: toTokenStatus(query.status) ?? authorizationV1.TokenStatus.UNSPECIFIED,
    });
    return { data: page.tokens.map(toToken), nextCursor: page.nextPageToken || null };
  }

  @Get('tokens/:idToken')
  @Read({ role: 'viewer', summary: 'Read an ID token', answer: tokenView })
  async getToken(
    @Param({ schema: tokenParams }) { idToken }: TokenParams,
    @Query({ schema: tokenTypeQuery }) { type }: z.output<typeof tokenTypeQuery>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { token } = await this.services.authorization.getToken({ idToken: { idToken, type } });
    return withEtag(reply, token, 'The ID token', toToken);
  }

  @Put('tokens/:idToken')
  @Write({ role: 'operator', summary: 'Make or change an ID token', answer: tokenView, makes: true })
  @Creatable()
  async putToken(
    @Param({ schema: tokenParams }) { idToken }: TokenParams,
    @Body({ schema: tokenPut }) body: z.output<typeof tokenPut>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    if (body.type === 'KeyCode') await this.refuseShortCode(idToken);
    const { token, created } = await this.services.authorization.putToken(
      toPutToken(idToken, body, {
        expectedVersion: expectedVersion(request),
        mustBeNew: mustBeNew(request),
        idempotencyKey: idempotencyKey(request),
      }),
    );
    if (created) void reply.status(201).header('location', `/v1/tokens/${encodeURIComponent(idToken)}`);
    return withEtag(reply, token, 'The ID token', toToken);
  }

  /** Anybody may try key codes at the driver page. One that is there already may be changed, so that it can be blocked. */
  private async refuseShortCode(idToken: string): Promise<void> {
    const { keyCodeLengthMin } = this.config;
    if (idToken.length >= keyCodeLengthMin || (await this.isKnown(idToken))) return;
    throw invalid('The key code is too short', [
      { in: 'path', pointer: '/idToken', message: `a key code has at least ${keyCodeLengthMin} characters (GATEWAY_KEY_CODE_LENGTH_MIN)` },
    ]);
  }

  private async isKnown(idToken: string): Promise<boolean> {
    try {
      return (await this.services.authorization.getToken({ idToken: { idToken, type: 'KeyCode' } })).token !== undefined;
    } catch (error) {
      if (error instanceof RequestError && error.code === 'NOT_FOUND') return false;
      throw error;
    }
  }
}
