import { STATION_TOPIC, type StationFactType } from '@voltlog/connection-contract';
import { isoTime } from '@voltlog/kernel';
import type { authorizationV1 } from '@voltlog/proto';
import { SESSION_TOPIC, type SessionEventType } from '@voltlog/session-contract';
import { until } from '@voltlog/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Collections, openCollections } from '../store/documents.js';
import { AuthorizationWorld } from '../testing/world.js';
import { authorizationProjections } from './rebuild.js';

const BUDGET: authorizationV1.Budget = { costPerDay: '', costPerMonth: '', currency: '', timeZone: 'UTC', sessionsPerDay: 5 };

describe('a read model that was damaged', () => {
  let world: AuthorizationWorld;
  let collections: Collections;
  beforeEach(async () => {
    world = await AuthorizationWorld.open();
    collections = await openCollections(world.context.store);
  });
  afterEach(() => world.close());

  const rebuild = async (name: string): Promise<number> => (await authorizationProjections[name]?.rebuild(world.context, () => {})) ?? -1;
  const say = (type: SessionEventType, sessionId: string, data: object) =>
    world.context.log.append(SESSION_TOPIC, sessionId, [
      {
        id: world.context.ids.next(),
        type,
        source: '/session/test',
        subject: sessionId,
        time: isoTime(world.context.clock.now()),
        data: { sessionId, stationId: 'S1', transactionId: sessionId, ocppVersion: 'ocpp2.0.1', ...data },
      },
    ]);
  const charged = async (sessionId: string, token: string, energyWh: number): Promise<void> => {
    const idToken = { idToken: token, type: 'ISO14443' };
    const startedAt = isoTime(world.context.clock.now());
    const authorization = { status: 'Accepted', source: 'authorization' };
    await say('voltlog.session.SessionStarted.v1', sessionId, { transactionKey: sessionId, idToken, authorization, startedAt });
    const outcome = { state: 'Ended', energyWh, flags: [], incomplete: false, idToken };
    await say('voltlog.session.SessionEnded.v1', sessionId, { end: {}, corrects: false, outcome });
    world.context.clock.ms += 1_000;
  };

  it('tells again where stations stand', async () => {
    await world.stationAt('S1', 'north');
    await world.stationAt('S2', 'north');
    await world.stationAt('S2', 'south', 'voltlog.device.StationChanged.v1');
    await until(async () => (await collections.stations.get('S2'))?.siteId === 'south', 'the stations are known');
    await collections.stations.upsert([{ doc: { id: 'S1', siteId: 'nowhere' } }, { doc: { id: 'S9', siteId: 'north' } }]);
    expect(await rebuild('station-sites')).toBe(3);
    const { docs } = await collections.stations.find({ limit: 10 });
    expect(docs.map(({ id, siteId }) => `${id} ${siteId}`)).toEqual(['S1 north', 'S2 south']);
  });

  it('tells again how long the list of a station may be', async () => {
    const report = (maxLimit: number) => {
      const type: StationFactType = 'voltlog.connection.VariablesReported.v1';
      const entries = { component: 'LocalAuthListCtrlr', name: 'Entries', attributes: [], characteristics: { maxLimit } };
      const data = { stationId: 'S1', requestId: 1, seqNo: 0, toBeContinued: false, variables: [entries] };
      const time = isoTime(world.context.clock.now());
      return { id: world.context.ids.next(), type, source: '/connection/test', subject: 'S1', time, data };
    };
    await world.context.log.append(STATION_TOPIC, 'S1', [report(50), report(40)]);
    await until(async () => (await world.service.bounds.of('S1')) === 40, 'the report is known');
    await collections.listBounds.upsert([{ doc: { id: 'S1', entriesMax: 666 } }, { doc: { id: 'S9', entriesMax: 1 } }]);
    expect(await rebuild('list-bounds')).toBe(2);
    expect((await collections.listBounds.find({ limit: 10 })).docs).toEqual([{ id: 'S1', entriesMax: 40 }]);
  });

  it('counts again what sessions used of the budgets that there were as they began', async () => {
    await world.putContract('C', { budget: BUDGET });
    await world.putToken('OF-C', { contractId: 'C' });
    await world.putToken('OWN', { replaceRules: true, budget: BUDGET });
    await world.putToken('FREE');
    await charged('s1', 'OF-C', 1_000);
    await charged('s2', 'OWN', 2_000);
    await charged('s3', 'FREE', 3_000);
    await charged('s4', 'NOBODY', 4_000);
    const all = async () => (await collections.sessionUses.find({ limit: 10 })).docs;
    await until(async () => (await all()).filter(({ open }) => !open).length === 2, 'the sessions are counted');
    const before = await all();
    // What came and went afterwards is not what there was.
    await world.putToken('FREE', { replaceRules: true, budget: BUDGET });
    await world.putToken('OWN', { replaceRules: true });
    await collections.sessionUses.upsert([{ doc: { ...(before[0] as (typeof before)[0]), energyWh: 666 } }]);
    await collections.sessionUses.deleteWhere({ id: 's2' });
    expect(await rebuild('session-uses')).toBe(8);
    expect(await all()).toEqual(before);
    expect(before.map(({ id, energyWh, contractId }) => [id, energyWh, contractId])).toEqual([
      ['s1', 1_000, 'C'],
      ['s2', 2_000, undefined],
    ]);
  });
});
