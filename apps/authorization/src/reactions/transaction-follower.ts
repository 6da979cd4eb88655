import {
  type ContractState,
  groupOf,
  holdsPlace,
  type PermitTransaction,
  type ReleaseTransaction,
  type TokenState,
  tokenKey,
} from '@voltlog/authorization-domain';
import {
  STATION_TOPIC,
  type StationFacts,
  type TransactionEnded,
  type TransactionStarted,
  type TransactionUpdated,
} from '@voltlog/connection-contract';
import type { LogRecord, Subscription } from '@voltlog/event-log';
import type { ServiceContext } from '@voltlog/service';
import { BoundedCache } from '@voltlog/store';
import type { Authorizer } from '../commands/authorizer.js';
import type { ContractInput, ContractRepository } from '../store/contract-repository.js';
import type { Collections, TransactionDoc } from '../store/documents.js';
import type { TokenInput, TokenRepository } from '../store/token-repository.js';
import { awayDecisions, PRESENTED } from './away-decisions.js';
import { GROUP } from './names.js';
import type { RunningTransactions } from './running.js';

type Type = keyof StationFacts;
const STARTED = 'voltlog.connection.TransactionStarted.v1' satisfies Type;
const UPDATED = 'voltlog.connection.TransactionUpdated.v1' satisfies Type;
const ENDED = 'voltlog.connection.TransactionEnded.v1' satisfies Type;

/** The token of a transaction that began with the cable is told later (2.0.1 E03), also when the start was asked for from here (F01). */
const BEGINS: ReadonlySet<string> = new Set(['Authorized', 'RemoteStart']);
/** Transactions of tokens without a limit that are remembered, so that their ends need no note. */
const FREE_MAX = 50_000;
/** Open transactions of one station that are looked through when a 1.6 station stops one without its number. */
const OPEN_PER_STATION_MAX = 64;

interface Caused {
  readonly id: string;
  readonly eventId: string;
  readonly traceparent: string | undefined;
}

type Fact =
  | (Caused & { readonly kind: 'began'; readonly data: TransactionStarted | TransactionUpdated })
  | (Caused & { readonly kind: 'ended'; readonly data: TransactionEnded });

/** What is to be done with places of tokens and of contracts. */
interface Inputs {
  readonly tokens: TokenInput[];
  readonly contracts: ContractInput[];
}

export interface FollowerParts {
  readonly tokens: TokenRepository;
  readonly contracts: ContractRepository;
  readonly collections: Pick<Collections, 'transactions'>;
  readonly running: RunningTransactions;
  readonly authorizer: Pick<Authorizer, 'record'>;
}

/**
 * Follows the transactions of tokens and contracts that have a limit: a start that was let in without asking takes its place, an end gives it back.
 * What was decided without asking is put on record.
 *
 * Facts of one station are handled in the order of the log, which need not be the order of the charge: an end that comes before its
 * start is remembered, and the start takes no place then.
 */
export class TransactionFollower {
  private readonly tokens: TokenRepository;
  private readonly contracts: ContractRepository;
  private readonly collections: Pick<Collections, 'transactions'>;
  private readonly running: RunningTransactions;
  private readonly authorizer: Pick<Authorizer, 'record'>;
  private subscription: Subscription | undefined;
  private readonly free = new BoundedCache<true>(FREE_MAX);

  constructor(
    private readonly context: ServiceContext,
    { tokens, contracts, collections, running, authorizer }: FollowerParts,
  ) {
    this.tokens = tokens;
    this.contracts = contracts;
    this.collections = collections;
    this.running = running;
    this.authorizer = authorizer;
  }

  async start(): Promise<void> {
    this.subscription = await this.context.log.subscribe({
      group: GROUP,
      topics: [STATION_TOPIC],
      types: [PRESENTED, STARTED, UPDATED, ENDED],
      handle: (batch) => this.handle(batch),
      // What ends or begins at a station that moved is not heard here; of one that stays it is asked instead.
      onRevoked: () => this.running.clear(),
    });
  }

  async stop(): Promise<void> {
    await this.subscription?.stop();
  }

