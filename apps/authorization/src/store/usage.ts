import type { AllowedLimit, Budget } from '@voltlog/authorization-contract';
import { leftOf, periodOf, type Subject, tighter, type Used, usedIn } from '@voltlog/authorization-domain';
import type { Clock } from '@voltlog/kernel';
import { BoundedCache } from '@voltlog/store';
import type { Collections, SessionUseDoc } from './documents.js';

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

interface Remembered {
  readonly uses: Map<string, SessionUseDoc>;
  readonly readAtMs: number;
  summed: { readonly budget: Budget; readonly until: string; readonly used: Used } | undefined;
}

/** What the sessions of tokens and contracts with a budget used: in memory, behind it the projection of the session service's events. */
export class Usage {
  private readonly scopes = new BoundedCache<Remembered>(SCOPES_MAX);

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
  usedOf({ scope, budget }: BudgetOf): Used {
    const known = this.scopes.get(scope);
    const now = this.clock.now();
    const at = new Date(now).toISOString();
    if (known?.summed !== undefined && known.summed.budget === budget && at < known.summed.until) return known.summed.used;
    const period = periodOf(now, budget.timeZone);
    const used = usedIn(known?.uses.values() ?? [], period, budget.currency);
    if (known !== undefined) known.summed = { budget, until: period.until, used };
    return used;
  }

  /** What all of the budgets together leave for a session at a station. */
  leftOf(budgets: readonly BudgetOf[], stationId: string): Pick<Subject, 'left' | 'charging'> {
    let left: AllowedLimit | undefined;
    let isExhausted = false;
    let charging = false;
    for (const one of budgets) {
      const each = leftOf(one.budget, this.usedOf(one));
      if (each === undefined) isExhausted = true;
      else left = tighter(left, each);
      for (const use of this.scopes.get(one.scope)?.uses.values() ?? []) charging ||= use.open && use.stationId === stationId;
    }
    return { ...(isExhausted ? { left: 'exhausted' as const } : left === undefined ? {} : { left }), charging };
  }

  /** Takes note of what was just stored. */
  stored(uses: readonly SessionUseDoc[]): void {
    for (const use of uses) {
      this.remember(`token:${use.tokenKey}`, use);
      if (use.contractId !== undefined) this.remember(`contract:${use.contractId}`, use);
    }
  }

  private remember(scope: Scope, use: SessionUseDoc): void {
    const known = this.scopes.get(scope);
    if (known === undefined) return;
    known.uses.set(use.id, use);
    known.summed = undefined;
  }

  private async read(scope: Scope): Promise<void> {
    const now = this.clock.now();
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
      if (page.next === undefined) break;
      after = page.next;
    }
    this.scopes.set(scope, { uses, readAtMs: now, summed: undefined });
  }
}
