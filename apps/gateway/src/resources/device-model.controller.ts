import { Body, Controller, Get, Param, Patch, Post, Put, Query, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { notFound } from '../problems/problem.js';
import { Services } from '../services.js';
import {
  intentBody,
  intentChange,
  intentView,
  modelQuery,
  modelView,
  newReport,
  reportList,
  reportView,
  toIntendedMessage,
  toIntendedView,
  toModel,
  toNameMessage,
  toReport,
} from '../views/device-model.view.js';
import { idempotencyKey } from '../web/etag.js';
import { Read, Write } from '../web/route.js';
import { type StationParams, stationParams } from './stations.controller.js';

/** What a station is set to and is to be set to. What is begun here goes on behind the answer until the station did it. */
@ApiTags('device model')
@Controller('v1/stations/:stationId/device-model')
export class DeviceModelController {
  constructor(private readonly services: Services) {}

  @Get()
  @Read({ role: 'viewer', summary: 'Read what a station reported and what is intended for it, side by side', answer: modelView })
  async getDeviceModel(
    @Param({ schema: stationParams }) { stationId }: StationParams,
    @Query({ schema: modelQuery }) { filter, onlyDifferences, limit, cursor }: z.output<typeof modelQuery>,
  ) {
    const page = { pageSize: limit, pageToken: cursor ?? '' };
    return toModel(await this.services.deviceModel.getDeviceModel({ stationId, filter, onlyDifferences, ...page }));
  }

  @Get('reports')
  @Read({ role: 'viewer', summary: 'List the last reports of a station and how far they are', answer: reportList })
  async listDeviceReports(@Param({ schema: stationParams }) { stationId }: StationParams) {
    return { data: (await this.services.deviceModel.listModelReports({ stationId })).reports.map(toReport) };
  }

  @Post('reports')
  @Write({
    role: 'operator',
    summary: 'Ask a station for a report',
    description: 'Its parts are followed until all are there, or no more come for a minute. A 1.6 station is asked for its configuration.',
    status: 202,
    answer: reportView,
    problems: { 409: 'the station is not connected (`station-offline`), or does not take it (`station-refused`)' },
  })
  async requestDeviceReport(
    @Param({ schema: stationParams }) { stationId }: StationParams,
    @Body({ schema: newReport }) { reportBase }: z.output<typeof newReport>,
  ) {
    const { report } = await this.services.modelReports.requestModelReport({ stationId, reportBase });
    if (report === undefined) throw notFound(`Station ${stationId}`);
    return toReport(report);
  }

  @Put('intent')
  @Write({
    role: 'operator',
    summary: 'Say what this station is to be set to',
    description: 'All of it; before its templates. What differs is sent as soon as the station is there, and held against it at each boot.',
    status: 202,
    answer: intentView,
  })
  async setIntent(
    @Param({ schema: stationParams }) { stationId }: StationParams,
    @Body({ schema: intentBody }) { variables }: z.output<typeof intentBody>,
    @Req() request: FastifyRequest,
  ) {
    const intent = { stationId, variables: variables.map(toIntendedMessage), expectedVersion: 0, idempotencyKey: idempotencyKey(request) };
    return { variables: (await this.services.deviceModel.setIntent(intent)).variables.map(toIntendedView) };
  }

  @Patch('intent')
  @Write({
    role: 'operator',
    summary: 'Change some of what this station is to be set to',
    description: 'All else that is intended for it stays. What is removed is as its templates say again, and is not set back by itself.',
    status: 202,
    answer: intentView,
  })
  async changeIntent(
    @Param({ schema: stationParams }) { stationId }: StationParams,
    @Body({ schema: intentChange }) { set, remove }: z.output<typeof intentChange>,
    @Req() request: FastifyRequest,
  ) {
    const change = { set: set.map(toIntendedMessage), remove: remove.map(toNameMessage), idempotencyKey: idempotencyKey(request) };
    return { variables: (await this.services.deviceModel.changeIntent({ stationId, ...change })).variables.map(toIntendedView) };
  }

  @Post('reconciliations')
  @Write({
    role: 'operator',
    summary: 'Hold what is intended against the station now',
    description: 'As soon as it is there; the result is in its device model.',
    status: 202,
    answer: modelView,
  })
  async reconcile(@Param({ schema: stationParams }) { stationId }: StationParams) {
    await this.services.deviceModel.reconcile({ stationId });
    const all = { filter: '', onlyDifferences: true, pageSize: 0, pageToken: '' };
    return toModel(await this.services.deviceModel.getDeviceModel({ stationId, ...all }));
  }
}
