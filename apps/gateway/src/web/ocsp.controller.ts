import { Controller, Get, HttpCode, Inject, type OnModuleInit, Param, Post, Req, Res } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import { ApiExcludeController } from '@nestjs/swagger';
import { certificatesV1 } from '@voltlog/proto';
import { SERVICE_CONFIG, SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public } from '../auth/access.js';
import { RateLimit, tooMany } from '../auth/rate-limit.js';
import type { GatewayConfig } from '../config.js';
import { clientAddress } from '../driver/client-address.js';

/** Of one address: a fleet behind one router asks together. */
const BURST = 200;
const PER_SECOND = 20;
const REQUEST_TYPE = 'application/ocsp-request';
const REQUEST_BYTES_MAX = 8_192;

/**
 * The OCSP responder for certificates of the platform's own authorities. Anybody may ask: answers are signed, and say no more than a
 * revocation list would. Source: RFC 6960 Appendix A
 */
@Public()
@ApiExcludeController()
@Controller('ocsp')
export class OcspController implements OnModuleInit {
  private readonly limit = new RateLimit(BURST, PER_SECOND);
  private readonly certificates: certificatesV1.CertificateService;

  constructor(
    private readonly host: HttpAdapterHost<FastifyAdapter>,
    @Inject(SERVICE_CONTEXT) private readonly context: ServiceContext,
    @Inject(SERVICE_CONFIG) private readonly config: GatewayConfig,
  ) {
    this.certificates = context.rpc.client<certificatesV1.CertificateService>(certificatesV1.CertificateServiceDefinition, {
      address: config.deviceGrpc,
    });
  }

  onModuleInit(): void {
    const server = this.host.httpAdapter.getInstance();
    server.addContentTypeParser(REQUEST_TYPE, { parseAs: 'buffer', bodyLimit: REQUEST_BYTES_MAX }, (_request, body, done) =>
      done(null, body),
    );
  }

  @Post()
  @HttpCode(200)
  ask(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<FastifyReply> {
    return this.answer(request, reply, Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0));
  }

  /** The request in base64 in the path, so that answers can be kept on the way. */
  @Get('*')
  askByPath(@Param('*') path: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<FastifyReply> {
    return this.answer(request, reply, Buffer.from(path, 'base64'));
  }

  private async answer(request: FastifyRequest, reply: FastifyReply, asked: Buffer): Promise<FastifyReply> {
    const { allowed, resetSeconds } = this.limit.take(clientAddress(request, this.config.trustedProxies), this.context.clock.now());
    if (!allowed) throw tooMany(resetSeconds);
    const { response } = await this.certificates.answerOcsp({ request: asked });
    return reply.type('application/ocsp-response').send(Buffer.from(response));
  }
}
