import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CAR_MODELS, Car } from '../car/car.js';
import { noteWrongFrames } from '../testing/checked.js';
import { type FakeCsms, startFakeCsms } from '../testing/fake-csms.js';
import { VirtualClock } from '../time/clock.js';
import type { OcppVersion } from './protocol.js';
import { SimulatedStation } from './station.js';
import type { StationOptions } from './station-options.js';

let csms: FakeCsms;
const stations: SimulatedStation[] = [];
/** Everything a station of this spec said that its schema forbids. */
const wrong: string[] = [];

beforeEach(async () => {
  csms = await startFakeCsms();
});

afterEach(async () => {
  for (const station of stations.splice(0)) {
    await station.stop();
    station.clock.dispose();
  }
  await csms.close();
  expect(wrong.splice(0)).toEqual([]);
});

function newStation(version: OcppVersion, options: Partial<StationOptions> = {}): SimulatedStation {
  const station = new SimulatedStation({
    id: 'CS-1',
    version,
    url: csms.url,
    clock: new VirtualClock(),
    reconnectMs: [5, 50],
    onEvent: noteWrongFrames(version, wrong),
    ...options,
  });
  stations.push(station);
  return station;
}

describe.each(['1.6', '2.0.1'] as const)('a station of OCPP %s', (version) => {
  it('charges a car and tells what it delivered', async () => {
    const station = newStation(version);
    await station.connect();
    station.plugIn(1, new Car(CAR_MODELS.family, 0.2));
    expect(await station.authorize('TOKEN-1')).toBe('Accepted');
    station.start(1, 'TOKEN-1');
    await station.clock.pass(30 * 60_000);
    station.stopTransaction(1, 'Local', 'TOKEN-1');
    station.unplug(1);
    await station.idle();
    const [entry] = station.ledger.transactions;
    expect(entry).toMatchObject({ idToken: 'TOKEN-1', start: 'answered', stop: 'answered', deliveredWh: 5500 });
    expect(csms.mostInFlight).toBe(1);
    if (version === '1.6') {
      expect(csms.of('StartTransaction')).toHaveLength(1);
      expect(csms.of('MeterValues')).toHaveLength(29);
      expect(csms.of('StopTransaction')[0]?.payload).toMatchObject({ transactionId: 1, meterStop: 5500, reason: 'Local' });
    } else {
      const events = csms.of('TransactionEvent').map((call) => call.payload);
      expect(events.map((event) => event['seqNo'])).toEqual(Array.from({ length: 31 }, (_, index) => index));
      expect(events.map((event) => event['eventType'])).toEqual(['Started', ...Array(29).fill('Updated'), 'Ended']);
    }
  });

  it('waits when its boot is pending or rejected, and asks again after the interval', async () => {
    const statuses = ['Pending', 'Rejected', 'Accepted'];
    csms.reply('BootNotification', () => ({
      status: statuses.shift() ?? 'Accepted',
      interval: 60,
      currentTime: '2026-01-05T08:00:00.000Z',
    }));
    const station = newStation(version);
    const connected = station.connect();
    const clock = station.clock;
    await csms.until(() => csms.of('BootNotification').length === 1);
    await clock.pass(59_000);
    expect(csms.calls).toHaveLength(1);
    await clock.pass(2_000);
    expect(csms.of('BootNotification')).toHaveLength(2);
    expect(csms.calls).toHaveLength(2);
    await clock.pass(60_000);
    await connected;
    await station.idle();
    expect(csms.of('StatusNotification').length).toBeGreaterThan(0);
  });

  it('sends a heartbeat each interval that the boot told', async () => {
    const station = newStation(version);
    await station.connect();
    await station.clock.pass(3_600_000);
    await station.idle();
    expect(csms.of('Heartbeat').length).toBeGreaterThanOrEqual(11);
    expect(csms.of('Heartbeat').length).toBeLessThanOrEqual(12);
  });

  it.each(['new', 'same'] as const)('repeats what was not answered with the %s id, in order', async (retryIds) => {
    const station = newStation(version, { retryIds });
    await station.connect();
    const action = version === '1.6' ? 'StartTransaction' : 'TransactionEvent';
    station.plugIn(1, new Car());
    await station.idle();
    station.line.loseNextAnswer(action, 'close');
    station.start(1, 'TOKEN-1');
    await station.idle();
    station.stopTransaction(1);
    await station.idle();
    const [first, second] = csms.of(action);
    expect(second?.payload).toEqual(first?.payload);
    expect(second?.messageId === first?.messageId).toBe(retryIds === 'same');
    expect(station.ledger.transactions[0]).toMatchObject({ start: 'answered', stop: 'answered' });
  });

  it('gives a transaction message up after as many errors as it was told, with growing pauses', async () => {
    const action = version === '1.6' ? 'StartTransaction' : 'TransactionEvent';
    const times: number[] = [];
    const station = newStation(version);
    csms.reply(action, () => {
      times.push(station.clock.now());
      return times.length <= 3 ? 'InternalError' : {};
    });
    await station.connect();
    station.plugIn(1, new Car());
    station.start(1, 'TOKEN-1');
    const started = station.clock.now();
    await station.clock.pass(10 * 60_000);
    station.stopTransaction(1);
    await station.idle();
    expect(times.slice(0, 3).map((at) => at - started)).toEqual([0, 60_000, 180_000]);
    expect(station.ledger.transactions[0]).toMatchObject({ start: 'abandoned', stop: 'answered', abandonedMessages: 1 });
  });

  it('keeps what happens offline and tells it when it is back', async () => {
    const station = newStation(version);
    await station.connect();
    await station.goOffline();
    station.plugIn(1, new Car());
    station.start(1, 'TOKEN-1');
    await station.clock.pass(600_000);
    station.stopTransaction(1);
    const before = csms.calls.length;
    await station.clock.pass(3_600_000);
    expect(csms.calls.length).toBe(before);
    await station.connect();
    await station.idle();
    const [entry] = station.ledger.transactions;
    expect(entry).toMatchObject({ offlineStart: true, start: 'answered', stop: 'answered' });
    if (version === '2.0.1') expect(csms.of('TransactionEvent').every((call) => call.payload['offline'] === true)).toBe(true);
  });

  it('ends a transaction whose token is refused', async () => {
    csms.reply('StartTransaction', () => ({ transactionId: 5, idTagInfo: { status: 'Blocked' } }));
    csms.reply('TransactionEvent', ({ payload }) => (payload['idToken'] === undefined ? {} : { idTokenInfo: { status: 'Blocked' } }));
    const station = newStation(version);
    await station.connect();
    station.plugIn(1, new Car());
    station.start(1, 'TOKEN-1');
    await station.idle();
    expect(station.ledger.transactions[0]).toMatchObject({ tokenStatus: 'Blocked', stopReason: 'DeAuthorized', stop: 'answered' });
  });

  it('reboots when it is reset, ending what runs', async () => {
    const station = newStation(version);
    await station.connect();
    station.plugIn(1, new Car());
    station.start(1, 'TOKEN-1');
    await station.idle();
    const answer = await csms.command('CS-1', 'Reset', { type: version === '1.6' ? 'Hard' : 'Immediate' });
    expect(answer).toMatchObject({ payload: { status: 'Accepted' } });
    await csms.until(() => csms.of('BootNotification').length === 2);
    await station.idle();
    expect(station.ledger.transactions[0]).toMatchObject({ stopReason: 'HardReset', stop: 'answered' });
    if (version === '2.0.1') expect(csms.of('BootNotification')[1]?.payload).toMatchObject({ reason: 'RemoteReset' });
  });
});

