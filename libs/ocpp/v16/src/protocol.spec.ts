import { type Call, type OcppProtocol, parseFrame } from '@voltlog/ocpp-rpc';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadV16, type Requests, SENDERS } from './index.js';

let protocol: OcppProtocol;
beforeAll(async () => {
  protocol = await loadV16();
});

const codeOf = (text: string) => {
  const frame = parseFrame(text);
  if (frame.kind !== 'call') throw new Error('not a CALL');
  return protocol.checkCall(frame.action, frame.payload, 'station')?.code;
};

const meterValues = (sample: object, timestamp = '2026-11-23T10:00:00Z') => ({
  connectorId: 1,
  meterValue: [{ timestamp, sampledValue: [{ value: '1', ...sample }] }],
});

describe('OCPP 1.6', () => {
  it('loads once', async () => {
    expect(await loadV16()).toBe(protocol);
    expect(protocol.version).toBe('ocpp1.6');
  });

  it.each([
    ['[2,"1","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]', undefined],
    ['[2,"1","Heartbeat",{}]', undefined],
    ['[2,"1","StartTransaction",{"connectorId":1,"idTag":"A1","meterStart":0,"timestamp":"2026-11-23T10:00:00Z"}]', undefined],
    ['[2,"1","BootNotification",{"chargePointVendor":"V"}]', 'OccurenceConstraintViolation'],
    ['[2,"1","Authorize",{"idTag":"012345678901234567890"}]', 'PropertyConstraintViolation'],
    ['[2,"1","Authorize",{"idTag":12}]', 'TypeConstraintViolation'],
    ['[2,"1","Heartbeat",{"extra":1}]', 'FormationViolation'],
    ['[2,"1","MakeCoffee",{}]', 'NotImplemented'],
    ['[2,"1","heartbeat",{}]', 'NotImplemented'],
    ['[2,"1","__proto__",{}]', 'NotImplemented'],
    ['[2,"1","constructor",{}]', 'NotImplemented'],
    ['[2,"1","Reset",{"type":"Soft"}]', 'NotSupported'],
    ['[2,"1","DataTransfer",{"vendorId":"V"}]', undefined],
  ])('%s: %s', (text, code) => {
    expect(codeOf(text)).toBe(code);
  });

  it('direction: a station may not send what the CSMS sends, nor the other way round', () => {
    const sentBy = (sender: string) => Object.entries(SENDERS).flatMap(([action, who]) => (who === sender ? [action] : []));
    expect([sentBy('station').length, sentBy('csms').length, sentBy('both')]).toEqual([13, 25, ['DataTransfer']]);
    for (const action of sentBy('csms')) {
      expect(protocol.hasAction(action, 'csms')).toBe(true);
      expect(protocol.hasAction(action, 'station')).toBe(false);
      expect(protocol.checkCall(action, {}, 'station')?.code).toBe('NotSupported');
    }
    for (const action of sentBy('station')) expect(protocol.checkCall(action, {}, 'csms')?.code).toBe('NotSupported');
    expect(protocol.hasAction('DataTransfer', 'csms') && protocol.hasAction('DataTransfer', 'station')).toBe(true);
    expect(protocol.hasAction('MakeCoffee', 'station')).toBe(false);
  });

  it('checks responses', () => {
    expect(protocol.checkResponse('RemoteStartTransaction', { status: 'Accepted' })).toBeUndefined();
    expect(protocol.checkResponse('RemoteStartTransaction', { status: 'Perhaps' })?.code).toBe('PropertyConstraintViolation');
    expect(protocol.checkResponse('MakeCoffee', {})?.code).toBe('NotImplemented');
  });

  it('says which field and which rule, never the value', () => {
    const error = protocol.checkRequest('StartTransaction', {
      connectorId: 1,
      idTag: 'S'.repeat(21),
      meterStart: 0,
      timestamp: '2026-11-23T10:00:00Z',
    });
    expect(error?.message).toBe('/idTag: breaks maxLength 20');
    expect(protocol.checkRequest('Authorize', {})?.message).toBe('payload: lacks idTag');
    expect(protocol.checkRequest('MeterValues', meterValues({ unit: 'Parsec' }))?.message).toBe(
      '/meterValue/0/sampledValue/0/unit: is not one of the allowed values',
    );
  });

  it('Errata v4.0 §3.84: Frequency is in Hertz', () => {
    expect(protocol.checkRequest('MeterValues', meterValues({ measurand: 'Frequency', unit: 'Hertz' }))).toBeUndefined();
  });

  it('§6.31, §7.33: at least one meter value with at least one sample', () => {
    expect(protocol.checkRequest('MeterValues', { connectorId: 1, meterValue: [] })?.code).toBe('OccurenceConstraintViolation');
    const empty = { connectorId: 1, meterValue: [{ timestamp: '2026-11-23T10:00:00Z', sampledValue: [] }] };
    expect(protocol.checkRequest('MeterValues', empty)?.code).toBe('OccurenceConstraintViolation');
  });

  it('an empty transactionData does not cost the end of a transaction', () => {
    const stop = { transactionId: 1, meterStop: 1, timestamp: '2026-11-23T10:00:00Z', transactionData: [] };
    expect(protocol.checkRequest('StopTransaction', stop)).toBeUndefined();
  });

  it.each(['Celcius', 'Celsius', 'Hz'])('tolerates the unit %s', (unit) => {
    expect(protocol.checkRequest('MeterValues', meterValues({ unit }))).toBeUndefined();
  });

  it('tolerates a time without a zone (XML Schema dateTime), and no other', () => {
    for (const time of ['2026-11-23T10:00:00', '2026-11-23T10:00:00.123', '2024-02-29T23:59:60Z', '2000-02-29T00:00:00.000001+05:30']) {
      expect(protocol.checkRequest('MeterValues', meterValues({}, time))).toBeUndefined();
    }
    for (const time of [
      '',
      '2026-11-23',
      '2026-11-23 10:00:00Z',
      '2026-11-23T10:00Z',
      '2026-13-23T10:00:00Z',
      '2026-02-30T10:00:00Z',
      '2023-02-29T10:00:00Z',
      '1900-02-29T10:00:00Z',
      '2026-11-23T24:00:00Z',
      '2026-11-23T10:60:00Z',
      '2026-11-23T10:00:61Z',
      '2026-11-23T10:00:00.Z',
      '2026-11-23T10:00:00.',
      '2026-11-23T10:00:00+0100',
      '2026-11-23T10:00:00+24:00',
      '2026-11-23T10:00:00Zx',
      '2O26-11-23T10:00:00Z',
    ]) {
      expect([time, protocol.checkRequest('MeterValues', meterValues({}, time))?.code]).toEqual([time, 'PropertyConstraintViolation']);
    }
  });

  it('types follow the schemas', () => {
    const request: Requests['StartTransaction'] = { connectorId: 1, idTag: 'A', meterStart: 0, timestamp: '2026-11-23T10:00:00Z' };
    const call: Call = { kind: 'call', messageId: 'a', action: 'StartTransaction', payload: { ...request } };
    expect(protocol.checkCall(call.action, call.payload, 'station')).toBeUndefined();
  });
});
