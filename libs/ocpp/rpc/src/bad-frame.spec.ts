import { describe, expect, it } from 'vitest';
import { answerToBadFrame } from './bad-frame.js';
import { parseFrame } from './frame.js';
import { LIMITS } from './limits.js';
import type { OcppVersion } from './version.js';

function answer(text: string, version: OcppVersion): unknown {
  const frame = parseFrame(text, LIMITS, version);
  if (frame.kind !== 'bad') throw new Error('this frame is good');
  const sent = answerToBadFrame(frame, version);
  return sent === undefined ? undefined : JSON.parse(sent).slice(0, 3);
}

describe('the answer to a bad frame', () => {
  it.each([
    ['not JSON', 'hello', [4, '-1', 'FormationViolation'], [4, '-1', 'RpcFrameworkError']],
    ['not an array', '{"a":1}', [4, '-1', 'FormationViolation'], [4, '-1', 'RpcFrameworkError']],
    ['a truncated CALL', '[2,"id1","BootNot', [4, 'id1', 'FormationViolation'], [4, 'id1', 'RpcFrameworkError']],
    ['an id that is no string', '[2,17,"Heartbeat",{}]', [4, '-1', 'FormationViolation'], [4, '-1', 'RpcFrameworkError']],
    [
      'an id too long',
      `[2,"${'i'.repeat(37)}","Heartbeat",{}]`,
      [4, 'i'.repeat(37), 'FormationViolation'],
      [4, 'i'.repeat(37), 'RpcFrameworkError'],
    ],
    ['a CALL without payload', '[2,"id1","Heartbeat"]', [4, 'id1', 'FormationViolation'], [4, 'id1', 'RpcFrameworkError']],
    ['a payload that is a list', '[2,"id1","Heartbeat",[]]', [4, 'id1', 'FormationViolation'], [4, 'id1', 'FormatViolation']],
    ['an unknown message type', '[9,"id1","X",{}]', undefined, [4, 'id1', 'MessageTypeNotSupported']],
    ['a broken CALLERROR', '[4,"id1",4,"",{}]', undefined, undefined],
    ['a truncated CALLERROR', '[4,"id1","Gen', undefined, undefined],
  ])('%s', (_, text, in16, in2) => {
    expect(answer(text, 'ocpp1.6')).toEqual(in16);
    expect(answer(text, 'ocpp2.0.1')).toEqual(in2);
    expect(answer(text, 'ocpp2.1')).toEqual(in2);
  });

  it('a broken CALLRESULT: only 2.1 has an answer, and only where the id is known', () => {
    expect(answer('[3,"id1",[]]', 'ocpp1.6')).toBeUndefined();
    expect(answer('[3,"id1",[]]', 'ocpp2.0.1')).toBeUndefined();
    expect(answer('[3,"id1",[]]', 'ocpp2.1')).toEqual([5, 'id1', 'FormatViolation']);
    expect(answer('[3,17,{}]', 'ocpp2.1')).toBeUndefined();
  });

  it('OCPP 2.1 Part 4 §4.2.4: a broken SEND is not answered', () => {
    expect(answer('[6,"id1","NotifyPeriodicEventStream"]', 'ocpp2.1')).toBeUndefined();
  });

  it('does not repeat what the frame held', () => {
    const frame = parseFrame('[2,"id1",{"idTag":"SECRET"},{}]');
    expect(frame.kind === 'bad' && answerToBadFrame(frame, 'ocpp1.6')).not.toContain('SECRET');
  });
});
