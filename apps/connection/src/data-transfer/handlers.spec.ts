import { dataTransferV1 } from '@voltlog/proto';
import { type Answer, Receiver } from '@voltlog/testing';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { World } from '../testing/harness.js';
import type { TestStation } from '../testing/test-station.js';
import { ASKED_AT_ONCE_MAX, FAILURES_IN_A_ROW_MAX, REST_MS } from './handlers.js';

const answering =
  (status: number, body: unknown): Answer =>
  (response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(typeof body === 'string' ? body : JSON.stringify(body));

describe('the handler of a data transfer', () => {
  let world: World;
  let receiver: Receiver;
  let registry: dataTransferV1.DataTransferService;
  beforeEach(async () => {
    world = await World.open();
    receiver = await Receiver.start(answering(200, { status: 'Accepted', data: 'from outside' }));
  });
  afterEach(async () => {
    await receiver.stop();
    await world.close();
  });

  const start = async (config: Parameters<World['start']>[0] = {}): Promise<void> => {
    const { rpc } = await world.start({ CONNECTION_ALLOW_PRIVATE_TARGETS: 'true', ...config });
    registry = rpc.client<dataTransferV1.DataTransferService>(dataTransferV1.DataTransferServiceDefinition, { address: '' });
  };
  const put = (vendor: Partial<dataTransferV1.Vendor> = {}) =>
    registry.putVendor({
      vendor: {
        vendorId: 'org.example',
        messages: [{ messageId: 'Ask', status: 'Rejected', dataJson: '"registered"', handlerUrl: receiver.url }],
        otherwise: 'Accepted',
        handlerUrl: '',
        updatedAt: undefined,
        version: 0,
        ...vendor,
      },
      expectedVersion: 0,
      mustBeNew: false,
    });
  const ask = (station: TestStation, messageId = 'Ask', data: unknown = 'x') =>
    station.ask('DataTransfer', { vendorId: 'org.example', messageId, data });
  const REGISTERED = { status: 'Rejected', data: 'registered' };

  it('is tried without a station, and who answered is told', async () => {
    const AnsweredBy = dataTransferV1.TryVendorResponse_AnsweredBy;
    await start();
    const { secret } = await put();
    const tried = (messageId: string) =>
      registry.tryVendor({ vendorId: 'org.example', messageId, dataJson: '{"a":1}', stationId: 'CP-TRY' });
    expect(await tried('Ask')).toEqual({ status: 'Accepted', dataJson: '"from outside"', answeredBy: AnsweredBy.HANDLER });
    const [asked] = receiver.received;
    if (asked === undefined) throw new Error('the handler was not asked');
    expect(new Webhook(secret).verify(asked.body.toString(), asked.headers as Record<string, string>)).toMatchObject({
      data: { stationId: 'CP-TRY', vendorId: 'org.example', messageId: 'Ask', data: { a: 1 } },
    });
    expect(await tried('Other')).toEqual({ status: 'Accepted', dataJson: '', answeredBy: AnsweredBy.REGISTRATION });
    receiver.answer = answering(500, '');
    expect(await tried('Ask')).toEqual({ status: 'Rejected', dataJson: '"registered"', answeredBy: AnsweredBy.REGISTRATION_INSTEAD });
    expect(await registry.tryVendor({ vendorId: 'org.unknown', messageId: '', dataJson: '', stationId: '' })).toEqual({
      status: 'UnknownVendorId',
      dataJson: '',
      answeredBy: AnsweredBy.REGISTRATION,
    });
    await expect(registry.tryVendor({ vendorId: 'org.example', messageId: '', dataJson: '{', stationId: '' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  it.each(['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1'])(
    'of a station of %s is asked, signed, and its answer goes to the station',
    async (version) => {
      await start();
      const { secret } = await put();
      const station = await world.connect({ protocols: [version] });
      expect(await ask(station)).toEqual({ status: 'Accepted', data: 'from outside' });
      const [asked] = receiver.received;
      if (asked === undefined) throw new Error('the handler was not asked');
      const text = asked.body.toString();
      expect(new Webhook(secret).verify(text, asked.headers as Record<string, string>)).toMatchObject({
        type: 'data-transfer',
        data: { stationId: 'CP1', ocppVersion: version, vendorId: 'org.example', messageId: 'Ask', data: 'x' },
      });
      // By its id the handler finds the fact, which was durable before it was asked.
      const fact = world.log.appended.find(({ type }) => type === 'voltlog.connection.DataTransferReceived.v1');
      expect(asked.headers['webhook-id']).toBe(fact?.id);
    },
  );

  it('is asked about its message alone, that of the vendor about all that are not registered', async () => {
    await start();
    await put({
      messages: [
        { messageId: 'Ask', status: 'Rejected', dataJson: '', handlerUrl: `${receiver.url}/ask` },
        { messageId: 'Known', status: 'Rejected', dataJson: '', handlerUrl: '' },
      ],
      handlerUrl: `${receiver.url}/others`,
    });
    const station = await world.connect();
    expect(await ask(station, 'Known')).toEqual({ status: 'Rejected' });
    await ask(station, 'Ask');
    await ask(station, 'Else');
    expect(receiver.received.map(({ path }) => path)).toEqual(['/hook/ask', '/hook/others']);
  });

  it('may say data of any shape; a 1.6 station gets it as text', async () => {
    await start();
    await put();
    receiver.answer = answering(200, { status: 'UnknownMessageId', data: { a: [1] } });
    expect(await ask(await world.connect())).toEqual({ status: 'UnknownMessageId', data: '{"a":[1]}' });
    expect(await ask(await world.connect({ protocols: ['ocpp2.1'] }))).toEqual({ status: 'UnknownMessageId', data: { a: [1] } });
  });

  it.each([
    ['an error', answering(500, 'no')],
    ['no content', answering(204, '')],
    ['a redirect', (response) => response.writeHead(302, { location: '/else' }).end()],
    ['no JSON', answering(200, 'hello')],
    ['another status', answering(200, { status: 'Perhaps' })],
    ['a book', answering(200, { status: 'Accepted', data: 'x'.repeat(70_000) })],
    ['data too deep to be written', answering(200, `{"status":"Accepted","data":${'['.repeat(32_000)}${']'.repeat(32_000)}}`)],
    ['nothing at all', (response) => response.destroy()],
  ] as [string, Answer][])('that answers %s gives the station the registered answer, and the fact is kept', async (_, answer) => {
    await start();
    await put();
    receiver.answer = answer;
    expect(await ask(await world.connect())).toEqual(REGISTERED);
    expect(receiver.received).toHaveLength(1);
    expect(world.facts('voltlog.connection.DataTransferReceived.v1')).toHaveLength(1);
  });

  it('that never answers gives the registered answer at its deadline, and other stations do not wait', async () => {
    await start({ DATA_TRANSFER_TIMEOUT_MS: '400' });
    await put();
    world.device.register('CP2');
    receiver.answer = () => {};
    const [station, other] = [await world.connect(), await world.connect({ stationId: 'CP2' })];
    const order: string[] = [];
    const slow = ask(station).then((answer) => {
      order.push('slow');
      return answer;
    });
    await expect.poll(() => receiver.received.length).toBe(1);
    await other.ask('Heartbeat', {});
    order.push('other');
    expect(await slow).toEqual(REGISTERED);
    expect(order).toEqual(['other', 'slow']);
  });

  it('that failed several times in a row is left alone for a while, and then asked again', async () => {
    await start();
    await put();
    const station = await world.connect();
    receiver.answer = answering(503, 'away');
    for (let i = 0; i <= FAILURES_IN_A_ROW_MAX; i += 1) expect(await ask(station)).toEqual(REGISTERED);
    expect(receiver.received).toHaveLength(FAILURES_IN_A_ROW_MAX);
    receiver.answer = answering(200, { status: 'Accepted' });
    world.skewMs += REST_MS - 1_000;
    expect(await ask(station)).toEqual(REGISTERED);
    world.skewMs += 1_000;
    expect(await ask(station)).toEqual({ status: 'Accepted' });
    expect(await ask(station)).toEqual({ status: 'Accepted' });
  });

  it('is asked by a bounded number of stations at once; one more gets the registered answer', async () => {
    await start({ DATA_TRANSFER_TIMEOUT_MS: '20000' });
    await put();
    const waiting: (() => void)[] = [];
    receiver.answer = (response) =>
      waiting.push(() => answering(200, { status: 'Accepted' })(response, { path: '', headers: {}, body: Buffer.of() }));
    const stations: TestStation[] = [];
    for (let i = 0; i <= ASKED_AT_ONCE_MAX; i += 1) {
      world.device.register(`S${i}`);
      stations.push(await world.connect({ stationId: `S${i}` }));
    }
    const [last, ...others] = stations;
    if (last === undefined) throw new Error('no station');
    const answers = Promise.all(others.map((station) => ask(station)));
    await expect.poll(() => waiting.length).toBe(ASKED_AT_ONCE_MAX);
    expect(await ask(last)).toEqual(REGISTERED);
    for (const answer of waiting.splice(0)) answer();
    expect(await answers).toEqual(others.map(() => ({ status: 'Accepted' })));
  });

  it('has a secret that is told once, stays over changes, and can be changed', async () => {
    await start();
    expect((await put({ messages: [] })).secret).toBe('');
    await expect(registry.rotateVendorSecret({ vendorId: 'org.example' })).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
    const { secret } = await put();
    expect(secret).toMatch(/^whsec_/);
    const kept = await put();
    expect(kept.secret).toBe('');
    const rotated = await registry.rotateVendorSecret({ vendorId: 'org.example' });
    expect(rotated.version).toBe((kept.vendor?.version ?? 0) + 1);
    const station = await world.connect();
    await ask(station);
    for (const each of [secret, rotated.secret])
      new Webhook(each).verify(receiver.received[0]?.body.toString() ?? '', receiver.received[0]?.headers as Record<string, string>);
    await expect(registry.rotateVendorSecret({ vendorId: 'org.nobody' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(JSON.stringify(await registry.listVendors({}))).not.toContain('whsec_');
  });

  it('has no secret that is lost when two change it at once', async () => {
    await start();
    const put2 = await Promise.allSettled([put(), put()]);
    expect(put2.flatMap((each) => (each.status === 'fulfilled' && each.value.secret !== '' ? [each.value.secret] : []))).toHaveLength(1);
    const rotated = await Promise.all([1, 2].map(() => registry.rotateVendorSecret({ vendorId: 'org.example' })));
    await ask(await world.connect());
    for (const { secret } of rotated)
      new Webhook(secret).verify(receiver.received[0]?.body.toString() ?? '', receiver.received[0]?.headers as Record<string, string>);
  });

  it('has the secret it was shown last when it is deleted and put again while another changes it', async () => {
    await start();
    const { secret: before } = await put();
    const { store, rpc } = await world.start({ CONNECTION_ALLOW_PRIVATE_TARGETS: 'true' });
    const other = rpc.client<dataTransferV1.DataTransferService>(dataTransferV1.DataTransferServiceDefinition, { address: '' });
    let shown = '';
    const work = async (): Promise<void> => {
      await registry.deleteVendor({ vendorId: 'org.example' });
      shown = (await put()).secret;
    };
    store.meanwhile = { collection: 'vendors', work };
    const { secret: rotated } = await other.rotateVendorSecret({ vendorId: 'org.example' });
    await ask(await world.connect());
    const [asked] = receiver.received;
    const isSignedBy = (secret: string): boolean => {
      try {
        new Webhook(secret).verify(asked?.body.toString() ?? '', asked?.headers as Record<string, string>);
        return true;
      } catch {
        return false;
      }
    };
    expect([shown, rotated, before].map(isSignedBy)).toEqual([true, true, false]);
  });

  it('at a private address is refused unless that is allowed, also when it was registered before', async () => {
    await start();
    await put();
    await start({ CONNECTION_ALLOW_PRIVATE_TARGETS: 'false' });
    await expect(put()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('handlerUrl') });
    const station = await world.connect({ port: world.instances[1]?.port ?? 0 });
    expect(await ask(station)).toEqual(REGISTERED);
    expect(receiver.received).toEqual([]);
  });

  it.each(['ftp://example.org/', 'nonsense', `https://example.org/${'x'.repeat(2_000)}`])('%s is no handler', async (handlerUrl) => {
    await start();
    await expect(put({ handlerUrl })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect((await registry.listVendors({})).vendors).toEqual([]);
  });
});
