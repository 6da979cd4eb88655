import { Receiver } from '@voltlog/testing';
import { expect, it } from 'vitest';
import { ASKED_AT_ONCE_MAX, HealthAddress, NOT_ASKED } from './health-address.js';

it('asks about a bounded number of stations at once, and goes on when they are answered', async () => {
  const waiting: (() => void)[] = [];
  const receiver = await Receiver.start((response) => waiting.push(() => response.writeHead(404).end()));
  const health = new HealthAddress(true);
  const target = { healthUrl: `${receiver.url}/{stationId}` } as never;
  const asked = Promise.all(Array.from({ length: ASKED_AT_ONCE_MAX }, (_, n) => health.problemOf(target, `CP-${n}`)));
  expect(await health.problemOf(target, 'one-more')).toBe(NOT_ASKED);
  await expect.poll(() => waiting.length).toBe(ASKED_AT_ONCE_MAX);
  for (const answer of waiting) answer();
  expect(new Set(await asked)).toEqual(new Set(['it answered 404']));
  receiver.answer = (response) => response.writeHead(200).end();
  expect(await health.problemOf(target, 'one-more')).toBe('');
  await receiver.stop();
});
