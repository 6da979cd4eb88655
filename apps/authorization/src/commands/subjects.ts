import {
  type AuthorizationPolicy,
  type AuthorizationQuestion,
  isIdToken,
  type KnownToken,
  type Subject,
  type TokenState,
  tighter,
  tokenKey,
  UNKNOWN_TOKEN,
} from '@voltlog/authorization-domain';
import type { ContractEntry, ContractRepository } from '../store/contract-repository.js';
import { GRANT_MS, type Grant, type Granted, type Grants } from '../store/grants.js';
import type { Sites } from '../store/sites.js';
import type { TokenEntry, TokenRepository } from '../store/token-repository.js';
import type { BudgetOf, Scope, Usage } from '../store/usage.js';
import type { Question } from './authorizer.js';

export const NO_AUTHORIZATION = 'NoAuthorization';

/** A question with all that its verdict depends on. */
export interface Prepared {
  readonly question: Question;
  /** The token's key. */
  readonly key: string;
  readonly asked: AuthorizationQuestion;
  /** undefined: there is no token to look for. */
  readonly subject: Subject | undefined;
  readonly policy: AuthorizationPolicy;
}

/** What memory does not hold. */
class Missing {
  readonly tokens = new Set<string>();
  readonly contracts = new Set<string>();
  readonly stations = new Set<string>();
  readonly budgets = new Set<Scope>();
}

/** What was read for one call; memory is bounded and may have dropped it again. */
class Found {
  readonly tokens = new Map<string, TokenEntry>();
  readonly contracts = new Map<string, ContractEntry>();
  readonly sites = new Map<string, string>();
  readonly budgets = new Set<Scope>();
}

/** What is looked at, and where what is not there is noted. */
interface Looking {
  readonly question: Question;
  readonly found: Found | undefined;
  readonly missing: () => Missing;
}

/** Rounds of reading: the token, its contract, what they used, where it is. */
const ROUNDS_MAX = 5;

/** Gathers what a verdict depends on: from memory, and only what is not there from the store, all of a call together. */
export class Subjects {
  constructor(
    private readonly tokens: TokenRepository,
    private readonly contracts: ContractRepository,
    private readonly sites: Sites,
    private readonly budgets: { readonly usage: Usage; readonly grants: Grants },
    private readonly policy: AuthorizationPolicy,
  ) {}

