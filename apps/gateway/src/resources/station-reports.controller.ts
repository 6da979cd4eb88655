import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { Services } from '../services.js';
import { displayView, reportPage, reportQuery, toDisplay, toReport } from '../views/report.view.js';
import { Read } from '../web/route.js';
import { type StationParams, stationParams } from './stations.controller.js';

@ApiTags('stations')
@Controller('v1/stations/:stationId')
export class StationReportsController {
  constructor(private readonly services: Services) {}

  @Get('reports')
  @Read({
    role: 'viewer',
    summary: 'What the station reported besides charging, newest first',
    description:
      'Uploads of logs, security events, vendor data, limits of others, alarms, settlements, ...: the facts as they are on the log.',
    answer: reportPage,
  })
  async listStationReports(
    @Param({ schema: stationParams }) { stationId }: StationParams,
    @Query({ schema: reportQuery }) { limit, cursor, type, requestId }: z.output<typeof reportQuery>,
  ) {
    const page = await this.services.reports.listReports({ stationId, type, requestId, pageSize: limit, pageToken: cursor ?? '' });
    return { data: page.reports.map(toReport), nextCursor: page.nextPageToken || null };
  }

  @Get('display-messages')
  @Read({
    role: 'viewer',
    summary: 'The messages on the display of the station',
    description: 'As far as they were set from here or the station has reported them; `get-display-messages` has it report all.',
    answer: displayView,
  })
  async getDisplay(@Param({ schema: stationParams }) { stationId }: StationParams) {
    return toDisplay(await this.services.reports.getDisplayMessages({ stationId }));
  }
}
