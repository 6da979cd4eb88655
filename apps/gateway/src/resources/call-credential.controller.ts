import { Body, Controller, Delete, Get, Inject, Param, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { callCredentialsV1 } from '@voltlog/proto';
import { SERVICE_CONFIG, SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import { z } from 'zod';
import type { GatewayConfig } from '../config.js';
import { callCredentialView, newCallCredential, toCallCredential } from '../views/call-credential.view.js';
import { Read, Write } from '../web/route.js';
import { type StationParams, stationParams } from './stations.controller.js';

/** What calls to a station that speaks SOAP are authenticated with. */
@ApiTags('stations')
@Controller('v1/stations/:stationId/call-credential')
export class CallCredentialController {
  private readonly credentials: callCredentialsV1.CallCredentialService;

  constructor(@Inject(SERVICE_CONTEXT) { rpc }: ServiceContext, @Inject(SERVICE_CONFIG) config: GatewayConfig) {
    this.credentials = rpc.client<callCredentialsV1.CallCredentialService>(callCredentialsV1.CallCredentialServiceDefinition, {
      address: config.connectionGrpc,
    });
  }

  @Get()
  @Read({
    role: 'operator',
    summary: 'As whom calls to a SOAP station are authenticated',
    description: 'Without the password, which nobody is told. 404: they carry none.',
    answer: callCredentialView,
  })
  async getCallCredential(@Param({ schema: stationParams }) { stationId }: StationParams) {
    return toCallCredential((await this.credentials.getCallCredential({ stationId })).credential, stationId);
  }

  @Put()
  @Write({
    role: 'admin',
    summary: 'Set the password for calls to a SOAP station',
    description:
      'HTTP authentication, Basic or Digest, for a station whose Charge Point service demands it. Counts from the next command on. By Basic, to a plain http:// address of the station, it is sent in clear. It is shown only to a station that is registered and connects with a password or certificate of its own.',
    answer: callCredentialView,
  })
  async putCallCredential(
    @Param({ schema: stationParams }) { stationId }: StationParams,
    @Body({ schema: newCallCredential }) credential: z.output<typeof newCallCredential>,
  ) {
    return toCallCredential((await this.credentials.putCallCredential({ stationId, ...credential })).credential, stationId);
  }

  @Delete()
  @Write({ role: 'admin', summary: 'Call a SOAP station without a password again', answer: z.object({}) })
  deleteCallCredential(@Param({ schema: stationParams }) { stationId }: StationParams) {
    return this.credentials.deleteCallCredential({ stationId });
  }
}
