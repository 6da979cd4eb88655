import type { OpenUse } from '@voltlog/authorization-domain';
import { type Clock, OperatingError } from '@voltlog/kernel';
import type { Collection } from '@voltlog/store';
import { Schema } from 'mongoose';
import type { Scope } from './usage.js';

/** From the answer about a start until its session is told, at most, milliseconds. */
export const GRANT_MS = 120_000;
/** Other instances may give out of the same budget at the same moment. */
const TRIES = 30;

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

/**
 * What starts were let in for, one small document per budget: two instances that are asked in the same moment do not both give out the rest.
 * Only tokens and contracts with a budget come here.
 */
export class Grants {
  private turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly grants: Pick<Collection<GrantDoc>, 'getMany' | 'upsert'>,
    private readonly clock: Clock,
  ) {}

  async read(scopes: readonly Scope[]): Promise<Granted> {
    return this.live(scopes, await this.grants.getMany(scopes));
  }

  /**
   * Changes grants; `change` is called again with what is there when another instance was quicker.
   *
   * @throws {OperatingError} when others are quicker each time
   */
  change(scopes: readonly Scope[], change: (granted: Granted) => void): Promise<void> {
    // Questions of this instance need not race each other.
    const run = this.turn.then(() => this.tryToChange(scopes, change));
    this.turn = run.catch(() => undefined);
    return run;
  }

  private async tryToChange(scopes: readonly Scope[], change: (granted: Granted) => void): Promise<void> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const stored = await this.grants.getMany(scopes);
      const granted = this.live(scopes, stored);
      const before = new Map(granted);
      change(granted);
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
      if (written.every(Boolean)) return;
    }
    throw new OperatingError('BudgetContended', 'budgets changed each time they were to be given out of');
  }

  private live(scopes: readonly Scope[], stored: ReadonlyMap<string, GrantDoc>): Granted {
    const now = new Date(this.clock.now()).toISOString();
    return new Map(scopes.map((scope) => [scope, (stored.get(scope)?.grants ?? []).filter(({ until }) => until > now)]));
  }
}
