import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import { isoTime, OperatingError, RequestError } from '@voltlog/kernel';
import { deviceFirmwareV1, deviceLogUploadV1 } from '@voltlog/proto';
import { SERVICE_CONFIG, SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { GatewayConfig } from '../config.js';
import { sendProblem } from '../problems/problem.filter.js';
import { notFound, Problem, toProblem } from '../problems/problem.js';
import { boundedBody, cutOff } from './bounded-body.js';
import { fileProblem } from './file-bounds.js';
import { sendStored } from './send-stored.js';
import { uploadedFile } from './upload-body.js';

/** Uploads at once on one instance. */
const UPLOADS_MAX = 200;
const PROGRESS_MS = 2_000;
/** How often the device service is told of a file that is here, and how long between, ms. */
const TELLINGS = 3;
const REPEAT_MS = 500;
/** How often it is told then that an upload broke off, and how long between, ms: it finds out by itself after 90 s. */
const BREAKS = 90;
const BREAK_MS = 1_000;
/** Refusals of the device service that say that an address is used up. */
const GONE: ReadonlySet<string | undefined> = new Set(['LinkExpired', 'ImageGone', 'UploadUsed', 'UploadOver']);

interface DownloadParams {
  readonly imageId: string;
  readonly stationId: string;
  readonly expires: string;
  readonly signature: string;
}
interface UploadParams {
  readonly uploadId: string;
  readonly signature: string;
  readonly '*'?: string;
}

/**
 * Where stations fetch firmware and bring logs. They show no key: the address is signed, and names what it is good for. Bodies of any type
 * are taken as streams, so these routes have a Fastify scope of their own.
 */
@Injectable()
export class StationFiles implements OnModuleInit {
  private readonly firmware: deviceFirmwareV1.FirmwareService;
  private readonly uploads: deviceLogUploadV1.LogUploadService;
  private uploadsNow = 0;

  constructor(
    private readonly host: HttpAdapterHost<FastifyAdapter>,
    @Inject(SERVICE_CONTEXT) private readonly context: ServiceContext,
    @Inject(SERVICE_CONFIG) private readonly config: GatewayConfig,
  ) {
    const target = { address: config.deviceGrpc };
    this.firmware = context.rpc.client<deviceFirmwareV1.FirmwareService>(deviceFirmwareV1.FirmwareServiceDefinition, target);
    this.uploads = context.rpc.client<deviceLogUploadV1.LogUploadService>(deviceLogUploadV1.LogUploadServiceDefinition, target);
  }

  onModuleInit(): void {
    const instance = this.host.httpAdapter.getInstance() as unknown as FastifyInstance;
    void instance.register(async (scope) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
      scope.setErrorHandler((error, request, reply) => this.refuse(error, request, reply));
      scope.route<{ Params: DownloadParams }>({
        method: ['GET', 'HEAD'],
        url: '/files/firmware/:imageId/:stationId/:expires/:signature/:fileName',
        handler: (request, reply) => this.download(request.params, request, reply),
      });
      for (const url of ['/files/uploads/:uploadId/:signature', '/files/uploads/:uploadId/:signature/*'])
        scope.route<{ Params: UploadParams }>({
          method: ['PUT', 'POST'],
          url,
          handler: (request, reply) => this.upload(request.params, request, reply),
        });
      // What is not an address of a file says so, instead of showing the console.
      scope.get('/files/*', () => Promise.reject(notFound('This file')));
    });
  }

  private async download(params: DownloadParams, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { imageId, stationId, signature } = params;
    const expires = Number(params.expires);
    if (!Number.isSafeInteger(expires) || expires < 0) throw notFound('This file');
    const { image } = await this.firmware.openDownload({ imageId, stationId, expires, signature, fetches: request.method === 'GET' });
    if (image === undefined) throw notFound('This file');
    const { fileName } = image;
    return sendStored(this.context.store.files, request, reply, { fileId: imageId, fileName, contentType: 'application/octet-stream' });
  }

  private async upload(params: UploadParams, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    if (this.uploadsNow >= UPLOADS_MAX)
      throw new Problem(503, 'too-many-uploads', 'Too many files are coming in now.', {
        headers: { 'retry-after': '60' },
      });
    this.uploadsNow += 1;
    try {
      await this.receive(params, request);
    } finally {
      this.uploadsNow -= 1;
    }
    return reply.status(201).send();
  }

  private async receive({ uploadId, signature, '*': name = '' }: UploadParams, request: FastifyRequest): Promise<void> {
    const { uploadMaxBytes: maxBytes, uploadIdleMs: idleMs, uploadTotalMs: totalMs, filesMaxBytes: totalBytesMax } = this.config;
    const { files } = this.context.store;
    const { attempt, fileId, keptUntil = '' } = await this.uploads.beginUpload({ uploadId, signature });
    let receivedBytes = 0;
    let isStored = false;
    const telling = setInterval(() => void this.tell(uploadId, attempt, receivedBytes), PROGRESS_MS);
    try {
      const body = request.body as Readable | undefined;
      if (body === undefined) throw new Problem(400, 'invalid-request', 'The request has no file in its body.');
      const bounded = boundedBody(body, request.headers['content-length'], { maxBytes, idleMs, totalMs });
      const { fileName, contentType, bytes } = await uploadedFile(request, bounded, lastPart(name));
      const file = await files.write(fileId, bytes, {
        maxBytes,
        totalBytesMax,
        now: isoTime(this.context.clock.now()),
        expiresAt: keptUntil,
        onProgress: (count) => {
          receivedBytes = count;
        },
      });
      const { sizeBytes, sha256 } = file;
      isStored = true;
      await this.tellStored({ uploadId, attempt, fileName: fileName.slice(0, 255), contentType, sizeBytes, sha256, keptUntil });
    } catch (error) {
      const problem = brokenOff(error, maxBytes);
      // A lost answer can have said that it was taken: then the file is not ours to delete. Nobody's, it goes when `keptUntil` is over.
      const isOurs = !isStored || problem instanceof RequestError || problem instanceof Problem;
      await this.giveUp(uploadId, attempt, isOurs ? [fileId] : [], receivedBytes, problem);
      throw problem;
    } finally {
      clearInterval(telling);
    }
  }

  /** The same attempt told twice is taken once. */
  private async tellStored(received: deviceLogUploadV1.ReceiveUploadRequest): Promise<void> {
    for (let left = TELLINGS - 1; ; left -= 1)
      try {
        await this.uploads.receiveUpload(received);
        return;
      } catch (error) {
        if (left === 0 || !(error instanceof OperatingError)) throw error;
        await sleep(REPEAT_MS);
      }
  }

  /** Never rejects: an upload that nobody ended ends by itself, and one that was received stays so. */
  private async giveUp(
    uploadId: string,
    attempt: number,
    fileIds: readonly string[],
    receivedBytes: number,
    problem: unknown,
  ): Promise<void> {
    const { detail, status } = toProblem(problem);
    const broken = { uploadId, attempt, reason: detail, receivedBytes, final: status === 413 };
    try {
      await this.context.store.files.delete(fileIds);
      await this.uploads.breakUpload(broken);
    } catch (error) {
      this.context.logger.warn({ err: error, upload_id: uploadId }, 'an upload that broke off could not be ended yet');
      void this.breakLater(broken);
    }
  }

  /** Until the device service is back, or has found out by itself: a station that tries again is let in only then. Never rejects. */
  private async breakLater(broken: deviceLogUploadV1.BreakUploadRequest): Promise<void> {
    for (let left = BREAKS; left > 0; left -= 1) {
      await sleep(BREAK_MS, undefined, { ref: false });
      try {
        await this.uploads.breakUpload(broken);
        return;
      } catch (error) {
        this.context.logger.debug({ err: error, upload_id: broken.uploadId }, 'an upload that broke off could still not be ended');
        // It was heard: there is nothing to end.
        if (error instanceof RequestError) return;
      }
    }
  }

  private async tell(uploadId: string, attempt: number, receivedBytes: number): Promise<void> {
    await this.uploads.reportUploadProgress({ uploadId, attempt, receivedBytes }).catch((error: unknown) => {
      this.context.logger.debug({ err: error, upload_id: uploadId }, 'the progress of an upload could not be told');
    });
  }

  private refuse(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const isGone = error instanceof RequestError && GONE.has(error.reason);
    const problem = isGone ? new Problem(410, 'gone', `${error.message}.`) : toProblem(error);
    if (problem.status >= 500 && !(error instanceof OperatingError) && !(error instanceof Problem))
      this.context.logger.error({ err: error, method: request.method, route: request.routeOptions?.url }, 'request failed');
    if (reply.sent || reply.raw.headersSent) return void reply.raw.destroy();
    if (request.method !== 'GET' && request.method !== 'HEAD') cutOff(request, reply);
    sendProblem(reply, problem);
  }
}

const lastPart = (path: string): string => path.split('/').at(-1) ?? '';

function brokenOff(error: unknown, maxBytes: number): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE')
    return new Problem(400, 'broken-off', 'The connection broke off in the middle of the file.');
  return fileProblem(error, maxBytes);
}
