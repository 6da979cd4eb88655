import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { Controller, Get, Param, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
// eslint-disable-next-line @nx/enforce-module-boundaries -- the committed reference is what is served; it belongs to the docs
import openapi from '../../../../docs/reference/openapi.json' with { type: 'json' };
import { Public } from '../auth/access.js';
import { notFound } from '../problems/problem.js';
import { sendFile } from './static-files.js';

const ASSETS = new Set(['swagger-ui.css', 'swagger-ui-bundle.js']);

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Voltlog API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" href="/favicon.svg">
</head>
<body>
<div id="api"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;

const START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#api', deepLinking: true, persistAuthorization: false, tryItOutEnabled: true, displayRequestDuration: true, docExpansion: 'list' });
`;

/** The API's document and the page to try it on; every file comes from this machine. */
@Public()
@ApiExcludeController()
@Controller()
export class DocsController {
  private readonly text = JSON.stringify(openapi);
  private readonly assets = swaggerUiFolder();

  @Get('openapi.json')
  document(@Res() reply: FastifyReply): FastifyReply {
    return reply.type('application/json').header('cache-control', 'no-cache').send(this.text);
  }

  @Get('docs')
  page(@Res() reply: FastifyReply): FastifyReply {
    return reply.type('text/html; charset=utf-8').send(PAGE);
  }

  @Get('docs/:name')
  asset(@Param('name') name: string, @Res() reply: FastifyReply): FastifyReply {
    if (name === 'start.js') return reply.type('text/javascript; charset=utf-8').send(START);
    if (!ASSETS.has(name)) throw notFound(`/docs/${name}`);
    return sendFile(reply, this.assets, name);
  }
}

/** `swagger-ui-dist` is a dependency of `@nestjs/swagger`, so it is looked for from there. */
function swaggerUiFolder(): string {
  const swagger = createRequire(import.meta.url).resolve('@nestjs/swagger');
  return dirname(createRequire(swagger).resolve('swagger-ui-dist/package.json'));
}
