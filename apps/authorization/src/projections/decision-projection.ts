import { type AuthorizationDecided, DECISION_TOPIC } from '@voltlog/authorization-contract';
import { tokenKey } from '@voltlog/authorization-domain';
import type { LogRecord, Subscription } from '@voltlog/event-log';
import type { ServiceContext } from '@voltlog/service';
import type { Collections, DecisionDoc } from '../store/documents.js';

const GROUP = 'authorization-decisions';
/** What the topic holds. */
export const DECISION_TYPES = ['voltlog.authorization.AuthorizationDecided.v1'] as const;
/** Decisions of one write. */
const BATCH_MAX = 4_096;
/** A batch of so many is followed by the next at once. */
const BATCH_FULL = 2_048;
/** Decisions of one transaction of a batch that is not full: some milliseconds in which nobody is answered, and few enough that the embedded store rests behind them. */
const SLICE = 60;
/** Smaller ones are written at least this far apart: a list may be a quarter of a second behind, and a write costs a flush of the disk. */
const EVERY_MS = 250;
/**
 * ... and from so many decisions on, this far: each touches a page of its own in the indexes of stations and of tokens, and the later ones
 * of the same stations and tokens share it.
 */
const BUSY_FROM = 64;
const BUSY_EVERY_MS = 2_000;
/** How long `caughtUp` waits at most: longer than another instance rests twice, after the batch in hand and after the one behind it. */
const CAUGHT_UP_MS = 6_000;

/** The decision log as a list: disposable, made of the topic alone. */
export class DecisionProjection {
  private subscription: Subscription | undefined;
  private stopping = false;
  /** Who waits for the list: nothing rests meanwhile. */
  private waiting = 0;
  private wake: (() => void) | undefined;

  constructor(
    private readonly context: ServiceContext,
    private readonly collections: Collections,
  ) {}

  async start(): Promise<void> {
    this.subscription = await this.context.log.subscribe({
      group: GROUP,
      topics: [DECISION_TOPIC],
      types: DECISION_TYPES,
      batchMax: BATCH_MAX,
      handle: async (batch) => {
        await this.handle(batch);
        if (batch.length < BATCH_FULL) await this.rest(batch.length < BUSY_FROM ? EVERY_MS : BUSY_EVERY_MS);
      },
    });
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.wake?.();
    await this.subscription?.stop();
  }

  /** Waits until the list shows the decisions that were made before; false: it did not within six seconds. */
  async caughtUp(): Promise<boolean> {
    this.waiting += 1;
    this.wake?.();
    try {
      return await this.context.log.caughtUp({ group: GROUP, topic: DECISION_TOPIC, deadlineMs: CAUGHT_UP_MS });
    } finally {
      this.waiting -= 1;
    }
  }

  async handle(batch: readonly LogRecord[]): Promise<void> {
    const slice = batch.length < BATCH_FULL ? SLICE : batch.length;
    for (let from = 0; from < batch.length; from += slice)
      await this.collections.decisions.upsert(
        batch.slice(from, from + slice).map(({ event }) => ({ doc: toDecisionDoc(event.data as AuthorizationDecided), likelyNew: true })),
      );
  }

  /** Lets decisions gather; ends early when the service stops, or somebody waits for them. */
  private rest(ms: number): Promise<void> {
    if (this.stopping || this.waiting > 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
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
