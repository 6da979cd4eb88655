import { RESERVATION_TOPIC } from '@voltlog/reservation-contract';
import type { Projection } from '@voltlog/service';
import { rebuildFromTopic } from '@voltlog/store';
import { HOLD_TYPES, HOLDS, type HoldDoc, holdSchema, toUpsert } from './hold-document.js';

/** The held EVSEs, made anew of the reservation topic. */
export const holdsProjection: Projection = {
  about: 'EVSEs that are held, and for whom',
  from: 'records',
  async rebuild({ store, log }, onProgress) {
    const { records } = await rebuildFromTopic<HoldDoc>({
      store,
      log,
      topic: RESERVATION_TOPIC,
      types: HOLD_TYPES,
      name: HOLDS,
      schema: holdSchema,
      onProgress: (progress) => onProgress(progress.records),
      async project(batch, target) {
        await target.upsert(batch.map(({ event }) => toUpsert(event)));
      },
    });
    return records;
  },
};
