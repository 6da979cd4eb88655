import type { ContractEvent, TokenEvent } from '@voltlog/authorization-contract';
import { contractDecider, contractStreamId, tokenDecider, tokenStreamId } from '@voltlog/authorization-domain';
import type { LogRecord } from '@voltlog/event-log';
import type { Decider } from '@voltlog/kernel';
import type { Projection } from '@voltlog/service';
import { SESSION_TOPIC } from '@voltlog/session-contract';
import { type Commit, rebuildFromTopic, type Store } from '@voltlog/store';
import { begunBy, nextUse, SESSION_USE_TYPES, type SessionUseData, type SessionUseType } from '../reactions/session-uses.js';
import { type SessionUseDoc, sessionUseSchema } from '../store/documents.js';

/** What sessions used of budgets, made anew of the session topic; whether there was a budget as one began, the streams of tokens and contracts tell. */
export const sessionUsesProjection: Projection = {
  about: 'what sessions used of the budgets of tokens and contracts',
  from: 'records',
  async rebuild({ store, log }, onProgress) {
    const { records } = await rebuildFromTopic<SessionUseDoc>({
      store,
      log,
      topic: SESSION_TOPIC,
      types: SESSION_USE_TYPES,
      name: 'sessionUses',
      schema: sessionUseSchema,
      onProgress: (progress) => onProgress(progress.records),
      async project(batch, target) {
        const known = await target.getMany([...new Set(batch.map((record) => dataOf(record).sessionId))]);
        const streams = await streamsOf(store, batch);
        const changed = new Map<string, SessionUseDoc>();
        for (const record of batch) {
          const data = dataOf(record);
          const before = changed.get(data.sessionId) ?? known.get(data.sessionId);
          const after = nextUse(typeOf(record), data, before, budgetedAt(record, streams));
          if (after !== undefined) changed.set(after.id, after);
        }
        await target.upsert([...changed.values()].map((doc) => ({ doc })));
      },
    });
    return records;
  },
};

type Streams = ReadonlyMap<string, readonly Commit[]>;

const typeOf = ({ event }: LogRecord): SessionUseType => event.type as SessionUseType;
const dataOf = ({ event }: LogRecord): SessionUseData => event.data as SessionUseData;

/** The streams of the tokens that began sessions, and of every contract they were ever of. */
async function streamsOf(store: Store, batch: readonly LogRecord[]): Promise<Streams> {
  const keys = new Set(batch.flatMap((record) => begunBy(typeOf(record), dataOf(record))?.tokenKey ?? []));
  const tokens = await store.streams.load([...keys].map(tokenStreamId));
  const contractIds = new Set<string>();
  for (const commits of tokens.values())
    for (const { data } of commits.flatMap(({ events }) => events)) {
      const { contractId } = data as { readonly contractId?: string };
      if (contractId !== undefined) contractIds.add(contractId);
    }
  if (contractIds.size === 0) return tokens;
  return new Map([...tokens, ...(await store.streams.load([...contractIds].map(contractStreamId)))]);
}

/** The token of a session that began under a budget, with its contract, as they were when the event was written. */
function budgetedAt(record: LogRecord, streams: Streams): ReadonlyMap<string, string | undefined> {
  const key = begunBy(typeOf(record), dataOf(record))?.tokenKey;
  if (key === undefined) return new Map();
  const { time } = record.event;
  const token = stateAt<TokenEvent, ReturnType<typeof tokenDecider.evolve>>(tokenDecider, streams.get(tokenStreamId(key)), time);
  if (token.kind !== 'known') return new Map();
  const contract =
    token.contractId === undefined
      ? undefined
      : stateAt<ContractEvent, ReturnType<typeof contractDecider.evolve>>(
          contractDecider,
          streams.get(contractStreamId(token.contractId)),
          time,
        );
  const has = token.budget !== undefined || (contract?.kind === 'known' && contract.budget !== undefined);
  return has ? new Map([[key, token.contractId]]) : new Map();
}

/** What was written as an event of the stream is one. */
const stateAt = <Event extends TokenEvent | ContractEvent, State>(
  decider: Pick<Decider<never, State, Event, unknown>, 'initialState' | 'evolve'>,
  commits: readonly Commit[] = [],
  time: string,
): State =>
  commits
    .flatMap(({ events }) => events)
    .filter((event) => event.time <= time)
    .map(({ type, data }) => ({ type, data }) as Event)
    .reduce((state, event) => decider.evolve(state, event), decider.initialState);
