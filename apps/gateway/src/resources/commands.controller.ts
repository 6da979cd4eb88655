import { Body, Controller, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { connectionV1 } from '@voltlog/proto';
import type { z } from 'zod';
import { Services } from '../services.js';
import { commandBodies, type commandResult } from '../views/command.view.js';
import { type Command, CommandRoute, sendCommand } from './send-command.js';
import { type StationParams, stationParams } from './stations.controller.js';

type Body<Name extends keyof typeof commandBodies> = z.output<(typeof commandBodies)[Name]>;

@ApiTags('commands')
@Controller('v1/stations/:stationId/commands')
export class CommandsController {
  constructor(private readonly services: Services) {}

  @Post('request-start')
  @CommandRoute('Start a transaction')
  requestStart(
    @Param({ schema: stationParams }) { stationId }: StationParams,
    @Body({ schema: commandBodies.requestStart }) body: Body<'requestStart'>,
  ) {
    const { idToken, idTokenType, evseId, connectorId, remoteStartId, timeoutMs } = body;
    const value = { idToken: { idToken, type: idTokenType }, evseId, connectorId, remoteStartId, groupId: '' };
    return this.send(stationId, timeoutMs, { $case: 'requestStartTransaction', value });
  }

  @Post('request-stop')
  @CommandRoute('Stop a transaction')
  requestStop(
    @Param({ schema: stationParams }) { stationId }: StationParams,
    @Body({ schema: commandBodies.requestStop }) body: Body<'requestStop'>,
  ) {
    return this.send(stationId, body.timeoutMs, { $case: 'requestStopTransaction', value: { transactionId: body.transactionId } });
  }

  @Post('reset')
  @CommandRoute('Reset the station or one EVSE')
  reset(@Param({ schema: stationParams }) { stationId }: StationParams, @Body({ schema: commandBodies.reset }) body: Body<'reset'>) {
    const type = body.type === 'Immediate' ? connectionV1.ResetType.IMMEDIATE : connectionV1.ResetType.ON_IDLE;
    return this.send(stationId, body.timeoutMs, { $case: 'reset', value: { type, evseId: body.evseId } });
  }

  @Post('change-availability')
  @CommandRoute('Take the station, an EVSE or a connector out of service, or back')
  changeAvailability(
    @Param({ schema: stationParams }) { stationId }: StationParams,
    @Body({ schema: commandBodies.changeAvailability }) { timeoutMs, ...value }: Body<'changeAvailability'>,
  ) {
    return this.send(stationId, timeoutMs, { $case: 'changeAvailability', value });
  }

  @Post('unlock-connector')
  @CommandRoute('Unlock a connector')
  unlockConnector(
    @Param({ schema: stationParams }) { stationId }: StationParams,
    @Body({ schema: commandBodies.unlockConnector }) { timeoutMs, ...value }: Body<'unlockConnector'>,
  ) {
    return this.send(stationId, timeoutMs, { $case: 'unlockConnector', value });
  }

  @Post('trigger-message')
  @CommandRoute('Ask the station to send a message')
  triggerMessage(
    @Param({ schema: stationParams }) { stationId }: StationParams,
    @Body({ schema: commandBodies.triggerMessage }) { timeoutMs, ...value }: Body<'triggerMessage'>,
  ) {
    return this.send(stationId, timeoutMs, { $case: 'triggerMessage', value });
  }

  @Post('clear-cache')
  @CommandRoute("Clear the station's authorization cache")
  clearCache(
    @Param({ schema: stationParams }) { stationId }: StationParams,
    @Body({ schema: commandBodies.clearCache }) body: Body<'clearCache'>,
  ) {
    return this.send(stationId, body.timeoutMs, { $case: 'clearCache', value: {} });
  }

  @Post('data-transfer')
  @CommandRoute('Send vendor data')
  dataTransfer(
    @Param({ schema: stationParams }) { stationId }: StationParams,
    @Body({ schema: commandBodies.dataTransfer }) { timeoutMs, ...value }: Body<'dataTransfer'>,
  ) {
    return this.send(stationId, timeoutMs, { $case: 'dataTransfer', value });
  }

  @Post('reserve-now')
  @CommandRoute('Ask the station to hold a connector')
  reserveNow(
    @Param({ schema: stationParams }) { stationId }: StationParams,
    @Body({ schema: commandBodies.reserveNow }) { timeoutMs, idToken, idTokenType, ...rest }: Body<'reserveNow'>,
  ) {
    const value = { ...rest, idToken: { idToken, type: idTokenType } };
    return this.send(stationId, timeoutMs, { $case: 'reserveNow', value });
  }

  @Post('cancel-reservation')
  @CommandRoute('Ask the station to let go of a connector it holds')
  cancelReservationAtStation(
    @Param({ schema: stationParams }) { stationId }: StationParams,
    @Body({ schema: commandBodies.cancelReservation }) { timeoutMs, ...value }: Body<'cancelReservation'>,
  ) {
    return this.send(stationId, timeoutMs, { $case: 'cancelReservation', value });
  }

  @Post('raw')
  @CommandRoute("Send any message of the station's OCPP version, checked against its schema")
  raw(@Param({ schema: stationParams }) { stationId }: StationParams, @Body({ schema: commandBodies.raw }) body: Body<'raw'>) {
    return this.send(stationId, body.timeoutMs, {
      $case: 'rawCall',
      value: { action: body.action, payloadJson: JSON.stringify(body.payload) },
    });
  }

  private send(stationId: string, timeoutMs: number, command: Command): Promise<z.input<typeof commandResult>> {
    return sendCommand(this.services, stationId, timeoutMs, command);
  }
}
