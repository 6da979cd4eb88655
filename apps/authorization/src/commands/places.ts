import type { TransactionPermitted } from '@voltlog/authorization-contract';
import { authorize, type ContractState, noPlace, type PermitTransaction, type Place, type TokenState } from '@voltlog/authorization-domain';
import { STATION_TOPIC } from '@voltlog/connection-contract';
import type { ServiceContext } from '@voltlog/service';
import type { Count } from '@voltlog/telemetry';
import { GROUP, NEVER_STARTED, type NeverStarted } from '../reactions/names.js';
import type { ContractRepository } from '../store/contract-repository.js';
import type { Collections } from '../store/documents.js';
import type { TokenRepository } from '../store/token-repository.js';
import type { OpenQuestion } from './authorizer.js';

export interface PlacesOptions {
  /** Milliseconds a refusal waits for the stops that were acknowledged before it. */
  readonly verifyMs: number;
  /** Milliseconds after which a permitted transaction that never started gives its place back. */
  readonly unstartedMs: number;
}

export interface PlacesParts {
  readonly tokens: TokenRepository;
  readonly contracts: ContractRepository;
  readonly collections: Collections;
}

/** A place that is held, and by whom it is given. */
interface Held {
  readonly of: 'token' | 'contract';
  readonly key: string;
  readonly place: Place;
}

/** How taking a place of a token, or of a contract, went. */
type Taken<State> = { readonly state: State; readonly full: boolean; readonly isNew: boolean; readonly overLimit: boolean };

/**
 * The concurrent places of tokens and of contracts.
 *
 * A place is taken by a commit, so two starts at once cannot both take the last one. Before a start is refused, all that the stations of
 * the places said before now is waited for, so a session that was stopped never stands in the way of the next. A start that needs a
 * place of both takes the token's first; when the contract has none, it is given back.
 */
export class Places {
  private readonly verified: Count;
  private readonly unverified: Count;

  constructor(
    private readonly context: ServiceContext,
    private readonly parts: PlacesParts,
    private readonly options: PlacesOptions,
  ) {
    const help = 'Tokens found full and looked at again';
    this.verified = context.metrics.counter('voltlog_authorization_verifications_total', help, { caught_up: 'true' });
    this.unverified = context.metrics.counter('voltlog_authorization_verifications_total', help, { caught_up: 'false' });
  }

  /** Replaces the verdicts that need a place, or a second look, by final ones. */
  async settle(open: readonly OpenQuestion[]): Promise<void> {
    const full = await this.take(open, false);
    if (full.length === 0) return;
    const caughtUp = await this.verify(full);
    // After the second look the token may be another one than the first verdict was about.
    for (const one of full) one.verdict = authorize(one.asked, one.subject, one.policy);
    for (const one of await this.take(full, true)) one.verdict = noPlace(one.verdict, caughtUp);
  }

  /** Tells that a permitted transaction is to be looked at again; see {@link NeverStarted}. */
  async watch(permits: readonly NeverStarted[]): Promise<void> {
    if (permits.length === 0) return;
    const dueAt = new Date(this.context.clock.now() + this.options.unstartedMs).toISOString();
    await this.context.store.timers.schedule(
      permits.map((payload) => ({ id: `${NEVER_STARTED}:${payload.transactionKey}`, kind: NEVER_STARTED, dueAt, payload })),
    );
  }

  /**
   * Settles what can be settled.
   *
   * @param last this was the second look; an offline start is counted over the limit then
   * @returns those that are full
   */
  private async take(open: readonly OpenQuestion[], last: boolean): Promise<readonly OpenQuestion[]> {
    const full = open.filter((one) => one.verdict.needs === 'verify');
    const starts = open.filter((one) => one.verdict.needs === 'place');
    if (starts.length === 0) return full;
    // The timer goes first: a place that nobody would ever look at again must not exist, not even after a crash right here.
    await this.watch(starts.map(permitOf));
    const ofToken = await this.takeOf(
      this.parts.tokens,
      starts.filter(({ subject }) => isLimited(subject.token)),
      (one) => one.key,
      last,
    );
    const ofContract = await this.takeOf(
      this.parts.contracts,
      starts.filter((one) => isLimited(one.subject.contract) && ofToken.get(one)?.full !== true),
      (one) => contractIdOf(one) ?? '',
      last,
    );
    const giveBack: Held[] = [];
    for (const one of starts) {
      const token = ofToken.get(one);
      const contract = ofContract.get(one);
      if (token?.full === true || contract?.full === true) full.push(one);
      else this.permitted(one, token, contract);
      if (contract?.full === true && token?.isNew === true) giveBack.push({ of: 'token', key: one.key, place: placeOf(one) });
    }
    if (giveBack.length > 0) await this.release(giveBack, 'NeverStarted');
    return full;
  }

  private async takeOf<State>(
    repository: Repository<State>,
    starts: readonly OpenQuestion[],
    keyOf: (one: OpenQuestion) => string,
    last: boolean,
  ): Promise<ReadonlyMap<OpenQuestion, Taken<State>>> {
    const taken = new Map<OpenQuestion, Taken<State>>();
    if (starts.length === 0) return taken;
    const outcomes = await repository.execute(
      starts.map((one) => ({
        key: keyOf(one),
        command: { kind: 'PermitTransaction' as const, ...placeOf(one), running: last && one.question.offline, now: one.asked.now },
        causationId: this.context.ids.next(),
        traceparent: one.question.traceparent,
      })),
    );
    for (const [index, result] of outcomes.entries()) {
      const one = starts[index] as OpenQuestion;
      const { state } = result.entry;
      if (result.outcome === 'refused')
        taken.set(one, { state, full: result.refusal === 'ConcurrentLimit', isNew: false, overLimit: false });
      else {
        const permit = result.events.map(({ data }) => data).find((data): data is Permit => isPermitOf(data, one.question.transactionKey));
        taken.set(one, { state, full: false, isNew: permit !== undefined, overLimit: permit?.overLimit === true });
      }
    }
    return taken;
  }

