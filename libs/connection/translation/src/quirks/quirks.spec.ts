import { QUIRKS, type Quirk, type QuirkId, quirksOf, quirksOn } from '@voltlog/connection-contract';
import type { OcppProtocol } from '@voltlog/ocpp-rpc';
import { loadV16 } from '@voltlog/ocpp-v16';
import { loadV21 } from '@voltlog/ocpp-v21';
import { loadV201 } from '@voltlog/ocpp-v201';
import { beforeAll, describe, expect, it } from 'vitest';
import type { CallContext, Fact } from '../route.js';
import { routesOf } from '../routing-table.js';
import { activeQuirks, mend, mendable, readAsMeant } from './tolerate.js';

const RECEIVED = '2026-11-23T10:00:05.000Z';
const protocols = new Map<string, OcppProtocol>();
beforeAll(async () => {
  for (const protocol of await Promise.all([loadV16(), loadV201(), loadV21()])) protocols.set(protocol.version, protocol);
});

const protocolOf = (version: string): OcppProtocol => {
  const protocol = protocols.get(version);
  if (protocol === undefined) throw new Error(`no ${version}`);
  return protocol;
};
const messageOf = ({ action, payload }: { readonly action: string; readonly payload: unknown }) => ({
  action,
  payload: payload as Readonly<Record<string, unknown>>,
  chars: JSON.stringify(payload).length,
  receivedAt: RECEIVED,
});

/** The message of a quirk as this set of quirks reads it; undefined: refused. */
function read({ example }: Quirk, ids: readonly QuirkId[]) {
  const protocol = protocolOf(example.version);
  const message = messageOf(example);
  const quirks = activeQuirks(ids);
  if (protocol.checkRequest(message.action, message.payload) !== undefined) return mend(protocol, quirks?.violations ?? [], message);
  const meant = readAsMeant(quirks?.meanings ?? [], { version: example.version, message });
  return meant ?? { payload: message.payload, quirks: [] };
}

function factOf({ example }: Quirk, payload: unknown): Fact['data'] {
  const context: CallContext = {
    stationId: 'CS1',
    ocppVersion: example.version,
    messageId: 'm1',
    action: example.action,
    receivedAt: RECEIVED,
    receivedAtMs: Date.parse(RECEIVED),
    connectedAtMs: 0,
    clockBehindMs: 0,
    connectorsPerEvse: undefined,
    registrationStatus: 'Accepted',
    heartbeatIntervalSeconds: 300,
  };
  const [fact] = routesOf(example.version).get(example.action)?.toFacts(payload, context, { status: 'Accepted', source: 'policy' }) ?? [];
  if (fact === undefined) throw new Error('no fact');
  return fact.data;
}

const register = (value: number) => ({ measurand: 'Energy.Active.Import.Register', value, unit: 'Wh' });

/** What the fact of each example says with the quirk on. */
const FACTS: Readonly<Record<QuirkId, object>> = {
  'long-texts': { serialNumber: 'SERIAL-NUMBER-OF-26-LETTER', vendor: 'Schneider Electric' },
  'long-id-token': { idToken: { idToken: 'TOKEN-WITH-21-LETTERS', type: 'Local' } },
  'word-case': { status: 'Available' },
  'unknown-error-code': { status: 'Faulted', errorCode: 'OtherError', vendorErrorCode: 'Error' },
  'unknown-stop-reason': { stoppedReason: 'Other', meterStopWh: 1200 },
  'unknown-sample-words': { meterValues: [{ samples: [register(1500)] }] },
  'no-samples': { meterValues: [{ samples: [] }] },
  'numbers-as-texts': { evseId: 1, connectorId: 1 },
  'texts-as-numbers': { meterValues: [{ samples: [register(1500)] }] },
  'extra-fields': { transactionId: '7', meterStopWh: 1200 },
  'null-fields': { status: 'Available' },
  'list-not-wrapped': { transactionId: '1', meterValues: [{ samples: [register(0)] }] },
  'time-form': { occurredAt: '2026-11-23T10:00:00.000Z' },
  'no-time': { meterValues: [{ at: RECEIVED, samples: [register(1500)] }] },
  'no-transaction-id': { transactionId: '-1', meterStopWh: 1200 },
  'no-connector-id': { evseId: 1, connectorId: 0, status: 'Available' },
  'no-transaction-in-meter-values': { meterValues: [{ samples: [register(1500)] }] },
  'clock-not-set': { occurredAt: RECEIVED },
  'samples-in-kwh': { meterValues: [{ samples: [register(361_000)] }] },
  'registers-in-kwh': { meterStopWh: 361_000 },
};

describe('every quirk of the catalogue', () => {
  it('has an id of its own', () => {
    expect(new Set(QUIRKS.map(({ id }) => id)).size).toBe(QUIRKS.length);
    expect(Object.keys(FACTS).sort()).toEqual(QUIRKS.map(({ id }) => id).sort());
  });

  it.each(QUIRKS.map((quirk) => [quirk.id, quirk] as const))('%s: without it the message is what the schema says', (_, quirk) => {
    const { version, action, payload, error } = quirk.example;
    expect(protocolOf(version).checkCall(action, payload, 'station')?.code).toBe(error);
    const others = QUIRKS.filter(({ id }) => id !== quirk.id).map(({ id }) => id);
    if (error !== undefined) expect(read(quirk, others)).toBeUndefined();
    else expect(read(quirk, [])).toEqual({ payload, quirks: [] });
  });

  it.each(QUIRKS.map((quirk) => [quirk.id, quirk] as const))('%s: with it the fact is right', (id, quirk) => {
    const before = structuredClone(quirk.example.payload);
    const found = read(quirk, [id]);
    expect(found?.quirks).toEqual([id]);
    expect(factOf(quirk, found?.payload)).toMatchObject(FACTS[id]);
    expect(quirk.example.payload).toEqual(before);
  });

  it.each(QUIRKS.map((quirk) => [quirk.id, quirk] as const))('%s: a good message is never looked at', (id, quirk) => {
    const message = messageOf({ action: 'Heartbeat', payload: {} });
    for (const version of quirk.versions) {
      expect(mend(protocolOf(version), [id], message)).toBeUndefined();
      expect(readAsMeant([id], { version, message })).toBeUndefined();
    }
  });

  it('those that change an amount of energy are on for no make', () => {
    const energy = QUIRKS.filter(({ id }) => id.endsWith('-kwh'));
    expect(energy.map(({ kind, stations }) => [kind, stations])).toEqual([
      ['meaning', []],
      ['meaning', []],
    ]);
    for (const { kind, stations } of QUIRKS) if (kind === 'meaning') expect(stations).toEqual([]);
  });
});