const EVSE_1 = { evse: { id: 1 } };
const HEARTBEAT = { component: { name: 'OCPPCommCtrlr' }, variable: { name: 'HeartbeatInterval' } };

describe.each([
  ['1.6', 'ChangeAvailability', { connectorId: 1, type: 'Inoperative' }, { status: 'Accepted' }],
  ['1.6', 'ChangeConfiguration', { key: 'HeartbeatInterval', value: '60' }, { status: 'Accepted' }],
  ['1.6', 'ChangeConfiguration', { key: 'NumberOfConnectors', value: '7' }, { status: 'Rejected' }],
  ['1.6', 'ChangeConfiguration', { key: 'Nope', value: '7' }, { status: 'NotSupported' }],
  ['1.6', 'GetConfiguration', { key: ['HeartbeatInterval', 'Nope'] }, { unknownKey: ['Nope'] }],
  ['1.6', 'UnlockConnector', { connectorId: 9 }, { status: 'NotSupported' }],
  ['1.6', 'TriggerMessage', { requestedMessage: 'MeterValues' }, { status: 'Accepted' }],
  ['1.6', 'TriggerMessage', { requestedMessage: 'FirmwareStatusNotification' }, { status: 'NotImplemented' }],
  ['1.6', 'RemoteStopTransaction', { transactionId: 4711 }, { status: 'Rejected' }],
  ['1.6', 'ClearCache', {}, { status: 'Accepted' }],
  ['1.6', 'DataTransfer', { vendorId: 'x' }, { status: 'UnknownVendorId' }],
  ['1.6', 'ReserveNow', { connectorId: 9 }, { status: 'Rejected' }],
  ['1.6', 'CancelReservation', { reservationId: 3 }, { status: 'Rejected' }],
  ['1.6', 'Nonsense', {}, 'NotImplemented'],
  ['2.0.1', 'ChangeAvailability', { ...EVSE_1, operationalStatus: 'Inoperative' }, { status: 'Accepted' }],
  [
    '2.0.1',
    'GetVariables',
    { getVariableData: [HEARTBEAT] },
    { getVariableResult: [{ attributeStatus: 'Accepted', attributeType: 'Actual', attributeValue: '300', ...HEARTBEAT }] },
  ],
  [
    '2.0.1',
    'SetVariables',
    { setVariableData: [{ ...HEARTBEAT, attributeValue: '60' }] },
    { setVariableResult: [{ attributeStatus: 'Accepted', ...HEARTBEAT }] },
  ],
  ['2.0.1', 'UnlockConnector', { evseId: 9, connectorId: 1 }, { status: 'UnknownConnector' }],
  ['2.0.1', 'TriggerMessage', { requestedMessage: 'MeterValues', ...EVSE_1 }, { status: 'Accepted' }],
  ['2.0.1', 'RequestStopTransaction', { transactionId: 'x' }, { status: 'Rejected' }],
  ['2.0.1', 'GetTransactionStatus', {}, { messagesInQueue: false }],
  ['2.0.1', 'GetBaseReport', { requestId: 3, reportBase: 'FullInventory' }, { status: 'Accepted' }],
  ['2.0.1', 'ClearCache', {}, { status: 'Accepted' }],
  ['2.0.1', 'ReserveNow', { evseId: 9 }, { status: 'Rejected' }],
  ['2.0.1', 'CancelReservation', { reservationId: 3 }, { status: 'Rejected' }],
  ['2.0.1', 'Nonsense', {}, 'NotImplemented'],
] as const)('a station of OCPP %s that is told %s %j', (version, action, payload, expected) => {
  it('answers as its version says', async () => {
    const station = newStation(version);
    await station.connect();
    await station.idle();
    const answer = await csms.command('CS-1', action, payload);
    expect(answer).toMatchObject(typeof expected === 'string' ? { kind: 'error', code: expected } : { kind: 'result', payload: expected });
    await station.idle();
    if (action === 'GetBaseReport') expect(csms.of('NotifyReport')).toHaveLength(1);
    if (action === 'TriggerMessage' && payload.requestedMessage === 'MeterValues') expect(csms.of('MeterValues')).toHaveLength(1);
  });
});

