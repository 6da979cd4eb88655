import { type AuthorizationDecided, DECISION_TOPIC } from '@voltlog/authorization-contract';
import { tokenKey } from '@voltlog/authorization-domain';
import type { LogRecord, Subscription } from '@voltlog/event-log';
import type { ServiceContext } from '@voltlog/service';
import type { Collections, DecisionDoc } from '../store/documents.js';

const GROUP = 'authorization-decisions';

/** The decision log as a list: disposable, made of the topic alone. */
export class DecisionProjection {
  private subscription: Subscription | undefined;

  constructor(
    private readonly context: ServiceContext,
    private readonly collections: Collections,
  ) {}

  async start(): Promise<void> {
    this.subscription = await this.context.log.subscribe({
      group: GROUP,
      topics: [DECISION_TOPIC],
      types: ['voltlog.authorization.AuthorizationDecided.v1'],
      handle: (batch) => this.handle(batch),
    });
  }

  async stop(): Promise<void> {
    await this.subscription?.stop();
  }

  async handle(batch: readonly LogRecord[]): Promise<void> {
    await this.collections.decisions.upsert(batch.map(({ event }) => ({ doc: toDecisionDoc(event.data as AuthorizationDecided) })));
  }
}

export function toDecisionDoc(decided: AuthorizationDecided): DecisionDoc {
  const { decisionId, ...rest } = decided;
  return { id: decisionId, tokenKey: tokenKey(decided.idToken), ...rest };
}

export function toDecision(doc: DecisionDoc): AuthorizationDecided {
  const { id, tokenKey: _, ...rest } = doc;
  return { decisionId: id, ...rest };
}
