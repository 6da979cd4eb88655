import { Schema } from 'mongoose';
import type { Collection, Commit, Store } from './store.js';

/** Commits projected in one go. */
const BATCH = 512;

export interface RebuildOptions<Doc extends { readonly id: string }> {
  readonly store: Store;
  /** The live collection. */
  readonly name: string;
  readonly schema: Schema;
  /**
   * Projects commits into the target, each stream's in order of version. It must bear a repetition, and documents newer than the commits:
   * after the swap the live projection writes to the same collection. Upserting what the whole stream folds to, with its version, does.
   */
  project(commits: readonly Commit[], target: Collection<Doc>): Promise<void>;
  /** Told after each batch. */
  onProgress?(progress: { readonly commits: number }): void;
  /** Commits per batch. Default 512. */
  readonly batch?: number;
}

interface Progress {
  readonly id: string;
  /** Where the scan is. */
  readonly cursor: string;
  readonly commits: number;
  readonly phase: 'replaying' | 'swapping' | 'swapped';
}

const started = (name: string): Progress => ({ id: name, cursor: '', commits: 0, phase: 'replaying' });

/** The name under which a collection is rebuilt. */
export const rebuildName = (name: string): string => `${name}__rebuild`;

/**
 * Replays every commit into `<name>__rebuild` beside the live collection, then puts it in its place in one step and projects what was
 * committed meanwhile. The live one serves until then. A rebuild that was cut short goes on where it was.
 *
 * @returns the number of commits projected, those before an interruption included
 */
export async function rebuildCollection<Doc extends { readonly id: string }>(
  options: RebuildOptions<Doc>,
): Promise<{ readonly commits: number }> {
  const { store, name, schema } = options;
  const rebuilds = await store.collection<Progress>('rebuilds', new Schema({}));
  let progress = (await rebuilds.get(name)) ?? started(name);
  // Cut short while swapping: nobody knows whether it was done, so it begins anew.
  if (progress.phase === 'swapping') progress = started(name);
  if (progress.phase === 'replaying') {
    const target = await store.collection<Doc>(rebuildName(name), schema);
    if (progress.cursor === '') await target.deleteWhere({});
    progress = { ...(await replay(options, target, rebuilds, progress)), phase: 'swapping' };
    await rebuilds.upsert([{ doc: progress }]);
    await store.swapCollection(rebuildName(name), name);
    progress = { ...progress, phase: 'swapped' };
    await rebuilds.upsert([{ doc: progress }]);
  }
  progress = await replay(options, await store.collection<Doc>(name, schema), rebuilds, progress);
  await rebuilds.delete([name]);
  return { commits: progress.commits };
}

async function replay<Doc extends { readonly id: string }>(
  options: RebuildOptions<Doc>,
  target: Collection<Doc>,
  rebuilds: Collection<Progress>,
  from: Progress,
): Promise<Progress> {
  let progress = from;
  const scan = { batch: options.batch ?? BATCH, ...(from.cursor === '' ? {} : { after: from.cursor }) };
  for await (const { cursor, commits } of options.store.streams.scan(scan)) {
    await options.project(commits, target);
    progress = { ...progress, cursor, commits: progress.commits + commits.length };
    await rebuilds.upsert([{ doc: progress }]);
    options.onProgress?.({ commits: progress.commits });
  }
  return progress;
}
