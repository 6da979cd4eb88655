import type { RoamingAuthorizer } from '@voltlog/authorization-domain';
import { authorizationV1 } from '@voltlog/proto';
import { until } from '@voltlog/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AuthorizationWorld } from './testing/world.js';

const { AuthorizationPurpose: Purpose, AuthorizationStatus: Status, TokenStatus } = authorizationV1;

describe('rules of tokens, contracts and sites', () => {
  let world: AuthorizationWorld;
  beforeEach(async () => {
    world = await AuthorizationWorld.open({ AUTHORIZATION_MASTER_PASS_GROUP: 'MASTER' });
  });
  afterEach(() => world.close());
  const failure = (work: Promise<unknown>) =>
    work.then(
      () => undefined,
      (error: { readonly code: string; readonly reason?: string }) => [error.code, error.reason],
    );

  it('a contract holds for all its tokens, from the moment it changes', async () => {
    await world.putContract('C-1', { groupId: 'FAMILY', sessionLimit: { energyWh: 7_000, costAmount: '4.50', costCurrency: 'EUR' } });
    for (const card of ['A', 'B']) await world.putToken(card, { contractId: 'C-1' });
    const told = {
      contractId: 'C-1',
      groupIdToken: { idToken: 'FAMILY' },
      limit: { energyWh: 7_000, costAmount: '4.50', costCurrency: 'EUR' },
    };
    for (const token of ['A', 'B']) expect(await world.ask({ token })).toMatchObject({ status: Status.ACCEPTED, ...told });
    await expect(world.putContract('C-1', {}, true)).rejects.toMatchObject({ code: 'ABORTED', reason: 'ContractExists' });
    await world.putContract('C-1', { status: TokenStatus.BLOCKED });
    for (const token of ['A', 'B'])
      expect(await world.ask({ token })).toMatchObject({ status: Status.BLOCKED, reason: 'ContractBlocked', limit: undefined });
    const { contract, tokens } = await world.service.grpc.getContract({ contractId: 'C-1' });
    expect(contract).toMatchObject({ version: 2, status: TokenStatus.BLOCKED });
    expect(tokens.map((token) => token.idToken?.idToken)).toEqual(['A', 'B']);
  });

  it('a token names only a contract that is there', async () => {
    expect(await failure(world.putToken('A', { contractId: 'C-9' }))).toEqual(['FAILED_PRECONDITION', 'ContractUnknown']);
    await world.putContract('C-9');
    expect(await failure(world.putToken('A', { contractId: 'C-9' }))).toBeUndefined();
    expect(await failure(world.service.grpc.getContract({ contractId: 'C-10' }))).toEqual(['NOT_FOUND', 'ContractUnknown']);
  });

  it.each([
    [{ budget: { costPerDay: '1', costPerMonth: '', currency: '', timeZone: '' } }],
    [{ budget: { costPerDay: '1e3', costPerMonth: '', currency: 'EUR', timeZone: '' } }],
    [{ budget: { costPerDay: '', costPerMonth: '', currency: '', timeZone: 'Mars/Base' } }],
    [{ sessionLimit: { energyWh: 0, costAmount: '', costCurrency: '' } }],
    [{ concurrentTransactionsMax: 1_001 }],
    [{ siteIds: Array.from({ length: 501 }, (_, i) => `s${i}`) }],
    [{ validFrom: 'soon' }],
    [{ validFrom: '2026-12-01T00:00:00Z', expiresAt: '2026-12-01T00:00:00Z' }],
  ])('refuses a contract with %j', async (more) => {
    expect(await failure(world.putContract('C-1', more))).toEqual(['INVALID_ARGUMENT', undefined]);
  });

  it('neither a token nor a contract is made that would never be valid', async () => {
    const span = (expiresAt: string) => ({ validFrom: '2026-12-01T00:00:00Z', expiresAt });
    for (const put of [world.putToken.bind(world), world.putContract.bind(world)]) {
      await expect(put('A', span('2026-11-30T23:59:59Z'))).rejects.toThrow('expiresAt must be later than validFrom');
      await put('A', span('2026-12-01T00:00:01Z'));
    }
    // What is over now is over, also where it had not begun.
    await world.putToken('A', { expiresAt: '2026-11-30T00:00:00Z' });
  });

  it('a token is good where it may be used, and there alone', async () => {
    await world.stationAt('S1', 'north');
    await world.stationAt('S2', 'south');
    await world.putToken('NORTH', { replaceRules: true, siteIds: ['north'] });
    await world.putToken('S2-ONLY', { replaceRules: true, stationIds: ['S2'] });
    const statuses = async (token: string) => [(await world.ask({ token })).status, (await world.ask({ token, stationId: 'S2' })).status];
    await until(async () => (await world.ask({ token: 'NORTH' })).status === Status.ACCEPTED, 'the site of S1 is known');
    expect(await statuses('NORTH')).toEqual([Status.ACCEPTED, Status.NOT_AT_THIS_LOCATION]);
    expect(await statuses('S2-ONLY')).toEqual([Status.NOT_AT_THIS_LOCATION, Status.ACCEPTED]);
    await world.stationAt('S2', 'north', 'voltlog.device.StationChanged.v1');
    await until(async () => (await world.ask({ token: 'NORTH', stationId: 'S2' })).status === Status.ACCEPTED, 'S2 moved north');
    await world.putToken('NORTH', { replaceRules: true });
    expect(await statuses('NORTH')).toEqual([Status.ACCEPTED, Status.ACCEPTED]);
  });

  it('a site says itself what unknown tokens and start buttons are told; the others follow what holds for all', async () => {
    await world.stationAt('S1', 'north');
    await world.stationAt('S2', 'south');
    await world.putPolicy('north', { unknownTokens: 'accept', noAuthorization: 'reject' });
    const at = async (stationId: string) => [
      (await world.ask({ token: 'NOBODY', stationId })).status,
      (await world.ask({ token: '', type: 'NoAuthorization', stationId })).status,
    ];
    await until(async () => (await at('S1'))[0] === Status.ACCEPTED, 'the site of S1 is known');
    expect(await at('S1')).toEqual([Status.ACCEPTED, Status.INVALID]);
    expect(await at('S2')).toEqual([Status.UNKNOWN, Status.ACCEPTED]);
    await world.putPolicy('', { unknownTokens: 'accept' });
    expect(await at('S2')).toEqual([Status.ACCEPTED, Status.ACCEPTED]);
    const read = (siteId: string) => world.service.grpc.getAuthorizationPolicy({ siteId });
    expect(await read('north')).toMatchObject({ own: true, policy: { siteId: 'north', unknownTokens: 'accept', version: 1 } });
    expect(await read('south')).toMatchObject({ own: false, policy: { siteId: 'south', unknownTokens: 'accept', version: 0 } });
  });

  it('knows policies, contracts and sites after a restart', async () => {
    await world.stationAt('S1', 'north');
    await world.putPolicy('north', { unknownTokens: 'accept' });
    await until(async () => (await world.ask({ token: 'NOBODY' })).status === Status.ACCEPTED, 'the site of S1 is known');
    await world.putContract('C-1', { concurrentTransactionsMax: 1 });
    await world.putToken('A', { contractId: 'C-1' });
    await world.start('S1', 't1', { token: 'A' });
    await until(async () => (await world.service.sites.load(['S1'])).get('S1') === 'north', 'it is stored');
    const again = await AuthorizationWorld.open({}, (fresh) => ({ ...fresh, store: world.context.store, log: world.context.log }));
    expect((await again.ask({ token: 'NOBODY' })).status).toBe(Status.ACCEPTED);
    expect(await again.start('S2', 't2', { token: 'A' })).toMatchObject({
      status: Status.CONCURRENT_TX,
      reason: 'ConcurrentLimit',
      contractId: 'C-1',
    });
    await again.service.stop();
  });

  it('a master pass is let stop and starts nothing (OCPP 2.0.1 C16)', async () => {
    await world.putToken('GUARD', { groupId: 'MASTER' });
    expect(await world.ask({ token: 'GUARD' })).toMatchObject({ status: Status.ACCEPTED, groupIdToken: { idToken: 'MASTER' } });
    expect(await world.ask({ token: 'GUARD', purpose: Purpose.STOP })).toMatchObject({ status: Status.ACCEPTED });
    expect(await world.start('S1', 't1', { token: 'GUARD' })).toMatchObject({ status: Status.BLOCKED, reason: 'MasterPassMayNotStart' });
  });

  it('finds a MAC address and an eMAID however they are written, and refuses what is none', async () => {
    await world.putToken('aa:bb:cc:dd:ee:0f', { idToken: { idToken: 'aa:bb:cc:dd:ee:0f', type: 'MacAddress' } });
    await world.putToken('NL-TNM-C00122045-K', { idToken: { idToken: 'NL-TNM-C00122045-K', type: 'eMAID' } });
    for (const token of ['AABBCCDDEE0F', 'VID:AABBCCDDEE0F', 'nltnmc00122045k'])
      expect((await world.ask({ token })).status).toBe(Status.ACCEPTED);
    expect(await failure(world.putToken('x', { idToken: { idToken: 'x', type: 'MacAddress' } }))).toEqual(['INVALID_ARGUMENT', undefined]);
  });

  it('judges an offline start by when it began', async () => {
    await world.putToken('A', { expiresAt: '2026-11-02T07:59:00.000Z' });
    const offline = { token: 'A', offline: true };
    expect((await world.start('S1', 't1', { ...offline, occurredAt: '2026-11-02T07:58:59.999Z' })).status).toBe(Status.ACCEPTED);
    expect((await world.start('S1', 't2', { ...offline, occurredAt: '2026-11-02T07:59:00.000Z' })).status).toBe(Status.EXPIRED);
    expect((await world.start('S1', 't3', { token: 'A', occurredAt: '2026-11-02T07:58:00.000Z' })).status).toBe(Status.EXPIRED);
  });

  it('lists decisions by contract, status and time', async () => {
    await world.putContract('C-1');
    await world.putToken('A', { contractId: 'C-1' });
    await world.ask({ token: 'A' });
    await world.ask({ token: 'NOBODY' });
    world.context.clock.ms += 60_000;
    await world.ask({ token: 'A', stationId: 'S2' });
    const none = {
      pageSize: 0,
      pageToken: '',
      stationId: '',
      idToken: undefined,
      contractId: '',
      status: Status.UNSPECIFIED,
      from: undefined,
      to: undefined,
    };
    const list = async (query: Partial<authorizationV1.ListDecisionsRequest>) =>
      (await world.service.grpc.listDecisions({ ...none, ...query })).decisions.map(
        ({ request }) => `${request?.stationId} ${request?.idToken?.idToken}`,
      );
    await until(async () => (await list({})).length === 3, 'three decisions listed');
    expect(await list({ contractId: 'C-1' })).toEqual(['S2 A', 'S1 A']);
    expect(await list({ status: Status.UNKNOWN })).toEqual(['S1 NOBODY']);
    expect(await list({ contractId: 'C-1', status: Status.ACCEPTED, stationId: 'S1' })).toEqual(['S1 A']);
    expect(await list({ from: '2026-11-02T08:00:30.000Z' })).toEqual(['S2 A']);
    expect(await list({ to: '2026-11-02T08:00:30.000Z' })).toEqual(['S1 NOBODY', 'S1 A']);
  });
});

