import { CONTRACT_TOPIC, POLICY_TOPIC, TOKEN_TOPIC } from '@voltlog/authorization-contract';
import type { ServiceContext } from '@voltlog/service';
import { type Commit, OutboxRelay } from '@voltlog/store';

const TOPICS: Readonly<Record<string, string>> = { token: TOKEN_TOPIC, contract: CONTRACT_TOPIC, policy: POLICY_TOPIC };

/** Brings the commits of every stream of the service to the topic of its kind, under the key that follows the kind's name. */
export const createOutbox = ({ store, log, logger }: ServiceContext): OutboxRelay =>
  new OutboxRelay({ streams: store.streams, log, logger, topic: (commit) => topicOf(commit), keyOf });

function topicOf({ streamId }: Commit): string {
  const topic = TOPICS[streamId.slice(0, streamId.indexOf(':'))];
  if (topic === undefined) throw new Error(`stream ${streamId} is of no kind that is published`);
  return topic;
}

const keyOf = ({ streamId }: Commit): string => streamId.slice(streamId.indexOf(':') + 1);
