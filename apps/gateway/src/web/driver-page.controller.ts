import { join } from 'node:path';
import { Controller, Get, Inject, Param, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { SERVICE_CONFIG } from '@voltlog/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public } from '../auth/access.js';
import type { GatewayConfig } from '../config.js';
import { Problem } from '../problems/problem.js';
import { builtApp } from './built-app.js';
import { sendFile } from './static-files.js';

/** Stricter than the console's: this page has no styles but those of its file, and is shown to everybody. */
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Serves the driver page, when it was built: for an EVSE, for a charge or reservation, for a contract. */
@Public()
@ApiExcludeController()
@Controller()
export class DriverPageController {
  private readonly folder: string | undefined;

  constructor(@Inject(SERVICE_CONFIG) config: GatewayConfig) {
    this.folder = builtApp('driver', config.driverDir);
  }

  @Get('c/:evseUid')
  evsePage(@Req() request: FastifyRequest, @Res() reply: FastifyReply): FastifyReply {
    return this.page(request, reply);
  }

  @Get('s/:key')
  chargePage(@Req() request: FastifyRequest, @Res() reply: FastifyReply): FastifyReply {
    return this.page(request, reply);
  }

  @Get('r/:key')
  reservationPage(@Req() request: FastifyRequest, @Res() reply: FastifyReply): FastifyReply {
    return this.page(request, reply);
  }

  @Get('l/:key')
  contractPage(@Req() request: FastifyRequest, @Res() reply: FastifyReply): FastifyReply {
    return this.page(request, reply);
  }

  @Get('driver/assets/:name')
  asset(@Param('name') name: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): FastifyReply {
    return sendFile(reply, join(this.built(), 'assets'), name, request.headers['accept-encoding']);
  }

  /** The worker that shows pushed notifications; its scope is /driver/, so that it never answers for a page. */
  @Get('driver/sw.js')
  worker(@Res() reply: FastifyReply): FastifyReply {
    return sendFile(reply, this.built(), 'sw.js');
  }

  @Get('driver/icon.svg')
  icon(@Res() reply: FastifyReply): FastifyReply {
    return sendFile(reply, this.built(), 'icon.svg');
  }

  private page(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    void reply
      .header('content-security-policy', CONTENT_SECURITY_POLICY)
      .header('permissions-policy', 'camera=(), microphone=(), geolocation=()');
    return sendFile(reply, this.built(), 'index.html', request.headers['accept-encoding']);
  }

  private built(): string {
    if (this.folder === undefined)
      throw new Problem(404, 'driver-page-not-built', 'The driver page is not here: build it (npm run build), or set DRIVER_DIR.');
    return this.folder;
  }
}
