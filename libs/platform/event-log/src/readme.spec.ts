import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { openSqliteEventLog } from './index.js';

it('does what the README shows', async () => {
  const [, code] = /```ts\n([\s\S]*?)```/.exec(readFileSync(new URL('../README.md', import.meta.url), 'utf8')) ?? [];
  const run: unknown = new Function('openSqliteEventLog', `return (async () => { ${code}\nreturn seen; })()`)(openSqliteEventLog);
  expect(await run).toEqual(['CS-1 voltlog.connection.StationBooted.v1']);
});
