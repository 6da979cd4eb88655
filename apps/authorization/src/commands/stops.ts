import { authorize, groupOf, mayStop, type Payer, type Subject, type Verdict } from '@voltlog/authorization-domain';
import type { Running, RunningTransactions } from '../reactions/running.js';
import type { ContractRepository } from '../store/contract-repository.js';
import type { TokenRepository } from '../store/token-repository.js';
import type { Prepared } from './subjects.js';

/** Whose the transactions are that are asked about, by token key. */
export type Payers = ReadonlyMap<string, Subject>;

const NOBODY: Payers = new Map();

/**
 * Judges a token against the transaction that it would stop. A transaction that is not known lets anybody stop it, who may charge at all: a
 * driver is never locked in because we forgot something.
 */
export class Stops {
  constructor(
    private readonly running: RunningTransactions,
    private readonly tokens: TokenRepository,
    private readonly contracts: ContractRepository,
  ) {}

  /** Reads the tokens, and their contracts, of the transactions that somebody else's token would stop: few. */
  async payers(prepared: readonly Prepared[]): Promise<Payers> {
    let keys: Set<string> | undefined;
    for (const one of prepared) for (const { tokenKey } of this.othersOf(one)) (keys ??= new Set()).add(tokenKey);
    if (keys === undefined) return NOBODY;
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

  /** What the token is told after all. */
  judge(one: Prepared, verdict: Verdict, payers: Payers): Verdict {
    const { question, asked, subject, policy } = one;
    const others = this.othersOf(one);
    if (subject === undefined || others.length === 0) return verdict;
    const stopper = payerOf({ tokenKey: one.key }, subject);
    const isTheirs = (running: Running): boolean =>
      mayStop(stopper, payerOf(running, payers.get(running.tokenKey)), policy.masterPassGroup);
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
  private othersOf({ question: { purpose, stationId, stops }, key, subject }: Prepared): readonly Running[] {
    if (subject === undefined || purpose === 'Start') return [];
    const known = this.running.at(stationId);
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
