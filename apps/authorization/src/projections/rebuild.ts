import { type AuthorizationDecided, DECISION_TOPIC, type TokenEvent } from '@voltlog/authorization-contract';
import { tokenDecider, tokenKeyOfStream } from '@voltlog/authorization-domain';
import { fold } from '@voltlog/kernel';
import type { Projection } from '@voltlog/service';
import { bringUp, type Commit, rebuildCollection, rebuildFromTopic } from '@voltlog/store';
import { holdsProjection } from '../holds/hold-projection.js';
import { type DecisionDoc, decisionSchema, type TokenDoc, tokenSchema, toTokenDoc } from '../store/documents.js';
import { DECISION_TYPES, toDecisionDoc } from './decision-projection.js';

/** The read models of the service: tokens of their streams, decisions of their topic. */
export const authorizationProjections: Readonly<Record<string, Projection>> = {
  tokens: {
    about: 'tokens, their status, limits and the transactions that hold a place',
    from: 'commits',
    async rebuild({ store }, onProgress) {
      const { commits } = await rebuildCollection<TokenDoc>({
        store,
        name: 'tokens',
        schema: tokenSchema,
        onProgress: (progress) => onProgress(progress.commits),
        async project(batch, target) {
          const streams = await store.streams.load([...new Set(batch.map(({ streamId }) => streamId))]);
          await bringUp(target, [...streams].flatMap(tokenDocOf));
        },
      });
      return commits;
    },
  },
  holds: holdsProjection,
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

function tokenDocOf([streamId, commits]: readonly [string, readonly Commit[]]): readonly TokenDoc[] {
  // What was written as an event of the stream is one.
  const events = commits.flatMap((commit) => commit.events.map(({ type, data }) => ({ type, data }) as TokenEvent));
  const state = fold(tokenDecider, events);
  return state.kind === 'known' ? [toTokenDoc(tokenKeyOfStream(streamId), commits.at(-1)?.version ?? 0, state)] : [];
}
