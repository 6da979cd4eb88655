import { Body, Controller, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { Services } from '../services.js';
import { certificateBodies } from '../views/security.view.js';
import { CommandRoute, sendCommand } from './send-command.js';
import { type StationParams, stationParams } from './stations.controller.js';

type Body<Name extends keyof typeof certificateBodies> = z.output<(typeof certificateBodies)[Name]>;

@ApiTags('commands')
@Controller('v1/stations/:stationId/commands')
export class CertificateCommandsController {
  constructor(private readonly services: Services) {}

  @Post('install-certificate')
  @CommandRoute('Install a root certificate')
  install(
    @Param({ schema: stationParams }) { stationId }: StationParams,
    @Body({ schema: certificateBodies.install }) { timeoutMs, ...value }: Body<'install'>,
  ) {
    return sendCommand(this.services, stationId, timeoutMs, { $case: 'installCertificate', value });
  }

  @Post('get-installed-certificate-ids')
  @CommandRoute('List the root certificates that are installed; they are in `response`')
  list(
    @Param({ schema: stationParams }) { stationId }: StationParams,
    @Body({ schema: certificateBodies.list }) { timeoutMs, ...value }: Body<'list'>,
  ) {
    return sendCommand(this.services, stationId, timeoutMs, { $case: 'getInstalledCertificateIds', value });
  }

  @Post('delete-certificate')
  @CommandRoute('Delete an installed certificate')
  remove(
    @Param({ schema: stationParams }) { stationId }: StationParams,
    @Body({ schema: certificateBodies.remove }) { timeoutMs, ...certificate }: Body<'remove'>,
  ) {
    return sendCommand(this.services, stationId, timeoutMs, { $case: 'deleteCertificate', value: { certificate } });
  }

  @Post('certificate-signed')
  @CommandRoute('Bring a certificate made elsewhere to the station')
  signed(
    @Param({ schema: stationParams }) { stationId }: StationParams,
    @Body({ schema: certificateBodies.signed }) { timeoutMs, ...value }: Body<'signed'>,
  ) {
    return sendCommand(this.services, stationId, timeoutMs, { $case: 'certificateSigned', value });
  }
}
