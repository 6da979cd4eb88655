import { openSqliteEventLog } from '@voltlog/event-log';
import type { RequestError } from '@voltlog/kernel';
import { notificationV1 } from '@voltlog/proto';
import { openSqliteStore } from '@voltlog/store';
import { Receiver, type TestClock, until } from '@voltlog/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { notificationProjections } from './projections/rebuild.js';
import type { AddressDoc } from './store/documents.js';
import { subscriptionIdOf, subscriptionStream } from './store/ids.js';
import { milestone, NotificationUnderTest, START } from './testing/harness.js';
import { MortalStore } from './testing/mortal-store.js';

const { DELIVERED, DEAD } = notificationV1.DeliveryState;
const { EMAIL } = notificationV1.Channel;
const HOUR_MS = 3_600_000;
const ANNA = 'anna@example.org';
const BEN = 'ben@example.org';

const services: NotificationUnderTest[] = [];
afterEach(async () => {
  for (const service of services.splice(0)) await service.stop();
});
async function start(): Promise<NotificationUnderTest> {
  const service = await NotificationUnderTest.start();
  services.push(service);
  return service;
}

const put = (service: NotificationUnderTest, change: notificationV1.DeepPartial<notificationV1.Subscription>, idempotencyKey = '') =>
  service.grpc.putSubscription({
    subscription: notificationV1.Subscription.fromPartial({ channel: EMAIL, ...change }),
    expectedVersion: 0,
    idempotencyKey,
  });
const remove = (service: NotificationUnderTest, subscriptionId: string) =>
  service.grpc.deleteSubscription({ subscriptionId, idempotencyKey: '' });
/** All that is kept for ever of a subscription, and of what it was told. */
async function keptOf({ store }: Pick<NotificationUnderTest, 'store'>, subscriptionId: string): Promise<string> {
  const page = await store.streams.load([subscriptionStream(subscriptionId)]);
  return JSON.stringify([...page.values()]);
}
const addressesOf = async ({ parts }: NotificationUnderTest) =>
  (await parts.collections.addresses.find({ limit: 100 })).docs.map(({ target }) => target);
const targetOf = async ({ grpc }: NotificationUnderTest, subscriptionId: string) =>
  (await grpc.getSubscription({ subscriptionId })).subscription?.target;
/** None when there is no such subscription, or no more. */
const targetsOf = (service: NotificationUnderTest, subscriptionId: string) =>
  targetOf(service, subscriptionId).then(
    (target) => [target],
    (error: RequestError) => {
      expect(error.code).toBe('NOT_FOUND');
      return [];
    },
  );

