import { expect, it } from 'vitest';
import { Turns } from './turns.js';

it('does work under one key one after the other, also after some that failed, and under others meanwhile', async () => {
  const turns = new Turns();
  const order: string[] = [];
  let go = (): void => {};
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  const first = turns.take('a', async () => {
    await gate;
    order.push('first');
    throw new Error('failed');
  });
  const second = turns.take('a', async () => order.push('second'));
  await turns.take('b', async () => order.push('other'));
  go();
  await expect(first).rejects.toThrow('failed');
  expect(await second).toBe(3);
  expect(order).toEqual(['other', 'first', 'second']);
});
