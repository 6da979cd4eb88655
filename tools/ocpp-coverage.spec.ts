import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

interface Row {
  readonly action: string;
  readonly direction: string;
  readonly owners: string;
  readonly test: string;
}

const rows = [...readFileSync('docs/reference/ocpp-coverage.md', 'utf8').matchAll(/^\| (\w+) \| (in|out) \| .* \| (.*) \| (.*) \|$/gm)].map(
  ([, action = '', direction = '', owners = '', test = '']): Row => ({ action, direction, owners, test: test.replaceAll('`', '') }),
);
const of = (wanted: string, way: string) => rows.filter(({ action, direction }) => action === wanted && direction === way);

it('names a spec that is there for every message', () => {
  expect(rows.length).toBeGreaterThan(190);
  for (const { action, test } of rows) expect(existsSync(test), `${action}: ${test}`).toBe(true);
});

it.each([
  // Said by one service, and only listed by another.
  ['CancelReservation', 'out', 'reservation', 'apps/reservation/src/reservation.spec.ts'],
  ['CostUpdated', 'out', 'session', 'apps/connection/src/commands/station-requests.spec.ts'],
  // Named by specs of others alone; the one that goes through its table says that a station gets it.
  ['GetTransactionStatus', 'out', 'operator', 'apps/connection/src/commands/station-requests.spec.ts'],
  // Said by no service.
  ['UsePriorityCharging', 'out', 'operator', 'apps/connection/src/commands/station-requests.spec.ts'],
  ['UnlockConnector', 'out', 'operator', 'apps/connection/src/commands/commands.spec.ts'],
  // Its name is also an instance of a variable.
  ['TransactionEvent', 'in', 'authorization, reservation, session', 'apps/connection/src/edge/calls.spec.ts'],
])('%s %s is of %s, and tested by %s', (action, direction, owners, test) => {
  expect(of(action, direction)).not.toEqual([]);
  for (const row of of(action, direction)) expect(row).toMatchObject({ owners, test });
});