  /** In the order of the questions. */
  async prepare(questions: readonly Question[], now: number): Promise<readonly Prepared[]> {
    const prepared = new Array<Prepared | undefined>(questions.length);
    let found: Found | undefined;
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      let missing: Missing | undefined;
      for (let i = 0; i < questions.length; i += 1)
        prepared[i] ??= this.look(questions[i] as Question, now, found, () => (missing ??= new Missing()));
      if (missing === undefined) return this.claimed(prepared as readonly Prepared[], now);
      found ??= new Found();
      await this.load(missing, found);
    }
    throw new Error('what was read is there');
  }

  private look(question: Question, now: number, found: Found | undefined, missing: () => Missing): Prepared | undefined {
    const isToken = question.type !== NO_AUTHORIZATION && isIdToken(question.idToken);
    const key = isToken ? tokenKey(question.idToken) : '';
    let token: TokenState = UNKNOWN_TOKEN;
    if (isToken) {
      const entry = found?.tokens.get(key) ?? this.tokens.peek(key);
      if (entry === undefined) {
        missing().tokens.add(key);
        return undefined;
      }
      token = entry.state;
    }
    const subject = token.kind === 'known' ? this.known(key, token, { question, found, missing }) : { token };
    if (subject === undefined) return undefined;
    const siteId = this.siteOf(question.stationId, subject, found);
    if (siteId === undefined) {
      missing().stations.add(question.stationId);
      return undefined;
    }
    const asked = {
      stationId: question.stationId,
      siteId,
      type: question.type,
      purpose: question.purpose,
      transactionKey: question.transactionKey,
      now,
      at: momentOf(question, now),
    };
    return { question, key, asked, subject: isToken ? subject : undefined, policy: token.kind === 'known' ? this.policy : this.at(siteId) };
  }

  private known(key: string, token: KnownToken, { question, found, missing }: Looking): Subject | undefined {
    if (token.contractId === undefined)
      return token.budget === undefined ? { token } : this.budgeted(key, { token }, { question, found, missing });
    const entry = found?.contracts.get(token.contractId) ?? this.contracts.peek(token.contractId);
    if (entry !== undefined) return this.budgeted(key, { token, contract: entry.state }, { question, found, missing });
    missing().contracts.add(token.contractId);
    return undefined;
  }

  /** Its budgets' use is in memory, where it has any. */
  private budgeted(key: string, subject: Subject, { question, found, missing }: Looking): Subject | undefined {
    const budgets = budgetsOf(key, subject);
    if (budgets.length === 0 || question.purpose === 'Stop') return subject;
    const cold = budgets.filter(({ scope }) => !this.budgets.usage.has(scope) && found?.budgets.has(scope) !== true);
    if (cold.length === 0) return subject;
    for (const { scope } of cold) missing().budgets.add(scope);
    return undefined;
  }

  /** With what budgets leave; of a start that is held for it at once, since another may be asked about in the same moment, here or elsewhere. */
  private async claimed(prepared: readonly Prepared[], now: number): Promise<readonly Prepared[]> {
    const scopes = new Set<Scope>();
    let begins = false;
    for (const one of prepared) {
      for (const { scope } of budgetsIn(one)) scopes.add(scope);
      begins ||= scopes.size > 0 && beginsIn(one) !== '';
    }
    if (scopes.size === 0) return prepared;
    let claimed = prepared;
    const claim = (granted: Granted): void => {
      claimed = prepared.map((one) => this.claimOf(one, granted, now));
    };
    if (begins) await this.budgets.grants.change([...scopes], claim);
    else claim(await this.budgets.grants.read([...scopes]));
    return claimed;
  }

  private claimOf(one: Prepared, granted: Granted, now: number): Prepared {
    const budgets = budgetsIn(one);
    const { subject, question } = one;
    if (budgets.length === 0 || subject === undefined) return one;
    const transactionKey = beginsIn(one);
    const { left, charging } = this.budgets.usage.leftOf(budgets, { stationId: question.stationId, transactionKey }, granted);
    const limit = subject.contract?.kind === 'known' ? subject.contract.sessionLimit : undefined;
    const held = left === 'exhausted' ? undefined : tighter(limit, left);
    const grant = {
      transactionKey,
      startedAt: new Date(now).toISOString(),
      energyWh: 0,
      ...(held === undefined ? {} : { held }),
      until: new Date(now + GRANT_MS).toISOString(),
    };
    if (transactionKey !== '') put(granted, budgets, transactionKey, left === 'exhausted' ? undefined : grant);
    return { ...one, subject: { ...subject, ...(left === undefined ? {} : { left }), ...(charging === undefined ? {} : { charging }) } };
  }

  /** These starts were refused, for whatever reason: what they held is free. */
  async release(refused: readonly Prepared[]): Promise<void> {
    const held = refused.filter((one) => beginsIn(one) !== '' && one.subject?.left !== 'exhausted' && budgetsIn(one).length > 0);
    if (held.length === 0) return;
    const scopes = new Set(held.flatMap((one) => budgetsIn(one).map(({ scope }) => scope)));
    await this.budgets.grants.change([...scopes], (granted) => {
      for (const one of held) put(granted, budgetsIn(one), beginsIn(one), undefined);
    });
  }

  /** Empty where it does not matter. */
  private siteOf(stationId: string, { token, contract }: Subject, found: Found | undefined): string | undefined {
    const matters =
      token.kind === 'unknown'
        ? this.sites.havePolicies
        : token.siteIds !== undefined || (contract?.kind === 'known' && contract.siteIds !== undefined);
    return matters ? (found?.sites.get(stationId) ?? this.sites.peek(stationId)) : '';
  }

  /** What the operator decided for the tokens of a site that nobody registered. */
  private at(siteId: string): AuthorizationPolicy {
    const site = this.sites.policyOf(siteId);
    return site === undefined ? this.policy : { ...this.policy, unknownTokens: site.unknownTokens, noAuthorization: site.noAuthorization };
  }

  private async load(missing: Missing, found: Found): Promise<void> {
    const [tokens, contracts, sites] = await Promise.all([
      missing.tokens.size === 0 ? [] : this.tokens.load([...missing.tokens]),
      missing.contracts.size === 0 ? [] : this.contracts.load([...missing.contracts]),
      missing.stations.size === 0 ? [] : this.sites.load([...missing.stations]),
      missing.budgets.size === 0 ? undefined : this.budgets.usage.load(missing.budgets),
    ]);
    for (const [key, entry] of tokens) found.tokens.set(key, entry);
    for (const [key, entry] of contracts) found.contracts.set(key, entry);
    for (const [key, siteId] of sites) found.sites.set(key, siteId);
    for (const scope of missing.budgets) found.budgets.add(scope);
  }
}

/** The budgets that a session of a token counts against. */
export function budgetsOf(key: string, { token, contract }: Subject): readonly BudgetOf[] {
  const budgets: BudgetOf[] = [];
  if (token.kind === 'known' && token.budget !== undefined) budgets.push({ scope: `token:${key}`, budget: token.budget });
  if (contract?.kind === 'known' && contract.budget !== undefined)
    budgets.push({ scope: `contract:${contract.contractId}`, budget: contract.budget });
  return budgets;
}

/** The budgets that a question is about. */
const budgetsIn = ({ key, subject, question }: Prepared): readonly BudgetOf[] =>
  subject === undefined || question.purpose === 'Stop' ? [] : budgetsOf(key, subject);

/** The transaction that would begin; empty: none. */
const beginsIn = ({ question: { purpose, transactionKey } }: Prepared): string => (purpose === 'Start' ? transactionKey : '');

/** Puts a start in, or takes it out; the very same list when that changes nothing. */
function put(granted: Granted, budgets: readonly BudgetOf[], transactionKey: string, grant: Grant | undefined): void {
  for (const { scope } of budgets) {
    const known = granted.get(scope) ?? [];
    const others = known.filter((each) => each.transactionKey !== transactionKey);
    if (grant !== undefined) granted.set(scope, [...others, grant]);
    else if (others.length < known.length) granted.set(scope, others);
  }
}

/**
 * A transaction that the station let in by itself is judged by when it began, where a clock that is ahead does not count; a reservation by
 * when it begins.
 */
function momentOf({ purpose, offline, occurredAt }: Question, now: number): number {
  if (purpose === 'Reserve' && occurredAt !== undefined) return Math.max(Date.parse(occurredAt) || now, now);
  if (!offline || occurredAt === undefined) return now;
  const began = Date.parse(occurredAt);
  return Number.isNaN(began) ? now : Math.min(began, now);
}
