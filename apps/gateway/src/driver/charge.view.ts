import { sessionV1 } from '@voltlog/proto';
import { z } from 'zod';
import { maskText } from '../live/mask.js';
import { instant, orNull } from '../views/common.js';
import { CHARGE_STATES, type ChargeStatus } from './charge-state.js';
import { type DriverLink, LINK_KEY_PATTERN } from './driver-links.js';
import { headOf, headView, type PriceView, priceView } from './evse.view.js';
import type { Place } from './places.js';

/** A wrong key is told as an unknown one, so that nobody learns what keys look like by trying. */
export const keyParams = z.object({
  key: z.string().max(64).meta({ description: '`key` of the answer to the start', pattern: LINK_KEY_PATTERN.source }),
});

/** A sum as others give it: a decimal number and its currency. */
export const moneyView = z
  .object({ amount: z.string().meta({ description: 'a decimal number', examples: ['12.50'] }), currency: z.string() })
  .meta({ id: 'DriverMoney' });

const positive = z.number().gt(0);
export const limitIn = z
  .strictObject({
    energyWh: positive.max(10_000_000).optional(),
    durationSeconds: z.int().min(1).max(2_592_000).optional(),
    cost: z
      .strictObject({
        amount: z.string().regex(/^(?!0+(?:\.0+)?$)\d{1,6}(?:\.\d{1,4})?$/, 'must be a decimal number greater than 0'),
        currency: z.string().regex(/^[A-Z]{3}$/),
      })
      .optional(),
    stateOfChargePercent: positive.max(100).optional(),
  })
  .meta({
    id: 'DriverLimit',
    description: 'Charging stops at the first one reached; what is absent is not limited.',
    examples: [{ energyWh: 20_000, cost: { amount: '15.00', currency: 'EUR' } }],
  });
export type LimitIn = z.output<typeof limitIn>;

export const chargeView = z
  .object({
    ...headView,
    state: z.enum(CHARGE_STATES).meta({
      description:
        'PlugIn: the station waits for the cable; Full: charging goes on by name, the battery takes no more; Ended: unplug; Lapsed: nobody plugged in; Cancelled: taken back before it began',
    }),
    reason: z.string().nullable().meta({
      description:
        "of Refused: Offline, TimedOut, NotSupported, Rejected, ...; of Suspended: ByVehicle, ByStation or LimitReached; of the end: LimitReached, Driver, Operator, Group, else the station's word",
    }),
    price: priceView.nullable().meta({ description: 'the one this charge is counted by; before it begins, the one that holds now' }),
    startedAt: instant.nullable().meta({ description: "by the station's clock" }),
    endedAt: instant.nullable(),
    durationSeconds: z.int(),
    energyWh: z.number(),
    powerW: z.number().nullable(),
    powerWMax: z.number().nullable(),
    stateOfChargePercent: z.number().nullable(),
    cost: moneyView.nullable(),
    limit: limitIn.nullable(),
    milestones: z.array(
      z.object({
        kind: z.string(),
        at: instant.nullable(),
        stateOfChargePercent: z.number().nullable(),
        dimension: z.string().nullable(),
      }),
    ),
    idleSeconds: z.int().nullable().meta({ description: 'from the end of charging until the cable was out' }),
    stopRequested: z.boolean().meta({ description: 'by whoever: the driver, the operator, a limit' }),
    stopFailed: z.boolean().meta({ description: 'the station was asked again and again, and did not stop; the operator is told' }),
    stationOnline: z
      .boolean()
      .meta({ description: 'false: the figures are those of `lastReadingAt`, and a stop or a limit reaches the station once it is back' }),
    lastReadingAt: instant.nullable().meta({ description: "by the station's clock" }),
    asOf: instant,
  })
  .meta({ id: 'DriverCharge', description: 'One charge as its driver sees it.' });
export type ChargeView = z.input<typeof chargeView>;

export interface ChargeParts {
  readonly link: DriverLink;
  readonly place: Place;
  readonly status: ChargeStatus;
  readonly price: PriceView | null;
  readonly limit: sessionV1.SessionLimit | undefined;
  readonly session: sessionV1.Session | undefined;
  /** ISO 8601 */
  readonly now: string;
}

