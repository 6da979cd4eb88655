import { Readable } from 'node:stream';
import { Body, Controller, Get, Inject, Post, Query, Req, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiTags } from '@nestjs/swagger';
import { authorizationV1 } from '@voltlog/proto';
import { SERVICE_CONFIG, SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { GatewayConfig } from '../config.js';
import { keptFile, told, withHead } from '../registry/import-file.js';
import { exportAnswer, exportQuery, FILE_TYPES, importAnswer, importQuery } from '../registry/registry.controller.js';
import { Services } from '../services.js';
import { toToken } from '../views/token.view.js';
import { Read } from '../web/route.js';
import { readTokenCsv, readTokenLines, tokenCsvHead, toTokenCsv, toTokenLines } from './token-file.js';
import { importTokens } from './token-import.js';

const PAGE = 200;
const AGAIN = 'It broke off. Import the same file again: what is there already stays as it is.';
const tokenImportQuery = importQuery.omit({ makePasswords: true });

/** All ID tokens in and out. */
@ApiTags('registry')
@Controller('v1/registry/tokens')
export class TokenFilesController {
  constructor(
    private readonly services: Services,
    @Inject(SERVICE_CONTEXT) private readonly context: ServiceContext,
    @Inject(SERVICE_CONFIG) private readonly config: GatewayConfig,
  ) {}

  @Get('export')
  @Read({
    role: 'admin',
    summary: 'Export ID tokens',
    description: 'What an import takes. Budgets are in JSON lines only.',
    answer: exportAnswer,
    types: FILE_TYPES,
  })
  exportTokens(@Query({ schema: exportQuery }) { format, separator, bom }: z.output<typeof exportQuery>, @Res() reply: FastifyReply): void {
    const isCsv = format === 'csv';
    void reply.header('content-disposition', `attachment; filename="tokens.${format}"`);
    void reply.type(isCsv ? 'text/csv; charset=utf-8' : 'application/x-ndjson');
    const texts = isCsv
      ? withHead(tokenCsvHead(separator, bom), this.pages(), (tokens) => toTokenCsv(tokens, separator))
      : withHead('', this.pages(), toTokenLines);
    void reply.send(Readable.from(texts));
  }

  @Post('import')
  @Read({
    role: 'admin',
    summary: 'Import ID tokens',
    description:
      'The body is the file: `text/csv` (comma, semicolon or tab; the first line names the columns; ids in siteIds and stationIds are separated by spaces) or `application/x-ndjson`. What a row does not give stays as it is; what is so already is left alone, so that a file can be imported again.',
    answer: importAnswer,
    types: ['application/x-ndjson'],
    problems: { 413: 'the file is larger than 256 MB', 415: 'neither text/csv nor application/x-ndjson' },
  })
  @ApiConsumes(...FILE_TYPES)
  @ApiBody({ schema: { type: 'string' } })
  async importTokens(
    @Body() body: unknown,
    @Query({ schema: tokenImportQuery }) { dryRun, onProblem }: z.output<typeof tokenImportQuery>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const file = await keptFile(body);
    const isCsv = (request.headers['content-type'] ?? '').startsWith('text/csv');
    const lines = importTokens(this.services.authorization, () => (isCsv ? readTokenCsv(file.path) : readTokenLines(file.path)), {
      dryRun,
      skipBad: onProblem === 'skip',
      keyCodeLengthMin: this.config.keyCodeLengthMin,
    });
    void reply.type('application/x-ndjson');
    void reply.send(Readable.from(told(lines, file, { logger: this.context.logger, advice: AGAIN })));
  }

  private async *pages(): AsyncGenerator<ReturnType<typeof toToken>[]> {
    for (let pageToken = ''; ; ) {
      const page = await this.services.authorization.listTokens({
        pageSize: PAGE,
        pageToken,
        groupId: '',
        status: authorizationV1.TokenStatus.UNSPECIFIED,
      });
      yield page.tokens.map(toToken);
      if (page.nextPageToken === '') return;
      pageToken = page.nextPageToken;
    }
  }
}
