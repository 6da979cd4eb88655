import { Body, Controller, Delete, Get, Param, Post, Put, Query, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { deviceOperationV1 } from '@voltlog/proto';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { notFound } from '../problems/problem.js';
import { Services } from '../services.js';
import {
  alertId as alertIdSchema,
  alertNote,
  alertPage,
  alertQuery,
  alertView,
  availabilityBody,
  bootBody,
  newOutage,
  operationView,
  outageId as outageIdSchema,
  toAlert,
  toOperation,
} from '../views/operation.view.js';
import { idempotencyKey } from '../web/etag.js';
import { Read, Write } from '../web/route.js';
import { type StationParams, stationParams } from './stations.controller.js';

const outageParams = stationParams.extend({ outageId: outageIdSchema });
const alertParams = z.object({ alertId: alertIdSchema });
type AlertParams = z.output<typeof alertParams>;

/** What stations are answered when they boot, whether they are in service, and what operators should look at. */
@ApiTags('operation')
@Controller('v1')
export class OperationController {
  constructor(private readonly services: Services) {}

  @Get('stations/:stationId/operation')
  @Read({
    role: 'viewer',
    summary: 'Read what a station is answered when it boots, and what of it is out of service',
    answer: operationView,
  })
  async getOperation(@Param({ schema: stationParams }) { stationId }: StationParams) {
    return shown(await this.services.operation.getOperation({ stationId }));
  }

  @Put('stations/:stationId/boot')
  @Write({
    role: 'operator',
    summary: 'Decide what a station is answered when it boots',
    description:
      'Before its templates. Pending: its report is taken and what is intended is set, then it is accepted and asked to boot again.',
    answer: operationView,
  })
  async decideBoot(
    @Param({ schema: stationParams }) { stationId }: StationParams,
    @Body({ schema: bootBody }) body: z.output<typeof bootBody>,
    @Req() request: FastifyRequest,
  ) {
    return shown(await this.services.operation.decideBoot({ stationId, ...body, idempotencyKey: idempotencyKey(request) }));
  }

  @Put('stations/:stationId/availability')
  @Write({
    role: 'operator',
    summary: 'Take a station, an EVSE or a connector out of service until told otherwise, or back',
    description: 'Told as soon as the station is there, and again whenever it boots.',
    status: 202,
    answer: operationView,
  })
  async setAvailability(
    @Param({ schema: stationParams }) { stationId }: StationParams,
    @Body({ schema: availabilityBody }) { operative, evseId, connectorId, reason }: z.output<typeof availabilityBody>,
    @Req() request: FastifyRequest,
  ) {
    const place = { evseId, connectorId };
    return shown(
      await this.services.operation.setAvailability({ stationId, place, operative, reason, idempotencyKey: idempotencyKey(request) }),
    );
  }

  @Post('stations/:stationId/outages')
  @Write({ role: 'operator', summary: 'Take a place out of service for a time that is known before', status: 201, answer: operationView })
  async scheduleOutage(
    @Param({ schema: stationParams }) { stationId }: StationParams,
    @Body({ schema: newOutage }) { evseId, connectorId, ...rest }: z.output<typeof newOutage>,
    @Req() request: FastifyRequest,
  ) {
    const place = { evseId, connectorId };
    return shown(await this.services.operation.scheduleOutage({ stationId, place, ...rest, idempotencyKey: idempotencyKey(request) }));
  }

  @Delete('stations/:stationId/outages/:outageId')
  @Write({ role: 'operator', summary: 'Cancel an outage, or end it now', answer: operationView })
  async cancelOutage(
    @Param({ schema: outageParams }) { stationId, outageId }: z.output<typeof outageParams>,
    @Req() request: FastifyRequest,
  ) {
    return shown(await this.services.operation.cancelOutage({ stationId, outageId, idempotencyKey: idempotencyKey(request) }));
  }

  @Get('alerts')
  @Read({ role: 'viewer', summary: 'List alerts, newest first', answer: alertPage })
  async listAlerts(@Query({ schema: alertQuery }) { stationId = '', state, limit, cursor }: z.output<typeof alertQuery>) {
    const open = state === 'all' ? {} : { open: state === 'open' };
    const page = await this.services.operation.listAlerts({ stationId, ...open, pageSize: limit, pageToken: cursor ?? '' });
    return { data: page.alerts.map(toAlert), nextCursor: page.nextPageToken || null };
  }

  @Post('alerts/:alertId/acknowledge')
  @Write({ role: 'operator', summary: 'Say that somebody has seen an alert', answer: alertView })
  async acknowledgeAlert(
    @Param({ schema: alertParams }) { alertId }: AlertParams,
    @Body({ schema: alertNote }) { note }: z.output<typeof alertNote>,
    @Req() request: FastifyRequest,
  ) {
    const { alert } = await this.services.operation.acknowledgeAlert({ alertId, note, idempotencyKey: idempotencyKey(request) });
    return shownAlert(alertId, alert);
  }

  @Post('alerts/:alertId/clear')
  @Write({ role: 'operator', summary: 'Clear an alert', description: 'It is opened again when it is told anew.', answer: alertView })
  async clearAlert(@Param({ schema: alertParams }) { alertId }: AlertParams, @Req() request: FastifyRequest) {
    const { alert } = await this.services.operation.clearAlert({ alertId, idempotencyKey: idempotencyKey(request) });
    return shownAlert(alertId, alert);
  }
}

function shown({ operation }: { readonly operation?: deviceOperationV1.Operation | undefined }) {
  if (operation === undefined) throw notFound('The station');
  return toOperation(operation);
}

function shownAlert(alertId: string, alert: deviceOperationV1.Alert | undefined) {
  if (alert === undefined) throw notFound(`Alert ${alertId}`);
  return toAlert(alert);
}
