import { Body, Controller, Get, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { deviceFirmwareV1 } from '@voltlog/proto';
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
  campaignPage,
  campaignStationPage,
  campaignStationQuery,
  campaignView,
  newCampaign,
  rollBackIn,
  toCampaign,
  toCampaignStation,
  toCampaignStationState,
  toPlan,
} from '../views/firmware.view.js';
import { idempotencyKey } from '../web/etag.js';
import { Read, Write } from '../web/route.js';

const campaignParams = z.object({ campaignId: identifier('campaignId', 64) });
type CampaignParams = z.output<typeof campaignParams>;

/** A firmware image for many stations. */
@ApiTags('firmware')
@Controller('v1/firmware-campaigns')
export class FirmwareCampaignsController {
  private readonly firmware: deviceFirmwareV1.FirmwareService;

  constructor(
    @Inject(SERVICE_CONTEXT) { rpc }: ServiceContext,
    @Inject(SERVICE_CONFIG) private readonly config: GatewayConfig,
  ) {
    this.firmware = rpc.client<deviceFirmwareV1.FirmwareService>(deviceFirmwareV1.FirmwareServiceDefinition, {
      address: config.deviceGrpc,
    });
  }

  @Get()
  @Read({ role: 'viewer', summary: 'List firmware campaigns, newest first', answer: campaignPage })
  async listFirmwareCampaigns(@Query({ schema: pageQuery }) query: z.output<typeof pageQuery>) {
    const { campaigns, nextPageToken } = await this.firmware.listCampaigns({ pageSize: query.limit, pageToken: query.cursor ?? '' });
    return { data: campaigns.map(toCampaign), nextCursor: nextPageToken || null };
  }

  @Post()
  @Write({
    role: 'operator',
    summary: 'Bring a firmware image to many stations',
    description:
      'It goes on behind this answer, across restarts of the platform. Only stations of the vendor and model of the image are meant. Stations that are offline get the command when they come back, until `expiresAt`.',
    status: 201,
    answer: campaignView,
  })
  async createFirmwareCampaign(
    @Body({ schema: newCampaign }) body: z.output<typeof newCampaign>,
    @CallerParam() caller: Caller,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { campaign } = await this.firmware.createCampaign({
      plan: toPlan(body),
      filesUrl: filesUrl(this.config, publicUrl(this.config, request)),
      createdBy: caller.name,
      idempotencyKey: idempotencyKey(request),
    });
    return created(reply, campaign);
  }

  @Get(':campaignId')
  @Read({ role: 'viewer', summary: 'Read a firmware campaign and how far it is', answer: campaignView })
  async getFirmwareCampaign(@Param({ schema: campaignParams }) { campaignId }: CampaignParams) {
    return shown((await this.firmware.getCampaign({ campaignId })).campaign);
  }

  @Get(':campaignId/stations')
  @Read({ role: 'viewer', summary: 'How far each station of a firmware campaign is', answer: campaignStationPage })
  async listFirmwareCampaignStations(
    @Param({ schema: campaignParams }) { campaignId }: CampaignParams,
    @Query({ schema: campaignStationQuery }) query: z.output<typeof campaignStationQuery>,
  ) {
    const { stations, nextPageToken } = await this.firmware.listCampaignStations({
      campaignId,
      state: toCampaignStationState(query.state),
      pageSize: query.limit,
      pageToken: query.cursor ?? '',
    });
    return { data: stations.map(toCampaignStation), nextCursor: nextPageToken || null };
  }

  @Post(':campaignId/pause')
  @Write({
    role: 'operator',
    summary: 'Pause a firmware campaign',
    description: 'Nothing more is sent; stations that were told go on and are followed.',
    status: 202,
    answer: campaignView,
  })
  async pauseFirmwareCampaign(
    @Param({ schema: campaignParams }) { campaignId }: CampaignParams,
    @CallerParam() caller: Caller,
    @Req() request: FastifyRequest,
  ) {
    return shown(
      (await this.firmware.pauseCampaign({ campaignId, pausedBy: caller.name, idempotencyKey: idempotencyKey(request) })).campaign,
    );
  }

  @Post(':campaignId/resume')
  @Write({
    role: 'operator',
    summary: 'Go on with a firmware campaign that was paused, or that stopped itself',
    description: 'What failed until then no longer counts towards `stopAtFailedPercent`.',
    status: 202,
    answer: campaignView,
  })
  async resumeFirmwareCampaign(
    @Param({ schema: campaignParams }) { campaignId }: CampaignParams,
    @CallerParam() caller: Caller,
    @Req() request: FastifyRequest,
  ) {
    return shown(
      (await this.firmware.resumeCampaign({ campaignId, resumedBy: caller.name, idempotencyKey: idempotencyKey(request) })).campaign,
    );
  }

  @Post(':campaignId/cancel')
  @Write({
    role: 'operator',
    summary: 'Cancel a firmware campaign',
    description: 'Nothing more is sent; stations that were told go on and are followed until they end.',
    status: 202,
    answer: campaignView,
  })
  async cancelFirmwareCampaign(
    @Param({ schema: campaignParams }) { campaignId }: CampaignParams,
    @CallerParam() caller: Caller,
    @Req() request: FastifyRequest,
  ) {
    return shown(
      (await this.firmware.cancelCampaign({ campaignId, cancelledBy: caller.name, idempotencyKey: idempotencyKey(request) })).campaign,
    );
  }

  @Post(':campaignId/roll-back')
  @Write({
    role: 'operator',
    summary: 'Bring stations of a firmware campaign back to its `rollBackImageId`',
    description: 'This is a campaign of its own. The one to go back from must be paused, stopped, cancelled or through.',
    status: 201,
    answer: campaignView,
  })
  async rollBackFirmwareCampaign(
    @Param({ schema: campaignParams }) { campaignId }: CampaignParams,
    @Body({ schema: rollBackIn }) { stationIds }: z.output<typeof rollBackIn>,
    @CallerParam() caller: Caller,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { campaign } = await this.firmware.rollBackCampaign({
      campaignId,
      stationIds,
      filesUrl: filesUrl(this.config, publicUrl(this.config, request)),
      createdBy: caller.name,
      idempotencyKey: idempotencyKey(request),
    });
    return created(reply, campaign);
  }
}

function created(reply: FastifyReply, campaign: deviceFirmwareV1.Campaign | undefined): z.input<typeof campaignView> {
  if (campaign !== undefined) void reply.header('location', `/v1/firmware-campaigns/${encodeURIComponent(campaign.campaignId)}`);
  return shown(campaign);
}

function shown(campaign: deviceFirmwareV1.Campaign | undefined): z.input<typeof campaignView> {
  if (campaign === undefined) throw notFound('The firmware campaign');
  return toCampaign(campaign);
}
