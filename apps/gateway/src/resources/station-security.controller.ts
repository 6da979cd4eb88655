import { Body, Controller, Delete, Get, Inject, Param, Post, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { deviceSecurityV1 } from '@voltlog/proto';
import { SERVICE_CONFIG, SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { GatewayConfig } from '../config.js';
import { notFound } from '../problems/problem.js';
import { authorityView, newProfileChange, newRevocation, securityView, serialNumber, toSecurity } from '../views/security.view.js';
import { idempotencyKey } from '../web/etag.js';
import { Read, Write } from '../web/route.js';
import { type StationParams, stationParams } from './stations.controller.js';

const certificateParams = stationParams.extend({ serialNumber });
type SecurityView = z.input<typeof securityView>;

/** Certificates, passwords and security profiles of stations. What is begun here goes on behind the answer until the station did it. */
@ApiTags('security')
@Controller('v1')
export class StationSecurityController {
  private readonly security: deviceSecurityV1.StationSecurityService;

  constructor(@Inject(SERVICE_CONTEXT) { rpc }: ServiceContext, @Inject(SERVICE_CONFIG) config: GatewayConfig) {
    this.security = rpc.client<deviceSecurityV1.StationSecurityService>(deviceSecurityV1.StationSecurityServiceDefinition, {
      address: config.deviceGrpc,
    });
  }

  @Get('certificate-authority')
  @Read({ role: 'viewer', summary: 'Read the roots under which certificates of stations are made', answer: authorityView })
  getCertificateAuthority() {
    return this.security.getAuthority({});
  }

  @Get('stations/:stationId/security')
  @Read({ role: 'viewer', summary: "Read a station's certificates and what is being changed about its security", answer: securityView })
  async getStationSecurity(@Param({ schema: stationParams }) { stationId }: StationParams) {
    return shown(stationId, await this.security.getStationSecurity({ stationId }));
  }

  @Post('stations/:stationId/certificate-renewals')
  @Write({
    role: 'operator',
    summary: 'Have the station ask for a new certificate',
    description: 'It is asked as soon as it is connected.',
    status: 202,
    answer: securityView,
  })
  async renewCertificate(@Param({ schema: stationParams }) { stationId }: StationParams, @Req() request: FastifyRequest) {
    return shown(stationId, await this.security.renewCertificate({ stationId, idempotencyKey: idempotencyKey(request) }));
  }

  @Post('stations/:stationId/certificates/:serialNumber/revoke')
  @Write({
    role: 'admin',
    summary: 'Revoke a certificate',
    description: 'It counts no more from now on; a connection it opened is closed.',
    answer: securityView,
  })
  async revokeCertificate(
    @Param({ schema: certificateParams }) { stationId, serialNumber: serial }: z.output<typeof certificateParams>,
    @Body({ schema: newRevocation }) { reason }: z.output<typeof newRevocation>,
    @Req() request: FastifyRequest,
  ) {
    const revoked = { stationId, serialNumber: serial, reason, idempotencyKey: idempotencyKey(request) };
    return shown(stationId, await this.security.revokeCertificate(revoked));
  }

  @Post('stations/:stationId/password-changes')
  @Write({
    role: 'operator',
    summary: 'Give the station a new password',
    description: 'Made here, told to nobody but the station. The old one counts until the station has connected with the new one.',
    status: 202,
    answer: securityView,
  })
  async changePassword(@Param({ schema: stationParams }) { stationId }: StationParams, @Req() request: FastifyRequest) {
    return shown(stationId, await this.security.changePassword({ stationId, idempotencyKey: idempotencyKey(request) }));
  }

  @Post('stations/:stationId/security-profile-changes')
  @Write({
    role: 'admin',
    summary: 'Bring the station to another security profile',
    description: 'Step by step; a station that does not come on the new profile goes on with the old one.',
    status: 202,
    answer: securityView,
  })
  async changeProfile(
    @Param({ schema: stationParams }) { stationId }: StationParams,
    @Body({ schema: newProfileChange }) body: z.output<typeof newProfileChange>,
    @Req() request: FastifyRequest,
  ) {
    const change = { stationId, ...body, idempotencyKey: idempotencyKey(request) };
    return shown(stationId, await this.security.changeSecurityProfile(change));
  }

  @Delete('stations/:stationId/security-profile-changes/current')
  @Write({
    role: 'admin',
    summary: 'Stop the change of security profile that is under way',
    description: 'What the station was told already is not taken back.',
    answer: securityView,
  })
  async cancelProfileChange(@Param({ schema: stationParams }) { stationId }: StationParams, @Req() request: FastifyRequest) {
    return shown(stationId, await this.security.cancelSecurityProfileChange({ stationId, idempotencyKey: idempotencyKey(request) }));
  }
}

function shown(stationId: string, { security }: { readonly security?: deviceSecurityV1.StationSecurity | undefined }): SecurityView {
  if (security === undefined) throw notFound(`Station ${stationId}`);
  return toSecurity(security);
}