  private permitted(one: OpenQuestion, token: Taken<TokenState> | undefined, contract: Taken<ContractState> | undefined): void {
    const { subject } = one;
    const after = {
      ...subject,
      token: token?.state ?? subject.token,
      ...(subject.contract === undefined ? {} : { contract: contract?.state ?? subject.contract }),
    };
    const { needs: _, ...verdict } = authorize(one.asked, after, one.policy);
    const isOver = (token?.overLimit === true || contract?.overLimit === true) && verdict.status === 'Accepted';
    one.verdict = isOver ? { ...verdict, reason: 'ConcurrentLimitExceededOffline' } : verdict;
  }

  /**
   * Waits for what the stations of the places had said before now, gives back the places that turn out to be free, and reads the
   * subjects anew.
   *
   * @returns whether all of it had been seen
   */
  private async verify(full: readonly OpenQuestion[]): Promise<boolean> {
    await this.refresh(full);
    const held = heldBy(full);
    const stations = new Set(held.map(({ place }) => place.stationId));
    const answers = await Promise.all(
      [...stations].map((stationId) =>
        this.context.log.caughtUp({ group: GROUP, topic: STATION_TOPIC, key: stationId, deadlineMs: this.options.verifyMs }),
      ),
    );
    const caughtUp = answers.every(Boolean);
    (caughtUp ? this.verified : this.unverified).value += 1;
    const ended = await this.parts.collections.transactions.getMany(held.map(({ place }) => place.transactionKey));
    const over = held.filter(({ place }) => ended.get(place.transactionKey)?.state === 'ended');
    if (over.length > 0) await this.release(over, 'Ended');
    await this.refresh(full);
    return caughtUp;
  }

  /** Reads tokens and their contracts afresh. */
  private async refresh(full: readonly OpenQuestion[]): Promise<void> {
    const tokens = await this.parts.tokens.load([...new Set(full.map(({ key }) => key))]);
    const stateOf = (one: OpenQuestion): TokenState => tokens.get(one.key)?.state ?? one.subject.token;
    const contractIds = new Set(full.flatMap((one) => contractIdOf({ subject: { token: stateOf(one) } }) ?? []));
    const contracts = contractIds.size === 0 ? undefined : await this.parts.contracts.load([...contractIds]);
    for (const one of full) {
      const token = stateOf(one);
      const contract = contracts?.get(contractIdOf({ subject: { token } }) ?? '')?.state;
      const { contract: _, ...subject } = one.subject;
      one.subject = { ...subject, token, ...(contract === undefined ? {} : { contract }) };
    }
  }

  private async release(over: readonly Held[], cause: 'Ended' | 'NeverStarted'): Promise<void> {
    const now = this.context.clock.now();
    const inputs = (of: Held['of']) =>
      over
        .filter((held) => held.of === of)
        .map(({ key, place }) => ({
          key,
          command: { kind: 'ReleaseTransaction' as const, transactionKey: place.transactionKey, cause, now },
          causationId: this.context.ids.next(),
        }));
    await this.parts.tokens.execute(inputs('token'));
    await this.parts.contracts.execute(inputs('contract'));
  }
}

/** Tokens, or contracts, as far as places go. */
interface Repository<State> {
  execute(
    inputs: readonly {
      readonly key: string;
      readonly command: PermitTransaction;
      readonly causationId: string;
      readonly traceparent?: string | undefined;
    }[],
  ): Promise<
    readonly (
      | {
          readonly outcome: 'committed' | 'unchanged' | 'duplicate';
          readonly entry: { readonly state: State };
          readonly events: readonly { readonly data: object }[];
        }
      | { readonly outcome: 'refused'; readonly refusal: string; readonly entry: { readonly state: State } }
    )[]
  >;
}

type Permit = Pick<TransactionPermitted, 'transactionKey' | 'overLimit'>;

const isPermitOf = (data: object, transactionKey: string): data is Permit =>
  'overLimit' in data && 'transactionKey' in data && data.transactionKey === transactionKey;

const isLimited = (state: TokenState | ContractState | undefined): boolean =>
  state?.kind === 'known' && state.concurrentTransactionsMax > 0;

const contractIdOf = ({ subject: { token } }: { readonly subject: { readonly token: TokenState } }): string | undefined =>
  token.kind === 'known' ? token.contractId : undefined;

const placeOf = ({ question, asked }: OpenQuestion): Place => ({
  transactionKey: question.transactionKey,
  stationId: question.stationId,
  evseId: question.evseId,
  startedAt: question.occurredAt ?? new Date(asked.now).toISOString(),
});

function permitOf(one: OpenQuestion): NeverStarted {
  const contractId = isLimited(one.subject.contract) ? contractIdOf(one) : undefined;
  const { transactionKey, stationId } = one.question;
  return { transactionKey, stationId, tokenKey: one.key, ...(contractId === undefined ? {} : { contractId }) };
}

/** The places of the tokens and contracts, each once. */
function heldBy(full: readonly OpenQuestion[]): readonly Held[] {
  const held = new Map<string, Held>();
  for (const { key, subject } of full) {
    const { token, contract } = subject;
    if (token.kind === 'known')
      for (const place of token.places) held.set(`token ${key} ${place.transactionKey}`, { of: 'token', key, place });
    if (contract?.kind === 'known')
      for (const place of contract.places)
        held.set(`contract ${contract.contractId} ${place.transactionKey}`, { of: 'contract', key: contract.contractId, place });
  }
  return [...held.values()];
}
