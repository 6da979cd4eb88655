import { authorize, groupOf, mayStop, type Payer, type Subject, type Verdict } from '@voltlog/authorization-domain';
import type { Running, RunningTransactions } from '../reactions/running.js';
import type { ContractRepository } from '../store/contract-repository.js';
import type { TokenRepository } from '../store/token-repository.js';
import type { Question } from './authorizer.js';
import type { RunningSessions } from './running-sessions.js';
import type { Prepared } from './subjects.js';

/** What is known of the transactions that are asked about. */
export interface Asked {
  /** Of those that this instance does not know itself, by question. */
  readonly elsewhere: ReadonlyMap<Question, ReadonlyMap<string, Running>>;
  /** Their tokens, by key. */
  readonly payers: ReadonlyMap<string, Subject>;
}

const NOTHING: Asked = { elsewhere: new Map(), payers: new Map() };

/**
 * Judges a token against the transaction that it would stop. A transaction that is not known lets anybody stop it, who may charge at all: a
 * driver is never locked in because we forgot something.
 */
export class Stops {
  constructor(
    private readonly running: RunningTransactions,
    private readonly sessions: RunningSessions,
    private readonly tokens: TokenRepository,
    private readonly contracts: ContractRepository,
  ) {}

  /** Finds out about the transactions that somebody else's token would stop, with their tokens and contracts: few. */
  async ask(prepared: readonly Prepared[]): Promise<Asked> {
    const payers = await this.payersOf(prepared, NOTHING.elsewhere);
    const elsewhere = await this.askElsewhere(prepared, payers);
    return elsewhere.size === 0 ? { elsewhere, payers } : { elsewhere, payers: await this.payersOf(prepared, elsewhere) };
  }

  private async payersOf(prepared: readonly Prepared[], elsewhere: Asked['elsewhere']): Promise<Asked['payers']> {
    let keys: Set<string> | undefined;
    for (const one of prepared) for (const { tokenKey } of this.othersOf(one, elsewhere)) (keys ??= new Set()).add(tokenKey);
    if (keys === undefined) return NOTHING.payers;
    const entries = await this.tokens.load([...keys]);
    const contractIds = new Set<string>();
    for (const { state } of entries.values())
      if (state.kind === 'known' && state.contractId !== undefined) contractIds.add(state.contractId);
    const contracts = contractIds.size === 0 ? undefined : await this.contracts.load([...contractIds]);
    return new Map(
      [...entries].map(([key, { state: token }]) => {
        const contract = token.kind === 'known' ? contracts?.get(token.contractId ?? '')?.state : undefined;
        return [key, contract === undefined ? { token } : { token, contract }];
      }),
    );
  }

  private async askElsewhere(prepared: readonly Prepared[], payers: Asked['payers']): Promise<Asked['elsewhere']> {
    const unknown = prepared.filter((one) => this.isUnknown(one, payers));
    if (unknown.length === 0) return NOTHING.elsewhere;
    const found = await Promise.all(
      unknown.map(({ question: { stationId, stops } }) => this.sessions.at(stationId, stops === undefined ? '' : stops.transactionId)),
    );
    return new Map(unknown.map(({ question }, i) => [question, found[i] ?? new Map<string, Running>()]));
  }

  /**
   * What is done is done, and is not asked about; nor is what would be refused or accepted either way. What is known of a station is what
   * began since this instance follows it, so that a token which is full may have a mate there that it does not know of.
   */
  private isUnknown(one: Prepared, payers: Asked['payers']): boolean {
    const { purpose, stationId, stops } = one.question;
    if (one.subject === undefined) return false;
    if (purpose === 'Stop') return stops !== undefined && !stops.ended && !this.running.at(stationId).has(stops.transactionId);
    return purpose === 'Identify' && isFull(one.subject) && !this.othersOf(one, NOTHING.elsewhere).some(this.isTheirs(one, payers));
  }

  /** Whether the token may stop a transaction. */
  private isTheirs({ key, subject, policy }: Prepared, payers: Asked['payers']): (running: Running) => boolean {
    const stopper = payerOf({ tokenKey: key }, subject);
    return (running) => mayStop(stopper, payerOf(running, payers.get(running.tokenKey)), policy.masterPassGroup);
  }

  /** What the token is told after all. */
  judge(one: Prepared, verdict: Verdict, { elsewhere, payers }: Asked): Verdict {
    const { question, asked, subject, policy } = one;
    const others = this.othersOf(one, elsewhere);
    if (subject === undefined || others.length === 0) return verdict;
    const isTheirs = this.isTheirs(one, payers);
    if (question.purpose === 'Identify') {
      // OCPP 1.6 §4.1: some stations ask before they let a driver stop, and a mate whose own places or budget are used up may stop.
      const isFull = verdict.reason === 'ConcurrentLimit' || verdict.reason === 'BudgetExhausted';
      return isFull && others.some(isTheirs) ? authorize({ ...asked, purpose: 'Stop' }, subject, policy) : verdict;
    }
    // A terminal may name the next payment otherwise, so it proves nothing about whose the session is.
    if (verdict.status !== 'Accepted' || verdict.reason === 'DirectPaymentAccepted' || others.every(isTheirs)) return verdict;
    if (question.stops?.ended === true) return { ...verdict, reason: 'NotYourSession' };
    const { groupId, contractId } = verdict;
    return {
      status: 'Invalid',
      reason: 'NotYourSession',
      ...(groupId === undefined ? {} : { groupId }),
      ...(contractId === undefined ? {} : { contractId }),
    };
  }

  /** The transactions of other tokens that the question may be about: of a stop the one that it names, of an identification any there. */
  private othersOf({ question, key, subject }: Prepared, elsewhere: Asked['elsewhere']): readonly Running[] {
    const { purpose, stationId, stops } = question;
    if (subject === undefined || purpose === 'Start') return [];
    const known = elsewhere.get(question) ?? this.running.at(stationId);
    if (known.size === 0) return [];
    if (purpose === 'Identify') return isLimited(subject) ? [...known.values()].filter((running) => running.tokenKey !== key) : [];
    const running = stops === undefined ? undefined : known.get(stops.transactionId);
    return running === undefined || running.tokenKey === key ? [] : [running];
  }
}

/** Only such a token can be full or used up. */
const isLimited = ({ token, contract, left }: Subject): boolean =>
  left === 'exhausted' ||
  (token.kind === 'known' && token.concurrentTransactionsMax > 0) ||
  (contract?.kind === 'known' && contract.concurrentTransactionsMax > 0);

/** Its places, or its budget, are used up now. */
const isFull = ({ token, contract, left }: Subject): boolean => left === 'exhausted' || [token, contract].some(hasNoPlace);

const hasNoPlace = (state: Subject['token'] | Subject['contract']): boolean =>
  state?.kind === 'known' && state.concurrentTransactionsMax > 0 && state.places.length >= state.concurrentTransactionsMax;

function payerOf({ tokenKey, groupId, contractId }: Running, subject: Subject | undefined): Payer {
  const token = subject?.token;
  const known = token?.kind === 'known' ? token : undefined;
  const groups = [groupId, known === undefined ? undefined : groupOf(known, subject?.contract)];
  return {
    tokenKey,
    groupIds: groups.filter((group) => group !== undefined),
    contractIds: [contractId, known?.contractId].filter((id) => id !== undefined),
    registered: known !== undefined,
  };
}
