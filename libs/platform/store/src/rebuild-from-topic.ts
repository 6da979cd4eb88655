import { randomUUID } from 'node:crypto';
import type { EventLog, LogRecord } from '@voltlog/event-log';
import { OperatingError } from '@voltlog/kernel';
import type { Schema } from 'mongoose';
import { rebuildName } from './rebuild-collection.js';
import type { Collection, Store } from './store.js';

/** Records projected in one go. */
const BATCH = 2_048;
/** How long one look for the end of the topic takes at most, ms; it is repeated until the end is reached. */
const LOOK_MS = 5_000;

export interface TopicRebuildOptions<Doc extends { readonly id: string }> {
  readonly store: Store;
  readonly log: Pick<EventLog, 'subscribe' | 'caughtUp'>;
  readonly topic: string;
  /** Event types that matter. */
  readonly types: readonly string[];
  /** The live collection. */
  readonly name: string;
  readonly schema: Schema;
  /**
   * Projects records into the target. It must bear a repetition, and documents newer than the records: after the swap the live projection
   * writes to the same collection.
   */
  project(records: readonly LogRecord[], target: Collection<Doc>): Promise<void>;
  /** Told after each batch. */
  onProgress?(progress: { readonly records: number }): void;
}

/**
 * Reads a topic from its beginning, in a group of its own, into `<name>__rebuild` beside the live collection, then puts it in its place in
 * one step and projects what arrived meanwhile. The live one serves until then. One that was cut short begins anew.
 *
 * @returns the number of records projected
 * @throws what `project` throws, but `OperatingError`s, after which the batch is tried again
 */
export async function rebuildFromTopic<Doc extends { readonly id: string }>(
  options: TopicRebuildOptions<Doc>,
): Promise<{ readonly records: number }> {
  const { store, log, topic, types, name, schema } = options;
  const group = `replay-${name}-${randomUUID()}`;
  let target = await store.collection<Doc>(rebuildName(name), schema);
  await target.deleteWhere({});
  let records = 0;
  let failure: { readonly error: unknown } | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const run = turn.then(work);
    turn = run.catch(() => undefined);
    return run;
  };
  const handle = async (batch: readonly LogRecord[]): Promise<void> => {
    if (failure !== undefined) return;
    try {
      await options.project(batch, target);
    } catch (error) {
      if (error instanceof OperatingError) throw error;
      // Not for the dead letters: the replay fails, the topic is as it was.
      failure = { error };
      return;
    }
    records += batch.length;
    options.onProgress?.({ records });
  };
  const subscription = await log.subscribe({
    group,
    topics: [topic],
    types,
    temporary: true,
    batchMax: BATCH,
    handle: (batch) => inTurn(() => handle(batch)),
  });
  const reachEnd = async (): Promise<void> => {
    while (!(await log.caughtUp({ group, topic, deadlineMs: LOOK_MS }))) if (failure !== undefined) throw failure.error;
    if (failure !== undefined) throw failure.error;
  };
  try {
    await reachEnd();
    await inTurn(async () => {
      const live = await store.collection<Doc>(name, schema);
      await store.swapCollection(rebuildName(name), name);
      target = live;
    });
    await reachEnd();
  } finally {
    await subscription.stop();
  }
  return { records };
}
