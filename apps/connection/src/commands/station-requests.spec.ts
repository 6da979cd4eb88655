import { requestCase, requestPath, STATION_REQUESTS } from '@voltlog/connection-contract';
import { stationRequestsV1 } from '@voltlog/proto';
import { fullRequest } from '@voltlog/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually, World } from '../testing/harness.js';
import type { TestStation } from '../testing/test-station.js';

const PROFILE = {
  id: 3,
  stackLevel: 1,
  chargingProfilePurpose: 'TxDefaultProfile',
  chargingProfileKind: 'Absolute',
  validTo: '2026-12-01T00:00:00.000Z',
  chargingSchedule: [
    { id: 1, chargingRateUnit: 'A', duration: 3_600, chargingSchedulePeriod: [{ startPeriod: 0, limit: 16, numberPhases: 3 }] },
  ],
};
const PROFILE16 = {
  chargingProfileId: 3,
  stackLevel: 1,
  chargingProfilePurpose: 'TxDefaultProfile',
  chargingProfileKind: 'Absolute',
  validTo: '2026-12-01T00:00:00.000Z',
  chargingSchedule: { chargingRateUnit: 'A', duration: 3_600, chargingSchedulePeriod: [{ startPeriod: 0, limit: 16, numberPhases: 3 }] },
};
const LOG = { remoteLocation: 'https://logs.example.org/up/1', oldestTimestamp: '2026-11-01T00:00:00.000Z' };
const FIRMWARE = { location: 'https://fw.example.org/a.bin', retrieveDateTime: '2026-11-26T00:00:00.000Z' };
const SIGNED = { ...FIRMWARE, signingCertificate: 'PEM', signature: 'c2ln' };

