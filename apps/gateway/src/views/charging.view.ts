import { sessionV1 } from '@voltlog/proto';
import { z } from 'zod';
import { asRead, evseId, instant, orNull, stationId, wordOf } from './common.js';
import { sessionView, toSession } from './session.view.js';
import { idToken, idTokenType } from './token.view.js';

const amount = z
  .string()
  .regex(/^\d{1,12}(\.\d{1,6})?$/, 'must be a decimal number of 0 or more')
  .meta({ examples: ['12.50'] });
const currency = z
  .string()
  .regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code')
  .meta({ examples: ['EUR'] });
export const money = z.strictObject({ amount, currency }).meta({ id: 'Money' });

const limitFields = {
  energyWh: z.number().positive().max(10_000_000).nullable().default(null),
  durationSeconds: z.int().positive().max(2_592_000).nullable().default(null).meta({ description: 'from the start of the transaction' }),
  cost: money.nullable().default(null),
  stateOfChargePercent: z.number().positive().max(100).nullable().default(null),
};
/** What is null or left out is not limited. */
export const limitBody = z
  .strictObject(limitFields)
  .meta({ id: 'SessionLimit', description: 'the session stops at the first one reached' });

export const startBody = z
  .strictObject({
    stationId,
    evseId: evseId.default(0).meta({ description: '0: the station chooses' }),
    idToken,
    idTokenType: idTokenType.default('Central'),
    groupId: z.string().max(255).default(''),
    limit: limitBody.nullable().default(null),
  })
  .meta({ id: 'StartRequestOrder' });

const START_STATES = ['Pending', 'Accepted', 'Refused', 'Started', 'Lapsed', 'Cancelled'] as const;

export const startRequestView = z
  .object({
    startRequestId: z.string(),
    stationId: z.string(),
    evseId: z.int(),
    idToken: z.string().nullable(),
    limit: limitBody.nullable(),
    state: z.enum(START_STATES).meta({ description: 'accepted is not happened' }),
    reason: z.string().nullable().meta({ description: "the station's word, or why it could not be asked" }),
    sessionId: z.string().nullable().meta({ description: 'of Cancelled: what began all the same, and is stopped' }),
    createdAt: instant.nullable(),
    updatedAt: instant.nullable(),
  })
  .meta({ id: 'StartRequest' });

export const stopView = z
  .object({ session: sessionView, stationStatus: z.string().nullable().meta({ description: "the station's word; null: not asked yet" }) })
  .meta({ id: 'StopResult' });

/** `default`, `site:<id>` or `station:<id>` */
export const priceParams = z.object({
  scope: z.string().regex(/^(default|(site|station):[^\p{Cc}]{1,128})$/u, 'must be default, site:<id> or station:<id>'),
});
export const priceBody = z
  .strictObject({
    currency,
    perKwh: amount.default('0'),
    perMinute: amount.default('0'),
    perSession: amount.default('0'),
    ...asRead('scope', 'version'),
  })
  .meta({ id: 'PriceChange' });
export const priceView = z
  .object({ scope: z.string(), currency: z.string(), perKwh: z.string(), perMinute: z.string(), perSession: z.string(), version: z.int() })
  .meta({ id: 'Price' });

export const receiptView = z
  .object({
    session: sessionView,
    price: priceView.nullable(),
    energyCost: money.nullable(),
    timeCost: money.nullable(),
    sessionCost: money.nullable(),
    total: money.nullable(),
    curve: z
      .array(
        z.object({
          at: instant.nullable(),
          energyWh: z.number(),
          powerW: z.number().nullable(),
          stateOfChargePercent: z.number().nullable(),
        }),
      )
      .meta({ description: 'at most 300 points, evenly chosen' }),
  })
  .meta({ id: 'Receipt' });

export const limitIn = (limit: z.output<typeof limitBody>): sessionV1.SessionLimit => ({
  energyWh: limit.energyWh ?? undefined,
  durationSeconds: limit.durationSeconds ?? undefined,
  cost: limit.cost ?? undefined,
  stateOfChargePercent: limit.stateOfChargePercent ?? undefined,
});

export const toLimit = (limit: sessionV1.SessionLimit | undefined): z.input<typeof limitBody> | null =>
  limit === undefined
    ? null
    : {
        energyWh: limit.energyWh ?? null,
        durationSeconds: limit.durationSeconds ?? null,
        cost: limit.cost ?? null,
        stateOfChargePercent: limit.stateOfChargePercent ?? null,
      };

export const toStartRequest = (request: sessionV1.StartRequest): z.input<typeof startRequestView> => ({
  startRequestId: request.startRequestId,
  stationId: request.stationId,
  evseId: request.evseId,
  idToken: orNull(request.idToken?.idToken),
  limit: toLimit(request.limit),
  state: START_STATES.find((word) => word === wordOf(request.state, 'START_REQUEST_STATE_')) ?? 'Pending',
  reason: orNull(request.reason),
  sessionId: orNull(request.sessionId),
  createdAt: request.createdAt ?? null,
  updatedAt: request.updatedAt ?? null,
});

export const toPrice = (price: sessionV1.Price): z.input<typeof priceView> => ({ ...price });

export const toReceipt = (receipt: sessionV1.Receipt, session: sessionV1.Session): z.input<typeof receiptView> => ({
  session: toSession(session),
  price: receipt.price === undefined ? null : toPrice(receipt.price),
  energyCost: receipt.energyCost ?? null,
  timeCost: receipt.timeCost ?? null,
  sessionCost: receipt.sessionCost ?? null,
  total: receipt.total ?? null,
  curve: receipt.curve.map(({ at, energyWh, powerW, stateOfChargePercent }) => ({
    at: at ?? null,
    energyWh,
    powerW: powerW ?? null,
    stateOfChargePercent: stateOfChargePercent ?? null,
  })),
});
