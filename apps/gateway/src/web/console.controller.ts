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

/** Serves the console, when it was built. */
@Public()
@ApiExcludeController()
@Controller()
export class ConsoleController {
  private readonly folder: string | undefined;

  constructor(@Inject(SERVICE_CONFIG) config: GatewayConfig) {
    this.folder = builtApp('console', config.consoleDir);
  }

  @Get()
  page(@Res() reply: FastifyReply): FastifyReply {
    return sendFile(reply, this.built(), 'index.html');
  }

  @Get('assets/:name')
  asset(@Param('name') name: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): FastifyReply {
    return sendFile(reply, join(this.built(), 'assets'), name, request.headers['accept-encoding']);
  }

  @Get('favicon.svg')
  icon(@Res() reply: FastifyReply): FastifyReply {
    return sendFile(reply, this.built(), 'favicon.svg');
  }

  private built(): string {
    if (this.folder === undefined)
      throw new Problem(
        404,
        'console-not-built',
        'The console is not here: build it (npm run build), or set CONSOLE_DIR. The API is described at /docs.',
      );
    return this.folder;
  }
}
