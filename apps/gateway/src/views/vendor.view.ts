import type { dataTransferV1 } from '@voltlog/proto';
import { z } from 'zod';
import type { Role } from '../auth/api-key.js';
import { addressFor, identifier, instant, orNull, parsed, wordOf } from './common.js';
import { rotatedSecret } from './notification.view.js';

const handlerUrl = z.string().max(2_000);

const message = z.strictObject({
  messageId: z.string().max(50).meta({ description: 'empty: messages without one' }),
  status: z.enum(['Accepted', 'Rejected']),
  data: z.unknown().optional().meta({ description: 'told with the answer; an OCPP 1.6 station gets it as text' }),
  handlerUrl: handlerUrl.default('').meta({
    description: 'webhook that is asked before the answer is given; `status` and `data` are the answer when it gives none in time',
  }),
});

export const vendorIn = z
  .strictObject({
    messages: z.array(message).max(200).default([]),
    otherwise: z
      .enum(['Accepted', 'Rejected', 'UnknownMessageId'])
      .default('UnknownMessageId')
      .meta({ description: 'what all other messages of the vendor are answered' }),
    handlerUrl: handlerUrl.default('').meta({ description: 'webhook that is asked about all other messages of the vendor' }),
  })
  .meta({ id: 'NewDataTransferVendor' });

export const vendorParams = z.object({ vendorId: identifier('vendorId', 255) });

export const vendorView = z
  .object({
    vendorId: z.string(),
    messages: z.array(z.object({ messageId: z.string(), status: z.string(), data: z.unknown(), handlerUrl: z.string().nullable() })),
    otherwise: z.string(),
    handlerUrl: z.string().nullable().meta({ description: 'a viewer is told the host only, here as of each message' }),
    updatedAt: instant.nullable(),
    version: z.int().meta({ description: 'goes up with each change' }),
  })
  .meta({ id: 'DataTransferVendor' });

export const putVendor = vendorView
  .extend({ secret: z.string().nullable().meta({ description: '`whsec_...` that signs what handlers are asked; shown this once' }) })
  .meta({ id: 'PutDataTransferVendor' });

export const rotatedVendorSecret = rotatedSecret
  .extend({ version: z.int().meta({ description: 'of the vendor, which this changes too' }) })
  .meta({ id: 'RotatedDataTransferVendorSecret' });

export const tryIn = z
  .strictObject({
    messageId: z.string().max(50).default(''),
    data: z.unknown().optional(),
    stationId: z.string().max(255).default('').meta({ description: 'told to the handler; need not be known' }),
  })
  .meta({ id: 'TryDataTransferVendor' });

const ANSWERED_BY = ['Registration', 'Handler', 'RegistrationInstead'] as const;
export const triedVendor = z
  .object({
    status: z.string(),
    data: z.unknown(),
    answeredBy: z
      .enum(ANSWERED_BY)
      .meta({ description: 'RegistrationInstead: the handler gave no answer in time, or failed too often lately to be asked' }),
  })
  .meta({ id: 'TriedDataTransferVendor' });

export const toTried = ({ status, dataJson, answeredBy }: dataTransferV1.TryVendorResponse): z.input<typeof triedVendor> => ({
  status,
  data: parsed(dataJson),
  answeredBy: ANSWERED_BY.find((word) => word === wordOf(answeredBy, 'ANSWERED_BY_')) ?? 'Registration',
});

export const vendorList = z.object({ data: z.array(vendorView) }).meta({ id: 'DataTransferVendorList' });

export const toVendor = (
  { vendorId, messages, otherwise, handlerUrl: url, updatedAt, version }: dataTransferV1.Vendor,
  role: Role,
): z.input<typeof vendorView> => ({
  vendorId,
  messages: messages.map(({ messageId, status, dataJson, handlerUrl: asked }) => ({
    messageId,
    status,
    data: parsed(dataJson),
    handlerUrl: orNull(addressFor(role, asked)),
  })),
  otherwise,
  handlerUrl: orNull(addressFor(role, url)),
  updatedAt: updatedAt ?? null,
  version,
});