describe('a request in the words of OCPP 2.1', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
    await world.start();
    world.device.register('CP1', { connectorsPerEvse: [2, 1] });
  });
  afterEach(() => world.close());

  const answering = async (version: string, answer: object = { status: 'Accepted' }): Promise<TestStation> => {
    const station = await world.connect({ protocols: [version] });
    station.onCall = (_action, _payload, id) => JSON.stringify([3, id, answer]);
    return station;
  };
  const ask = (action: string, value: object) => {
    const request = { $case: requestCase(action), value } as NonNullable<stationRequestsV1.StationRequest['request']>;
    return world.command('CP1', { $case: 'stationRequest', value: { request } });
  };
  const calls = (station: TestStation): unknown[] =>
    station.received.filter((frame) => frame[0] === 2).map((frame) => [frame[2], frame[3]]);

  it.each([
    [
      'SetChargingProfile',
      { evseId: 1, chargingProfile: PROFILE },
      [1, 2].map((connectorId) => ['SetChargingProfile', { connectorId, csChargingProfiles: PROFILE16 }]),
    ],
    [
      'SetChargingProfile',
      { evseId: 0, chargingProfile: { ...PROFILE, chargingProfilePurpose: 'ChargingStationMaxProfile' } },
      [['SetChargingProfile', { connectorId: 0, csChargingProfiles: { ...PROFILE16, chargingProfilePurpose: 'ChargePointMaxProfile' } }]],
    ],
    [
      'SetChargingProfile',
      { evseId: 2, chargingProfile: { ...PROFILE, chargingProfilePurpose: 'TxProfile', transactionId: '77' } },
      [
        [
          'SetChargingProfile',
          { connectorId: 3, csChargingProfiles: { ...PROFILE16, chargingProfilePurpose: 'TxProfile', transactionId: 77 } },
        ],
      ],
    ],
    ['ClearChargingProfile', { chargingProfileId: 3 }, [['ClearChargingProfile', { id: 3 }]]],
    [
      'ClearChargingProfile',
      { chargingProfileCriteria: { evseId: 2, chargingProfilePurpose: 'ChargingStationMaxProfile', stackLevel: 1 } },
      [['ClearChargingProfile', { connectorId: 3, chargingProfilePurpose: 'ChargePointMaxProfile', stackLevel: 1 }]],
    ],
    ['GetCompositeSchedule', { evseId: 2, duration: 600 }, [['GetCompositeSchedule', { connectorId: 3, duration: 600 }]]],
    [
      'GetLog',
      { logType: 'SecurityLog', requestId: 5, log: LOG, retries: 2 },
      [['GetLog', { logType: 'SecurityLog', requestId: 5, log: LOG, retries: 2 }]],
    ],
    ['UpdateFirmware', { requestId: 6, firmware: SIGNED }, [['SignedUpdateFirmware', { requestId: 6, firmware: SIGNED }]]],
  ])('%s %j is said in 1.6', async (action, value, expected) => {
    const station = await answering('ocpp1.6');
    expect(await ask(action, value)).toMatchObject({ status: 'COMMAND_STATUS_ACCEPTED', stationStatus: 'Accepted' });
    expect(calls(station)).toEqual(expected);
  });

  it('GetLog for diagnostics is GetDiagnostics in 1.6; without a file there is nothing to upload (§5.9)', async () => {
    const station = await answering('ocpp1.6', { fileName: 'diag.zip' });
    const value = { logType: 'DiagnosticsLog', log: LOG, retries: 2, retryInterval: 60 };
    expect(await ask('GetLog', value)).toMatchObject({ status: 'COMMAND_STATUS_ACCEPTED', requestId: 0, action: 'GetDiagnostics' });
    expect(calls(station)).toEqual([
      ['GetDiagnostics', { location: LOG.remoteLocation, startTime: LOG.oldestTimestamp, retries: 2, retryInterval: 60 }],
    ]);
    station.onCall = (_action, _payload, id) => JSON.stringify([3, id, {}]);
    expect(await ask('GetLog', value)).toMatchObject({ status: 'COMMAND_STATUS_REJECTED', stationStatus: '' });
  });

  it('UpdateFirmware without a signature is answered by nothing in 1.6 (§5.19)', async () => {
    const station = await answering('ocpp1.6', {});
    expect(await ask('UpdateFirmware', { firmware: FIRMWARE })).toMatchObject({ status: 'COMMAND_STATUS_ACCEPTED', requestId: 0 });
    expect(calls(station)).toEqual([['UpdateFirmware', { location: FIRMWARE.location, retrieveDate: FIRMWARE.retrieveDateTime }]]);
  });

  it.each([
    [
      'SetChargingProfile',
      { evseId: 1, chargingProfile: { ...PROFILE, chargingSchedule: [...PROFILE.chargingSchedule, ...PROFILE.chargingSchedule] } },
      'one schedule',
    ],
    ['SetChargingProfile', { evseId: 1, chargingProfile: { ...PROFILE, maxOfflineDuration: 60 } }, 'maxOfflineDuration'],
    [
      'SetChargingProfile',
      {
        evseId: 1,
        chargingProfile: {
          ...PROFILE,
          chargingSchedule: [{ id: 1, chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit: 16, phaseToUse: 2 }] }],
        },
      },
      'phaseToUse',
    ],
    ['SetChargingProfile', { evseId: 1, chargingProfile: { ...PROFILE, chargingProfilePurpose: 'PriorityCharging' } }, 'PriorityCharging'],
    ['SetChargingProfile', { evseId: 1, chargingProfile: { ...PROFILE, transactionId: 'tx-1' } }, 'tx-1'],
    ['ClearChargingProfile', { chargingProfileCriteria: { chargingProfilePurpose: 'LocalGeneration' } }, 'LocalGeneration'],
    ['GetLog', { logType: 'DataCollectorLog', log: LOG }, 'DataCollectorLog'],
    ['UpdateFirmware', { firmware: { ...FIRMWARE, installDateTime: FIRMWARE.retrieveDateTime } }, 'time of installation'],
  ])('%s %j holds what 1.6 has no word for: not supported, nothing is sent, nothing is dropped', async (action, value, why) => {
    const station = await answering('ocpp1.6');
    const result = await ask(action, value);
    expect(result).toMatchObject({ status: 'COMMAND_STATUS_NOT_SUPPORTED', messageId: '' });
    expect(result.reason).toContain(why);
    expect(calls(station)).toEqual([]);
  });

  it.each([
    ['TxDefaultProfile', ['Accepted', 'Rejected'], 'COMMAND_STATUS_REJECTED'],
    ['TxProfile', ['Rejected', 'Accepted'], 'COMMAND_STATUS_ACCEPTED'],
    ['TxProfile', ['Rejected', 'NotSupported'], 'COMMAND_STATUS_REJECTED'],
  ])('a %s answered %j by the connectors of an EVSE is %s', async (chargingProfilePurpose, answers, status) => {
    const station = await world.connect({ protocols: ['ocpp1.6'] });
    const left = [...answers];
    station.onCall = (_action, _payload, id) => JSON.stringify([3, id, { status: left.shift() }]);
    expect(await ask('SetChargingProfile', { evseId: 1, chargingProfile: { ...PROFILE, chargingProfilePurpose } })).toMatchObject({
      status,
    });
  });

  it.each(Object.keys(STATION_REQUESTS))('%s reaches a 2.1 station as it was asked, in every field', async (action) => {
    const station = await answering('ocpp2.1');
    const value = fullRequest(action);
    expect(await ask(action, value)).toMatchObject({ action, messageId: expect.stringMatching(/./) });
    expect(calls(station)).toEqual([[action, value]]);
  });

  const lacking = (['ocpp1.6', 'ocpp2.0.1'] as const).flatMap((version) =>
    Object.entries(STATION_REQUESTS).flatMap(([action, { missing }]) => {
      const why = (missing as Record<string, string>)[version];
      return why === undefined ? [] : [[version, action, why] as const];
    }),
  );
  it.each(lacking)('%s has no %s: not supported, with the reason', async (version, action, why) => {
    const station = await answering(version);
    expect(await ask(action, {})).toMatchObject({ status: 'COMMAND_STATUS_NOT_SUPPORTED', reason: why, messageId: '' });
    expect(calls(station)).toEqual([]);
  });

  it('gets a number of the platform where the caller gives none, another each time', async () => {
    const station = await answering('ocpp2.0.1');
    const [first, second] = [await ask('GetDisplayMessages', {}), await ask('GetDisplayMessages', {})];
    expect(second.requestId).toBe(first.requestId + 1);
    expect(calls(station)).toEqual([first, second].map(({ requestId }) => ['GetDisplayMessages', { requestId }]));
    expect(await ask('GetDisplayMessages', { requestId: 9 })).toMatchObject({ requestId: 9 });
  });

  it.each([
    ['ocpp2.0.1', 'GetDisplayMessages', {}, { status: 'Unknown' }, 'COMMAND_STATUS_ACCEPTED'],
    ['ocpp2.0.1', 'ClearDisplayMessage', { id: 1 }, { status: 'Unknown' }, 'COMMAND_STATUS_REJECTED'],
    ['ocpp2.0.1', 'UnpublishFirmware', { checksum: 'c' }, { status: 'Unpublished' }, 'COMMAND_STATUS_ACCEPTED'],
    ['ocpp2.0.1', 'CostUpdated', { totalCost: 1.5, transactionId: 't' }, {}, 'COMMAND_STATUS_ACCEPTED'],
    ['ocpp2.1', 'ClearTariffs', {}, { clearTariffsResult: [{ status: 'Accepted' }, { status: 'NoTariff' }] }, 'COMMAND_STATUS_REJECTED'],
    ['ocpp2.1', 'GetTariffs', { evseId: 1 }, { status: 'NoTariff' }, 'COMMAND_STATUS_ACCEPTED'],
    ['ocpp2.1', 'GetPeriodicEventStream', {}, {}, 'COMMAND_STATUS_ACCEPTED'],
    ['ocpp2.1', 'UsePriorityCharging', { transactionId: 't', activate: true }, { status: 'NoProfile' }, 'COMMAND_STATUS_REJECTED'],
  ])('%s %s %j answered %j is %s', async (version, action, value, answer, status) => {
    await answering(version, answer);
    expect(await ask(action, value)).toMatchObject({ status, action });
  });

  it('with a field that only 2.1 has is refused for a 2.0.1 station, and the field is named', async () => {
    await answering('ocpp2.0.1');
    await expect(ask('SetChargingProfile', { evseId: 1, chargingProfile: { ...PROFILE, maxOfflineDuration: 60 } })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('maxOfflineDuration'),
    });
  });

  it('is refused when it is none, or lacks what the message must have', async () => {
    await answering('ocpp2.1');
    await expect(world.command('CP1', { $case: 'stationRequest', value: { request: undefined } })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(ask('SetDisplayMessage', {})).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('is kept as a fact with what came of it', async () => {
    await answering('ocpp2.1');
    await ask('RequestBatterySwap', { requestId: 4, idToken: { idToken: 'AA', type: 'Local' } });
    expect(await eventually(() => world.facts('voltlog.connection.CommandAnswered.v1')[0], 'the fact')).toMatchObject({
      action: 'RequestBatterySwap',
      request: { requestId: 4, idToken: { idToken: 'AA', type: 'Local' } },
      status: 'Accepted',
    });
  });
});

it('paths and cases of actions with runs of capitals', () => {
  expect(['SetDERControl', 'AFRRSignal', 'GetLog'].map((action) => [requestPath(action), requestCase(action)])).toEqual([
    ['set-der-control', 'setDerControl'],
    ['afrr-signal', 'afrrSignal'],
    ['get-log', 'getLog'],
  ]);
});
