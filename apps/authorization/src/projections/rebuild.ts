import {
  type AuthorizationDecided,
  type ContractEvent,
  DECISION_TOPIC,
  type PolicyEvent,
  type TokenEvent,
} from '@voltlog/authorization-contract';
import {
  contractDecider,
  contractIdOfStream,
  policyKeyOfStream,
  sitePolicyDecider,
  tokenDecider,
  tokenKeyOfStream,
} from '@voltlog/authorization-domain';
import { STATION_TOPIC } from '@voltlog/connection-contract';
import { DEVICE_TOPIC } from '@voltlog/device-contract';
import { type Decider, fold } from '@voltlog/kernel';
import type { Projection, ReplayContext } from '@voltlog/service';
import { bringUp, type Commit, rebuildCollection, rebuildFromTopic } from '@voltlog/store';
import type { Schema } from 'mongoose';
import { holdsProjection } from '../holds/hold-projection.js';
import { BOUND_TYPES, toBounds } from '../lists/list-bounds.js';
import {
  type ContractDoc,
  contractSchema,
  type DecisionDoc,
  decisionSchema,
  type ListBoundDoc,
  listBoundSchema,
  type PolicyDoc,
  policySchema,
  type StationDoc,
  stationSchema,
  type TokenDoc,
  toContractDoc,
  tokenSchema,
  toTokenDoc,
} from '../store/documents.js';
import { STATION_TYPES, toStations } from '../store/sites.js';
import { DECISION_TYPES, toDecisionDoc } from './decision-projection.js';
import { localListsProjection } from './local-lists-projection.js';
import { sessionUsesProjection } from './session-uses-projection.js';

/** The read models of the service: tokens of their streams, decisions of their topic. */
export const authorizationProjections: Readonly<Record<string, Projection>> = {
  tokens: {
    about: 'tokens, their status, limits and the transactions that hold a place',
    from: 'commits',
    rebuild: (context, onProgress) =>
      ofStreams<TokenDoc>(context, onProgress, { name: 'tokens', schema: tokenSchema, prefix: 'token:', docsOf: tokenDocOf }),
  },
  contracts: {
    about: "drivers' contracts, their rules and the transactions that hold a place",
    from: 'commits',
    rebuild: (context, onProgress) =>
      ofStreams<ContractDoc>(context, onProgress, {
        name: 'contracts',
        schema: contractSchema,
        prefix: 'contract:',
        docsOf: contractDocOf,
      }),
  },
  policies: {
    about: 'what holds at sites',
    from: 'commits',
    rebuild: (context, onProgress) =>
      ofStreams<PolicyDoc>(context, onProgress, { name: 'policies', schema: policySchema, prefix: 'policy:', docsOf: policyDocOf }),
  },
  'station-sites': {
    about: 'at which sites stations stand',
    from: 'records',
    async rebuild({ store, log }, onProgress) {
      const { records } = await rebuildFromTopic<StationDoc>({
        store,
        log,
        topic: DEVICE_TOPIC,
        types: STATION_TYPES,
        name: 'stations',
        schema: stationSchema,
        onProgress: (progress) => onProgress(progress.records),
        project: (batch, target) => target.upsert(toStations(batch)).then(() => undefined),
      });
      return records;
    },
  },
  'session-uses': sessionUsesProjection,
  holds: holdsProjection,
  'local-lists': localListsProjection,
  'list-bounds': {
    about: 'how many entries the local lists of stations may have, as they reported',
    from: 'records',
    async rebuild({ store, log }, onProgress) {
      const { records } = await rebuildFromTopic<ListBoundDoc>({
        store,
        log,
        topic: STATION_TOPIC,
        types: BOUND_TYPES,
        name: 'listBounds',
        schema: listBoundSchema,
        onProgress: (progress) => onProgress(progress.records),
        project: (batch, target) => target.upsert(toBounds(batch)).then(() => undefined),
      });
      return records;
    },
  },
  decisions: {
    about: 'what was decided about tokens, and why',
    from: 'records',
    async rebuild({ store, log }, onProgress) {
      const { records } = await rebuildFromTopic<DecisionDoc>({
        store,
        log,
        topic: DECISION_TOPIC,
        types: DECISION_TYPES,
        name: 'decisions',
        schema: decisionSchema,
        onProgress: (progress) => onProgress(progress.records),
        async project(batch, target) {
          await target.upsert(batch.map(({ event }) => ({ doc: toDecisionDoc(event.data as AuthorizationDecided), expectedVersion: 0 })));
        },
      });
      return records;
    },
  },
};

type Stream = readonly [streamId: string, commits: readonly Commit[]];

interface FromStreams<Doc> {
  readonly name: string;
  readonly schema: Schema;
  /** How the ids of its streams begin: a store holds streams of several kinds. */
  readonly prefix: string;
  docsOf(stream: Stream): readonly Doc[];
}

async function ofStreams<Doc extends { readonly id: string; readonly version: number }>(
  { store }: ReplayContext,
  onProgress: (done: number) => void,
  { name, schema, prefix, docsOf }: FromStreams<Doc>,
): Promise<number> {
  const { commits } = await rebuildCollection<Doc>({
    store,
    name,
    schema,
    onProgress: (progress) => onProgress(progress.commits),
    async project(batch, target) {
      const ids = batch.map(({ streamId }) => streamId).filter((id) => id.startsWith(prefix));
      await bringUp(target, [...(await store.streams.load([...new Set(ids)]))].flatMap(docsOf));
    },
  });
  return commits;
}

function tokenDocOf([streamId, commits]: Stream): readonly TokenDoc[] {
  const state = folded(tokenDecider, commits);
  return state.kind === 'known' ? [toTokenDoc(tokenKeyOfStream(streamId), versionOf(commits), state)] : [];
}

function contractDocOf([streamId, commits]: Stream): readonly ContractDoc[] {
  const state = folded(contractDecider, commits);
  return state.kind === 'known' ? [toContractDoc(contractIdOfStream(streamId), versionOf(commits), state)] : [];
}

function policyDocOf([streamId, commits]: Stream): readonly PolicyDoc[] {
  const { policy } = folded(sitePolicyDecider, commits);
  return policy === undefined ? [] : [{ id: policyKeyOfStream(streamId), version: versionOf(commits), ...policy }];
}

const versionOf = (commits: readonly Commit[]): number => commits.at(-1)?.version ?? 0;

/** What was written as an event of the stream is one. */
const folded = <State, Event extends TokenEvent | ContractEvent | PolicyEvent>(
  decider: Decider<never, State, Event, unknown>,
  commits: readonly Commit[],
): State =>
  fold(
    decider,
    commits.flatMap((commit) => commit.events.map(({ type, data }) => ({ type, data }) as Event)),
  );
