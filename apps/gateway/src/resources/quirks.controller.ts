import { Body, Controller, Get, Inject, Param, Put, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { deviationsV1, type deviceV1 } from '@voltlog/proto';
import { SERVICE_CONFIG, SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { GatewayConfig } from '../config.js';
import { notFound } from '../problems/problem.js';
import { Services } from '../services.js';
import { allQuirks, quirkChoice, quirkList, stationQuirkList, stationQuirkParams, toChoice, toStationQuirks } from '../views/quirk.view.js';
import { idempotencyKey } from '../web/etag.js';
import { Read, Write } from '../web/route.js';
import { type StationParams, stationParams } from './stations.controller.js';

/** Known deviations of stations, and what is made of them. */
@ApiTags('stations')
@Controller('v1')
export class QuirksController {
  private readonly deviations: deviationsV1.DeviationService;

  constructor(
    private readonly services: Services,
    @Inject(SERVICE_CONTEXT) { rpc }: ServiceContext,
    @Inject(SERVICE_CONFIG) config: GatewayConfig,
  ) {
    this.deviations = rpc.client<deviationsV1.DeviationService>(deviationsV1.DeviationServiceDefinition, {
      address: config.connectionGrpc,
    });
  }

  @Get('quirks')
  @Read({ role: 'viewer', summary: 'Known deviations of real stations, and what is made of them', answer: quirkList })
  listQuirks() {
    return { data: allQuirks() };
  }

  @Get('stations/:stationId/quirks')
  @Read({
    role: 'viewer',
    summary: 'Which quirks are on for a station, and how often each was seen',
    description: 'Of its OCPP version. Those that are suggested come first, then those that are on.',
    answer: stationQuirkList,
  })
  async listStationQuirks(@Param({ schema: stationParams }) { stationId }: StationParams) {
    const [{ station }, { deviations }] = await Promise.all([
      this.services.device.getStation({ stationId }),
      this.deviations.listDeviations({ stationId }),
    ]);
    return listOf(station, deviations, stationId);
  }

  @Put('stations/:stationId/quirks/:quirkId')
  @Write({
    role: 'operator',
    summary: 'Switch a quirk on or off for a station',
    description: 'Counts for the next message of the station, also while it is connected.',
    answer: stationQuirkList,
  })
  async putStationQuirk(
    @Param({ schema: stationQuirkParams }) { stationId, quirkId }: z.output<typeof stationQuirkParams>,
    @Body({ schema: quirkChoice }) { choice }: z.output<typeof quirkChoice>,
    @Req() request: FastifyRequest,
  ) {
    const { station } = await this.services.device.setStationQuirk({
      stationId,
      quirkId,
      choice: toChoice(choice),
      idempotencyKey: idempotencyKey(request),
    });
    const { deviations } = await this.deviations.listDeviations({ stationId });
    return listOf(station, deviations, stationId);
  }
}

function listOf(station: deviceV1.Station | undefined, deviations: readonly deviationsV1.Deviation[], stationId: string) {
  if (station === undefined) throw notFound(`Station ${stationId}`);
  return { data: toStationQuirks(station, deviations) };
}
