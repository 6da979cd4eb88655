import { Controller } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { requestCase } from '@voltlog/connection-contract';
import { Services } from '../services.js';
import { addCommandRoute } from './command-routes.js';
import { COMMANDS, type CommandName, commandEntry } from './command-table.js';

/** Commands to one station: a route for every entry of COMMANDS. What they bring about is followed by nobody here. */
@ApiTags('commands')
@Controller('v1/stations/:stationId/commands')
export class CommandsController {
  constructor(readonly services: Services) {}
}

/** `DELETE /v1/reservations/{id}` has the plain name. */
const OPERATIONS: Readonly<Partial<Record<CommandName, string>>> = { 'cancel-reservation': 'cancelReservationAtStation' };

for (const path of Object.keys(COMMANDS) as CommandName[])
  addCommandRoute(CommandsController, { path, name: OPERATIONS[path] ?? requestCase(path), ...commandEntry(path) });
