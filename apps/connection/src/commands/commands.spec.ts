import { withoutSecrets } from '@voltlog/connection-contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually, World } from '../testing/harness.js';
import type { TestStation } from '../testing/test-station.js';

const accepted = (_action: string, _payload: unknown, id: string): string => JSON.stringify([3, id, { status: 'Accepted' }]);
const at = (evseId: number, connectorId = 0) => ({ evseId, connectorId });

const LIST = [
  { idToken: { idToken: 'AA', type: 'ISO14443' }, status: 'Accepted', groupId: 'FLEET', cacheExpiresAt: '2027-01-01T00:00:00.000Z' },
  { idToken: { idToken: 'BB', type: 'eMAID' }, status: '', groupId: '', cacheExpiresAt: undefined },
];

describe('a command', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
    await world.start();
  });
  afterEach(() => world.close());

  const calls = (station: TestStation): unknown[] =>
    station.received.filter((frame) => frame[0] === 2).map((frame) => [frame[2], frame[3]]);

  it.each([
    [
      {
        $case: 'requestStartTransaction',
        value: { idToken: { idToken: 'AA', type: '' }, evseId: 2, remoteStartId: 9, connectorId: 0, groupId: 'FLEET' },
      },
      ['RemoteStartTransaction', { idTag: 'AA', connectorId: 3 }],
      [
        'RequestStartTransaction',
        {
          idToken: { idToken: 'AA', type: 'Central' },
          remoteStartId: 9,
          evseId: 2,
          groupIdToken: { idToken: 'FLEET', type: 'Central' },
        },
      ],
    ],
    [
      { $case: 'requestStopTransaction', value: { transactionId: '77' } },
      ['RemoteStopTransaction', { transactionId: 77 }],
      ['RequestStopTransaction', { transactionId: '77' }],
    ],
    [{ $case: 'reset', value: { type: 'RESET_TYPE_IMMEDIATE', evseId: 0 } }, ['Reset', { type: 'Hard' }], ['Reset', { type: 'Immediate' }]],
    [{ $case: 'reset', value: { type: 'RESET_TYPE_ON_IDLE', evseId: 0 } }, ['Reset', { type: 'Soft' }], ['Reset', { type: 'OnIdle' }]],
    [
      { $case: 'changeAvailability', value: { operative: false, ...at(1, 2) } },
      ['ChangeAvailability', { connectorId: 2, type: 'Inoperative' }],
      ['ChangeAvailability', { operationalStatus: 'Inoperative', evse: { id: 1, connectorId: 2 } }],
    ],
    [
      { $case: 'changeAvailability', value: { operative: true, ...at(0) } },
      ['ChangeAvailability', { connectorId: 0, type: 'Operative' }],
      ['ChangeAvailability', { operationalStatus: 'Operative' }],
    ],
    [
      { $case: 'triggerMessage', value: { requestedMessage: 'StatusNotification', ...at(2, 1) } },
      ['TriggerMessage', { requestedMessage: 'StatusNotification', connectorId: 3 }],
      ['TriggerMessage', { requestedMessage: 'StatusNotification', evse: { id: 2, connectorId: 1 } }],
    ],
    [{ $case: 'clearCache', value: {} }, ['ClearCache', {}], ['ClearCache', {}]],
    [
      { $case: 'dataTransfer', value: { vendorId: 'v', messageId: 'm', data: 'd' } },
      ['DataTransfer', { vendorId: 'v', messageId: 'm', data: 'd' }],
      ['DataTransfer', { vendorId: 'v', messageId: 'm', data: 'd' }],
    ],
    [
      {
        $case: 'reserveNow',
        value: {
          reservationId: 7,
          evseId: 1,
          connectorId: 2,
          idToken: { idToken: 'AA', type: 'ISO14443' },
          groupId: 'FLEET',
          expiresAt: '2026-03-01T08:30:00.000Z',
          connectorType: 'cCCS2',
        },
      },
      ['ReserveNow', { reservationId: 7, connectorId: 2, idTag: 'AA', parentIdTag: 'FLEET', expiryDate: '2026-03-01T08:30:00.000Z' }],
      [
        'ReserveNow',
        {
          id: 7,
          evseId: 1,
          idToken: { idToken: 'AA', type: 'ISO14443' },
          groupIdToken: { idToken: 'FLEET', type: 'Central' },
          expiryDateTime: '2026-03-01T08:30:00.000Z',
          connectorType: 'cCCS2',
        },
      ],
    ],
    [
      { $case: 'cancelReservation', value: { reservationId: 7 } },
      ['CancelReservation', { reservationId: 7 }],
      ['CancelReservation', { reservationId: 7 }],
    ],
    [
      { $case: 'sendLocalList', value: { listVersion: 7, differential: true, entries: LIST } },
      [
        'SendLocalList',
        {
          listVersion: 7,
          updateType: 'Differential',
          localAuthorizationList: [
            { idTag: 'AA', idTagInfo: { status: 'Accepted', parentIdTag: 'FLEET', expiryDate: '2027-01-01T00:00:00.000Z' } },
            { idTag: 'BB' },
          ],
        },
      ],
      [
        'SendLocalList',
        {
          versionNumber: 7,
          updateType: 'Differential',
          localAuthorizationList: [
            {
              idToken: { idToken: 'AA', type: 'ISO14443' },
              idTokenInfo: {
                status: 'Accepted',
                cacheExpiryDateTime: '2027-01-01T00:00:00.000Z',
                groupIdToken: { idToken: 'FLEET', type: 'Central' },
              },
            },
            { idToken: { idToken: 'BB', type: 'eMAID' } },
          ],
        },
      ],
    ],
    [
      { $case: 'sendLocalList', value: { listVersion: 8, differential: false, entries: [] } },
      ['SendLocalList', { listVersion: 8, updateType: 'Full' }],
      ['SendLocalList', { versionNumber: 8, updateType: 'Full' }],
    ],
    [{ $case: 'rawCall', value: { action: 'ClearCache', payloadJson: '{}' } }, ['ClearCache', {}], ['ClearCache', {}]],
  ] as const)('%j is said in 1.6 and in 2.0.1', async (command, in16, in201) => {
    world.device.register('CP1', { connectorsPerEvse: [2, 1] });
    for (const [version, expected] of [
      ['ocpp1.6', in16],
      ['ocpp2.0.1', in201],
    ] as const) {
      const station = await world.connect({ protocols: [version] });
      station.onCall = accepted;
      const result = await world.command('CP1', structuredClone(command) as never);
      expect(result, version).toMatchObject({
        status: 'COMMAND_STATUS_ACCEPTED',
        stationStatus: 'Accepted',
        action: expected[0],
        responseJson: '{"status":"Accepted"}',
      });
      expect(calls(station), version).toEqual([expected]);
    }
    expect(await eventually(() => world.facts('voltlog.connection.CommandAnswered.v1')[1], 'the facts')).toMatchObject({
      action: in201[0],
      request: in201[1],
      status: 'Accepted',
    });
  });

  it('to trigger what only the security whitepaper has goes by ExtendedTriggerMessage in 1.6', async () => {
    const station = await world.connect();
    station.onCall = accepted;
    await world.command('CP1', { $case: 'triggerMessage', value: { requestedMessage: 'LogStatusNotification', ...at(0) } });
    expect(calls(station)).toEqual([['ExtendedTriggerMessage', { requestedMessage: 'LogStatusNotification' }]]);
  });

  it.each([
    ['ocpp1.6', { listVersion: 4 }, 'COMMAND_STATUS_ACCEPTED'],
    ['ocpp1.6', { listVersion: 0 }, 'COMMAND_STATUS_ACCEPTED'],
    ['ocpp1.6', { listVersion: -1 }, 'COMMAND_STATUS_NOT_SUPPORTED'],
    ['ocpp2.0.1', { versionNumber: 0 }, 'COMMAND_STATUS_ACCEPTED'],
  ] as const)('%s: GetLocalListVersion that is answered %j is %s (OCPP 1.6 §5.10)', async (version, answer, status) => {
    world.device.register('CP1');
    const station = await world.connect({ protocols: [version] });
    station.onCall = (_action, _payload, messageId) => JSON.stringify([3, messageId, answer]);
    expect(await world.command('CP1', { $case: 'getLocalListVersion', value: {} })).toMatchObject({
      status,
      action: 'GetLocalListVersion',
      responseJson: JSON.stringify(answer),
    });
  });

  it.each([
    ['ocpp1.6', { connectorId: 3 }],
    ['ocpp2.0.1', { evseId: 2, connectorId: 1 }],
  ])('to unlock is said in %s, and its answer read', async (version, payload) => {
    world.device.register('CP1', { connectorsPerEvse: [2, 1] });
    const station = await world.connect({ protocols: [version] });
    station.onCall = (_action, _payload, id) => JSON.stringify([3, id, { status: 'Unlocked' }]);
    expect(await world.command('CP1', { $case: 'unlockConnector', value: at(2, 1) })).toMatchObject({
      status: 'COMMAND_STATUS_ACCEPTED',
      stationStatus: 'Unlocked',
    });
    expect(calls(station)).toEqual([['UnlockConnector', payload]]);
    station.onCall = (_action, _payload, id) => JSON.stringify([3, id, { status: 'UnlockFailed' }]);
    expect(await world.command('CP1', { $case: 'unlockConnector', value: at(1, 1) })).toMatchObject({
      status: 'COMMAND_STATUS_REJECTED',
      stationStatus: 'UnlockFailed',
    });
  });

  it('to set 1.6 configuration changes one key after the other and tells each result', async () => {
    const station = await world.connect();
    station.onCall = (_action, payload, id) =>
      JSON.stringify([3, id, { status: (payload as { key: string }).key === 'b' ? 'RebootRequired' : 'Accepted' }]);
    const variables = ['a', 'b'].map((name) => ({ component: '', name, value: '1', evseId: 0, instance: '' }));
    const result = await world.command('CP1', { $case: 'setVariables', value: { variables } });
    expect(result).toMatchObject({
      status: 'COMMAND_STATUS_ACCEPTED',
      stationStatus: 'RebootRequired',
      variables: [{ status: 'Accepted' }, { status: 'RebootRequired' }],
    });
    expect(calls(station)).toEqual([
      ['ChangeConfiguration', { key: 'a', value: '1' }],
      ['ChangeConfiguration', { key: 'b', value: '1' }],
    ]);
  });

  it('to get 1.6 configuration lists known and unknown keys', async () => {
    const station = await world.connect();
    station.onCall = (_action, _payload, id) =>
      JSON.stringify([3, id, { configurationKey: [{ key: 'a', readonly: true, value: '1' }], unknownKey: ['b'] }]);
    const variables = ['a', 'b'].map((name) => ({ component: '', name, value: '', evseId: 0, instance: '' }));
    expect(await world.command('CP1', { $case: 'getVariables', value: { variables } })).toMatchObject({
      status: 'COMMAND_STATUS_ACCEPTED',
      variables: [
        { variable: { name: 'a', value: '1' }, status: 'Accepted', readonly: true },
        { variable: { name: 'b' }, status: 'UnknownVariable' },
      ],
    });
  });

  it('to get and set 2.0.1 variables names component, variable and EVSE', async () => {
    const station = await world.connect({ protocols: ['ocpp2.0.1'] });
    const component = { name: 'EVSE', evse: { id: 1 } };
    const variable = { name: 'Power' };
    station.onCall = (action, _payload, id) =>
      action === 'GetVariables'
        ? JSON.stringify([3, id, { getVariableResult: [{ attributeStatus: 'Accepted', attributeValue: '11', component, variable }] }])
        : JSON.stringify([3, id, { setVariableResult: [{ attributeStatus: 'Rejected', component, variable }] }]);
    const variables = [{ component: 'EVSE', name: 'Power', value: '22', evseId: 1, instance: '' }];
    expect(await world.command('CP1', { $case: 'getVariables', value: { variables } })).toMatchObject({
      status: 'COMMAND_STATUS_ACCEPTED',
      variables: [{ variable: { component: 'EVSE', name: 'Power', value: '11', evseId: 1 } }],
    });
    expect(await world.command('CP1', { $case: 'setVariables', value: { variables } })).toMatchObject({
      status: 'COMMAND_STATUS_REJECTED',
      stationStatus: 'Rejected',
      variables: [{ status: 'Rejected' }],
    });
    expect(calls(station)).toEqual([
      ['GetVariables', { getVariableData: [{ component, variable }] }],
      ['SetVariables', { setVariableData: [{ attributeValue: '22', component, variable }] }],
    ]);
  });

  it.each([
    [{ $case: 'triggerMessage', value: { requestedMessage: 'TransactionEvent', ...at(0) } }, 'ocpp1.6'],
    [{ $case: 'reset', value: { type: 'RESET_TYPE_IMMEDIATE', evseId: 1 } }, 'ocpp1.6'],
    [{ $case: 'requestStopTransaction', value: { transactionId: 'tx-1' } }, 'ocpp1.6'],
    [{ $case: 'getVariables', value: { variables: [] } }, 'ocpp2.0.1'],
  ] as const)('%j that %s has no word for is NotSupported and nothing is sent', async (command, version) => {
    const station = await world.connect({ protocols: [version] });
    expect(await world.command('CP1', structuredClone(command) as never)).toMatchObject({
      status: 'COMMAND_STATUS_NOT_SUPPORTED',
      messageId: '',
    });
    expect(calls(station)).toEqual([]);
  });

  it.each([
    ['Dance', '{}'],
    ['BootNotification', '{}'],
    ['Reset', '{"type":"Sideways"}'],
    ['Reset', '[]'],
    ['Reset', '{'],
  ])('raw %s %s that the schema does not allow is refused before it is sent', async (action, payloadJson) => {
    const station = await world.connect();
    await expect(world.command('CP1', { $case: 'rawCall', value: { action, payloadJson } })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    expect(calls(station)).toEqual([]);
  });

  it('raw of any message is answered with what the station said', async () => {
    const station = await world.connect();
    station.onCall = (_action, _payload, id) => JSON.stringify([3, id, { listVersion: 4 }]);
    expect(await world.command('CP1', { $case: 'rawCall', value: { action: 'GetLocalListVersion', payloadJson: '{}' } })).toMatchObject({
      status: 'COMMAND_STATUS_ACCEPTED',
      responseJson: '{"listVersion":4}',
    });
  });

  it.each([
    [(id: string) => [4, id, 'NotImplemented', '', {}], 'COMMAND_STATUS_NOT_SUPPORTED', 'NotImplemented'],
    [(id: string) => [4, id, 'InternalError', 'broken', {}], 'COMMAND_STATUS_REJECTED', 'InternalError'],
    [(id: string) => [3, id, { status: 'Rejected' }], 'COMMAND_STATUS_REJECTED', 'Rejected'],
    [(id: string) => [3, id, { status: 'Perhaps' }], 'COMMAND_STATUS_REJECTED', ''],
    [(id: string) => [3, id, []], 'COMMAND_STATUS_REJECTED', ''],
  ])('answered by %s', async (answer, status, stationStatus) => {
    const station = await world.connect();
    station.onCall = (_action, _payload, id) => JSON.stringify(answer(id));
    expect(await world.command('CP1', { $case: 'clearCache', value: {} })).toMatchObject({ status, stationStatus });
  });

  it('to offer a limit is told with the next answer about its transaction, once (OCPP 2.1 E16)', async () => {
    const station = await world.connect({ protocols: ['ocpp2.1'] });
    const transaction = (seqNo: number, transactionId = 'tx-1') =>
      station.ask('TransactionEvent', {
        eventType: 'Updated',
        timestamp: '2026-11-25T10:00:00Z',
        triggerReason: 'MeterValuePeriodic',
        seqNo,
        transactionInfo: { transactionId },
      });
    const limits = {
      transactionId: 'tx-1',
      energyWhMax: 5_000,
      timeSecondsMax: undefined,
      costMax: 12.5,
      stateOfChargePercentMax: 80.9,
    };
    expect(await world.command('CP1', { $case: 'offerTransactionLimit', value: limits })).toMatchObject({
      status: 'COMMAND_STATUS_ACCEPTED',
    });
    expect(await transaction(1, 'tx-2')).toEqual({});
    expect(await transaction(2)).toEqual({ transactionLimit: { maxEnergy: 5_000, maxCost: 12.5, maxSoC: 80 } });
    expect(await transaction(3)).toEqual({});
    expect(calls(station)).toEqual([]);
  });

  it.each(['ocpp2.0.1', 'ocpp2.1'])(
    'to offer the running cost is told %s with the next answer, once, and never with the end',
    async (protocol) => {
      const station = await world.connect({ protocols: [protocol] });
      const transaction = (eventType: string, seqNo: number, more: object = {}) =>
        station.ask('TransactionEvent', {
          eventType,
          timestamp: '2026-11-25T10:00:00Z',
          triggerReason: 'MeterValuePeriodic',
          seqNo,
          transactionInfo: { transactionId: 'tx-1' },
          ...more,
        });
      const offer = (totalCost: number) => world.command('CP1', { $case: 'offerRunningCost', value: { transactionId: 'tx-1', totalCost } });
      expect(await offer(1.25)).toMatchObject({ status: 'COMMAND_STATUS_ACCEPTED' });
      expect(await offer(2.5)).toMatchObject({ status: 'COMMAND_STATUS_ACCEPTED' });
      expect(await transaction('Updated', 1)).toEqual({ totalCost: 2.5 });
      expect(await transaction('Updated', 2)).toEqual({});
      await offer(3);
      expect(await transaction('Ended', 3)).toEqual({});
      expect(calls(station)).toEqual([]);
      await expect(offer(Number.NaN)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    },
  );

  it('to offer the running cost is nothing for 1.6', async () => {
    await world.connect({ protocols: ['ocpp1.6'] });
    const value = { transactionId: '1', totalCost: 1 };
    expect(await world.command('CP1', { $case: 'offerRunningCost', value })).toMatchObject({ status: 'COMMAND_STATUS_NOT_SUPPORTED' });
  });

  it.each(['ocpp1.6', 'ocpp2.0.1'])('to offer a limit is nothing for %s', async (protocol) => {
    await world.connect({ protocols: [protocol] });
    const value = {
      transactionId: '1',
      energyWhMax: 5,
      timeSecondsMax: undefined,
      costMax: undefined,
      stateOfChargePercentMax: undefined,
    };
    expect(await world.command('CP1', { $case: 'offerTransactionLimit', value })).toMatchObject({ status: 'COMMAND_STATUS_NOT_SUPPORTED' });
  });

  it('whose 2.1 answer breaks its schema tells the station so', async () => {
    const station = await world.connect({ protocols: ['ocpp2.1'] });
    station.onCall = (_action, _payload, id) => JSON.stringify([3, id, { status: 'Perhaps' }]);
    expect(await world.command('CP1', { $case: 'clearCache', value: {} })).toMatchObject({ status: 'COMMAND_STATUS_REJECTED' });
    const told = await station.until(() => station.received.find((frame) => frame[0] === 5), 'a CALLRESULTERROR');
    expect(told.slice(0, 3)).toEqual([5, expect.any(String), 'PropertyConstraintViolation']);
  });

  it('while the station has its own call open works, in both orders', async () => {
    const station = await world.connect();
    world.log.hold();
    station.onCall = accepted;
    const own = station.call('StopTransaction', { transactionId: 1, meterStop: 2, timestamp: '2026-01-02T03:04:05Z' });
    await eventually(() => world.log.waiting > 0, 'the append');
    expect(await world.command('CP1', { $case: 'clearCache', value: {} })).toMatchObject({ status: 'COMMAND_STATUS_ACCEPTED' });
    world.log.release();
    expect((await own)[0]).toBe(3);

    station.onCall = () => undefined;
    const command = world.command('CP1', { $case: 'clearCache', value: {} });
    const call = await station.until(() => station.received.filter((frame) => frame[0] === 2)[1], 'the command');
    await station.ask('BootNotification', { chargePointVendor: 'A', chargePointModel: 'B' });
    station.send([3, call[1], { status: 'Accepted' }]);
    expect(await command).toMatchObject({ status: 'COMMAND_STATUS_ACCEPTED' });
  });

  it('waits for the one before: one in flight, in order', async () => {
    const station = await world.connect();
    const both = [
      world.command('CP1', { $case: 'clearCache', value: {} }),
      world.command('CP1', { $case: 'reset', value: { type: 'RESET_TYPE_ON_IDLE' as never, evseId: 0 } }),
    ];
    const first = await station.until(() => station.received[0], 'the first');
    await station.ask('Heartbeat', {});
    expect(calls(station)).toHaveLength(1);
    station.send([3, first[1], { status: 'Accepted' }]);
    const second = await station.until(() => station.received.filter((frame) => frame[0] === 2)[1], 'the second');
    station.send([3, second[1], { status: 'Rejected' }]);
    expect((await Promise.all(both)).map((one) => one.status)).toEqual(['COMMAND_STATUS_ACCEPTED', 'COMMAND_STATUS_REJECTED']);
  });

  it('not answered in time is TimedOut, and the late answer is ignored', async () => {
    const station = await world.connect();
    const result = await world.command('CP1', { $case: 'clearCache', value: {} }, { timeoutMs: 100 });
    expect(result).toMatchObject({ status: 'COMMAND_STATUS_TIMED_OUT', action: 'ClearCache' });
    station.send([3, result.messageId, { status: 'Accepted' }]);
    await station.ask('Heartbeat', {});
    station.onCall = accepted;
    expect(await world.command('CP1', { $case: 'clearCache', value: {} })).toMatchObject({ status: 'COMMAND_STATUS_ACCEPTED' });
    expect(await eventually(() => world.facts('voltlog.connection.CommandAnswered.v1')[1], 'the facts')).toMatchObject({
      status: 'Accepted',
    });
  });

  it('beyond the queue is Busy at once; one that expires in the queue was never sent', async () => {
    const station = await world.connect();
    const all = Array.from({ length: 18 }, () => world.command('CP1', { $case: 'clearCache', value: {} }, { timeoutMs: 300 }));
    const results = await Promise.all(all);
    expect(results.filter((one) => one.status === 'COMMAND_STATUS_TIMED_OUT')).toHaveLength(1);
    expect(results.filter((one) => one.status === 'COMMAND_STATUS_BUSY')).toHaveLength(17);
    expect(calls(station)).toHaveLength(1);
  });

  it('to a station that is not connected is Offline', async () => {
    expect(await world.command('CP9', { $case: 'clearCache', value: {} })).toMatchObject({ status: 'COMMAND_STATUS_OFFLINE' });
  });

  it('in flight when the station disconnects is TimedOut, one that waits is Offline', async () => {
    const station = await world.connect();
    const both = [world.command('CP1', { $case: 'clearCache', value: {} }), world.command('CP1', { $case: 'clearCache', value: {} })];
    await station.until(() => station.received[0], 'the command');
    station.socket.terminate();
    expect((await Promise.all(both)).map((one) => one.status)).toEqual(['COMMAND_STATUS_TIMED_OUT', 'COMMAND_STATUS_OFFLINE']);
  });

  it('that sets a password is recorded without it', async () => {
    const command = { action: 'ChangeConfiguration', payloadJson: '{"key":"AuthorizationKey","value":"0123456789abcdef"}' };
    const station = await world.connect();
    station.onCall = accepted;
    expect((await world.command('CP1', { $case: 'rawCall', value: command })).status).toBe('COMMAND_STATUS_ACCEPTED');
    expect(calls(station)).toEqual([['ChangeConfiguration', { key: 'AuthorizationKey', value: '0123456789abcdef' }]]);
    const fact = await eventually(() => world.facts('voltlog.connection.CommandAnswered.v1')[0], 'the fact');
    expect(fact.request).toEqual({ key: 'AuthorizationKey', value: '***' });
  });

  it.each([
    [
      { key: 'HeartbeatInterval', value: '60' },
      { key: 'HeartbeatInterval', value: '60' },
    ],
    [
      { setVariableData: [{ attributeValue: 'secret', component: { name: 'SecurityCtrlr' }, variable: { name: 'BasicAuthPassword' } }] },
      { setVariableData: [{ attributeValue: '***', component: { name: 'SecurityCtrlr' }, variable: { name: 'BasicAuthPassword' } }] },
    ],
    [
      {
        connectionData: { apn: { apn: 'net', apnPassword: 'secret' }, vpn: { server: 's', user: 'u', password: 'secret', key: 'secret' } },
      },
      { connectionData: { apn: { apn: 'net', apnPassword: '***' }, vpn: { server: 's', user: 'u', password: '***', key: '***' } } },
    ],
    [
      { firmware: { location: 'https://v.example/files/firmware/im-1/CP1/1900000000/SEC-RE_T/fw.bin', signature: 'x' } },
      { firmware: { location: 'https://v.example/files/firmware/im-1/CP1/1900000000/***/fw.bin', signature: 'x' } },
    ],
    [
      { log: { remoteLocation: 'https://v.example/files/uploads/u-1/SEC-RE_T' } },
      { log: { remoteLocation: 'https://v.example/files/uploads/u-1/***' } },
    ],
    [{ location: 'ftp://vendor.example/files/fw.bin' }, { location: 'ftp://vendor.example/files/fw.bin' }],
    // The command of a campaign's job is not signed yet.
    [{ location: 'https://v.example/files/firmware/im-1' }, { location: 'https://v.example/files/firmware/im-1' }],
    [undefined, undefined],
  ])('%j is kept without its secrets', (payload, kept) => expect(withoutSecrets(payload)).toEqual(kept));
});
