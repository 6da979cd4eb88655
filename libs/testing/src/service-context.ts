import { randomFillSync } from 'node:crypto';
import { type EventLog, openSqliteEventLog } from '@voltlog/event-log';
import { OperatingError, uuidV7Source } from '@voltlog/kernel';
import type { ServiceContext } from '@voltlog/service';
import { openSqliteStore, type Store } from '@voltlog/store';
import type { Metrics } from '@voltlog/telemetry';
import pino from 'pino';

/** A clock that a test moves. */
export interface TestClock {
  ms: number;
  now(): number;
}

export interface TestContext extends ServiceContext {
  readonly clock: TestClock;
  close(): Promise<void>;
}

const metrics: Metrics = { counter: () => ({ value: 0 }), gauge: () => {}, histogram: () => ({ record: () => {} }) };

/** What a service is given, on parts in memory; two of one log and store are two instances of a service. */
export async function openTestContext(
  service: string,
  shared?: { readonly log?: EventLog; readonly store?: Store; readonly clock?: TestClock },
): Promise<TestContext> {
  const log = shared?.log ?? (await openSqliteEventLog({ path: ':memory:' }));
  const store = shared?.store ?? (await openSqliteStore({ path: ':memory:' }));
  const clock: TestClock = shared?.clock ?? {
    ms: Date.parse('2026-11-02T08:00:00.000Z'),
    now() {
      return this.ms;
    },
  };
  return {
    service,
    instanceId: `${service}-${(instances += 1)}`,
    log,
    store,
    rpc: {
      serve: () => {},
      client: nobody,
      listen: async (address) => address,
      close: async () => {},
    },
    logger: pino({ level: 'silent' }),
    clock,
    ids: uuidV7Source(() => clock.now(), randomFillSync),
    metrics,
    tracing: { start: () => undefined, continue: () => undefined },
    announce: () => {},
    readiness: () => {},
    async close() {
      if (shared?.log === undefined) await log.close();
      if (shared?.store === undefined) await store.close();
    },
  };
}

/** A client whose calls all fail. */
const nobody = <Impl extends object>(): Impl =>
  new Proxy(Object.create(null) as Impl, {
    get: () => async () => {
      throw new OperatingError('ServiceUnavailable', 'there is nobody to call');
    },
  });

let instances = 0;

/** Waits for a condition. @throws when it does not hold within the deadline */
export async function until(condition: () => boolean | Promise<boolean>, what: string, deadlineMs = 5_000): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`waited ${deadlineMs} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const PASSED_MS = 30_000;

/**
 * Lets time pass, then go on by a second per look: what was under way may have set its next timer by the later time already, minutes
 * ahead, and on a busy machine a look takes long.
 *
 * @throws when the condition does not hold within 30 s
 */
export async function untilPassed(
  clock: { ms: number },
  byMs: number,
  condition: () => boolean | Promise<boolean>,
  what: string,
): Promise<void> {
  clock.ms += byMs;
  await until(
    () => {
      clock.ms += 1_000;
      return condition();
    },
    what,
    PASSED_MS,
  );
}