describe('the address of a subscription', () => {
  it('is in no event, is used, and is gone with its subscription', async () => {
    const service = await start();
    const { id } = await service.subscribe({ channel: EMAIL, target: ANNA });
    await service.tell(milestone());
    await service.delivery(id, DELIVERED, 1);
    expect((await service.grpc.listOutboxEmails({ pageSize: 10, pageToken: '' })).emails).toMatchObject([{ to: ANNA }]);
    await put(service, { subscriptionId: id, target: BEN, language: 'fr' });
    expect([await targetOf(service, id), await addressesOf(service)]).toEqual([BEN, [BEN]]);
    await put(service, { subscriptionId: id, target: BEN, language: 'fr' });
    expect((await service.grpc.getSubscription({ subscriptionId: id })).subscription?.version).toBe(2);
    await service.tell(milestone({ milestone: 'ChargingEnded' }));
    await until(async () => (await service.deliveriesOf(id)).every(({ state }) => state === DELIVERED), 'both are told');
    await remove(service, id);
    expect(await addressesOf(service)).toEqual([]);
    expect((await service.parts.collections.subscriptions.get(id))?.target).toBe('');
    expect(await keptOf(service, id)).not.toMatch(/example\.org/);
    await expect(put(service, { subscriptionId: id, target: ANNA })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await addressesOf(service)).toEqual([]);
  });

  it.each([
    ['in the middle', (url: string) => `nobody at ${url.toUpperCase()}/path any more`, / 410: nobody at \(address\) any more$/],
    ['where it is cut off', (url: string) => `${'x'.repeat(186)} ${url}/path`, /x \(address\)$/],
  ])('is in no error either, though the receiver repeats it %s', async (_, words, kept) => {
    const service = await start();
    const receiver = await Receiver.start((response) => response.writeHead(410).end(words(receiver.url)));
    try {
      const { id } = await service.subscribe({ target: `${receiver.url}/path` });
      await service.tell(milestone());
      const { attempts } = await service.delivery(id, DEAD, 1);
      expect(attempts[0]?.error).toMatch(kept);
    } finally {
      await receiver.stop();
    }
  });

  it('of an event of before is read from there, used and kept', async () => {
    const service = await start();
    const id = '019aa7af-0000-7000-8000-0000000000c3';
    const at = new Date(START).toISOString();
    const data = {
      subscriptionId: id,
      channel: 'Email',
      target: ANNA,
      filter: { kinds: [] },
      language: 'en',
      timeZone: 'UTC',
      ownerKind: 'Operator',
      ownerId: '',
      at,
    };
    const type = 'voltlog.notification.SubscriptionCreated.v1';
    const event = { id: 'e-1', type, source: '/notification/before', subject: subscriptionStream(id), time: at, data, causationId: 'c-1' };
    await service.store.streams.append([{ streamId: subscriptionStream(id), version: 1, causationId: 'c-1', at, events: [event] }]);
    expect(await targetOf(service, id)).toBe(ANNA);
    await put(service, { subscriptionId: id, target: ANNA });
    expect((await service.grpc.getSubscription({ subscriptionId: id })).subscription?.version).toBe(1);
    await put(service, { subscriptionId: id, target: BEN });
    expect([await targetOf(service, id), await addressesOf(service)]).toEqual([BEN, [BEN]]);
  });

  it('is there again when the read model is made anew', async () => {
    const service = await start();
    const { id } = await service.subscribe({ channel: EMAIL, target: ANNA });
    const { id: gone } = await service.subscribe({ channel: EMAIL, target: BEN });
    await remove(service, gone);
    await service.parts.collections.subscriptions.delete([id, gone]);
    await notificationProjections['subscriptions']?.rebuild(service.context, () => {});
    const docs = await service.parts.collections.subscriptions.getMany([id, gone]);
    expect([docs.get(id)?.target, docs.get(gone)?.target]).toEqual([ANNA, '']);
  });
});

