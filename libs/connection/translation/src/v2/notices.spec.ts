import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { MessageFact, OcppVersion } from '@voltlog/connection-contract';
import { loadV21 } from '@voltlog/ocpp-v21';
import { loadV201 } from '@voltlog/ocpp-v201';
import { describe, expect, it } from 'vitest';
import type { CallContext } from '../route.js';
import { routesOf } from '../routing-table.js';
import { notices21, notices201 } from './notices.js';

const folder = fileURLToPath(new URL('../../../contract/samples/', import.meta.url));
const samples = new Map(
  readdirSync(folder).map((name) => [name.split('.')[2] ?? '', JSON.parse(readFileSync(`${folder}${name}`, 'utf8')) as MessageFact]),
);

const contextOf = (fact: MessageFact, ocppVersion: OcppVersion): CallContext => ({
  stationId: fact.stationId,
  ocppVersion,
  messageId: fact.messageId,
  action: fact.action,
  receivedAt: fact.receivedAt,
  receivedAtMs: Date.parse(fact.receivedAt),
  connectedAtMs: Date.parse(fact.receivedAt),
  clockBehindMs: 0,
  connectorsPerEvse: undefined,
  registrationStatus: 'Accepted',
  heartbeatIntervalSeconds: 300,
});

/** [action, fact, requirement] */
const REPORTS = [
  ['NotifyDisplayMessages', 'DisplayMessagesReported'],
  ['NotifyCustomerInformation', 'CustomerInformationReported'],
  ['PublishFirmwareStatusNotification', 'FirmwarePublishStatusReported'],
  ['NotifyEVChargingNeeds', 'ChargingNeedsReported'],
  ['NotifyEVChargingSchedule', 'ChargingScheduleReported'],
  ['NotifyChargingLimit', 'ChargingLimitReported'],
  ['ClearedChargingLimit', 'ChargingLimitCleared'],
  ['ReportChargingProfiles', 'ChargingProfilesReported'],
  ['LogStatusNotification', 'LogStatusReported'],
] as const;
const REPORTS_21 = [
  ['NotifyPriorityCharging', 'PriorityChargingReported'],
  ['PullDynamicScheduleUpdate', 'ScheduleUpdateRequested'],
  ['NotifyDERAlarm', 'DerAlarmReported'],
  ['NotifyDERStartStop', 'DerControlSwitched'],
  ['ReportDERControl', 'DerControlsReported'],
  ['NotifySettlement', 'SettlementReported'],
  ['VatNumberValidation', 'VatNumberPresented'],
  ['BatterySwap', 'BatterySwapReported'],
  ['OpenPeriodicEventStream', 'EventStreamOpened'],
  ['ClosePeriodicEventStream', 'EventStreamClosed'],
  ['NotifyPeriodicEventStream', 'EventStreamReported'],
] as const;

describe('what stations report', () => {
  it.each([...REPORTS, ...REPORTS_21])('%s becomes the recorded %s, which passes the schema', async (action, type) => {
    const fact = samples.get(type);
    if (fact === undefined) throw new Error(`no sample of ${type}`);
    expect((await loadV21()).checkRequest(action, fact.raw)).toBeUndefined();
    expect(routesOf('ocpp2.1').get(action)?.toFacts(fact.raw, contextOf(fact, 'ocpp2.1'), undefined)).toEqual([
      { type: `voltlog.connection.${type}.v1`, data: fact },
    ]);
  });

  it.each(REPORTS)('%s is the same fact from a 2.0.1 station', (action, type) => {
    const fact = samples.get(type);
    if (fact === undefined) throw new Error(`no sample of ${type}`);
    expect(routesOf('ocpp2.0.1').get(action)?.toFacts(fact.raw, contextOf(fact, 'ocpp2.0.1'), undefined)).toEqual([
      { type: `voltlog.connection.${type}.v1`, data: { ...fact, ocppVersion: 'ocpp2.0.1' } },
    ]);
  });

  it('are all in this table', () => {
    const tested: readonly string[] = [...REPORTS, ...REPORTS_21].map(([action]) => action);
    expect([...notices201, ...notices21].map(({ action }) => action).filter((action) => !tested.includes(action))).toEqual([]);
  });

  it.each([
    ['ocpp2.0.1', 'NotifyEVChargingNeeds', { status: 'Rejected' }],
    ['ocpp2.1', 'NotifyEVChargingNeeds', { status: 'NoChargingProfile' }],
    ['ocpp2.1', 'OpenPeriodicEventStream', { status: 'Accepted' }],
    ['ocpp2.1', 'PullDynamicScheduleUpdate', { status: 'Rejected' }],
    ['ocpp2.1', 'NotifySettlement', {}],
  ] as const)('%s %s is answered %j', async (version, action, expected) => {
    const fact = samples.get([...REPORTS, ...REPORTS_21].find(([each]) => each === action)?.[1] ?? '');
    if (fact === undefined) throw new Error('no sample');
    const answer = routesOf(version).get(action)?.toResponse(fact.raw, contextOf(fact, version), undefined);
    expect(answer).toMatchObject(expected);
    expect((await (version === 'ocpp2.1' ? loadV21() : loadV201())).checkResponse(action, answer)).toBeUndefined();
  });

  it('a VAT number is refused with a reason and told back', () => {
    const fact = samples.get('VatNumberPresented');
    if (fact === undefined) throw new Error('no sample');
    expect(
      routesOf('ocpp2.1').get('VatNumberValidation')?.toResponse({ vatNumber: 'X', evseId: 2 }, contextOf(fact, 'ocpp2.1'), undefined),
    ).toEqual({
      vatNumber: 'X',
      evseId: 2,
      status: 'Rejected',
      statusInfo: { reasonCode: 'NotEnabled', additionalInfo: expect.any(String) },
    });
  });

  it.each([
    [0.5, '2026-03-01T10:00:00.500Z'],
    [-1, '2026-03-01T09:59:59.000Z'],
    [1e300, '2026-03-01T10:00:00.000Z'],
  ])('a value of a stream %d s after its base is of %s', (t, at) => {
    const fact = samples.get('EventStreamReported');
    if (fact === undefined) throw new Error('no sample');
    const request = { id: 1, pending: 0, basetime: '2026-03-01T10:00:00Z', data: [{ t, v: '1' }] };
    const [made] = routesOf('ocpp2.1').get('NotifyPeriodicEventStream')?.toFacts(request, contextOf(fact, 'ocpp2.1'), undefined) ?? [];
    expect(made?.data).toMatchObject({ values: [{ at, value: '1' }] });
  });
});