  async handle(batch: readonly LogRecord[]): Promise<void> {
    const away = awayDecisions(batch);
    if (away.length > 0) await this.authorizer.record(away);
    const facts = batch.flatMap(toFact);
    if (facts.length === 0) return;
    for (const { kind, data } of facts) {
      if (kind === 'began') this.running.began(data);
      else this.running.ended(data);
    }
    await this.loadSubjects(facts);
    const known = new Map(
      await this.collections.transactions.getMany([...new Set(facts.filter((fact) => this.matters(fact)).map(({ id }) => id))]),
    );
    const inputs: Inputs = { tokens: [], contracts: [] };
    const changed = new Map<string, TransactionDoc>();
    for (const fact of facts) {
      if (!this.matters(fact)) continue;
      const before = changed.get(fact.id) ?? known.get(fact.id);
      const after = fact.kind === 'began' ? this.began(fact, before, inputs) : await this.ended(fact, before, changed, inputs);
      if (after !== undefined) changed.set(after.id, after);
    }
    if (inputs.tokens.length > 0) await this.tokens.execute(inputs.tokens);
    if (inputs.contracts.length > 0) await this.contracts.execute(inputs.contracts);
    if (changed.size > 0) await this.collections.transactions.upsert([...changed.values()].map((doc) => ({ doc })));
  }

  /** False for what has to do with no limit: nearly all of the traffic ends here. */
  private matters(fact: Fact): boolean {
    if (fact.kind === 'ended') return this.free.get(fact.id) === undefined;
    const state = this.tokens.peek(keyOf(fact.data))?.state;
    if (state === undefined) return true;
    if (hasPlaces(state)) return true;
    if (state.kind === 'known' && state.contractId !== undefined) {
      const contract = this.contracts.peek(state.contractId)?.state;
      if (contract === undefined || hasPlaces(contract)) return true;
    }
    this.free.set(fact.id, true);
    return false;
  }

  private began(fact: Extract<Fact, { kind: 'began' }>, before: TransactionDoc | undefined, inputs: Inputs): TransactionDoc | undefined {
    const { data, id } = fact;
    const key = keyOf(data);
    const transactionKey = `${data.stationId}/${'transactionKey' in data ? data.transactionKey : data.transactionId}`;
    const now = this.context.clock.now();
    // Another key under the same number is another transaction.
    if (before !== undefined && (before.transactionKey ?? transactionKey) === transactionKey) {
      if (before.state === 'ended')
        this.push(inputs, { tokenKey: key, contractId: this.contractIdOf(key) }, released(transactionKey, now), fact);
      return undefined;
    }
    const place = { transactionKey, stationId: data.stationId, evseId: data.evseId, startedAt: data.occurredAt };
    const contractId = this.contractIdOf(key);
    this.push(inputs, { tokenKey: key, contractId }, { kind: 'PermitTransaction', ...place, running: true, now }, fact);
    return {
      id,
      stationId: data.stationId,
      state: 'open',
      transactionKey,
      tokenKey: key,
      ...(contractId === undefined ? {} : { contractId }),
    };
  }

  private async ended(
    fact: Extract<Fact, { kind: 'ended' }>,
    before: TransactionDoc | undefined,
    changed: ReadonlyMap<string, TransactionDoc>,
    inputs: Inputs,
  ): Promise<TransactionDoc | undefined> {
    const { data, id } = fact;
    const open = before ?? (isNoNumber(data) ? await this.openOf(data, changed) : undefined);
    if (open === undefined) {
      // A 1.6 station learns a transaction's number from the answer to its start, so its end cannot come first.
      return data.ocppVersion === 'ocpp1.6' ? undefined : { id, stationId: data.stationId, state: 'ended', endedAt: data.receivedAt };
    }
    if (open.tokenKey !== undefined && open.transactionKey !== undefined) {
      this.push(inputs, open, released(open.transactionKey, this.context.clock.now()), fact);
    }
    return open.state === 'ended' ? undefined : { ...open, state: 'ended', endedAt: data.receivedAt };
  }

