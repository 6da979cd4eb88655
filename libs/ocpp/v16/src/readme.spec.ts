import { readFileSync } from 'node:fs';
import { answerToBadFrame, encodeCallError, encodeCallResult, LIMITS, parseFrame } from '@voltlog/ocpp-rpc';
import { expect, it } from 'vitest';
import { loadV16, type Requests } from './index.js';

const protocol = await loadV16(); // once; all that follows is synchronous
export function answer(text: string): string | undefined {
  const frame = parseFrame(text, LIMITS, protocol.version);
  if (frame.kind === 'bad') return answerToBadFrame(frame, protocol.version);
  if (frame.kind !== 'call') return undefined; // a result: give it to the station's CallBook
  const error = protocol.checkCall(frame.action, frame.payload, 'station');
  if (error) return encodeCallError(frame.messageId, error);
  const request = frame.payload as unknown as Requests['Authorize']; // checked one line above
  return encodeCallResult(frame.messageId, { idTagInfo: { status: request.idTag === 'A1' ? 'Accepted' : 'Invalid' } });
}

it('the code of the README does what it says', () => {
  expect(answer('[2,"1","Authorize",{"idTag":"A1"}]')).toBe('[3,"1",{"idTagInfo":{"status":"Accepted"}}]');
  expect(answer('[2,"1","Authorize",{}]')).toBe('[4,"1","OccurenceConstraintViolation","payload: lacks idTag",{}]');
  expect(answer('[2,"1"]')).toBe('[4,"1","FormationViolation","2 elements instead of 4",{}]');
  expect(answer('[3,"1",{}]')).toBeUndefined();
});

it('the README shows this code', () => {
  const own = readFileSync(new URL(import.meta.url), 'utf8');
  const start = own.indexOf('const protocol');
  const shown = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  expect(shown).toContain(own.slice(start, own.indexOf("it('the code")).trim());
});
