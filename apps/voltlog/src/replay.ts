import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { openSqliteEventLog } from '@voltlog/event-log';
import { RequestError } from '@voltlog/kernel';
import { findProjection, listProjections, replay } from '@voltlog/service';
import { openSqliteStore } from '@voltlog/store';
import { SERVICES } from './platform.js';

/** One line for each read model that can be rebuilt. */
export const projectionList = (): string => listProjections(SERVICES);

/**
 * Rebuilds read models, one after the other, of a data folder that no other process has open.
 *
 * @throws {RequestError} `NOT_FOUND` when there is no such read model or folder; {OperatingError} when another process holds the folder
 */
export async function replayProjections(options: {
  readonly dataFolder: string;
  readonly projections: readonly string[];
  write(text: string): void;
}): Promise<void> {
  const found = options.projections.map((projection) => findProjection(SERVICES, projection));
  const folder = resolve(options.dataFolder);
  if (!existsSync(join(folder, 'log.db'))) throw new RequestError('NOT_FOUND', `${folder} holds no data of Voltlog`, 'NoData');
  const log = await openSqliteEventLog({ path: join(folder, 'log.db') });
  try {
    await log.ensureTopics(SERVICES.flatMap(({ topics }) => topics));
    for (const each of found) {
      const store = await openSqliteStore({ path: join(folder, `${each.service}.db`) });
      try {
        await replay(each, { log, store }, options.write);
      } finally {
        await store.close();
      }
    }
  } finally {
    await log.close();
  }
}