describe('a remote start', () => {
  it('of 1.6 waits for the car, and the remote stop ends it', async () => {
    const station = newStation('1.6');
    await station.connect();
    expect(await csms.command('CS-1', 'RemoteStartTransaction', { idTag: 'T-9', connectorId: 1 })).toMatchObject({
      payload: { status: 'Accepted' },
    });
    expect(csms.of('StartTransaction')).toHaveLength(0);
    station.plugIn(1, new Car());
    await station.idle();
    expect(csms.of('StartTransaction')[0]?.payload).toMatchObject({ idTag: 'T-9' });
    await csms.command('CS-1', 'RemoteStopTransaction', { transactionId: 1 });
    await station.idle();
    expect(csms.of('StopTransaction')[0]?.payload).toMatchObject({ transactionId: 1, reason: 'Remote' });
  });

  it.each([
    ['1.6', 'RemoteStartTransaction', { idTag: 'T-9', connectorId: 1 }, 'ConnectionTimeOut'],
    [
      '2.0.1',
      'RequestStartTransaction',
      { remoteStartId: 42, idToken: { idToken: 'T-9', type: 'ISO14443' }, evseId: 1 },
      'TxCtrlr.EVConnectionTimeOut',
    ],
  ] as const)('of %s lapses when no car comes in time, unless the setting is 0', async (version, action, payload, setting) => {
    const clock = new VirtualClock();
    const station = newStation(version, { clock });
    await station.connect();
    const starts = () => station.ledger.transactions.length;
    await csms.command('CS-1', action, payload);
    await clock.pass(59_000);
    expect(station.evse(1)?.pendingStart).toBeDefined();
    await clock.pass(2_000);
    expect(station.evse(1)?.pendingStart).toBeUndefined();
    station.plugIn(1, new Car());
    expect(starts()).toBe(0);
    station.unplug(1);
    station.settings.set(setting, '0');
    await csms.command('CS-1', action, payload);
    await clock.pass(3_600_000);
    station.plugIn(1, new Car());
    expect(starts()).toBe(1);
  });

  it('of 2.0.1 names the remote start, and the status tells of queued messages', async () => {
    const station = newStation('2.0.1');
    await station.connect();
    station.plugIn(1, new Car());
    await csms.command('CS-1', 'RequestStartTransaction', { remoteStartId: 42, idToken: { idToken: 'T-9', type: 'ISO14443' }, evseId: 1 });
    await station.idle();
    expect(csms.of('TransactionEvent')[0]?.payload).toMatchObject({ triggerReason: 'RemoteStart', transactionInfo: { remoteStartId: 42 } });
    const transactionId = station.ledger.transactions[0]?.transactionId;
    station.line.queue.hold();
    await csms.command('CS-1', 'RequestStopTransaction', { transactionId });
    const status = await csms.command('CS-1', 'GetTransactionStatus', { transactionId });
    expect(status).toMatchObject({ payload: { ongoingIndicator: false, messagesInQueue: true } });
    station.line.queue.release('all');
    station.line.flush();
    await station.idle();
    expect(csms.of('TransactionEvent').at(-1)?.payload).toMatchObject({ eventType: 'Ended', triggerReason: 'RemoteStop' });
  });
});

it('tries its next address when one does not answer', async () => {
  const station = newStation('1.6', { url: ['ws://127.0.0.1:9/ocpp', csms.url] });
  await station.connect();
  expect(csms.of('BootNotification')).toHaveLength(1);
});

it('a thousand stations connect in one process and share one clock', async () => {
  const clock = new VirtualClock();
  const many = Array.from({ length: 1000 }, (_, index) => newStation(index % 2 === 0 ? '1.6' : '2.0.1', { id: `CS-${index}`, clock }));
  await Promise.all(many.map((station) => station.connect()));
  await Promise.all(many.map((station) => station.idle()));
  expect(csms.sockets.size).toBe(1000);
  expect(new Set(csms.of('BootNotification').map((call) => call.stationId)).size).toBe(1000);
  await clock.pass(301_000);
  await Promise.all(many.map((station) => station.idle()));
  expect(csms.of('Heartbeat')).toHaveLength(1000);
});
