import type { AllowedLimit, Budget } from '@voltlog/authorization-contract';
import {
  leftOf,
  type OpenUse,
  type Period,
  periodOf,
  type Subject,
  tighter,
  type Used,
  usedIn,
  withHeld,
} from '@voltlog/authorization-domain';
import type { Clock } from '@voltlog/kernel';
import { BoundedCache } from '@voltlog/store';
import type { Collections, SessionUseDoc } from './documents.js';
import type { Grant } from './grants.js';

/** Tokens and contracts with a budget whose sessions are kept in memory. */
const SCOPES_MAX = 20_000;
/** After so long the store is asked again: another instance may have stored what this one has not seen, milliseconds. */
const FRESH_MS = 30_000;
/** Long enough for a month in any time zone, milliseconds. */
const MONTH_MS = 33 * 86_400_000;
const PAGE = 500;

/** Whose budget it is: `token:<key>` or `contract:<id>`. */
export type Scope = `token:${string}` | `contract:${string}`;

export interface BudgetOf {
  readonly scope: Scope;
  readonly budget: Budget;
}

/** Who asks for a part of budgets. */
export interface Asker {
  readonly stationId: string;
  /** `<stationId>/<key>` of a start; empty: nothing begins. */
  readonly transactionKey: string;
}

interface Remembered {
  readonly uses: Map<string, SessionUseDoc>;
  readonly readAtMs: number;
  summed: { readonly budget: Budget; readonly period: Period; readonly used: Used } | undefined;
}

/** What the sessions of tokens and contracts with a budget used: in memory, behind it the projection of the session service's events. */
export class Usage {
  private readonly scopes = new BoundedCache<Remembered>(SCOPES_MAX);
  /** What is stored of a scope while it is read: a page may have been fetched before. */
  private readonly reading = new Map<Scope, Set<SessionUseDoc[]>>();

  constructor(
    private readonly collections: Pick<Collections, 'sessionUses'>,
    private readonly clock: Clock,
  ) {}

  /** True when memory can answer for this budget. */
  has(scope: Scope): boolean {
    const known = this.scopes.get(scope);
    return known !== undefined && this.clock.now() - known.readAtMs < FRESH_MS;
  }

  async load(scopes: Iterable<Scope>): Promise<void> {
    await Promise.all([...scopes].map((scope) => this.read(scope)));
  }

  /** What was used of a budget this day and month; its scope is loaded. */
  usedOf(one: BudgetOf): Used {
    return this.summed(one).used;
  }

  /** What all of the budgets together leave for a session, after what sessions under way, and starts that were let in, hold. */
  leftOf(budgets: readonly BudgetOf[], asker: Asker, granted: ReadonlyMap<Scope, readonly Grant[]>): Pick<Subject, 'left' | 'charging'> {
    let left: AllowedLimit | undefined;
    let isExhausted = false;
    let charging = false;
    for (const { scope, budget } of budgets) {
      const uses = this.scopes.get(scope)?.uses.values() ?? [];
      const open: OpenUse[] = [];
      const told = new Set<string>();
      for (const use of uses) {
        if (use.transactionKey !== undefined) told.add(use.transactionKey);
        if (!use.open) continue;
        // A start is asked about more than once: what it was let in for stays its own.
        const isOwn = use.transactionKey !== undefined && use.transactionKey === asker.transactionKey;
        if (!isOwn) open.push(use);
        charging ||= isOwn || ((asker.transactionKey === '' || use.transactionKey === undefined) && use.stationId === asker.stationId);
      }
      const { period, used } = this.summed({ scope, budget });
      const isOther = ({ transactionKey }: Grant): boolean => transactionKey !== asker.transactionKey && !told.has(transactionKey);
      const begun = (granted.get(scope) ?? []).filter(isOther);
      const all = begun.length === 0 ? used : usedIn(begun, period, budget.currency, used);
      const each = leftOf(budget, withHeld(all, [...open, ...begun], period, budget.currency));
      if (each === undefined) isExhausted = true;
      else left = tighter(left, each);
    }
    return { ...(isExhausted ? { left: 'exhausted' as const } : left === undefined ? {} : { left }), charging };
  }

  private summed({ scope, budget }: BudgetOf): NonNullable<Remembered['summed']> {
    const known = this.scopes.get(scope);
    const now = this.clock.now();
    if (known?.summed !== undefined && known.summed.budget === budget && new Date(now).toISOString() < known.summed.period.until)
      return known.summed;
    const period = periodOf(now, budget.timeZone);
    const summed = { budget, period, used: usedIn(known?.uses.values() ?? [], period, budget.currency) };
    if (known !== undefined) known.summed = summed;
    return summed;
  }

  /** Takes note of what was just stored. */
  stored(uses: readonly SessionUseDoc[]): void {
    for (const use of uses) {
      this.remember(`token:${use.tokenKey}`, use);
      if (use.contractId !== undefined) this.remember(`contract:${use.contractId}`, use);
    }
  }

  private remember(scope: Scope, use: SessionUseDoc): void {
    for (const meanwhile of this.reading.get(scope) ?? []) meanwhile.push(use);
    const known = this.scopes.get(scope);
    if (known === undefined) return;
    known.uses.set(use.id, use);
    known.summed = undefined;
  }

  private async read(scope: Scope): Promise<void> {
    const now = this.clock.now();
    const meanwhile: SessionUseDoc[] = [];
    const reads = this.reading.get(scope) ?? new Set();
    this.reading.set(scope, reads.add(meanwhile));
    try {
      const uses = await this.fetched(scope, now);
      for (const use of meanwhile) uses.set(use.id, use);
      this.scopes.set(scope, { uses, readAtMs: now, summed: undefined });
    } finally {
      reads.delete(meanwhile);
      if (reads.size === 0) this.reading.delete(scope);
    }
  }

  private async fetched(scope: Scope, now: number): Promise<Map<string, SessionUseDoc>> {
    const since = { startedAt: { $gte: new Date(now - MONTH_MS).toISOString() } };
    const [kind, key] = [scope.slice(0, scope.indexOf(':')), scope.slice(scope.indexOf(':') + 1)];
    const where = { [kind === 'token' ? 'tokenKey' : 'contractId']: key, ...since };
    const uses = new Map<string, SessionUseDoc>();
    for (let after: string | undefined; ; ) {
      const page = await this.collections.sessionUses.find({
        where,
        sort: ['startedAt', 1],
        limit: PAGE,
        ...(after === undefined ? {} : { after }),
      });
      for (const doc of page.docs) uses.set(doc.id, doc);
      if (page.next === undefined) return uses;
      after = page.next;
    }
  }
}
