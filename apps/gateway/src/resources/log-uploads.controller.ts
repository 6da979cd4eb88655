import { Body, Controller, Delete, Get, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { deviceLogUploadV1 } from '@voltlog/proto';
import { SERVICE_CONFIG, SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { CallerParam } from '../auth/access.js';
import type { Caller } from '../auth/api-keys.js';
import type { GatewayConfig } from '../config.js';
import { publicUrl } from '../driver/public-url.js';
import { filesUrl } from '../files/file-bounds.js';
import { sendStored } from '../files/send-stored.js';
import { notFound, Problem } from '../problems/problem.js';
import { COMMAND_MS_MAX } from '../services.js';
import { identifier, stationId } from '../views/common.js';
import { logUploadPage, logUploadQuery, logUploadView, newLogUpload, toLogUpload } from '../views/log-upload.view.js';
import { Read, Write } from '../web/route.js';

const stationParams = z.object({ stationId });
const uploadParams = z.object({ uploadId: identifier('uploadId', 64) });
type UploadParams = z.output<typeof uploadParams>;
/** Beyond the command itself, for the way there and back. */
const ROUND_TRIP_MS = 10_000;

/** Logs that stations upload, each to an address of its own. */
@ApiTags('logs')
@Controller('v1')
export class LogUploadsController {
  private readonly uploads: deviceLogUploadV1.LogUploadService;

  constructor(
    @Inject(SERVICE_CONTEXT) private readonly context: ServiceContext,
    @Inject(SERVICE_CONFIG) private readonly config: GatewayConfig,
  ) {
    this.uploads = context.rpc.client<deviceLogUploadV1.LogUploadService>(deviceLogUploadV1.LogUploadServiceDefinition, {
      address: config.deviceGrpc,
      deadlineMs: COMMAND_MS_MAX + ROUND_TRIP_MS,
    });
  }

  @Post('stations/:stationId/log-uploads')
  @Write({
    role: 'operator',
    summary: 'Have a station upload a log here',
    description:
      "Waits for the station's answer, not for the file. The station is given an address that takes one file, by PUT or POST. An upload that the station refused is Failed and says why.",
    status: 201,
    answer: logUploadView,
  })
  async createLogUpload(
    @Param({ schema: stationParams }) params: z.output<typeof stationParams>,
    @Body({ schema: newLogUpload }) body: z.output<typeof newLogUpload>,
    @CallerParam() caller: Caller,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { upload } = await this.uploads.requestUpload({
      ...body,
      oldest: body.oldest,
      latest: body.latest,
      retries: body.retries,
      retryIntervalSeconds: body.retryIntervalSeconds,
      stationId: params.stationId,
      filesUrl: filesUrl(this.config, publicUrl(this.config, request)),
      requestedBy: caller.name,
    });
    if (upload !== undefined) void reply.header('location', `/v1/log-uploads/${upload.uploadId}`);
    return shown(upload);
  }

  @Get('log-uploads')
  @Read({ role: 'viewer', summary: 'List uploads of logs, newest first', answer: logUploadPage })
  async listLogUploads(@Query({ schema: logUploadQuery }) query: z.output<typeof logUploadQuery>) {
    const { uploads, nextPageToken } = await this.uploads.listUploads({
      stationId: query.stationId ?? '',
      pageSize: query.limit,
      pageToken: query.cursor ?? '',
    });
    return { data: uploads.map(toLogUpload), nextCursor: nextPageToken || null };
  }

  @Get('log-uploads/:uploadId')
  @Read({ role: 'viewer', summary: 'Read an upload and how far it is', answer: logUploadView })
  async getLogUpload(@Param({ schema: uploadParams }) { uploadId }: UploadParams) {
    return shown((await this.uploads.getUpload({ uploadId })).upload);
  }

  @Get('log-uploads/:uploadId/file')
  @Read({
    role: 'operator',
    summary: 'Download the file of an upload',
    description: 'Takes `Range`.',
    answer: z.string().meta({ id: 'LogFile', description: 'the file' }),
    types: ['application/octet-stream'],
    problems: { 409: 'there is no file yet', 410: 'it is not kept any more' },
  })
  async downloadLogUpload(
    @Param({ schema: uploadParams }) { uploadId }: UploadParams,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const { upload } = await this.uploads.getUpload({ uploadId });
    if (upload === undefined) throw notFound('The upload');
    const { state } = toLogUpload(upload);
    if (state !== 'Received' && state !== 'Deleted') throw new Problem(409, 'no-file', `There is no file: the upload is ${state}.`);
    if (upload.fileId === '') throw new Problem(410, 'gone', 'This file is not kept any more.');
    const { fileId, fileName } = upload;
    // Nothing of what a station sends is to be run by a browser.
    await sendStored(this.context.store.files, request, reply, {
      fileId,
      fileName: fileName || `${upload.stationId}.log`,
      contentType: 'application/octet-stream',
    });
  }

  @Delete('log-uploads/:uploadId')
  @Write({
    role: 'operator',
    summary: 'Delete the file of an upload, or take its address back',
    status: 204,
  })
  async deleteLogUpload(@Param({ schema: uploadParams }) { uploadId }: UploadParams, @CallerParam() caller: Caller): Promise<void> {
    const { fileId } = await this.uploads.deleteUpload({ uploadId, deletedBy: caller.name });
    if (fileId !== '') await this.context.store.files.delete([fileId]);
  }
}

function shown(upload: deviceLogUploadV1.LogUpload | undefined): z.input<typeof logUploadView> {
  if (upload === undefined) throw notFound('The upload');
  return toLogUpload(upload);
}
