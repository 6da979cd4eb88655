import { Body, Controller, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { Services } from '../services.js';
import { commandBodies } from '../views/command.view.js';
import { CommandRoute, sendCommand } from './send-command.js';
import { type StationParams, stationParams } from './stations.controller.js';

type Body<Name extends keyof typeof commandBodies> = z.output<(typeof commandBodies)[Name]>;

/** Commands about the device model and its monitors, as messages: what they bring about is followed by nobody here. */
@ApiTags('commands')
@Controller('v1/stations/:stationId/commands')
export class DeviceModelCommandsController {
  constructor(private readonly services: Services) {}

  @Post('get-variables')
  @CommandRoute('Read variables, or configuration keys of OCPP 1.6')
  getVariables(
    @Param({ schema: stationParams }) { stationId }: StationParams,
    @Body({ schema: commandBodies.getVariables }) body: Body<'getVariables'>,
  ) {
    const variables = body.variables.map((variable) => ({ ...variable, value: '' }));
    return sendCommand(this.services, stationId, body.timeoutMs, { $case: 'getVariables', value: { variables } });
  }

  @Post('set-variables')
  @CommandRoute('Set variables, or configuration keys of OCPP 1.6')
  setVariables(
    @Param({ schema: stationParams }) { stationId }: StationParams,
    @Body({ schema: commandBodies.setVariables }) body: Body<'setVariables'>,
  ) {
    return sendCommand(this.services, stationId, body.timeoutMs, { $case: 'setVariables', value: { variables: body.variables } });
  }

  @Post('get-base-report')
  @CommandRoute('Ask for a report on all variables')
  getBaseReport(
    @Param({ schema: stationParams }) { stationId }: StationParams,
    @Body({ schema: commandBodies.getBaseReport }) { timeoutMs, ...value }: Body<'getBaseReport'>,
  ) {
    return sendCommand(this.services, stationId, timeoutMs, { $case: 'getBaseReport', value });
  }

  @Post('get-report')
  @CommandRoute('Ask for a report on some components or variables')
  getReport(
    @Param({ schema: stationParams }) { stationId }: StationParams,
    @Body({ schema: commandBodies.getReport }) { timeoutMs, variables, ...rest }: Body<'getReport'>,
  ) {
    const value = { ...rest, variables: variables.map((variable) => ({ ...variable, value: '' })) };
    return sendCommand(this.services, stationId, timeoutMs, { $case: 'getReport', value });
  }

  @Post('set-variable-monitoring')
  @CommandRoute('Have the station watch variables')
  setVariableMonitoring(
    @Param({ schema: stationParams }) { stationId }: StationParams,
    @Body({ schema: commandBodies.setVariableMonitoring }) { timeoutMs, monitors }: Body<'setVariableMonitoring'>,
  ) {
    const value = { monitors: monitors.map((monitor) => ({ ...monitor, variable: { ...monitor.variable, value: '' } })) };
    return sendCommand(this.services, stationId, timeoutMs, { $case: 'setVariableMonitoring', value });
  }

  @Post('clear-variable-monitoring')
  @CommandRoute('Take monitors away')
  clearVariableMonitoring(
    @Param({ schema: stationParams }) { stationId }: StationParams,
    @Body({ schema: commandBodies.clearVariableMonitoring }) { timeoutMs, ...value }: Body<'clearVariableMonitoring'>,
  ) {
    return sendCommand(this.services, stationId, timeoutMs, { $case: 'clearVariableMonitoring', value });
  }

  @Post('get-monitoring-report')
  @CommandRoute('Ask for a report on monitors')
  getMonitoringReport(
    @Param({ schema: stationParams }) { stationId }: StationParams,
    @Body({ schema: commandBodies.getMonitoringReport }) { timeoutMs, variables, ...rest }: Body<'getMonitoringReport'>,
  ) {
    const value = { ...rest, variables: variables.map((variable) => ({ ...variable, value: '' })) };
    return sendCommand(this.services, stationId, timeoutMs, { $case: 'getMonitoringReport', value });
  }

  @Post('set-monitoring-base')
  @CommandRoute('Set which monitors are active')
  setMonitoringBase(
    @Param({ schema: stationParams }) { stationId }: StationParams,
    @Body({ schema: commandBodies.setMonitoringBase }) { timeoutMs, ...value }: Body<'setMonitoringBase'>,
  ) {
    return sendCommand(this.services, stationId, timeoutMs, { $case: 'setMonitoringBase', value });
  }

  @Post('set-monitoring-level')
  @CommandRoute('Set up to which severity events are sent')
  setMonitoringLevel(
    @Param({ schema: stationParams }) { stationId }: StationParams,
    @Body({ schema: commandBodies.setMonitoringLevel }) { timeoutMs, ...value }: Body<'setMonitoringLevel'>,
  ) {
    return sendCommand(this.services, stationId, timeoutMs, { $case: 'setMonitoringLevel', value });
  }
}
