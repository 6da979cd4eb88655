import { Controller, Get, Inject, Param, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { certificatesV1 } from '@voltlog/proto';
import { SERVICE_CONFIG, SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public } from '../auth/access.js';
import { RateLimit, tooMany } from '../auth/rate-limit.js';
import type { GatewayConfig } from '../config.js';
import { clientAddress } from '../driver/client-address.js';
import { notFound } from '../problems/problem.js';

/** Of one address: a list is good for a day. */
const BURST = 60;
const PER_SECOND = 2;
const FILE = /^([a-z0-9-]{1,64})\.crl$/;

/** The revocation lists of the platform's own authorities, for whoever a certificate sends here. Source: RFC 5280 §4.2.1.13, RFC 2585 §4.2 */
@Public()
@ApiExcludeController()
@Controller('crl')
export class RevocationListController {
  private readonly limit = new RateLimit(BURST, PER_SECOND);
  private readonly certificates: certificatesV1.CertificateService;

  constructor(
    @Inject(SERVICE_CONTEXT) private readonly context: ServiceContext,
    @Inject(SERVICE_CONFIG) private readonly config: GatewayConfig,
  ) {
    this.certificates = context.rpc.client<certificatesV1.CertificateService>(certificatesV1.CertificateServiceDefinition, {
      address: config.deviceGrpc,
    });
  }

  @Get(':file')
  async list(@Param('file') file: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<FastifyReply> {
    const now = this.context.clock.now();
    const { allowed, resetSeconds } = this.limit.take(clientAddress(request, this.config.trustedProxies), now);
    if (!allowed) throw tooMany(resetSeconds);
    const [, authorityId] = FILE.exec(file) ?? [];
    if (authorityId === undefined) throw notFound('The revocation list');
    const { list, thisUpdate, freshUntil } = await this.certificates.getRevocationList({ authorityId });
    const seconds = Math.max(0, Math.floor((Date.parse(freshUntil ?? '') - now) / 1_000)) || 0;
    return reply
      .type('application/pkix-crl')
      .header('cache-control', `public, max-age=${seconds}`)
      .header('last-modified', new Date(thisUpdate ?? now).toUTCString())
      .send(Buffer.from(list));
  }
}
