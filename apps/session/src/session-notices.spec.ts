import { STATION_TOPIC, type StationFacts } from '@voltlog/connection-contract';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { NOTICE_GROUP } from './session-runtime.js';
import { at, ended, event, started } from './testing/facts.js';
import { SessionHarness } from './testing/session-harness.js';

let harness: SessionHarness;
beforeEach(async () => {
  harness = await new SessionHarness().start();
});
afterEach(() => harness.dispose());

const head = (minute: number, action: string, raw: object = {}) => ({
  stationId: 'CS-1',
  ocppVersion: 'ocpp2.1' as const,
  receivedAt: at(minute),
  occurredAt: at(minute),
  messageId: `m-${action}-${minute}`,
  action,
  raw,
});
const needs = (minute: number, evseId: number, raw: object) =>
  event('voltlog.connection.ChargingNeedsReported.v1', {
    ...head(minute, 'NotifyEVChargingNeeds', { chargingNeeds: raw }),
    evseId,
    requestedEnergyTransfer: 'DC',
  });
const settled = (minute: number, transactionId: string) =>
  event('voltlog.connection.SettlementReported.v1', {
    ...head(minute, 'NotifySettlement'),
    transactionId,
    pspRef: 'psp-1',
    status: 'Settled',
    amount: 12.5,
  } satisfies StationFacts['voltlog.connection.SettlementReported.v1']);

async function noticesOf(sessionId: string) {
  const caughtUp = { group: NOTICE_GROUP, topic: STATION_TOPIC, key: 'CS-1', deadlineMs: 10_000 };
  expect(await harness.parts.log.caughtUp(caughtUp)).toBe(true);
  const { notices } = await harness.sessions.listSessionNotices({ sessionId });
  return notices.map(({ kind, evseId, detailsJson }) => ({ kind, evseId, details: JSON.parse(detailsJson) as object }));
}

it('a session shows what its car asked for, who limited it and how it was paid; not what was told of another place or time', async () => {
  const v21 = { ocppVersion: 'ocpp2.1' as const };
  await harness.given(
    needs(-20, 1, {}),
    needs(-1, 1, {
      departureTime: at(120),
      dcChargingParameters: { energyAmount: 40_000, stateOfCharge: 20, evMaxCurrent: 400, evMaxVoltage: 900 },
      mobilityNeedsMode: 'EVCC',
    }),
    started({ ...v21, minute: 0, evseId: 1 }),
    needs(1, 2, {}),
    event('voltlog.connection.ChargingLimitReported.v1', {
      ...head(5, 'NotifyChargingLimit', {
        chargingSchedule: [{ chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit: 16 }] }],
      }),
      evseId: 0,
      source: 'EMS',
      isGridCritical: true,
    }),
    event('voltlog.connection.ChargingLimitCleared.v1', { ...head(8, 'ClearedChargingLimit'), evseId: 0, source: 'EMS' }),
    ended({ ...v21, minute: 10 }),
    needs(15, 1, {}),
    settled(16, '101'),
    settled(16, 'another'),
  );
  const { sessionId } = await harness.only();
  const told = [
    {
      kind: 'ChargingNeeds',
      evseId: 1,
      details: {
        requestedEnergyTransfer: 'DC',
        departureAt: at(120),
        energyWh: 40_000,
        stateOfChargePercent: 20,
        mobilityNeedsMode: 'EVCC',
      },
    },
    { kind: 'ExternalLimit', evseId: 0, details: { source: 'EMS', gridCritical: true, limit: 16, unit: 'A' } },
    { kind: 'ExternalLimitCleared', evseId: 0, details: { source: 'EMS' } },
    { kind: 'Settlement', evseId: 0, details: { pspRef: 'psp-1', status: 'Settled', amount: 12.5 } },
  ];
  expect(await noticesOf(sessionId)).toEqual(told);
  // After a restart too.
  await harness.restart();
  await harness.given(settled(16, 'another'));
  expect(await noticesOf(sessionId)).toEqual(told);
  await expect(harness.sessions.listSessionNotices({ sessionId: 'nothing' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
});
