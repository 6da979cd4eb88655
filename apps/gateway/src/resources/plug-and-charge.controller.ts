import { Body, Controller, Delete, Get, Inject, Param, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { certificatesV1 } from '@voltlog/proto';
import { SERVICE_CONFIG, SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import { z } from 'zod';
import type { GatewayConfig } from '../config.js';
import { notFound } from '../problems/problem.js';
import { orNull, pageQuery } from '../views/common.js';
import {
  contractCertificatePage,
  contractCertificateParams,
  contractCertificateQuery,
  contractCertificateView,
  newTestVehicle,
  rootList,
  toContractCertificate,
  toVehicle,
  vehiclePage,
  vehicleParams,
  vehicleView,
} from '../views/plug-and-charge.view.js';
import { Read, Write } from '../web/route.js';

/** Plug & Charge with the test PKI: its roots, its cars, their contract certificates. */
@ApiTags('plug and charge')
@Controller('v1/plug-and-charge')
export class PlugAndChargeController {
  private readonly certificates: certificatesV1.CertificateService;

  constructor(@Inject(SERVICE_CONTEXT) { rpc }: ServiceContext, @Inject(SERVICE_CONFIG) config: GatewayConfig) {
    this.certificates = rpc.client<certificatesV1.CertificateService>(certificatesV1.CertificateServiceDefinition, {
      address: config.deviceGrpc,
    });
  }

  @Get('test-roots')
  @Read({ role: 'viewer', summary: 'List the roots of the test PKI, to install on stations', answer: rootList })
  async listTestRoots() {
    return { data: (await this.certificates.listTestRoots({})).roots };
  }

  @Get('test-vehicles')
  @Read({ role: 'viewer', summary: 'List the cars of the test PKI', answer: vehiclePage })
  async listTestVehicles(@Query({ schema: pageQuery }) { limit, cursor }: z.output<typeof pageQuery>) {
    const page = await this.certificates.listTestVehicles({ pageSize: limit, pageToken: cursor ?? '' });
    return { data: page.vehicles.map(toVehicle), nextCursor: orNull(page.nextPageToken) };
  }

  @Put('test-vehicles/:pcid')
  @Write({
    role: 'operator',
    summary: 'Give a car of the test PKI a contract',
    description:
      'It gets its contract certificate by Get15118EVCertificate, at a station. With a CSR it is given its provisioning certificate here.',
    answer: vehicleView,
  })
  async putTestVehicle(
    @Param({ schema: vehicleParams }) { pcid }: z.output<typeof vehicleParams>,
    @Body({ schema: newTestVehicle }) { emaid, csr }: z.output<typeof newTestVehicle>,
  ) {
    const { vehicle, provisioningCertificateChain } = await this.certificates.putTestVehicle({ pcid, emaid, csr });
    if (vehicle === undefined) throw notFound(`Test vehicle ${pcid}`);
    return { ...toVehicle(vehicle), provisioningCertificateChain: orNull(provisioningCertificateChain) };
  }

  @Delete('test-vehicles/:pcid')
  @Write({
    role: 'operator',
    summary: 'End the contract of a car of the test PKI',
    description: 'It gets no certificate any more; the one it has goes on until it is revoked, or its token blocked.',
    answer: z.object({}),
  })
  deleteTestVehicle(@Param({ schema: vehicleParams }) { pcid }: z.output<typeof vehicleParams>) {
    return this.certificates.deleteTestVehicle({ pcid });
  }

  @Get('contract-certificates')
  @Read({ role: 'viewer', summary: 'List the contract certificates that the test PKI has made', answer: contractCertificatePage })
  async listContractCertificates(
    @Query({ schema: contractCertificateQuery }) { limit, cursor, emaid }: z.output<typeof contractCertificateQuery>,
  ) {
    const page = await this.certificates.listContractCertificates({ emaid, pageSize: limit, pageToken: cursor ?? '' });
    return { data: page.certificates.map(toContractCertificate), nextCursor: orNull(page.nextPageToken) };
  }

  @Post('contract-certificates/:serialNumber/revoke')
  @Write({
    role: 'operator',
    summary: 'Revoke a contract certificate of the test PKI',
    description: 'It is refused at once where the platform is asked; a station may keep an OCSP answer for up to an hour.',
    answer: contractCertificateView,
  })
  async revokeContractCertificate(
    @Param({ schema: contractCertificateParams }) { serialNumber }: z.output<typeof contractCertificateParams>,
  ) {
    const { certificate } = await this.certificates.revokeContractCertificate({ serialNumber });
    if (certificate === undefined) throw notFound(`Contract certificate ${serialNumber}`);
    return toContractCertificate(certificate);
  }
}
