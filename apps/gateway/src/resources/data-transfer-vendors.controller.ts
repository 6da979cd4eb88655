import { Body, Controller, Delete, Get, Inject, Param, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { dataTransferV1 } from '@voltlog/proto';
import { SERVICE_CONFIG, SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import { z } from 'zod';
import type { GatewayConfig } from '../config.js';
import { toVendor, vendorIn, vendorList, vendorParams, vendorView } from '../views/vendor.view.js';
import { Read, Write } from '../web/route.js';

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
  async listDataTransferVendors() {
    return { data: (await this.vendors.listVendors({})).vendors.map(toVendor) };
  }

  @Put(':vendorId')
  @Write({
    role: 'operator',
    summary: 'Say what DataTransfer messages of a vendor are answered',
    description:
      'A vendor that is not known is answered UnknownVendorId. Whatever the answer, the message is a fact on the log (`DataTransferReceived`) and among the reports of its station. Counts on every instance within 5 s.',
    answer: vendorView,
  })
  async putDataTransferVendor(
    @Param({ schema: vendorParams }) { vendorId }: Params,
    @Body({ schema: vendorIn }) { messages, otherwise }: z.output<typeof vendorIn>,
  ) {
    const toMessage = ({ messageId, status, data }: (typeof messages)[number]) => ({
      messageId,
      status,
      dataJson: data === undefined ? '' : JSON.stringify(data),
    });
    const vendor = { vendorId, messages: messages.map(toMessage), otherwise, updatedAt: undefined };
    const answer = await this.vendors.putVendor({ vendor });
    return toVendor(answer.vendor ?? vendor);
  }

  @Delete(':vendorId')
  @Write({ role: 'operator', summary: 'Know a vendor no more', answer: z.object({}) })
  deleteDataTransferVendor(@Param({ schema: vendorParams }) { vendorId }: Params) {
    return this.vendors.deleteVendor({ vendorId });
  }
}
