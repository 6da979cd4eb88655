import { Body, Controller, Delete, Get, Inject, Param, Post, Put, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { dataTransferV1 } from '@voltlog/proto';
import { SERVICE_CONFIG, SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { CallerParam, callerOf } from '../auth/access.js';
import type { Caller } from '../auth/api-keys.js';
import type { GatewayConfig } from '../config.js';
import { orNull } from '../views/common.js';
import {
  putVendor,
  rotatedVendorSecret,
  toTried,
  toVendor,
  triedVendor,
  tryIn,
  vendorIn,
  vendorList,
  vendorParams,
  vendorView,
} from '../views/vendor.view.js';
import { expectedVersion, mustBeNew, withEtag } from '../web/etag.js';
import { Creatable, Read, Write } from '../web/route.js';

type Params = z.output<typeof vendorParams>;

/** Whose DataTransfer messages are known. */
@ApiTags('stations')
@Controller('v1/data-transfer-vendors')
export class DataTransferVendorsController {
  private readonly vendors: dataTransferV1.DataTransferService;

  constructor(@Inject(SERVICE_CONTEXT) { rpc }: ServiceContext, @Inject(SERVICE_CONFIG) config: GatewayConfig) {
    this.vendors = rpc.client<dataTransferV1.DataTransferService>(dataTransferV1.DataTransferServiceDefinition, {
      address: config.connectionGrpc,
    });
  }

  @Get()
  @Read({ role: 'viewer', summary: 'Whose DataTransfer messages are known, and what stations are answered', answer: vendorList })
  async listDataTransferVendors(@CallerParam() { role }: Caller) {
    return { data: (await this.vendors.listVendors({})).vendors.map((vendor) => toVendor(vendor, role)) };
  }

  @Get(':vendorId')
  @Read({ role: 'viewer', summary: 'Read what DataTransfer messages of a vendor are answered', answer: vendorView })
  async getDataTransferVendor(
    @Param({ schema: vendorParams }) { vendorId }: Params,
    @CallerParam() { role }: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { vendor } = await this.vendors.getVendor({ vendorId });
    return withEtag(reply, vendor, `Vendor ${vendorId}`, (found) => toVendor(found, role));
  }

  @Put(':vendorId')
  @Write({
    role: 'operator',
    summary: 'Say what DataTransfer messages of a vendor are answered',
    description:
      'A vendor that is not known is answered UnknownVendorId. Whatever the answer, the message is a fact on the log (`DataTransferReceived`) and among the reports of its station. Where a handler is named, it is asked by a signed webhook (Standard Webhooks; `webhook-id` is the id of the fact) and answers `{"status": ..., "data": ...}`; when it fails or takes too long, the station gets the registered answer. Counts on every instance within 5 s.',
    answer: putVendor,
  })
  @Creatable()
  async putDataTransferVendor(
    @Param({ schema: vendorParams }) { vendorId }: Params,
    @Body({ schema: vendorIn }) { messages, otherwise, handlerUrl }: z.output<typeof vendorIn>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const toMessage = ({ messageId, status, data, handlerUrl: url }: (typeof messages)[number]) => ({
      messageId,
      status,
      dataJson: data === undefined ? '' : JSON.stringify(data),
      handlerUrl: url,
    });
    const asked = { vendorId, messages: messages.map(toMessage), otherwise, handlerUrl, updatedAt: undefined, version: 0 };
    const conditions = { expectedVersion: expectedVersion(request), mustBeNew: mustBeNew(request) };
    const { vendor, secret } = await this.vendors.putVendor({ vendor: asked, ...conditions });
    const { role } = callerOf(request);
    return { ...withEtag(reply, vendor, `Vendor ${vendorId}`, (found) => toVendor(found, role)), secret: orNull(secret) };
  }

  @Post(':vendorId/rotate-secret')
  @Write({
    role: 'operator',
    summary: 'Give the handlers of a vendor a new signing secret',
    description: 'The old one signs beside it for a day.',
    answer: rotatedVendorSecret,
  })
  async rotateDataTransferVendorSecret(@Param({ schema: vendorParams }) { vendorId }: Params) {
    const { oldSecretExpiresAt, ...rotated } = await this.vendors.rotateVendorSecret({ vendorId });
    return { ...rotated, oldSecretExpiresAt: oldSecretExpiresAt ?? null };
  }

  @Post(':vendorId/try')
  @Write({
    role: 'operator',
    summary: 'Try what a station would be answered',
    description:
      'A handler is asked, signed and within its time, as it would be for a station; no station is told anything, and no fact comes of it.',
    answer: triedVendor,
  })
  async tryDataTransferVendor(
    @Param({ schema: vendorParams }) { vendorId }: Params,
    @Body({ schema: tryIn }) { messageId, data, stationId }: z.output<typeof tryIn>,
  ) {
    const dataJson = data === undefined ? '' : JSON.stringify(data);
    return toTried(await this.vendors.tryVendor({ vendorId, messageId, dataJson, stationId }));
  }

  @Delete(':vendorId')
  @Write({ role: 'operator', summary: 'Know a vendor no more', answer: z.object({}) })
  deleteDataTransferVendor(@Param({ schema: vendorParams }) { vendorId }: Params) {
    return this.vendors.deleteVendor({ vendorId });
  }
}
