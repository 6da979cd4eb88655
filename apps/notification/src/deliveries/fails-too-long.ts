import type { Collection } from '@voltlog/store';
import type { DeliveryDoc } from '../store/documents.js';
import { leastIdAt } from '../store/ids.js';

/** A receiver that nothing reached for so long is not coming back by itself: a long weekend and a day. */
export const FAILING_MS_MAX = 5 * 86_400_000;

/**
 * True when deliveries of a subscription have died for so long, and none got through since.
 *
 * @param diedAt of the newest one, milliseconds since the epoch
 */
export async function failsTooLong(
  deliveries: Pick<Collection<DeliveryDoc>, 'find'>,
  subscriptionId: string,
  diedAt: number,
): Promise<boolean> {
  const since = leastIdAt(diedAt - FAILING_MS_MAX);
  const dead = await deliveries.find({ where: { subscriptionId, state: 'Dead', id: { $lt: since } }, sort: ['id', -1], limit: 1 });
  const [newestOfOld] = dead.docs;
  if (newestOfOld === undefined) return false;
  const delivered = await deliveries.find({ where: { subscriptionId, state: 'Delivered', id: { $gt: newestOfOld.id } }, limit: 1 });
  return delivered.docs.length === 0;
}
