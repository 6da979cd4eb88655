import { OperatingError } from '@voltlog/kernel';
import type { Collection } from './store.js';

/** Tries to bring a document up to a version that others write as well. */
const TRIES_MAX = 8;

/**
 * Brings documents, each made of a whole stream of so many commits, up to at least their versions; one that is there already stays.
 *
 * @throws {OperatingError} `ReadModelContended` when others kept writing
 */
export async function bringUp<Doc extends { readonly id: string; readonly version: number }>(
  collection: Collection<Doc>,
  docs: readonly Doc[],
): Promise<void> {
  let behind = docs.map((doc) => ({ doc, expectedVersion: doc.version - 1 }));
  for (let tries = 0; behind.length > 0 && tries < TRIES_MAX; tries += 1) {
    const written = await collection.upsert(behind);
    const missed = behind.filter((_, index) => written[index] !== true);
    if (missed.length === 0) return;
    const stored = await collection.getMany(missed.map(({ doc }) => doc.id));
    behind = missed.flatMap(({ doc }) => {
      const version = stored.get(doc.id)?.version ?? 0;
      return version >= doc.version ? [] : [{ doc, expectedVersion: version }];
    });
  }
  if (behind.length > 0) throw new OperatingError('ReadModelContended', 'a read model changed too often to be written');
}
