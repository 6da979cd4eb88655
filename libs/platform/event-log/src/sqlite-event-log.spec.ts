import { expect, it } from 'vitest';
import { openSqliteEventLog } from './index.js';

it('hands over what was appended', async () => {
  const log = await openSqliteEventLog({ path: ':memory:' });
  await log.ensureTopics([{ name: 't', partitions: 1 }]);
  const seen: string[] = [];
  const event = (id: string) => ({ id, type: 'a', source: '/s', subject: 'x', time: 't', data: { id } });
  await log.append('t', 'k', [event('0')]);
  await log.subscribe({ group: 'g', topics: ['t'], handle: async (batch) => void seen.push(...batch.map((r) => (r.event.data as { id: string }).id)) });
  await log.append('t', 'k', [event('1'), event('2')]);
  expect(await log.caughtUp({ group: 'g', topic: 't', key: 'k', deadlineMs: 1000 })).toBe(true);
  expect(seen).toEqual(['0', '1', '2']);
  await log.close();
});
