import { createHash, createVerify, type Hash, randomBytes, X509Certificate } from 'node:crypto';
import { Readable } from 'node:stream';
import { Body, Controller, Delete, Get, Inject, Injectable, type OnModuleInit, Param, Post, Put, Query, Req, Res } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import { ApiBody, ApiConsumes, ApiTags } from '@nestjs/swagger';
import { isoTime, RequestError } from '@voltlog/kernel';
import { deviceFirmwareV1 } from '@voltlog/proto';
import { SERVICE_CONFIG, SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { CallerParam } from '../auth/access.js';
import type { Caller } from '../auth/api-keys.js';
import type { GatewayConfig } from '../config.js';
import { boundedBody, cutOff } from '../files/bounded-body.js';
import { fileProblem } from '../files/file-bounds.js';
import { invalid, notFound, Problem } from '../problems/problem.js';
import { identifier, pageQuery } from '../views/common.js';
import { imagePage, imageQuery, imageView, signatureIn, toImage } from '../views/firmware.view.js';
import { Read, Write } from '../web/route.js';

const imageParams = z.object({ imageId: identifier('imageId', 64) });
type ImageParams = z.output<typeof imageParams>;
/** A file whose image could not be registered is deleted after so long, ms. */
const TRIAL_MS = 86_400_000;
/** A connection that brings an image may be slow, ms. */
const TOTAL_MS = 6 * 3_600_000;

/** Lets images through to their route as streams. */
@Injectable()
export class BinaryBodies implements OnModuleInit {
  constructor(private readonly host: HttpAdapterHost<FastifyAdapter>) {}

  onModuleInit(): void {
    const instance = this.host.httpAdapter.getInstance();
    if (!instance.hasContentTypeParser('application/octet-stream'))
      instance.addContentTypeParser('application/octet-stream', (_request, payload, done) => done(null, payload));
  }
}

/** Firmware images: brought here, kept, and fetched by stations. */
@ApiTags('firmware')
@Controller('v1/firmware-images')
export class FirmwareImagesController {
  private readonly firmware: deviceFirmwareV1.FirmwareService;

  constructor(
    @Inject(SERVICE_CONTEXT) private readonly context: ServiceContext,
    @Inject(SERVICE_CONFIG) private readonly config: GatewayConfig,
  ) {
    this.firmware = context.rpc.client<deviceFirmwareV1.FirmwareService>(deviceFirmwareV1.FirmwareServiceDefinition, {
      address: config.deviceGrpc,
    });
  }

  @Get()
  @Read({ role: 'viewer', summary: 'List firmware images, newest first', answer: imagePage })
  async listFirmwareImages(@Query({ schema: pageQuery }) query: z.output<typeof pageQuery>) {
    const { images, nextPageToken } = await this.firmware.listImages({ pageSize: query.limit, pageToken: query.cursor ?? '' });
    return { data: images.map(toImage), nextCursor: nextPageToken || null };
  }

  @Post()
  @Read({
    role: 'operator',
    status: 201,
    summary: 'Bring a firmware image',
    description: 'The body is the image, as `application/octet-stream`. It is kept durably before this is answered.',
    answer: imageView,
    problems: {
      408: 'nothing came for too long',
      413: 'larger than GATEWAY_FIRMWARE_MB',
      422: 'what arrived has another checksum than `sha256` says',
      507: 'all files together would be larger than GATEWAY_FILES_MB',
    },
  })
  @ApiConsumes('application/octet-stream')
  @ApiBody({ schema: { type: 'string', format: 'binary' } })
  async createFirmwareImage(
    @Body() body: unknown,
    @Query({ schema: imageQuery }) query: z.output<typeof imageQuery>,
    @CallerParam() caller: Caller,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    if (!(body instanceof Readable)) throw new Problem(415, 'unsupported-media-type', 'Send the image as application/octet-stream.');
    cutOff(request, reply);
    const { vendor, model, version, fileName } = query;
    const imageId = randomBytes(16).toString('hex');
    const { sizeBytes, sha256, md5 } = await this.keep(imageId, body, request.headers['content-length']);
    const { files } = this.context.store;
    try {
      if (query.sha256 !== undefined && query.sha256.toLowerCase() !== sha256)
        throw new Problem(422, 'checksum-mismatch', `What arrived has ${sizeBytes} bytes and the SHA-256 ${sha256}.`);
      const { image } = await this.firmware.addImage({
        imageId,
        fileName,
        vendor,
        model,
        version,
        sizeBytes,
        sha256,
        md5,
        createdBy: caller.name,
      });
      await files.keep(imageId, undefined);
      void reply.header('location', `/v1/firmware-images/${imageId}`);
      return shown(image);
    } catch (error) {
      // Whether it is registered is not known of any other error; then its time on trial decides.
      if (error instanceof Problem || error instanceof RequestError) await files.delete([imageId]);
      throw error;
    }
  }

  @Get(':imageId')
  @Read({ role: 'viewer', summary: 'Read a firmware image', answer: imageView })
  async getFirmwareImage(@Param({ schema: imageParams }) { imageId }: ImageParams) {
    return shown((await this.firmware.getImage({ imageId })).image);
  }

  @Put(':imageId/signature')
  @Write({
    role: 'operator',
    summary: 'Add the signature of the manufacturer',
    description:
      'From then on stations are sent it: 2.x in UpdateFirmware, 1.6 by SignedUpdateFirmware. It is checked here first: ECDSA, RSA-PSS or RSA with SHA-256.',
    answer: imageView,
    problems: { 422: 'the signature does not fit the image and the certificate' },
  })
  async signFirmwareImage(
    @Param({ schema: imageParams }) { imageId }: ImageParams,
    @Body({ schema: signatureIn }) { signature, signingCertificate }: z.output<typeof signatureIn>,
    @CallerParam() caller: Caller,
  ) {
    await this.firmware.getImage({ imageId });
    await this.checkSignature(imageId, signature, signingCertificate);
    return shown((await this.firmware.signImage({ imageId, signature, signingCertificate, signedBy: caller.name })).image);
  }

  @Delete(':imageId')
  @Write({
    role: 'operator',
    summary: 'Delete a firmware image',
    description: 'Stations that have its address are told 410 from then on.',
    status: 204,
    problems: { 409: 'a campaign that has not ended needs it (`image-in-use`)' },
  })
  async deleteFirmwareImage(@Param({ schema: imageParams }) { imageId }: ImageParams, @CallerParam() caller: Caller): Promise<void> {
    await this.firmware.deleteImage({ imageId, deletedBy: caller.name });
    await this.context.store.files.delete([imageId]);
  }

  private async keep(imageId: string, body: Readable, contentLength: string | undefined) {
    const { firmwareMaxBytes: maxBytes, filesMaxBytes: totalBytesMax, uploadIdleMs: idleMs } = this.config;
    const now = this.context.clock.now();
    try {
      const bytes = boundedBody(body, contentLength, { maxBytes, idleMs, totalMs: TOTAL_MS });
      const options = { maxBytes, totalBytesMax, now: isoTime(now), expiresAt: isoTime(now + TRIAL_MS) };
      const md5 = createHash('md5');
      const file = await this.context.store.files.write(imageId, hashed(bytes, md5), options);
      return { ...file, md5: md5.digest('hex') };
    } catch (error) {
      throw fileProblem(error, maxBytes);
    }
  }

  /** @throws {Problem} 400 and 422 */
  private async checkSignature(imageId: string, signature: string, signingCertificate: string): Promise<void> {
    const certificate = certificateOf(signingCertificate);
    const verifiers = [createVerify('sha256'), createVerify('sha256')] as const;
    for await (const piece of await this.context.store.files.read(imageId))
      for (const verifier of verifiers) verifier.update(piece as Buffer);
    const { publicKey } = certificate;
    const bytes = Buffer.from(signature, 'base64');
    // RSA_PKCS1_PSS_PADDING; a key of another kind has one way only.
    const isPss = publicKey.asymmetricKeyType?.startsWith('rsa') === true && verifiers[1].verify({ key: publicKey, padding: 6 }, bytes);
    if (isPss || verifiers[0].verify(publicKey, bytes)) return;
    throw new Problem(422, 'signature-mismatch', 'The signature does not fit the image and the certificate.');
  }
}

/** OCPP knows images that local controllers publish by their MD5; whether they arrived whole is told by their SHA-256. */
async function* hashed(bytes: AsyncIterable<Uint8Array>, hash: Hash): AsyncGenerator<Uint8Array> {
  for await (const piece of bytes) {
    hash.update(piece);
    yield piece;
  }
}

function certificateOf(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw invalid('The signing certificate is none', [
      { in: 'body', pointer: '/signingCertificate', message: 'must be a certificate in PEM' },
    ]);
  }
}

function shown(image: deviceFirmwareV1.FirmwareImage | undefined): z.input<typeof imageView> {
  if (image === undefined) throw notFound('The firmware image');
  return toImage(image);
}
