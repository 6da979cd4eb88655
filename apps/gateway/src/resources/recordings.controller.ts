import { Readable } from 'node:stream';
import { Body, Controller, Delete, Get, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { recordingsV1 } from '@voltlog/proto';
import { SERVICE_CONFIG, SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { GatewayConfig } from '../config.js';
import { notFound } from '../problems/problem.js';
import { Services } from '../services.js';
import { pageQuery } from '../views/common.js';
import { newRecording, recordingFile, recordingPage, recordingParams, recordingView, toRecording } from '../views/recording.view.js';
import { Read, Write } from '../web/route.js';
import { type StationParams, stationParams } from './stations.controller.js';

type Params = z.output<typeof recordingParams>;

/** What stations and the platform really said to one another, with names replaced. */
@ApiTags('stations')
@Controller('v1/stations/:stationId/recordings')
export class RecordingsController {
  private readonly recordings: recordingsV1.RecordingService;

  constructor(
    private readonly services: Services,
    @Inject(SERVICE_CONTEXT) { rpc }: ServiceContext,
    @Inject(SERVICE_CONFIG) config: GatewayConfig,
  ) {
    this.recordings = rpc.client<recordingsV1.RecordingService>(recordingsV1.RecordingServiceDefinition, {
      address: config.connectionGrpc,
    });
  }

  @Get()
  @Read({ role: 'viewer', summary: 'Recordings of a station, newest first', answer: recordingPage })
  async listRecordings(
    @Param({ schema: stationParams }) { stationId }: StationParams,
    @Query({ schema: pageQuery }) query: z.output<typeof pageQuery>,
  ) {
    const page = await this.recordings.listRecordings({ stationId, pageSize: query.limit, pageToken: query.cursor ?? '' });
    return { data: page.recordings.map(toRecording), nextCursor: page.nextPageToken || null };
  }

  @Post()
  @Write({
    role: 'operator',
    summary: 'Record a station',
    description:
      'Everything that is said on its socket, both ways, from within two seconds on. Tokens, serial numbers, addresses, keys and certificates are replaced before it is stored, the same by the same. Kept for 30 days.',
    status: 201,
    answer: recordingView,
  })
  async startRecording(
    @Param({ schema: stationParams }) { stationId }: StationParams,
    @Body({ schema: newRecording }) { minutes, bytesMax }: z.output<typeof newRecording>,
  ) {
    // A station that nobody knows is a slip of the pen.
    await this.services.device.getStation({ stationId });
    const { recording } = await this.recordings.startRecording({ stationId, seconds: minutes * 60, bytesMax });
    return found(recording, stationId);
  }

  @Post(':recordingId/stop')
  @Write({ role: 'operator', summary: 'Stop a recording', answer: recordingView })
  async stopRecording(@Param({ schema: recordingParams }) params: Params) {
    await this.of(params);
    const { recording } = await this.recordings.stopRecording({ recordingId: params.recordingId });
    return found(recording, params.stationId);
  }

  @Get(':recordingId/file')
  @Read({
    role: 'viewer',
    summary: 'The lines of a recording',
    description: 'JSON lines, as `simulator replay` takes them. The format is described in how-to/record-a-station.',
    answer: recordingFile,
    types: ['application/x-ndjson'],
  })
  async readRecording(@Param({ schema: recordingParams }) params: Params, @Res() reply: FastifyReply): Promise<void> {
    await this.of(params);
    void reply.header('content-disposition', `attachment; filename="recording-${params.recordingId}.ndjson"`);
    void reply.type('application/x-ndjson');
    void reply.send(Readable.from(this.lines(params.recordingId)));
  }

  @Delete(':recordingId')
  @Write({ role: 'operator', summary: 'Forget a recording', answer: z.object({}) })
  async deleteRecording(@Param({ schema: recordingParams }) params: Params) {
    await this.of(params);
    return this.recordings.deleteRecording({ recordingId: params.recordingId });
  }

  private async of({ stationId, recordingId }: Params) {
    return found((await this.recordings.getRecording({ recordingId })).recording, stationId);
  }

  private async *lines(recordingId: string): AsyncGenerator<string> {
    let pageToken = '';
    do {
      const page = await this.recordings.readRecording({ recordingId, pageToken });
      if (page.lines.length > 0) yield `${page.lines.join('\n')}\n`;
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
  }
}

/** One of another station is not there. */
function found(recording: recordingsV1.Recording | undefined, stationId: string) {
  if (recording === undefined || recording.stationId !== stationId) throw notFound(`The recording of ${stationId}`);
  return toRecording(recording);
}
