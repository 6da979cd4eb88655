import { Body, Controller, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { deviceJobV1 } from '@voltlog/proto';
import { SERVICE_CONFIG, SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { CallerParam } from '../auth/access.js';
import type { Caller } from '../auth/api-keys.js';
import type { GatewayConfig } from '../config.js';
import { jobView, toJob } from '../views/job.view.js';
import { idToken, idTokenType } from '../views/token.view.js';
import { idempotencyKey } from '../web/etag.js';
import { Write } from '../web/route.js';
import { stationRequest } from './command-table.js';

/** Stations that are away get the request when they come back, for so long. */
const EXPIRES_MS = 90 * 86_400_000;

const erasureIn = z
  .strictObject({
    idToken,
    idTokenType: idTokenType.default('ISO14443'),
    reference: z.string().max(64).default('').meta({ description: 'your own number of the request of the customer' }),
  })
  .meta({ id: 'NewCustomerErasure' });

/** What is to be forgotten of a customer, at all stations. */
@ApiTags('tokens')
@Controller('v1/customer-erasures')
export class CustomerErasuresController {
  private readonly jobs: deviceJobV1.JobService;
  private readonly now: () => number;

  constructor(@Inject(SERVICE_CONTEXT) { rpc, clock }: ServiceContext, @Inject(SERVICE_CONFIG) config: GatewayConfig) {
    this.jobs = rpc.client<deviceJobV1.JobService>(deviceJobV1.JobServiceDefinition, { address: config.deviceGrpc });
    this.now = () => clock.now();
  }

  @Post()
  @Write({
    role: 'admin',
    summary: 'Have all stations forget what they know of a customer',
    description:
      'A job that sends CustomerInformation (clear) to every station; `/v1/jobs/{jobId}/stations` is the record of what came of each. OCPP 1.6 has no message for it: those stations are recorded as not supported. What stations report afterwards is among their reports.',
    status: 201,
    answer: jobView,
  })
  async eraseCustomer(
    @Body({ schema: erasureIn }) body: z.output<typeof erasureIn>,
    @CallerParam() caller: Caller,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const fields = { idToken: { idToken: body.idToken, type: body.idTokenType }, report: false, clear: true };
    const { job } = await this.jobs.createJob({
      name: `Customer erasure${body.reference === '' ? '' : ` ${body.reference}`}`,
      command: { stationId: '', timeoutMs: 0, command: stationRequest('CustomerInformation', fields) },
      selection: deviceJobV1.StationSelection.fromPartial({ all: true }),
      applyTemplate: undefined,
      collectLog: undefined,
      failureBound: undefined,
      stationsPerMinute: 0,
      concurrency: 0,
      expiresAt: new Date(this.now() + EXPIRES_MS).toISOString(),
      createdBy: caller.name,
      idempotencyKey: idempotencyKey(request),
    });
    if (job === undefined) throw new Error('the answer has no job');
    void reply.header('location', `/v1/jobs/${encodeURIComponent(job.jobId)}`);
    return toJob(job);
  }
}