describe('what happens at once', () => {
  /** Does other work just before an address is written. */
  const before = ({ parts }: NotificationUnderTest, isMeant: (doc: AddressDoc) => boolean, work: () => Promise<unknown>): void => {
    const { addresses } = parts.collections;
    const upsert = addresses.upsert.bind(addresses);
    addresses.upsert = async (writes) => {
      if (writes.some(({ doc }) => isMeant(doc))) {
        addresses.upsert = upsert;
        await work();
      }
      return upsert(writes);
    };
  };

  it('does not leave a change with an address that another change has just replaced', async () => {
    const service = await start();
    const { addresses } = service.parts.collections;
    const { id } = await service.subscribe({ channel: EMAIL, target: ANNA });
    const getMany = addresses.getMany.bind(addresses);
    addresses.getMany = async (ids) => {
      addresses.getMany = getMany;
      const found = await getMany(ids);
      await put(service, { subscriptionId: id, target: BEN });
      return found;
    };
    await put(service, { subscriptionId: id, target: ANNA, language: 'fr' });
    const { subscription } = await service.grpc.getSubscription({ subscriptionId: id });
    expect(subscription).toMatchObject({ target: ANNA, language: 'fr', version: 3 });
    expect(await addressesOf(service)).toEqual([ANNA]);
  });

  it('is refused when it asked for a version that is not there any more', async () => {
    const service = await start();
    const { id } = await service.subscribe({ channel: EMAIL, target: ANNA });
    const change = (expectedVersion: number, target: string) => {
      const subscription = notificationV1.Subscription.fromPartial({ channel: EMAIL, subscriptionId: id, target });
      return service.grpc.putSubscription({ subscription, expectedVersion, idempotencyKey: '' });
    };
    const isMeant = ({ target }: AddressDoc) => target === 'carl@example.org';
    before(service, isMeant, () => change(1, BEN));
    await expect(change(1, 'carl@example.org')).rejects.toThrow();
    await expect(change(7, ANNA)).rejects.toThrow();
    expect([await targetOf(service, id), await addressesOf(service)]).toEqual([BEN, [BEN]]);
  });

  it('leaves no address of a subscription that is deleted just before its address is known to be its own', async () => {
    const service = await start();
    const { id } = await service.subscribe({ channel: EMAIL, target: ANNA });
    let isDeleted = false;
    const isMeant = ({ target, unsureSince }: AddressDoc) => target === BEN && unsureSince === undefined;
    before(service, isMeant, async () => {
      await remove(service, id);
      isDeleted = true;
    });
    await put(service, { subscriptionId: id, target: BEN });
    for (let hours = 0; hours < 2; hours += 1) {
      service.clock.ms += HOUR_MS + 1;
      await service.parts.sweep.handle();
    }
    expect([isDeleted, await addressesOf(service)]).toEqual([true, []]);
  });

  it('leaves one address after two changes of it', async () => {
    const service = await start();
    const { id } = await service.subscribe({ channel: EMAIL, target: ANNA });
    before(
      service,
      ({ target }) => target === BEN,
      () => put(service, { subscriptionId: id, target: 'carl@example.org' }),
    );
    await put(service, { subscriptionId: id, target: BEN });
    expect([await targetOf(service, id), await addressesOf(service)]).toEqual([BEN, [BEN]]);
  });
});

describe('whenever a process dies', () => {
  it('a subscription has its address, and one that was deleted leaves none', async () => {
    const disk = await openSqliteStore({ path: ':memory:' });
    const log = await openSqliteEventLog({ path: ':memory:' });
    const clock: TestClock = { ms: START, now: () => clock.ms };
    const calm = await NotificationUnderTest.start({ log, store: disk, clock });
    /** What is done dies after so many writes, is looked at by the next process, and swept an hour later. */
    const dyingAfter = async (writes: number, work: (service: NotificationUnderTest) => Promise<unknown>): Promise<boolean> => {
      const mortal = new MortalStore(disk, Number.POSITIVE_INFINITY, ['claim', 'markPublished']);
      const dying = await NotificationUnderTest.start({ log, store: mortal.store, clock });
      mortal.dieAfter(writes);
      const isDone = (await mortal.outcome(work(dying).then(() => true))) ?? false;
      mortal.dead = true;
      await dying.parts.stop();
      clock.ms += HOUR_MS + 1;
      await calm.parts.sweep.handle();
      return isDone;
    };
    for (let writes = 0, isDone = false; !isDone; writes += 1) {
      const { id } = await calm.subscribe({ channel: EMAIL, target: ANNA });
      const isChanged = await dyingAfter(writes, (service) => put(service, { subscriptionId: id, target: BEN }));
      expect([[ANNA], [BEN]], `change, ${writes}`).toContainEqual(await addressesOf(calm));
      expect([await targetOf(calm, id)], `change, ${writes}`).toEqual(await addressesOf(calm));
      const isDeleted = await dyingAfter(writes, (service) => remove(service, id));
      expect(await addressesOf(calm), `deletion, ${writes}`).toEqual(await targetsOf(calm, id));
      await remove(calm, id);
      const isMade = await dyingAfter(writes, (service) => put(service, { target: ANNA }, `make-${writes}`));
      const made = subscriptionIdOf(`make-${writes}`);
      const targets = await targetsOf(calm, made);
      expect(await addressesOf(calm), `making, ${writes}`).toEqual(targets);
      if (targets.length > 0) await remove(calm, made);
      expect(await addressesOf(calm)).toEqual([]);
      isDone = isChanged && isDeleted && isMade;
    }
    await calm.stop();
  }, 120_000);
});
