import { type KnownToken, tokenKey } from '@voltlog/authorization-domain';
import type { LogRecord, Subscription } from '@voltlog/event-log';
import type { ServiceContext } from '@voltlog/service';
import {
  SESSION_TOPIC,
  type SessionAuthorization,
  type SessionEnded,
  type SessionEvents,
  type SessionEventType,
  type SessionIdTokenPresented,
  type SessionMilestoneReached,
  type SessionStarted,
} from '@voltlog/session-contract';
import type { ContractRepository } from '../store/contract-repository.js';
import type { Collections, SessionUseDoc } from '../store/documents.js';
import type { TokenRepository } from '../store/token-repository.js';
import type { Usage } from '../store/usage.js';

const GROUP = 'authorization-session-uses';
const SESSION_PARTITIONS = 12;
/** The events of a session that its use is made of. */
export const SESSION_USE_TYPES = [
  'voltlog.session.SessionStarted.v1',
  'voltlog.session.SessionIdTokenPresented.v1',
  'voltlog.session.SessionMilestoneReached.v1',
  'voltlog.session.SessionEnded.v1',
  'voltlog.session.SessionEndRetracted.v1',
  'voltlog.session.SessionCorrected.v1',
  'voltlog.session.SessionReopened.v1',
] as const satisfies readonly SessionEventType[];
export type SessionUseType = (typeof SESSION_USE_TYPES)[number];
export type SessionUseData = SessionEvents[SessionUseType];

/** Whose a session is, and since when. */
type Begun = Pick<SessionUseDoc, 'tokenKey' | 'startedAt' | 'held' | 'transactionKey'>;

/**
 * Counts what sessions use of the budgets of tokens and contracts. A session counts for the day and month in which it began, once,
 * however often its events come; it is counted when there was a budget as it began.
 */
export class SessionUses {
  private subscription: Subscription | undefined;

  constructor(
    private readonly context: ServiceContext,
    private readonly parts: {
      readonly tokens: TokenRepository;
      readonly contracts: ContractRepository;
      readonly usage: Usage;
      readonly collections: Pick<Collections, 'sessionUses'>;
    },
  ) {}

  async start(): Promise<void> {
    await this.context.log.ensureTopics([{ name: SESSION_TOPIC, partitions: SESSION_PARTITIONS }]);
    this.subscription = await this.context.log.subscribe({
      group: GROUP,
      topics: [SESSION_TOPIC],
      types: SESSION_USE_TYPES,
      handle: (batch) => this.handle(batch),
    });
  }

  async stop(): Promise<void> {
    await this.subscription?.stop();
  }

  async handle(batch: readonly LogRecord[]): Promise<void> {
    const budgeted = await this.budgeted(batch);
    const ids = new Set(batch.map(({ event }) => (event.data as SessionUseData).sessionId));
    // Without a budget anywhere among them, and none before, there is nothing to count: nearly all of the traffic ends here.
    const known = await this.parts.collections.sessionUses.getMany([...ids]);
    if (budgeted.size === 0 && known.size === 0) return;
    const changed = new Map<string, SessionUseDoc>();
    for (const { event } of batch) {
      const data = event.data as SessionUseData;
      const before = changed.get(data.sessionId) ?? known.get(data.sessionId);
      const after = nextUse(event.type as SessionUseType, data, before, budgeted);
      if (after !== undefined) changed.set(after.id, after);
    }
    if (changed.size === 0) return;
    const docs = [...changed.values()];
    await this.parts.collections.sessionUses.upsert(docs.map((doc) => ({ doc })));
    this.parts.usage.stored(docs);
  }