export const toCharge = ({ link, place: at, status, price, limit, session, now }: ChargeParts): ChargeView => ({
  ...headOf(at),
  ...status,
  price,
  startedAt: session?.startedAt ?? null,
  endedAt: session?.endedAt ?? null,
  durationSeconds: session?.durationSeconds ?? 0,
  energyWh: session?.energyWh ?? 0,
  powerW: session?.powerW ?? null,
  powerWMax: at.evse.powerWMax === 0 ? null : at.evse.powerWMax,
  stateOfChargePercent: session?.stateOfChargePercent ?? null,
  cost: session?.cost ?? null,
  limit: limit === undefined ? null : toLimitView(limit),
  milestones: (session?.milestones ?? []).map((milestone) => ({
    kind: milestone.kind,
    at: milestone.at ?? null,
    stateOfChargePercent: milestone.stateOfChargePercent ?? null,
    dimension: orNull(milestone.dimension),
  })),
  idleSeconds: session?.idleSeconds ?? null,
  stopRequested: link.stopRequestedAt !== undefined || session?.stop !== undefined,
  stopFailed: session?.stop?.escalated ?? false,
  stationOnline: at.station.connected,
  lastReadingAt: session?.lastReadingAt ?? null,
  asOf: now,
});

export const toLimitView = (limit: sessionV1.SessionLimit): LimitIn => ({
  ...(limit.energyWh === undefined ? {} : { energyWh: limit.energyWh }),
  ...(limit.durationSeconds === undefined ? {} : { durationSeconds: limit.durationSeconds }),
  ...(limit.cost === undefined ? {} : { cost: limit.cost }),
  ...(limit.stateOfChargePercent === undefined ? {} : { stateOfChargePercent: limit.stateOfChargePercent }),
});

export const receiptView = z
  .object({
    ...headView,
    number: z.string(),
    final: z.boolean().meta({ description: 'false: more may come from the station' }),
    startedAt: instant.nullable(),
    endedAt: instant.nullable(),
    durationSeconds: z.int(),
    energyWh: z.number(),
    meterStartWh: z.number().nullable(),
    meterStopWh: z.number().nullable(),
    price: priceView.nullable(),
    energyCost: moneyView.nullable(),
    timeCost: moneyView.nullable(),
    sessionCost: moneyView.nullable(),
    total: moneyView.nullable(),
    idToken: z.string().nullable().meta({ description: 'masked; null for a guest' }),
    endCause: z
      .string()
      .nullable()
      .meta({ description: "why it ended: Limit, Driver, Operator, Group (another card of the same group), else the station's word" }),
    stoppedBy: z.string().nullable().meta({ description: 'the card that stopped it, masked, where one was shown' }),
    curve: z.array(
      z.object({
        at: instant,
        energyWh: z.number(),
        powerW: z.number().nullable(),
        stateOfChargePercent: z.number().nullable(),
      }),
    ),
  })
  .meta({ id: 'DriverReceipt' });
export type ReceiptView = z.input<typeof receiptView>;

export function toReceipt(receipt: sessionV1.Receipt, session: sessionV1.Session, link: DriverLink, at: Place): ReceiptView {
  const { price } = receipt;
  return {
    ...headOf(at),
    number: session.sessionId,
    final: session.state === sessionV1.SessionState.ENDED && !session.incomplete,
    startedAt: session.startedAt ?? null,
    endedAt: session.endedAt ?? null,
    durationSeconds: session.durationSeconds,
    energyWh: session.energyWh,
    meterStartWh: session.meterStartWh ?? null,
    meterStopWh: session.meterStopWh ?? null,
    price: price === undefined ? null : toPrice(price),
    energyCost: receipt.energyCost ?? null,
    timeCost: receipt.timeCost ?? null,
    sessionCost: receipt.sessionCost ?? null,
    total: receipt.total ?? null,
    idToken: link.guest === true || link.idToken === undefined ? null : maskText(link.idToken),
    endCause: orNull(session.endCause || session.stoppedReason),
    stoppedBy: session.stoppedBy === undefined ? null : maskText(session.stoppedBy.idToken),
    curve: receipt.curve.flatMap((point) =>
      point.at === undefined
        ? []
        : [
            {
              at: point.at,
              energyWh: point.energyWh,
              powerW: point.powerW ?? null,
              stateOfChargePercent: point.stateOfChargePercent ?? null,
            },
          ],
    ),
  };
}

export const toPrice = ({ currency, perKwh, perMinute, perSession }: sessionV1.Price): PriceView => ({
  currency,
  perKwh: perKwh || '0',
  perMinute: perMinute || '0',
  perSession: perSession || '0',
});