describe('mending', () => {
  const v16 = (payload: object, action: string, ids: readonly QuirkId[]) =>
    mend(protocolOf('ocpp1.6'), ids, messageOf({ action, payload }));

  it('takes as many quirks as it needs, and says which', () => {
    const status = { connectorId: '1', errorCode: 'noerror', status: 'SUSPENDED_EV', info: null, mood: 'good' };
    expect(v16(status, 'StatusNotification', mendable('ocpp1.6'))).toEqual({
      payload: { connectorId: 1, errorCode: 'NoError', status: 'SuspendedEV' },
      quirks: expect.arrayContaining(['numbers-as-texts', 'word-case', 'null-fields', 'extra-fields']),
    });
  });

  it('a message that is half mended is refused', () => {
    expect(v16({ connectorId: '1', errorCode: 'NoError', status: 'Broken' }, 'StatusNotification', ['numbers-as-texts'])).toBeUndefined();
  });

  it('the last sample that nobody understands leaves nothing measured, not an error', () => {
    const values = { connectorId: 1, meterValue: [{ timestamp: RECEIVED, sampledValue: [{ value: '1', measurand: 'Mood' }] }] };
    expect(v16(values, 'MeterValues', ['unknown-sample-words'])?.payload).toEqual({
      connectorId: 1,
      meterValue: [{ timestamp: RECEIVED, sampledValue: [] }],
    });
  });

  it('a token is never read from a number, nor cut', () => {
    expect(v16({ idTag: 7 }, 'Authorize', mendable('ocpp1.6'))).toBeUndefined();
    expect(v16({ idTag: 'x'.repeat(37) }, 'Authorize', mendable('ocpp1.6'))).toBeUndefined();
    expect(v16({ idTag: 'x'.repeat(36) }, 'Authorize', mendable('ocpp1.6'))?.payload).toEqual({ idTag: 'x'.repeat(36) });
  });

  it('texts are taken to 255 characters', () => {
    const boot = (length: number) => ({ chargePointVendor: 'v'.repeat(length), chargePointModel: 'm' });
    expect(v16(boot(255), 'BootNotification', ['long-texts'])?.payload).toEqual(boot(255));
    expect(v16(boot(256), 'BootNotification', ['long-texts'])).toBeUndefined();
  });

  it('a message that needs too much work is refused', () => {
    const values = (count: number) => ({
      connectorId: 1,
      meterValue: [{ timestamp: RECEIVED, sampledValue: Array.from({ length: count }, () => ({ value: 1 })) }],
    });
    expect(v16(values(200), 'MeterValues', ['texts-as-numbers'])).toBeDefined();
    expect(v16(values(201), 'MeterValues', ['texts-as-numbers'])).toBeUndefined();
  });

  it('what the CSMS sends is not mended for a station', () => {
    expect(v16({ type: 'hard' }, 'Reset', mendable('ocpp1.6'))).toBeUndefined();
  });

  it('a field named __proto__ is dropped like any other', () => {
    const payload = JSON.parse('{"__proto__":{"a":1}}') as object;
    expect(v16(payload, 'Heartbeat', ['extra-fields'])?.payload).toEqual({});
  });
});

describe('which quirks are on', () => {
  const evlink = { vendor: 'Schneider Electric', model: 'EVlink Smart Wallbox', firmwareVersion: '3.4.0.2', ocppVersion: 'ocpp1.6' };

  it('by make, and by the operator before it', () => {
    expect(quirksOn(evlink, { on: [], off: [] })).toEqual(['long-texts']);
    expect(quirksOn(evlink, { on: ['samples-in-kwh'], off: ['long-texts'] })).toEqual(['samples-in-kwh']);
    expect(quirksOn({ ...evlink, vendor: 'Another' }, { on: [], off: [] })).toEqual([]);
  });

  it('by all that a pattern names', () => {
    expect(quirksOn({ ...evlink, model: 'EVbox' }, { on: [], off: [] })).toEqual([]);
    expect(quirksOn({ ...evlink, vendor: '', model: '' }, { on: [], off: [] })).toEqual([]);
    expect(quirksOn({ ...evlink, vendor: '', model: 'ACChargePoint' }, { on: [], off: [] })).toEqual(['list-not-wrapped']);
  });

  it('only those of its version', () => {
    expect(quirksOn({ ...evlink, ocppVersion: 'ocpp2.0.1' }, { on: ['long-id-token', 'no-connector-id'], off: [] })).toEqual([
      'long-texts',
      'no-connector-id',
    ]);
    expect(quirksOf({ ...evlink, ocppVersion: '' }, { on: [], off: [] })).toHaveLength(QUIRKS.length);
  });
});
