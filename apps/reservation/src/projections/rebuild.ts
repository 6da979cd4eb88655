import type { Projection } from '@voltlog/service';
import { bringUp, rebuildCollection } from '@voltlog/store';
import { type PolicyDoc, policySchema, type ReservationDoc, reservationSchema } from '../store/documents.js';
import { docsOf } from '../store/streams.js';

/** The read models of the service, all made of its streams. */
export const reservationProjections: Readonly<Record<string, Projection>> = {
  reservations: {
    about: 'reservations, what stations do about them, and how they ended',
    from: 'commits',
    async rebuild({ store }, onProgress) {
      const { commits } = await rebuildCollection<ReservationDoc>({
        store,
        name: 'reservations',
        schema: reservationSchema,
        onProgress: (progress) => onProgress(progress.commits),
        async project(batch, target) {
          await bringUp(target, docsOf(await store.streams.load([...new Set(batch.map(({ streamId }) => streamId))])).reservations);
        },
      });
      return commits;
    },
  },
  'reservation-policies': {
    about: 'what sites allow',
    from: 'commits',
    async rebuild({ store }, onProgress) {
      const { commits } = await rebuildCollection<PolicyDoc>({
        store,
        name: 'policies',
        schema: policySchema,
        onProgress: (progress) => onProgress(progress.commits),
        async project(batch, target) {
          await bringUp(target, docsOf(await store.streams.load([...new Set(batch.map(({ streamId }) => streamId))])).policies);
        },
      });
      return commits;
    },
  },
};
