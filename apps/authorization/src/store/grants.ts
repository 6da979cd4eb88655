import type { OpenUse } from '@voltlog/authorization-domain';
import { type Clock, OperatingError } from '@voltlog/kernel';
import type { Collection } from '@voltlog/store';
import { Schema } from 'mongoose';
import type { Scope } from './usage.js';

/** From the answer about a start until its session is told, at most, milliseconds. */
export const GRANT_MS = 120_000;
/** Other instances may give out of the same budget at the same moment. */
const TRIES = 30;
/** Changes that share one read and one write; the others wait for the next. */
const ROUND_MAX = 500;

/** A start that was let in, and whose session is not told yet. */
export interface Grant extends OpenUse {
  readonly transactionKey: string;
  readonly until: string;
}

/** What was given out of one budget. */
export interface GrantDoc {
  readonly id: Scope;
  readonly version: number;
  readonly grants: readonly Grant[];
  /** Until when any of them holds. */
  readonly until: string;
}

export const grantSchema = new Schema(
  {
    id: { type: String, required: true },
    version: { type: Number, required: true },
    grants: { type: [Schema.Types.Mixed], default: [] },
    until: { type: String, required: true },
  },
  { versionKey: false },
);
grantSchema.index({ until: 1 });

/** Grants by budget; what is put in takes the place of one of the same transaction. */
export type Granted = Map<Scope, readonly Grant[]>;

interface Call {
  readonly scopes: readonly Scope[];
  change(granted: Granted): void;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * What starts were let in for, one small document per budget: two instances that are asked in the same moment do not both give out the rest.
 * Only tokens and contracts with a budget come here.
 */
export class Grants {
  private waiting: Call[] = [];
  private running: Promise<void> | undefined;

  constructor(
    private readonly grants: Pick<Collection<GrantDoc>, 'getMany' | 'upsert'>,
    private readonly clock: Clock,
  ) {}

  async read(scopes: readonly Scope[]): Promise<Granted> {
    return this.live(scopes, await this.grants.getMany(scopes));
  }

  /**
   * Changes grants, in the order of the calls; those that wait at the same time share one read and one write. `change` is called again
   * with what is there when another instance was quicker.
   *
   * @throws {OperatingError} when others are quicker each time
   */
  change(scopes: readonly Scope[], change: (granted: Granted) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ scopes, change, resolve, reject });
      this.running ??= this.run();
    });
  }

  private async run(): Promise<void> {
    // Questions of the same turn share the round.
    await Promise.resolve();
    while (this.waiting.length > 0) {
      const calls = this.waiting.splice(0, ROUND_MAX);
      try {
        await this.round(calls);
      } catch (error) {
        for (const call of calls) call.reject(error);
      }
    }
    this.running = undefined;
  }

  private async round(calls: readonly Call[]): Promise<void> {
    let left = calls;
    for (let tries = 0; tries < TRIES; tries += 1) {
      const lost = await this.tryToChange(left);
      const isLost = ({ scopes }: Call): boolean => scopes.some((scope) => lost.has(scope));
      for (const call of left) if (!isLost(call)) call.resolve();
      left = left.filter(isLost);
      if (left.length === 0) return;
    }
    throw new OperatingError('BudgetContended', 'budgets changed each time they were to be given out of');
  }

  /** The budgets that another instance changed meanwhile. */
  private async tryToChange(calls: readonly Call[]): Promise<ReadonlySet<Scope>> {
    const scopes = [...new Set(calls.flatMap((call) => call.scopes))];
    const stored = await this.grants.getMany(scopes);
    const granted = this.live(scopes, stored);
    const before = new Map(granted);
    for (const { change, reject } of calls) {
      try {
        change(granted);
      } catch (error) {
        // The others are not to suffer for it; what it put in ends by itself.
        reject(error);
      }
    }
    const changed = scopes.filter((scope) => granted.get(scope) !== before.get(scope));
    const written = await this.grants.upsert(
      changed.map((id) => {
        const version = stored.get(id)?.version ?? 0;
        const grants = granted.get(id) ?? [];
        const until = grants.reduce(
          (latest, each) => (each.until > latest ? each.until : latest),
          new Date(this.clock.now()).toISOString(),
        );
        return { doc: { id, version: version + 1, grants, until }, expectedVersion: version };
      }),
    );
    return new Set(changed.filter((_, i) => written[i] !== true));
  }

  private live(scopes: readonly Scope[], stored: ReadonlyMap<string, GrantDoc>): Granted {
    const now = new Date(this.clock.now()).toISOString();
    return new Map(scopes.map((scope) => [scope, (stored.get(scope)?.grants ?? []).filter(({ until }) => until > now)]));
  }
}
