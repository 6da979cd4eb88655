import { isoTime } from '@voltlog/kernel';
import { RESERVATION_TOPIC, type ReservationEvent } from '@voltlog/reservation-contract';
import { DEFAULT_POLICY } from '@voltlog/reservation-domain';
import type { Collection } from '@voltlog/store';
import { openTestContext, type TestContext, until } from '@voltlog/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CalendarInput, CalendarRepository } from './calendar-repository.js';
import { type Collections, openCollections, type ReservationDoc } from './documents.js';

const MINUTE = 60_000;

describe('calendars', () => {
  let context: TestContext;
  let repository: CalendarRepository;
  let collections: Collections;
  const told: string[] = [];
  /** Read models that cannot be written before they are let go. */
  const slow = new Map<string, () => Promise<void>>();

  const slowUpsert: Collection<ReservationDoc>['upsert'] = async (upserts) => {
    await Promise.all(upserts.map(({ doc }) => slow.get(doc.id)?.()));
    return collections.reservations.upsert(upserts);
  };
  beforeEach(async () => {
    context = await openTestContext('reservation');
    await context.log.ensureTopics([{ name: RESERVATION_TOPIC, partitions: 1 }]);
    collections = await openCollections(context.store);
    const reservations = new Proxy(collections.reservations, {
      get: (target, name) => (name === 'upsert' ? slowUpsert : Reflect.get(target, name).bind(target)),
    });
    repository = new CalendarRepository(context, { ...collections, reservations });
    repository.start();
    told.length = 0;
    slow.clear();
    await context.log.subscribe({
      group: 'test',
      topics: [RESERVATION_TOPIC],
      handle: async (batch) => void told.push(...batch.map(({ event }) => (event.data as ReservationEvent['data']).reservationId)),
    });
  });
  afterEach(async () => {
    await repository.stop();
    await context.close();
  });

  const hang = (reservationId: string): (() => void) => {
    let go = (): void => undefined;
    const gone = new Promise<void>((resolve) => {
      go = resolve;
    });
    slow.set(reservationId, () => gone);
    return go;
  };
  const reserve = (reservationId: string, stationId: string, evseId: number): CalendarInput => {
    const now = context.clock.now();
    const connectors = [{ connectorId: 1, connectorType: 'cCCS2', status: 'Available', outages: [] }];
    return {
      stationId,
      causationId: `reserve:${reservationId}`,
      command: {
        kind: 'Reserve',
        reservationId,
        stationId,
        siteId: undefined,
        evseId,
        connectorType: undefined,
        idToken: { idToken: 'CARD', type: 'ISO14443' },
        groupId: undefined,
        startsAt: now,
        expiresAt: now + 30 * MINUTE,
        station: { inService: true, evses: [1, 2].map((each) => ({ evseId: each, connectors })) },
        policy: DEFAULT_POLICY,
        timeZone: '',
        now,
      },
    };
  };

  it('tell nobody of a reservation before its read model is written, though others of the same and other stations are', async () => {
    const go = hang('R1');
    const first = repository.execute(reserve('R1', 'S1', 1));
    // Its commit is durable, its read model is not.
    await until(async () => (await context.store.streams.load(['station:S1'])).get('station:S1')?.length === 1, 'R1 is committed');
    expect((await repository.execute(reserve('R2', 'S1', 2))).outcome).toBe('committed');
    expect((await repository.execute(reserve('R3', 'S2', 1))).outcome).toBe('committed');
    await until(() => told.includes('R3'), 'R3 is told');
    expect(told).toEqual(['R3']);
    go();
    await first;
    await until(() => told.length === 3, 'all are told');
    expect(told).toEqual(['R3', 'R1', 'R2']);
  });

  it('tell of a reservation whose read model could not be written, so that the event brings it up', async () => {
    slow.set('R1', () => Promise.reject(new Error('no store')));
    await expect(repository.execute(reserve('R1', 'S1', 1))).rejects.toThrow('no store');
    await until(() => told.includes('R1'), 'R1 is told');
    expect(await repository.reservation('R1')).toBeUndefined();
    slow.clear();
    const time = isoTime(context.clock.now());
    const [commit] = (await context.store.streams.load(['station:S1'])).get('station:S1') ?? [];
    await repository.mend((commit?.events ?? []).map((event) => ({ ...event, time })));
    expect(await repository.reservation('R1')).toMatchObject({ state: 'Active' });
  });
});
