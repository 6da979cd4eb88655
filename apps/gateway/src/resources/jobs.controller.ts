import { Body, Controller, Get, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { deviceJobV1 } from '@voltlog/proto';
import { SERVICE_CONFIG, SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { CallerParam } from '../auth/access.js';
import type { Caller } from '../auth/api-keys.js';
import type { GatewayConfig } from '../config.js';
import { publicUrl } from '../driver/public-url.js';
import { filesUrl } from '../files/file-bounds.js';
import { notFound } from '../problems/problem.js';
import { identifier, pageQuery } from '../views/common.js';
import {
  jobPage,
  jobStationPage,
  jobStationQuery,
  jobView,
  newJob,
  previewIn,
  previewView,
  retryIn,
  toJob,
  toJobStation,
  toSelection,
  toStationState,
} from '../views/job.view.js';
import { idempotencyKey } from '../web/etag.js';
import { Read, Write } from '../web/route.js';
import { commandNamed } from './command-table.js';
import { checkMaySend } from './send-command.js';

const jobParams = z.object({ jobId: identifier('jobId', 64) });
type JobParams = z.output<typeof jobParams>;

/** One command for many stations. */
@ApiTags('jobs')
@Controller('v1')
export class JobsController {
  private readonly jobs: deviceJobV1.JobService;

  constructor(
    @Inject(SERVICE_CONTEXT) { rpc }: ServiceContext,
    @Inject(SERVICE_CONFIG) private readonly config: GatewayConfig,
  ) {
    this.jobs = rpc.client<deviceJobV1.JobService>(deviceJobV1.JobServiceDefinition, { address: config.deviceGrpc });
  }

  @Get('jobs')
  @Read({ role: 'viewer', summary: 'List jobs, newest first', answer: jobPage })
  async listJobs(@Query({ schema: pageQuery }) query: z.output<typeof pageQuery>) {
    const { jobs, nextPageToken } = await this.jobs.listJobs({ pageSize: query.limit, pageToken: query.cursor ?? '' });
    return { data: jobs.map(toJob), nextCursor: nextPageToken || null };
  }

  @Post('jobs')
  @Write({
    role: 'operator',
    summary: 'Send a command to many stations',
    description:
      'The job goes on behind this answer, across restarts of the platform. Stations that are offline get the command when they come back, until `expiresAt`.',
    status: 201,
    answer: jobView,
  })
  async createJob(
    @Body({ schema: newJob }) body: z.output<typeof newJob>,
    @CallerParam() caller: Caller,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const named = body.command === undefined ? undefined : commandNamed(body.command.name, body.command.body, '/command/body');
    if (named !== undefined) checkMaySend(caller, named.command);
    const { job } = await this.jobs.createJob({
      name: body.name,
      command: named === undefined ? undefined : { stationId: '', ...named },
      applyTemplate: body.applyTemplate === undefined ? undefined : { templateId: body.applyTemplate.templateId ?? '' },
      collectLog:
        body.collectLog === undefined
          ? undefined
          : deviceJobV1.CollectLog.fromPartial({ ...body.collectLog, filesUrl: filesUrl(this.config, publicUrl(this.config, request)) }),
      failureBound: body.failureBound,
      selection: toSelection(body.selection),
      stationsPerMinute: body.stationsPerMinute,
      concurrency: body.concurrency,
      expiresAt: body.expiresAt,
      createdBy: caller.name,
      idempotencyKey: idempotencyKey(request),
    });
    if (job !== undefined) void reply.header('location', `/v1/jobs/${encodeURIComponent(job.jobId)}`);
    return shown(job);
  }

  @Post('station-selections')
  @Read({ role: 'viewer', summary: 'How many stations a selection means now', description: 'Nothing is changed.', answer: previewView })
  previewSelection(@Body({ schema: previewIn }) { selection, command }: z.output<typeof previewIn>) {
    if (command !== undefined) commandNamed(command.name, command.body, '/command/body');
    return this.jobs.previewSelection({ selection: toSelection(selection) });
  }

  @Get('jobs/:jobId')
  @Read({ role: 'viewer', summary: 'Read a job and how far it is', answer: jobView })
  async getJob(@Param({ schema: jobParams }) { jobId }: JobParams) {
    return shown((await this.jobs.getJob({ jobId })).job);
  }

  @Get('jobs/:jobId/stations')
  @Read({ role: 'viewer', summary: 'What came of a job at each station', answer: jobStationPage })
  async listJobStations(
    @Param({ schema: jobParams }) { jobId }: JobParams,
    @Query({ schema: jobStationQuery }) query: z.output<typeof jobStationQuery>,
  ) {
    const { stations, nextPageToken } = await this.jobs.listJobStations({
      jobId,
      state: query.state === undefined ? deviceJobV1.JobStationState.UNSPECIFIED : toStationState(query.state),
      pageSize: query.limit,
      pageToken: query.cursor ?? '',
    });
    return { data: stations.map(toJobStation), nextCursor: nextPageToken || null };
  }

  @Post('jobs/:jobId/cancel')
  @Write({
    role: 'operator',
    summary: 'Cancel a job',
    description: 'Nothing more is sent; answers that are on their way are still noted.',
    status: 202,
    answer: jobView,
  })
  async cancelJob(@Param({ schema: jobParams }) { jobId }: JobParams, @CallerParam() caller: Caller, @Req() request: FastifyRequest) {
    return shown((await this.jobs.cancelJob({ jobId, cancelledBy: caller.name, idempotencyKey: idempotencyKey(request) })).job);
  }

  @Post('jobs/:jobId/pause')
  @Write({
    role: 'operator',
    summary: 'Pause a job',
    description: 'Nothing more is sent until it is resumed; stations that come back meanwhile wait. It expires all the same.',
    answer: jobView,
  })
  async pauseJob(@Param({ schema: jobParams }) { jobId }: JobParams, @CallerParam() caller: Caller, @Req() request: FastifyRequest) {
    return shown((await this.jobs.pauseJob({ jobId, pausedBy: caller.name, idempotencyKey: idempotencyKey(request) })).job);
  }

  @Post('jobs/:jobId/resume')
  @Write({
    role: 'operator',
    summary: 'Let a paused job go on',
    description: 'Its failures are counted anew from here.',
    answer: jobView,
  })
  async resumeJob(@Param({ schema: jobParams }) { jobId }: JobParams, @CallerParam() caller: Caller, @Req() request: FastifyRequest) {
    return shown((await this.jobs.resumeJob({ jobId, resumedBy: caller.name, idempotencyKey: idempotencyKey(request) })).job);
  }

  @Post('jobs/:jobId/retry')
  @Write({ role: 'operator', summary: 'Send again to stations where a job failed', status: 202, answer: jobView })
  async retryJob(
    @Param({ schema: jobParams }) { jobId }: JobParams,
    @Body({ schema: retryIn }) body: z.output<typeof retryIn>,
    @CallerParam() caller: Caller,
    @Req() request: FastifyRequest,
  ) {
    const { job } = await this.jobs.retryJob({
      jobId,
      states: body.states.map(toStationState),
      expiresAt: body.expiresAt,
      retriedBy: caller.name,
      idempotencyKey: idempotencyKey(request),
    });
    return shown(job);
  }
}

function shown(job: deviceJobV1.Job | undefined): z.input<typeof jobView> {
  if (job === undefined) throw notFound('The job');
  return toJob(job);
}