  /**
   * Some 1.6 stations stop with -1 or 0 when the answer to their start was lost. The transaction is known then only by its token: it is
   * the one that this token, or one of its group, has open there, if there is just one.
   */
  private async openOf(data: TransactionEnded, changed: ReadonlyMap<string, TransactionDoc>): Promise<TransactionDoc | undefined> {
    if (data.idToken === undefined) return undefined;
    const stopper = tokenKey(data.idToken.idToken);
    const page = await this.collections.transactions.find({
      where: { stationId: data.stationId, state: 'open' },
      limit: OPEN_PER_STATION_MAX,
    });
    const docs = new Map(page.docs.map((doc) => [doc.id, doc]));
    for (const doc of changed.values()) if (doc.stationId === data.stationId) docs.set(doc.id, doc);
    const open = [...docs.values()].filter((doc) => doc.state === 'open' && doc.tokenKey !== undefined);
    const entries = await this.tokens.load([...new Set([stopper, ...open.map((doc) => doc.tokenKey ?? '')])]);
    const contracts = await this.contracts.load([...new Set([...entries.values()].flatMap(({ state }) => contractIdIn(state) ?? []))]);
    const groupOfKey = (key: string | undefined): string | undefined => {
      const state = entries.get(key ?? '')?.state;
      return state?.kind === 'known' ? groupOf(state, contracts.get(state.contractId ?? '')?.state) : undefined;
    };
    const group = groupOfKey(stopper);
    const matching = open.filter((doc) => doc.tokenKey === stopper || (group !== undefined && groupOfKey(doc.tokenKey) === group));
    return matching.length === 1 ? matching[0] : undefined;
  }

  private contractIdOf(key: string): string | undefined {
    return contractIdIn(this.tokens.peek(key)?.state);
  }

  /** The same for the places of the token and of its contract, as far as there is something to do. */
  private push(
    { tokens, contracts }: Inputs,
    of: { readonly tokenKey?: string | undefined; readonly contractId?: string | undefined },
    command: PermitTransaction | ReleaseTransaction,
    { eventId, traceparent }: Caused,
  ): void {
    const cause = { causationId: eventId, traceparent };
    if (of.tokenKey !== undefined && isToDo(command, this.tokens.peek(of.tokenKey)?.state))
      tokens.push({ key: of.tokenKey, command, ...cause });
    if (of.contractId !== undefined && isToDo(command, this.contracts.peek(of.contractId)?.state))
      contracts.push({ key: of.contractId, command, ...cause });
  }

  private async loadSubjects(facts: readonly Fact[]): Promise<void> {
    const missing = new Set<string>();
    for (const fact of facts) {
      if (fact.kind !== 'began') continue;
      const key = keyOf(fact.data);
      if (this.tokens.peek(key) === undefined) missing.add(key);
    }
    if (missing.size > 0) await this.tokens.load([...missing]);
    const contracts = new Set<string>();
    for (const fact of facts) {
      const contractId = fact.kind === 'began' ? this.contractIdOf(keyOf(fact.data)) : undefined;
      if (contractId !== undefined && this.contracts.peek(contractId) === undefined) contracts.add(contractId);
    }
    if (contracts.size > 0) await this.contracts.load([...contracts]);
  }
}

/** Only what was accepted is counted: a start that was refused is not a session that the limit allows. */
function toFact(record: LogRecord): readonly Fact[] {
  const { event } = record;
  const { id: eventId, traceparent } = event;
  if (event.type === ENDED) {
    const data = event.data as TransactionEnded;
    return [{ kind: 'ended', id: `${data.stationId}/${data.transactionId}`, eventId, traceparent, data }];
  }
  if (event.type !== STARTED && event.type !== UPDATED) return [];
  const data = event.data as TransactionStarted | TransactionUpdated;
  if (data.idToken === undefined || data.authorization?.status !== 'Accepted') return [];
  if (event.type === UPDATED && !BEGINS.has(data.triggerReason ?? '')) return [];
  return [{ kind: 'began', id: `${data.stationId}/${data.transactionId}`, eventId, traceparent, data }];
}

const keyOf = (data: TransactionStarted | TransactionUpdated): string => tokenKey(data.idToken?.idToken ?? '');

const contractIdIn = (state: TokenState | undefined): string | undefined => (state?.kind === 'known' ? state.contractId : undefined);

const hasPlaces = (state: TokenState | ContractState): boolean =>
  state.kind === 'known' && (state.concurrentTransactionsMax > 0 || state.places.length > 0);

/** A place that is held, or for which there is no limit, is not taken; what memory does not show is decided by the stream. */
const isToDo = (command: PermitTransaction | ReleaseTransaction, state: TokenState | ContractState | undefined): boolean =>
  command.kind === 'ReleaseTransaction' ||
  state === undefined ||
  (state.kind === 'known' && state.concurrentTransactionsMax > 0 && !holdsPlace(state, command.transactionKey));

const isNoNumber = (data: TransactionEnded): boolean => data.ocppVersion === 'ocpp1.6' && !(Number(data.transactionId) > 0);

const released = (transactionKey: string, now: number): ReleaseTransaction => ({
  kind: 'ReleaseTransaction',
  transactionKey,
  cause: 'Ended',
  now,
});