  /** Keys of the tokens in the batch that have a budget, or whose contract has one, with the contract. */
  private async budgeted(batch: readonly LogRecord[]): Promise<ReadonlyMap<string, string | undefined>> {
    const keys = new Set<string>();
    for (const { event } of batch) {
      const begun = begunBy(event.type as SessionUseType, event.data as SessionUseData);
      if (begun !== undefined) keys.add(begun.tokenKey);
    }
    const tokens = await this.known(keys);
    const contractIds = [...new Set([...tokens.values()].flatMap(({ contractId }) => contractId ?? []))];
    const missing = contractIds.filter((id) => this.parts.contracts.peek(id) === undefined);
    const loaded = missing.length === 0 ? undefined : await this.parts.contracts.load(missing);
    const found = new Map<string, string | undefined>();
    for (const [key, { budget, contractId }] of tokens) {
      const contract = contractId === undefined ? undefined : (this.parts.contracts.peek(contractId) ?? loaded?.get(contractId))?.state;
      if (budget !== undefined || (contract?.kind === 'known' && contract.budget !== undefined)) found.set(key, contractId);
    }
    return found;
  }

  private async known(keys: ReadonlySet<string>): Promise<ReadonlyMap<string, KnownToken>> {
    const missing = [...keys].filter((key) => this.parts.tokens.peek(key) === undefined);
    const loaded = missing.length === 0 ? undefined : await this.parts.tokens.load(missing);
    const tokens = new Map<string, KnownToken>();
    for (const key of keys) {
      const state = (this.parts.tokens.peek(key) ?? loaded?.get(key))?.state;
      if (state?.kind === 'known') tokens.set(key, state);
    }
    return tokens;
  }
}

/**
 * The session's use after an event; undefined: it changes nothing.
 *
 * @param budgeted tokens that have a budget, or whose contract has one, with the contract
 */
export function nextUse(
  type: SessionUseType,
  data: SessionUseData,
  before: SessionUseDoc | undefined,
  budgeted: ReadonlyMap<string, string | undefined>,
): SessionUseDoc | undefined {
  const begun = begunBy(type, data);
  let use = before;
  if (use === undefined) {
    if (begun === undefined || !budgeted.has(begun.tokenKey)) return undefined;
    const contractId = budgeted.get(begun.tokenKey);
    const { sessionId: id, stationId } = data;
    use = { id, stationId, ...begun, ...(contractId === undefined ? {} : { contractId }), energyWh: 0, open: true };
  }
  if (type === 'voltlog.session.SessionMilestoneReached.v1') {
    const { energyWh, cost } = data as SessionMilestoneReached;
    return { ...use, energyWh: Math.max(use.energyWh, energyWh), ...(cost === undefined ? {} : { cost }) };
  }
  if (!('outcome' in data)) return use === before ? undefined : use;
  const { energyWh, state, startedAt } = data.outcome;
  return { ...use, energyWh, open: state === 'Active', ...(startedAt === undefined ? {} : { startedAt }) };
}

/** Who began a session, as far as this event tells. */
export function begunBy(type: SessionUseType, data: SessionUseData): Begun | undefined {
  switch (type) {
    case 'voltlog.session.SessionStarted.v1': {
      const { idToken, authorization, startedAt, stationId, transactionKey } = data as SessionStarted;
      if (idToken === undefined || authorization?.status !== 'Accepted') return undefined;
      return { tokenKey: tokenKey(idToken.idToken), startedAt, transactionKey: `${stationId}/${transactionKey}`, ...heldBy(authorization) };
    }
    case 'voltlog.session.SessionIdTokenPresented.v1': {
      const { purpose, idToken, authorization, at, stationId, transactionId } = data as SessionIdTokenPresented;
      if (purpose !== 'Start' || authorization?.status !== 'Accepted') return undefined;
      // Only 2.x tells a token after the start; there the transaction's id is its key.
      return {
        tokenKey: tokenKey(idToken.idToken),
        startedAt: at,
        transactionKey: `${stationId}/${transactionId}`,
        ...heldBy(authorization),
      };
    }
    case 'voltlog.session.SessionEnded.v1': {
      const { idToken, startedAt, authorizationStatus } = (data as SessionEnded).outcome;
      return idToken === undefined || startedAt === undefined || authorizationStatus !== 'Accepted'
        ? undefined
        : { tokenKey: tokenKey(idToken.idToken), startedAt };
    }
    default:
      return undefined;
  }
}

const heldBy = ({ limit }: SessionAuthorization): Pick<Begun, 'held'> => (limit === undefined ? {} : { held: limit });
