import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { describeEventLog } from './event-log.contract.js';
import { openSqliteEventLog } from './sqlite-event-log.js';

const folder = mkdtempSync(join(tmpdir(), 'event-log-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

for (const partitions of [1, 4]) {
  describeEventLog(`SQLite event log, ${partitions} partition(s)`, () => ({
    open: () => openSqliteEventLog({ path: join(folder, `${partitions}.sqlite`), partitions }),
    partitions,
    patienceMs: 5_000,
    runs: 50,
  }));
}
