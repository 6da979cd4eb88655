import { DECISION_TOPIC, TOKEN_TOPIC } from '@voltlog/authorization-contract';
import { authorizationV1 } from '@voltlog/proto';
import { openTestContext, type TestContext, until } from '@voltlog/testing';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Authorization, createAuthorization } from './authorization.js';
import { authorizationConfig } from './config.js';
import { NO_RULES, StationVoice } from './testing/facts.js';

const { AuthorizationPurpose: Purpose, AuthorizationStatus: Status } = authorizationV1;

/** One station does one thing at a time; things of one step happen at the same time. */
type Act =
  /** Asks, and reports the start at once, later, after the end, or never (the connection went away). */
  | {
      readonly act: 'start';
      readonly station: number;
      readonly instance: number;
      readonly report: 'now' | 'later' | 'after-end' | 'never';
      readonly twice: boolean;
    }
  | { readonly act: 'stop'; readonly station: number };
type Step =
  | { readonly step: 'acts'; readonly acts: readonly Act[] }
  | { readonly step: 'crash'; readonly instance: number }
  | { readonly step: 'time' };

const STATIONS = 4;
const station = fc.nat(STATIONS - 1);
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      act: fc.constant('start' as const),
      station,
      instance: fc.nat(1),
      report: fc.constantFrom('now', 'now', 'later', 'after-end', 'never'),
      twice: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('stop' as const), station }) },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc
      .uniqueArray(act, { minLength: 1, maxLength: STATIONS, selector: (each) => each.station })
      .map((acts) => ({ step: 'acts' as const, acts })),
  },
  { weight: 2, arbitrary: fc.record({ step: fc.constant('crash' as const), instance: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.constant({ step: 'time' as const }) },
);

interface Open {
  readonly key: string;
  reported: boolean;
  readonly reports: 'now' | 'later' | 'after-end';
}

/** The world as it truly is, beside the service that has to find out. */
class World {
  readonly open = new Map<number, Open>();
  /** Permitted and never begun: they may hold a place until their time is up. */
  lost = 0;
  /** Ended, and the start is still on its way. */
  private readonly late: [number, Open][] = [];
  private keys = 0;
  private readonly instances: Authorization[] = [];
  private readonly voices: readonly StationVoice[];

  constructor(
    private readonly context: TestContext,
    private readonly limit: number,
  ) {
    this.voices = Array.from({ length: STATIONS }, (_, i) => new StationVoice(context, `S${i}`));
  }

  async begin(): Promise<void> {
    await this.context.log.ensureTopics([TOKEN_TOPIC, DECISION_TOPIC, 'connection.station.v1'].map((name) => ({ name, partitions: 12 })));
    for (const i of [0, 1]) this.instances[i] = await this.instance();
    await this.at(0).grpc.putToken({
      idToken: { idToken: 'CARD', type: '' },
      concurrentTransactionsMax: this.limit,
      clearExpiresAt: false,
      ...NO_RULES,
      expectedVersion: 0,
      idempotencyKey: '',
    });
  }

  async run(next: Step): Promise<void> {
    if (next.step === 'acts') return this.acts(next.acts);
    if (next.step === 'crash') {
      await this.at(next.instance).stop();
      this.instances[next.instance] = await this.instance();
      return;
    }
    for (const [i, open] of [...this.open, ...this.late.splice(0)]) await this.report(i, open);
    this.context.clock.ms += 901_000;
    for (const each of this.instances) each.neverStarted.hurry();
    await until(async () => (await this.places()).length === this.open.size, 'places of what never started are given back');
    this.lost = 0;
  }

  async end(): Promise<void> {
    await this.run({ step: 'time' });
    expect([...(await this.places())].sort()).toEqual([...this.open].map(([i, { key }]) => `S${i}/${key}`).sort());
    await Promise.all(this.instances.map((each) => each.stop()));
  }

  private async acts(acts: readonly Act[]): Promise<void> {
    this.context.clock.ms += 1_000;
    const before = this.open.size;
    let stopped = 0;
    let refused = 0;
    let begun = 0;
    await Promise.all(
      acts.map(async (one) => {
        if (one.act === 'stop') {
          if (await this.stop(one.station)) stopped += 1;
        } else if (!this.open.has(one.station)) {
          if (await this.start(one)) begun += 1;
          else refused += 1;
        }
      }),
    );
    expect(before - stopped + begun, 'at once').toBeLessThanOrEqual(this.limit);
    if (refused > 0) expect(before + begun + this.lost, 'open when one was refused').toBeGreaterThanOrEqual(this.limit);
    for (const [i, open] of this.open) if (open.reports === 'later') await this.report(i, open);
  }

  private async start(one: Extract<Act, { act: 'start' }>): Promise<boolean> {
    const key = `t${(this.keys += 1)}`;
    const ask = async (instance: number): Promise<boolean> => (await this.ask(one.station, key, instance)) === Status.ACCEPTED;
    let accepted = await ask(one.instance);
    // The answer was lost, and the station asks again, perhaps through another instance.
    if (accepted && one.twice) accepted = await ask(1 - one.instance);
    if (!accepted) return false;
    if (one.report === 'never') {
      this.lost += 1;
      return true;
    }
    const open: Open = { key, reported: false, reports: one.report };
    if (one.report === 'now') await this.report(one.station, open);
    this.open.set(one.station, open);
    return true;
  }

  private async stop(i: number): Promise<boolean> {
    const open = this.open.get(i);
    if (open === undefined) return false;
    if (open.reports !== 'after-end') await this.report(i, open);
    await this.voice(i).ended(open.key);
    this.open.delete(i);
    if (!open.reported) this.late.push([i, open]);
    return true;
  }

  private async report(i: number, open: Open): Promise<void> {
    if (open.reported) return;
    open.reported = true;
    await this.voice(i).started(open.key, 'CARD');
  }

  private async ask(i: number, key: string, instance: number): Promise<authorizationV1.AuthorizationStatus | undefined> {
    const item = { stationId: `S${i}`, evseId: 0, idToken: { idToken: 'CARD', type: 'Local' }, occurredAt: undefined, offline: false };
    const { decisions } = await this.at(instance).grpc.authorize({
      requests: [{ ...item, purpose: Purpose.START, transactionKey: `S${i}/${key}` }],
    });
    return decisions[0]?.status;
  }

  private async places(): Promise<readonly string[]> {
    return (await this.at(0).grpc.getToken({ idToken: { idToken: 'CARD', type: '' } })).token?.activeTransactions ?? [];
  }

  private async instance(): Promise<Authorization> {
    const created = await createAuthorization(await openTestContext('authorization', this.context), authorizationConfig.parse({}));
    await created.start();
    return created;
  }

  private at(instance: number): Authorization {
    const found = this.instances[instance];
    if (found === undefined) throw new Error('there are two instances');
    return found;
  }

  private voice(i: number): StationVoice {
    const found = this.voices[i];
    if (found === undefined) throw new Error('there is no such station');
    return found;
  }
}

describe('places of a token', () => {
  it('never has more than the limit at once, and never refuses while fewer are open, whatever happens in between', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.array(step, { minLength: 5, maxLength: 25 }), async (limit, steps) => {
        const context = await openTestContext('authorization');
        try {
          const world = new World(context, limit);
          await world.begin();
          for (const each of steps) await world.run(each);
          await world.end();
        } finally {
          await context.close();
        }
      }),
      { numRuns: 60, endOnFailure: true },
    );
  }, 60_000);
});
