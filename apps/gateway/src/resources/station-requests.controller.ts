import { Body, Controller, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  requestCase,
  requestPath,
  STATION_REQUESTS,
  type StationRequestAction,
  type StationRequestEntry,
} from '@voltlog/connection-contract';
import { stationRequestsV1 } from '@voltlog/proto';
import { Services } from '../services.js';
import { requestBody } from '../views/station-request.view.js';
import { CommandRoute, sendCommand } from './send-command.js';
import { type StationParams, stationParams } from './stations.controller.js';

/** Commands in OCPP 2.1's words: a route for every entry of STATION_REQUESTS. */
@ApiTags('commands')
@Controller('v1/stations/:stationId/commands')
export class StationRequestsController {
  constructor(readonly services: Services) {}
}

type Body = { readonly timeoutMs: number } & Readonly<Record<string, unknown>>;

function addRoute(action: StationRequestAction): void {
  const name = requestCase(action);
  const handler = {
    value(this: StationRequestsController, { stationId }: StationParams, { timeoutMs, ...fields }: Body) {
      // The body has passed the schema that the gRPC message is made of; `fromPartial` fills in its empty lists.
      const request = { $case: name, value: fields } as NonNullable<stationRequestsV1.StationRequest['request']>;
      return sendCommand(this.services, stationId, timeoutMs, {
        $case: 'stationRequest',
        value: stationRequestsV1.StationRequest.fromPartial({ request }),
      });
    },
    configurable: true,
    writable: true,
  };
  // What Nest keeps of a handler it keeps under the name of the function.
  Object.defineProperty(handler.value, 'name', { value: name });
  const { prototype } = StationRequestsController;
  Object.defineProperty(prototype, name, handler);
  Reflect.defineMetadata('design:paramtypes', [Object, Object], prototype, name);
  Param({ schema: stationParams })(prototype, name, 0);
  Body({ schema: requestBody(action) })(prototype, name, 1);
  Post(requestPath(action))(prototype, name, handler);
  CommandRoute(STATION_REQUESTS[action].summary, limitsOf(STATION_REQUESTS[action]))(prototype, name, handler);
}

/** For whom it is, where not for all. */
function limitsOf({ missing }: StationRequestEntry): string {
  const reasons = Object.entries(missing).map(([version, why]) => `${version}: ${why}.`);
  return reasons.length === 0 ? '' : `Not supported (501) by stations of ${reasons.join(' ')}`;
}

for (const action of Object.keys(STATION_REQUESTS) as StationRequestAction[]) addRoute(action);
