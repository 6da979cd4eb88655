import type { Projection } from '@voltlog/service';
import { rebuildCollection } from '@voltlog/store';
import { type DeliveryDoc, deliverySchema, type SubscriptionDoc, subscriptionSchema } from '../store/documents.js';
import { projectStreams } from './documents-follower.js';

/** The read models of the service that are made of its streams. */
export const notificationProjections: Readonly<Record<string, Projection>> = {
  subscriptions: {
    about: 'who wants to be told of what, and where',
    from: 'commits',
    async rebuild({ store }, onProgress) {
      const { commits } = await rebuildCollection<SubscriptionDoc>({
        store,
        name: 'subscriptions',
        schema: subscriptionSchema,
        onProgress: (progress) => onProgress(progress.commits),
        project: (batch, subscriptions) => projectStreams(store, new Set(batch.map(({ streamId }) => streamId)), { subscriptions }),
      });
      return commits;
    },
  },
  deliveries: {
    about: 'what was told to whom, and what came of it',
    from: 'commits',
    async rebuild({ store }, onProgress) {
      const { commits } = await rebuildCollection<DeliveryDoc>({
        store,
        name: 'deliveries',
        schema: deliverySchema,
        onProgress: (progress) => onProgress(progress.commits),
        project: (batch, deliveries) => projectStreams(store, new Set(batch.map(({ streamId }) => streamId)), { deliveries }),
      });
      return commits;
    },
  },
};
