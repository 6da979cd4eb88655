import { Readable } from 'node:stream';
import { Body, Controller, Get, Inject, Injectable, type OnModuleInit, Post, Query, Req, Res } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import { ApiBody, ApiConsumes, ApiTags } from '@nestjs/swagger';
import { deviceRegistryV1 } from '@voltlog/proto';
import { SERVICE_CONFIG, SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { GatewayConfig } from '../config.js';
import { Services } from '../services.js';
import { Read } from '../web/route.js';
import { csvHead, readCsv, toCsv } from './csv.js';
import { exported } from './export.js';
import { importFile } from './import.js';
import { keptFile, told, withHead } from './import-file.js';
import { readJsonLines, toJsonLines } from './json-lines.js';

export const FILE_TYPES = ['text/csv', 'application/x-ndjson'] as const;
/** The device service takes a batch of 500. */
const DEADLINE_MS = 60_000;

const flag = z
  .enum(['true', 'false'])
  .default('false')
  .transform((word) => word === 'true');
export const importQuery = z.object({
  dryRun: flag.meta({ description: 'nothing is changed; the answer says what would be' }),
  onProblem: z
    .enum(['stop', 'skip'])
    .default('stop')
    .meta({ description: 'stop: all or nothing; skip: rows without a problem are imported' }),
  makePasswords: flag.meta({ description: 'new stations without a password get one, told in the answer and nowhere else' }),
});
export const exportQuery = z.object({
  format: z.enum(['csv', 'ndjson']).default('csv'),
  separator: z.enum([',', ';']).default(','),
  bom: flag.meta({ description: 'a byte order mark, for spreadsheets' }),
});
export const importAnswer = z.string().meta({
  id: 'RegistryImportLines',
  description: 'lines of type progress, problem (row, id, message) and password, and one of type result at the end',
});
export const exportAnswer = z.string().meta({ id: 'RegistryFile', description: 'one record a line' });

/** Lets files through to their route as streams: they are read only once the caller is known to be allowed to. */
@Injectable()
export class RegistryFiles implements OnModuleInit {
  constructor(private readonly host: HttpAdapterHost<FastifyAdapter>) {}

  onModuleInit(): void {
    const instance = this.host.httpAdapter.getInstance();
    for (const type of FILE_TYPES)
      if (!instance.hasContentTypeParser(type)) instance.addContentTypeParser(type, (_request, payload, done) => done(null, payload));
  }
}

const AGAIN = 'It broke off. Import the same file again: what is there already stays as it is.';
/** Of the batch that was written when it broke off. */
const LOST_PASSWORDS =
  ' A password that was made is told once: for each new station with hasCredential whose password is not in this answer, set a new one by PUT /v1/stations/{stationId}/credential.';

/** The whole registry in and out: sites, stations, EVSEs and connectors. */
@ApiTags('registry')
@Controller('v1/registry')
export class RegistryController {
  private readonly registry: deviceRegistryV1.RegistryService;

  constructor(
    private readonly services: Services,
    @Inject(SERVICE_CONTEXT) private readonly context: ServiceContext,
    @Inject(SERVICE_CONFIG) config: GatewayConfig,
  ) {
    this.registry = context.rpc.client<deviceRegistryV1.RegistryService>(deviceRegistryV1.RegistryServiceDefinition, {
      address: config.deviceGrpc,
      deadlineMs: DEADLINE_MS,
    });
  }

  @Get('export')
  @Read({
    role: 'viewer',
    summary: 'Export sites and stations',
    description: 'What an import takes. Passwords are not among it.',
    answer: exportAnswer,
    types: FILE_TYPES,
  })
  exportRegistry(
    @Query({ schema: exportQuery }) { format, separator, bom }: z.output<typeof exportQuery>,
    @Res() reply: FastifyReply,
  ): void {
    const isCsv = format === 'csv';
    void reply.header('content-disposition', `attachment; filename="registry.${format}"`);
    void reply.type(isCsv ? 'text/csv; charset=utf-8' : 'application/x-ndjson');
    const texts = isCsv
      ? withHead(csvHead(separator, bom), exported(this.services.device), (records) => toCsv(records, separator))
      : withHead('', exported(this.services.device), toJsonLines);
    void reply.send(Readable.from(texts));
  }

  @Post('import')
  @Read({
    role: 'admin',
    summary: 'Import sites and stations',
    description:
      'The body is the file: `text/csv` (comma, semicolon or tab; the first line names the columns) or `application/x-ndjson`. What is so already stays as it is, so that a file can be imported again.',
    answer: importAnswer,
    types: ['application/x-ndjson'],
    problems: { 413: 'the file is larger than 256 MB', 415: 'neither text/csv nor application/x-ndjson' },
  })
  @ApiConsumes(...FILE_TYPES)
  @ApiBody({ schema: { type: 'string' } })
  async importRegistry(
    @Body() body: unknown,
    @Query({ schema: importQuery }) { dryRun, onProblem, makePasswords }: z.output<typeof importQuery>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const file = await keptFile(body);
    const { path } = file;
    const read = (request.headers['content-type'] ?? '').startsWith('text/csv') ? () => readCsv(path) : () => readJsonLines(path);
    const lines = importFile(this.registry, read, { dryRun, skipBad: onProblem === 'skip', makePasswords });
    void reply.type('application/x-ndjson');
    const advice = makePasswords ? AGAIN + LOST_PASSWORDS : AGAIN;
    void reply.send(Readable.from(told(lines, file, { logger: this.context.logger, advice })));
  }
}
