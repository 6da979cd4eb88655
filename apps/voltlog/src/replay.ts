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
 * Rebuilds one read model of a data folder that no other process has open.
 *
 * @throws {RequestError} `NOT_FOUND` when there is no such read model or folder; {OperatingError} when another process holds the folder
 */
export async function replayProjection(options: {
  readonly dataFolder: string;
  readonly projection: string;
  write(text: string): void;
}): Promise<void> {
  const found = findProjection(SERVICES, options.projection);
  const folder = resolve(options.dataFolder);
  if (!existsSync(join(folder, 'log.db'))) throw new RequestError('NOT_FOUND', `${folder} holds no data of Voltlog`, 'NoData');
  const log = await openSqliteEventLog({ path: join(folder, 'log.db') });
  try {
    await log.ensureTopics(SERVICES.flatMap(({ topics }) => topics));
    const store = await openSqliteStore({ path: join(folder, `${found.service}.db`) });
    try {
      await replay(found, { log, store }, options.write);
    } finally {
      await store.close();
    }
  } finally {
    await log.close();
  }
}
