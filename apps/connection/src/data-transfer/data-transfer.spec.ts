import { dataTransferV1 } from '@voltlog/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { World } from '../testing/harness.js';
import { VENDORS_MAX } from './vendors.js';

describe('a data transfer from a station', () => {
  let world: World;
  let registry: dataTransferV1.DataTransferService;
  beforeEach(async () => {
    world = await World.open();
    const { rpc } = world.instances[0] ?? (await world.start());
    registry = rpc.client<dataTransferV1.DataTransferService>(dataTransferV1.DataTransferServiceDefinition, { address: '' });
  });
  afterEach(() => world.close());

  const put = (
    vendorId: string,
    messages: readonly [messageId: string, status: string, dataJson: string][],
    otherwise = '',
    { expectedVersion = 0, mustBeNew = false } = {},
  ) =>
    registry.putVendor({
      vendor: {
        vendorId,
        messages: messages.map(([messageId, status, dataJson]) => ({ messageId, status, dataJson, handlerUrl: '' })),
        otherwise,
        handlerUrl: '',
        updatedAt: undefined,
        version: 0,
      },
      expectedVersion,
      mustBeNew,
    });

  it.each(['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1'])(
    'of %s is answered as registered, and always a fact (P02.FR.06, P02.FR.07)',
    async (version) => {
      await put('org.example', [
        ['Greet', 'Accepted', '"hello"'],
        ['Refuse', 'Rejected', ''],
        ['Table', 'Accepted', '{"a":[1]}'],
      ]);
      await put('org.open', [], 'Accepted');
      const station = await world.connect({ protocols: [version] });
      const ask = (vendorId: string, messageId?: string) =>
        station.ask('DataTransfer', { vendorId, ...(messageId === undefined ? {} : { messageId }), data: 'x' });
      expect(await ask('org.nobody', 'Greet')).toEqual({ status: 'UnknownVendorId' });
      expect(await ask('org.example', 'Greet')).toEqual({ status: 'Accepted', data: 'hello' });
      expect(await ask('org.example', 'Refuse')).toEqual({ status: 'Rejected' });
      expect(await ask('org.example', 'Other')).toEqual({ status: 'UnknownMessageId' });
      expect(await ask('org.example')).toEqual({ status: 'UnknownMessageId' });
      expect(await ask('org.open', 'Anything')).toEqual({ status: 'Accepted' });
      // 1.6 has text alone.
      expect(await ask('org.example', 'Table')).toEqual({ status: 'Accepted', data: version === 'ocpp1.6' ? '{"a":[1]}' : { a: [1] } });
      expect(world.facts('voltlog.connection.DataTransferReceived.v1')).toHaveLength(7);
    },
  );

  it('is answered otherwise once the vendor is changed or deleted', async () => {
    const station = await world.connect();
    const ask = () => station.ask('DataTransfer', { vendorId: 'v', messageId: 'm' });
    expect(await ask()).toEqual({ status: 'UnknownVendorId' });
    await put('v', [['m', 'Accepted', '']]);
    expect(await ask()).toEqual({ status: 'Accepted' });
    await put('v', [], 'Rejected');
    expect(await ask()).toEqual({ status: 'Rejected' });
    await registry.deleteVendor({ vendorId: 'v' });
    expect(await ask()).toEqual({ status: 'UnknownVendorId' });
    await expect(registry.deleteVendor({ vendorId: 'v' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('is answered as who came first said, where two change what one of them read', async () => {
    const { vendor: read } = await put('v', [], 'Accepted');
    const version = read?.version ?? 0;
    expect(version).toBeGreaterThan(0);
    expect(await registry.getVendor({ vendorId: 'v' })).toEqual({ vendor: read });
    const { vendor: first } = await put('v', [], 'Rejected', { expectedVersion: version });
    expect(first?.version).toBe(version + 1);
    await expect(put('v', [], 'UnknownMessageId', { expectedVersion: version })).rejects.toMatchObject({
      code: 'ABORTED',
      reason: 'VersionMismatch',
    });
    expect((await registry.listVendors({})).vendors).toEqual([first]);
    await registry.deleteVendor({ vendorId: 'v' });
    await expect(put('v', [], '', { expectedVersion: version + 1 })).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(registry.getVendor({ vendorId: 'v' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    // Made anew, it is another one: what was read of the old one does not fit.
    expect((await put('v', [])).vendor?.version).not.toBe(version);
  });

  it('of a vendor that must be new is answered as one of two said who make it at once', async () => {
    const made = await Promise.allSettled(['Accepted', 'Rejected'].map((otherwise) => put('v', [], otherwise, { mustBeNew: true })));
    expect(made.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const [first] = made.flatMap((each) => (each.status === 'fulfilled' ? [each.value.vendor] : []));
    expect((await registry.listVendors({})).vendors).toEqual([first]);
    await expect(put('v', [], '', { mustBeNew: true })).rejects.toMatchObject({ code: 'ABORTED', reason: 'VendorExists' });
    await registry.deleteVendor({ vendorId: 'v' });
    await put('v', [], '', { mustBeNew: true });
  });

  it('is answered from memory while the store is away; an error where nothing was ever read', async () => {
    const station = await world.connect();
    world.store.away = true;
    expect((await station.call('DataTransfer', { vendorId: 'v' })).slice(0, 3)).toEqual([4, expect.any(String), 'InternalError']);
    world.store.away = false;
    expect(await station.ask('DataTransfer', { vendorId: 'v' })).toEqual({ status: 'UnknownVendorId' });
    world.store.away = true;
    world.skewMs += 60_000;
    expect(await station.ask('DataTransfer', { vendorId: 'v' })).toEqual({ status: 'UnknownVendorId' });
    world.store.away = false;
  });

  it.each([
    ['', [], ''],
    ['x'.repeat(256), [], ''],
    ['v', [['m', 'Perhaps', '']], ''],
    ['v', [['m', 'Accepted', '{']], ''],
    ['v', [['x'.repeat(51), 'Accepted', '']], ''],
    ['v', [['m', 'Accepted', `"${'x'.repeat(10_000)}"`]], ''],
    [
      'v',
      [
        ['m', 'Accepted', ''],
        ['m', 'Rejected', ''],
      ],
      '',
    ],
    ['v', [], 'UnknownVendorId'],
    ['v', Array.from({ length: 201 }, (_, i) => [`m${i}`, 'Accepted', '']), ''],
  ] as [string, [string, string, string][], string][])('vendor %s %j %s is refused', async (vendorId, messages, otherwise) => {
    await expect(put(vendorId, messages, otherwise)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect((await registry.listVendors({})).vendors).toEqual([]);
  });

  it('of one vendor more than can be known is refused, a change of a known one is not', async () => {
    for (let i = 0; i < VENDORS_MAX; i += 1) await put(`v${i}`, []);
    await expect(put('more', [])).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
    expect((await put('v1', [], 'Accepted')).vendor).toMatchObject({ otherwise: 'Accepted' });
    expect((await registry.listVendors({})).vendors).toHaveLength(VENDORS_MAX);
  });
});
