import type { sessionV1 } from '@voltlog/proto';
import { noteMeterValue, type Readings, type RegisterPoint, sessionCost } from '@voltlog/session-domain';
import type { MeterValueDocument, SessionCollections, SessionDocument } from '../store/session-documents.js';
import { meterValueRange } from '../store/session-documents.js';
import { toSession } from './session.messages.js';

/** Points of an energy curve: enough for any screen. */
export const CURVE_MAX = 300;
const PAGE = 1_000;
/** Values read of one session; beyond it the curve ends. At one a second more than five hours. */
const VALUES_MAX = 20_000;

/** What a driver is shown of a session: times, energy and its curve, what it costs and of what. */
export async function receiptOf(
  collections: Pick<SessionCollections, 'meterValues'>,
  document: SessionDocument,
  readings: Readings,
  nowMs: number,
): Promise<sessionV1.Receipt> {
  const { claims } = document;
  const { price } = claims;
  const cost = sessionCost(claims, readings, nowMs);
  const session = toSession(document, readings, nowMs);
  return {
    session,
    price: price === undefined ? undefined : { ...price },
    energyCost: cost?.energy,
    timeCost: cost?.time,
    sessionCost: cost?.session,
    total: cost?.total,
    curve: evenly(await curveOf(collections, document.id, session.meterStartWh ?? 0), CURVE_MAX),
  };
}

async function curveOf(
  { meterValues }: Pick<SessionCollections, 'meterValues'>,
  sessionId: string,
  startWh: number,
): Promise<sessionV1.CurvePoint[]> {
  const points: sessionV1.CurvePoint[] = [];
  let after: string | undefined;
  let read = 0;
  do {
    const page = await meterValues.find({
      where: { id: meterValueRange(sessionId) },
      limit: PAGE,
      ...(after === undefined ? {} : { after }),
    });
    read += page.docs.length;
    for (const value of page.docs) {
      const point = pointOf(value, startWh);
      if (point !== undefined) points.push(point);
    }
    after = read < VALUES_MAX ? page.next : undefined;
  } while (after !== undefined);
  return points;
}

/** A value without its register is no point of the curve. */
function pointOf(value: MeterValueDocument, startWh: number): sessionV1.CurvePoint | undefined {
  const readings: Readings = {};
  const registers: RegisterPoint[] = [];
  noteMeterValue(readings, value, registers);
  const register = registers.at(-1);
  if (register === undefined) return undefined;
  return {
    at: value.at,
    energyWh: Math.max(0, register.wh - startWh),
    powerW: readings.power?.value,
    stateOfChargePercent: readings.stateOfCharge?.value,
  };
}

/** At most `max` of them, evenly chosen; the first and the last are kept. */
export function evenly<Point>(points: readonly Point[], max: number): Point[] {
  if (points.length <= max) return [...points];
  return Array.from({ length: max }, (_, i) => points[Math.round((i * (points.length - 1)) / (max - 1))] as Point);
}
