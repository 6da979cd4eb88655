import type { dataTransferV1 } from '@voltlog/proto';
import { z } from 'zod';
import { identifier, instant, parsed } from './common.js';

const message = z.strictObject({
  messageId: z.string().max(50).meta({ description: 'empty: messages without one' }),
  status: z.enum(['Accepted', 'Rejected']),
  data: z.unknown().optional().meta({ description: 'told with the answer; an OCPP 1.6 station gets it as text' }),
});

export const vendorIn = z
  .strictObject({
    messages: z.array(message).max(200).default([]),
    otherwise: z
      .enum(['Accepted', 'Rejected', 'UnknownMessageId'])
      .default('UnknownMessageId')
      .meta({ description: 'what all other messages of the vendor are answered' }),
  })
  .meta({ id: 'NewDataTransferVendor' });

export const vendorParams = z.object({ vendorId: identifier('vendorId', 255) });

export const vendorView = z
  .object({
    vendorId: z.string(),
    messages: z.array(z.object({ messageId: z.string(), status: z.string(), data: z.unknown() })),
    otherwise: z.string(),
    updatedAt: instant.nullable(),
  })
  .meta({ id: 'DataTransferVendor' });

export const vendorList = z.object({ data: z.array(vendorView) }).meta({ id: 'DataTransferVendorList' });

export const toVendor = ({ vendorId, messages, otherwise, updatedAt }: dataTransferV1.Vendor): z.input<typeof vendorView> => ({
  vendorId,
  messages: messages.map(({ messageId, status, dataJson }) => ({ messageId, status, data: parsed(dataJson) })),
  otherwise,
  updatedAt: updatedAt ?? null,
});
