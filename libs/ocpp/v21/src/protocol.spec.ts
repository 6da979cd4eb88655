import { type OcppProtocol, parseFrame } from '@voltlog/ocpp-rpc';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadV21, SENDERS } from './index.js';

let protocol: OcppProtocol;
beforeAll(async () => {
  protocol = await loadV21();
});

describe('OCPP 2.1', () => {
  it('loads once', async () => {
    expect(await loadV21()).toBe(protocol);
    expect(protocol.version).toBe('ocpp2.1');
  });

  it('OCPP 2.1 Part 4 §4.2.4: reads its example of a SEND', () => {
    const frame = parseFrame(
      '[6,"19223201","NotifyPeriodicEventStream",{"id":123,"pending":0,"basetime":"2024-08-27T12:30:40Z","data":[{"t":0,"v":"230.4"},{"t":5,"v":"230.2"}]}]',
    );
    if (frame.kind !== 'send') throw new Error('not a SEND');
    expect(protocol.checkSend(frame.action, frame.payload, 'station')).toBeUndefined();
    expect(protocol.checkSend(frame.action, frame.payload, 'csms')?.code).toBe('NotSupported');
    expect(protocol.checkSend(frame.action, {}, 'station')?.code).toBe('OccurrenceConstraintViolation');
  });

  it('a SEND does not come as a CALL, nor a CALL as a SEND', () => {
    expect(protocol.checkCall('NotifyPeriodicEventStream', {}, 'station')?.code).toBe('NotSupported');
    expect(protocol.checkSend('Heartbeat', {}, 'station')?.code).toBe('NotSupported');
    expect(protocol.checkResponse('NotifyPeriodicEventStream', {})?.code).toBe('NotImplemented');
    expect(protocol.checkSend('MakeCoffee', {}, 'station')?.code).toBe('NotImplemented');
  });

  it('direction: each action has its sender', () => {
    const sentBy = (sender: string) => Object.entries(SENDERS).flatMap(([action, who]) => (who === sender ? [action] : []));
    expect([sentBy('station').length, sentBy('csms').length, sentBy('both')]).toEqual([36, 54, ['DataTransfer']]);
    for (const action of sentBy('csms')) expect(protocol.checkCall(action, {}, 'station')?.code).toBe('NotSupported');
  });

  it('takes ID token types of no fixed list, as 2.1 has it', () => {
    expect(protocol.checkCall('Authorize', { idToken: { idToken: 'A', type: 'SomethingNew' } }, 'station')).toBeUndefined();
    expect(protocol.checkCall('Authorize', { idToken: { idToken: 'A', type: 'x'.repeat(21) } }, 'station')?.code).toBe(
      'PropertyConstraintViolation',
    );
  });
});
