import { Controller } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  requestCase,
  requestPath,
  STATION_REQUESTS,
  type StationRequestAction,
  type StationRequestEntry,
} from '@voltlog/connection-contract';
import { Services } from '../services.js';
import { requestBody } from '../views/station-request.view.js';
import { addCommandRoute } from './command-routes.js';
import { stationRequest } from './command-table.js';

/** Commands in OCPP 2.1's words: a route for every entry of STATION_REQUESTS. */
@ApiTags('commands')
@Controller('v1/stations/:stationId/commands')
export class StationRequestsController {
  constructor(readonly services: Services) {}
}

for (const action of Object.keys(STATION_REQUESTS) as StationRequestAction[])
  addCommandRoute<{ readonly timeoutMs: number }>(StationRequestsController, {
    path: requestPath(action),
    name: requestCase(action),
    summary: STATION_REQUESTS[action].summary,
    note: limitsOf(STATION_REQUESTS[action]),
    schema: requestBody(action),
    toCommand: (fields) => stationRequest(action, fields),
  });

/** For whom it is, where not for all. */
function limitsOf({ missing }: StationRequestEntry): string {
  const reasons = Object.entries(missing).map(([version, why]) => `${version} (${why})`);
  return reasons.length === 0 ? '' : `Not supported (501) by stations of ${reasons.join(' and ')}.`;
}
