import { type OcppProtocol, parseFrame } from '@voltlog/ocpp-rpc';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadV201, type Requests, SENDERS } from './index.js';

let protocol: OcppProtocol;
beforeAll(async () => {
  protocol = await loadV201();
});

const codeOf = (text: string) => {
  const frame = parseFrame(text);
  if (frame.kind !== 'call') throw new Error('not a CALL');
  return protocol.checkCall(frame.action, frame.payload, 'station')?.code;
};

describe('OCPP 2.0.1', () => {
  it('loads once', async () => {
    expect(await loadV201()).toBe(protocol);
    expect(protocol.version).toBe('ocpp2.0.1');
  });

  it.each([
    ['[2,"1","BootNotification",{"reason":"PowerUp","chargingStation":{"model":"SingleSocketCharger","vendorName":"VendorX"}}]', undefined],
    ['[2,"1","Heartbeat",{}]', undefined],
    ['[2,"1","Heartbeat",{"customData":{"vendorId":"V","deep":{"is":["fine"]}}}]', undefined],
    ['[2,"1","BootNotification",{"reason":"PowerUp"}]', 'OccurrenceConstraintViolation'],
    ['[2,"1","BootNotification",{"reason":"Hunger","chargingStation":{"model":"M","vendorName":"V"}}]', 'PropertyConstraintViolation'],
    ['[2,"1","BootNotification",{"reason":"PowerUp","chargingStation":"M"}]', 'TypeConstraintViolation'],
    ['[2,"1","Heartbeat",{"extra":1}]', 'FormatViolation'],
    ['[2,"1","MeterValues",{"evseId":1,"meterValue":[]}]', 'OccurrenceConstraintViolation'],
    ['[2,"1","StartTransaction",{}]', 'NotImplemented'],
    ['[2,"1","RequestStartTransaction",{}]', 'NotSupported'],
  ])('%s: %s', (text, code) => {
    expect(codeOf(text)).toBe(code);
  });

  it('direction: each action has its sender', () => {
    const sentBy = (sender: string) => Object.entries(SENDERS).flatMap(([action, who]) => (who === sender ? [action] : []));
    expect([sentBy('station').length, sentBy('csms').length, sentBy('both')]).toEqual([24, 39, ['DataTransfer']]);
    for (const action of sentBy('csms')) expect(protocol.checkCall(action, {}, 'station')?.code).toBe('NotSupported');
    for (const action of sentBy('station')) expect(protocol.checkCall(action, {}, 'csms')?.code).toBe('NotSupported');
  });

  it('a time needs its zone', () => {
    const event = (timestamp: string): Requests['TransactionEvent'] => ({
      eventType: 'Started',
      timestamp,
      triggerReason: 'CablePluggedIn',
      seqNo: 0,
      transactionInfo: { transactionId: 't' },
    });
    expect(protocol.checkRequest('TransactionEvent', event('2026-11-23T10:00:00.123Z'))).toBeUndefined();
    expect(protocol.checkRequest('TransactionEvent', event('2026-11-23T10:00:00'))?.code).toBe('PropertyConstraintViolation');
  });

  it('exiResponse may have 7500 characters', () => {
    const response = (length: number) => ({ status: 'Accepted', exiResponse: 'x'.repeat(length) });
    expect(protocol.checkResponse('Get15118EVCertificate', response(7500))).toBeUndefined();
    expect(protocol.checkResponse('Get15118EVCertificate', response(7501))?.code).toBe('PropertyConstraintViolation');
  });
});
