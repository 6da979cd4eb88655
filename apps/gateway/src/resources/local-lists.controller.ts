import { Body, Controller, Get, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { notFound } from '../problems/problem.js';
import { Services } from '../services.js';
import { localListSync, localListView, toLocalList } from '../views/local-list.view.js';
import { Read, Write } from '../web/route.js';
import { checkStation } from './known.js';
import { type StationParams, stationParams } from './stations.controller.js';

@ApiTags('stations')
@Controller('v1/stations/:stationId/local-list')
export class LocalListsController {
  constructor(private readonly services: Services) {}

  @Get()
  @Read({ role: 'viewer', summary: 'How the local list of a station stands: wanted, sent, last seen there', answer: localListView })
  async getLocalList(@Param({ schema: stationParams }) { stationId }: StationParams) {
    // Of a station that is not there the list service says that lists are off.
    await checkStation(this.services, stationId);
    const { localList } = await this.services.authorization.getLocalList({ stationId });
    if (localList === undefined) throw notFound('The local list');
    return toLocalList(localList);
  }

  @Post('sync')
  @Write({
    role: 'operator',
    summary: 'Ask a station for the version of its local list and send what differs',
    description: 'It is done behind this answer: read the list to see what came of it.',
    answer: localListView,
    problems: { 409: 'local lists are off at the site of this station (`local-lists-off`)' },
  })
  async syncLocalList(
    @Param({ schema: stationParams }) { stationId }: StationParams,
    @Body({ schema: localListSync }) { full }: z.output<typeof localListSync>,
  ) {
    await checkStation(this.services, stationId);
    const { localList } = await this.services.authorization.syncLocalList({ stationId, full });
    if (localList === undefined) throw notFound('The local list');
    return toLocalList(localList);
  }
}