describe('tokens of other providers', () => {
  it('are asked for while nobody registered them, and the policy holds where no provider knows them', async () => {
    const asked: string[] = [];
    const roaming: RoamingAuthorizer = {
      authorize: async ({ idToken }) => {
        asked.push(idToken);
        if (idToken === 'GUEST') return { allowed: true, status: 'Accepted', contractId: 'P-1', limit: { energyWh: 9_000 } };
        return idToken === 'BROKE' ? { allowed: false, status: 'NoCredit' } : undefined;
      },
    };
    const world = await AuthorizationWorld.open({}, (same) => same, roaming);
    await world.putToken('OURS');
    expect(await world.start('S1', 't1', { token: 'GUEST', type: 'ISO14443' })).toMatchObject({
      status: Status.ACCEPTED,
      reason: 'RoamingAccepted',
      contractId: 'P-1',
      limit: { energyWh: 9_000 },
    });
    expect(await world.ask({ token: 'BROKE', type: 'eMAID' })).toMatchObject({ status: Status.NO_CREDIT, reason: 'RoamingRefused' });
    expect(await world.ask({ token: 'NOBODY', type: 'eMAID' })).toMatchObject({ status: Status.UNKNOWN, reason: 'TokenUnknown' });
    expect((await world.ask({ token: 'OURS', type: 'eMAID' })).status).toBe(Status.ACCEPTED);
    expect((await world.ask({ token: '1234', type: 'KeyCode' })).status).toBe(Status.UNKNOWN);
    expect(asked).toEqual(['GUEST', 'BROKE', 'NOBODY']);
    await world.close();
  });
});
