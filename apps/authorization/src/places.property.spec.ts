import { authorizationV1 } from '@voltlog/proto';
import { openTestContext, type TestContext, until } from '@voltlog/testing';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Authorization, createAuthorization } from './authorization.js';
import { authorizationConfig } from './config.js';
import { openCollections } from './store/documents.js';
import { NO_RULES, StationVoice, TOPICS } from './testing/facts.js';

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

/** 0: no limit. */
interface Limits {
  readonly token: number;
  readonly contract: number;
}

/** Stations 0 and 2 read the one, 1 and 3 the other. */
const CARDS = ['CARD-A', 'CARD-B'] as const;
const cardOf = (i: number): string => CARDS[i % 2] ?? '';

const contractOf = (concurrentTransactionsMax: number): authorizationV1.PutContractRequest => ({
  contract: {
    contractId: 'C',
    name: '',
    status: authorizationV1.TokenStatus.ACTIVE,
    validFrom: undefined,
    expiresAt: undefined,
    groupId: '',
    concurrentTransactionsMax,
    siteIds: [],
    stationIds: [],
    budget: undefined,
    used: undefined,
    sessionLimit: undefined,
    note: '',
    createdAt: undefined,
    updatedAt: undefined,
    version: 0,
  },
  expectedVersion: 0,
  mustBeNew: false,
  idempotencyKey: '',
});

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
    private readonly limits: Limits,
  ) {
    this.voices = Array.from({ length: STATIONS }, (_, i) => new StationVoice(context, `S${i}`));
  }

  async begin(): Promise<void> {
    await this.context.log.ensureTopics(TOPICS);
    for (const i of [0, 1]) this.instances[i] = await this.instance();
    const { token, contract } = this.limits;
    if (contract > 0) await this.at(0).grpc.putContract(contractOf(contract));
    for (const idToken of CARDS)
      await this.at(0).grpc.putToken({
        idToken: { idToken, type: '' },
        concurrentTransactionsMax: token,
        ...(contract > 0 ? { contractId: 'C' } : {}),
        clearExpiresAt: false,
        ...NO_RULES,
        expectedVersion: 0,
        mustBeNew: false,
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
    const before = this.openBy();
    const begun = new Map<string, number>();
    const stopped = new Map<string, number>();
    const refused = new Set<string>();
    await Promise.all(
      acts.map(async (one) => {
        const card = cardOf(one.station);
        if (one.act === 'stop') {
          if (await this.stop(one.station)) stopped.set(card, (stopped.get(card) ?? 0) + 1);
        } else if (!this.open.has(one.station)) {
          if (await this.start(one)) begun.set(card, (begun.get(card) ?? 0) + 1);
          else refused.add(card);
        }
      }),
    );
    const count = (by: ReadonlyMap<string, number>, card?: string): number =>
      card === undefined ? [...by.values()].reduce((sum, one) => sum + one, 0) : (by.get(card) ?? 0);
    const { token, contract } = this.limits;
    const atOnce = (card?: string): number => count(before, card) - count(stopped, card) + count(begun, card);
    if (contract > 0) expect(atOnce(), 'at once under the contract').toBeLessThanOrEqual(contract);
    for (const card of token > 0 ? CARDS : []) expect(atOnce(card), `at once with ${card}`).toBeLessThanOrEqual(token);
    for (const card of refused) {
      const full = (limit: number, of?: string): boolean => limit > 0 && count(before, of) + count(begun, of) + this.lost >= limit;
      expect(full(token, card) || full(contract), `${card} was refused while there was room`).toBe(true);
    }
    for (const [i, open] of this.open) if (open.reports === 'later') await this.report(i, open);
  }

  private openBy(): ReadonlyMap<string, number> {
    const by = new Map<string, number>();
    for (const i of this.open.keys()) by.set(cardOf(i), (by.get(cardOf(i)) ?? 0) + 1);
    return by;
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
    await this.voice(i).started(open.key, cardOf(i));
  }

  private async ask(i: number, key: string, instance: number): Promise<authorizationV1.AuthorizationStatus | undefined> {
    const item = { stationId: `S${i}`, evseId: 0, idToken: { idToken: cardOf(i), type: 'Local' }, occurredAt: undefined, offline: false };
    const { decisions } = await this.at(instance).grpc.authorize({
      requests: [{ ...item, purpose: Purpose.START, transactionKey: `S${i}/${key}` }],
    });
    return decisions[0]?.status;
  }

  /** Places of tokens, or where those have no limit, of the contract. Both agree where both have one. */
  private async places(): Promise<readonly string[]> {
    const { grpc } = this.at(0);
    const { docs } = await (await openCollections(this.context.store)).contracts.find({ limit: 1 });
    const ofContract = docs[0]?.places.map((place) => place.transactionKey) ?? [];
    const tokens = await Promise.all(CARDS.map((idToken) => grpc.getToken({ idToken: { idToken, type: '' } })));
    const ofTokens = tokens.flatMap(({ token }) => token?.activeTransactions ?? []);
    if (this.limits.token === 0) return ofContract;
    return this.limits.contract === 0 || ofContract.toSorted().join() === ofTokens.toSorted().join()
      ? ofTokens
      : [...ofTokens, ...ofContract];
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

describe('places of a token and of its contract', () => {
  const limit = fc.integer({ min: 1, max: 3 });
  const none = fc.constant(0);
  it.each([
    ['of a token', fc.record({ token: limit, contract: none })],
    ['of a contract', fc.record({ token: none, contract: limit })],
    ['of both', fc.record({ token: fc.integer({ min: 1, max: 2 }), contract: limit })],
  ])(
    '%s: never more than the limit at once, and no refusal while fewer are open, whatever happens in between',
    async (_, limits) => {
      await fc.assert(
        fc.asyncProperty(limits, fc.array(step, { minLength: 5, maxLength: 25 }), async (chosen, steps) => {
          const context = await openTestContext('authorization');
          try {
            const world = new World(context, chosen);
            await world.begin();
            for (const each of steps) await world.run(each);
            await world.end();
          } finally {
            await context.close();
          }
        }),
        { numRuns: 30, endOnFailure: true },
      );
    },
    60_000,
  );
});
