import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ADMIN_KEY, type GatewayUnderTest, startGateway } from '../testing/gateway-under-test.js';
import { CLIENTS_MAX, LiveHub, RING_MAX, WAITING_BYTES_MAX } from './live-hub.js';
import { maskedJson } from './mask.js';

let gateway: GatewayUnderTest;
let url: string;
const closers: (() => void)[] = [];

beforeEach(async () => {
  gateway = await startGateway();
  await gateway.app.listen(0, '127.0.0.1');
  url = `http://127.0.0.1:${(gateway.app.getHttpServer().address() as AddressInfo).port}/v1/events`;
});
afterEach(async () => {
  for (const close of closers.splice(0)) close();
  await gateway.app.close();
});

/** Reads a stream as text until it holds what is wanted. */
async function listen(query = '', headers: Record<string, string> = { authorization: `Bearer ${ADMIN_KEY}` }) {
  const abort = new AbortController();
  closers.push(() => abort.abort());
  const response = await fetch(url + query, { headers, signal: abort.signal });
  let text = '';
  const reading = (async () => {
    for await (const chunk of response.body ?? []) text += Buffer.from(chunk).toString();
  })().catch(() => undefined);
  return {
    response,
    reading,
    close: () => abort.abort(),
    text: () => text,
    has: (wanted: string) => expect.poll(() => text, { timeout: 5_000 }).toContain(wanted),
  };
}

const started = (id: string, stationId = 'CP-1') => ({
  id,
  type: 'voltlog.connection.TransactionStarted.v1',
  data: { stationId, idToken: { idToken: '04A2F3B1', type: 'ISO14443' }, raw: { idTag: '04A2F3B1' } },
});
const STATIONS = 'connection.station.v1';

describe('the event stream', () => {
  it('tells what happens, with tokens masked and an id to go on from', async () => {
    const client = await listen();
    expect(client.response.headers.get('content-type')).toBe('text/event-stream');
    expect(client.response.headers.get('x-request-id')).toMatch(/.{36}/);
    await client.has('event: ready');
    await gateway.log.publish(STATIONS, 'CP-1', started('e-1'));
    await client.has('id: e-1\ndata: {"id":"e-1","type":"voltlog.connection.TransactionStarted.v1"');
    expect(client.text()).not.toContain('04A2F3B1');
    expect(client.text()).toContain('••••••B1');
  });

  it('tells of contracts, not by whose token', async () => {
    const client = await listen();
    await client.has('event: ready');
    const permitted = { id: 'e-1', type: 'voltlog.authorization.ContractChanged.v1', data: { contractId: 'C-1', idToken: '04A2F3B1' } };
    await gateway.log.publish('authorization.contract.v1', 'C-1', permitted);
    await client.has('"contractId":"C-1"');
    expect(client.text()).not.toContain('04A2F3B1');
  });

  it('filters by bare or full type and by station', async () => {
    const byType = await listen('?types=TransactionEnded,voltlog.connection.TransactionStarted.v1');
    const byStation = await listen('?stationId=CP-2');
    await byType.has('ready');
    await byStation.has('ready');
    await gateway.log.publish(STATIONS, 'CP-1', { id: 'boot', type: 'voltlog.connection.StationBooted.v1', data: {} }, started('e-1'));
    await gateway.log.publish('authorization.decision.v1', 'TAG', {
      id: 'd-1',
      type: 'voltlog.authorization.Decided.v1',
      data: { request: { stationId: 'CP-2' } },
    });
    await byType.has('id: e-1');
    await byStation.has('id: d-1');
    expect(byType.text()).not.toContain('id: boot');
    expect(byStation.text()).not.toContain('id: e-1');
    expect(byStation.text()).not.toContain('TAG');
  });

  it('goes on after the last event id, and says when it cannot', async () => {
    const first = await listen();
    await first.has('ready');
    await gateway.log.publish(STATIONS, 'CP-1', started('e-1'), started('e-2'), started('e-3'));
    await first.has('id: e-3');
    first.close();
    const authorization = `Bearer ${ADMIN_KEY}`;
    const again = await listen('', { authorization, 'last-event-id': 'e-1' });
    await again.has('ready');
    expect([again.text().includes('id: e-1'), again.text().includes('id: e-2'), again.text().includes('id: e-3')]).toEqual([
      false,
      true,
      true,
    ]);
    const lost = await listen('', { authorization, 'last-event-id': 'never' });
    await lost.has('event: reset');
  });

  it('asks nothing of the log while nobody listens', async () => {
    expect(gateway.log.subscriptions.size).toBe(0);
    const client = await listen();
    await client.has('ready');
    expect([...gateway.log.subscriptions][0]).toMatchObject({ startFrom: 'latest' });
    await gateway.app.close();
    expect(gateway.log.subscriptions.size).toBe(0);
    await client.reading;
  });

  it('a ticket opens the stream once, within its time, and nothing else', async () => {
    const give = async () => String((await gateway.call('POST', '/v1/event-tickets')).body['ticket']);
    const ticket = await give();
    const client = await listen(`?access_token=${ticket}`, {});
    await client.has('ready');
    expect((await fetch(`${url}?access_token=${ticket}`)).status).toBe(401);
    const late = await give();
    gateway.clock.ms += 31_000;
    expect((await fetch(`${url}?access_token=${late}`)).status).toBe(401);
    expect((await fetch(url)).status).toBe(401);
    expect((await gateway.call('GET', `/v1/me?access_token=${await give()}`, { key: null })).status).toBe(401);
  });
});

describe('the hub', () => {
  const sink = (waiting = 0) => {
    const state = { text: '', ended: false };
    return { state, write: (text: string) => void (state.text += text), waitingBytes: () => waiting, end: () => void (state.ended = true) };
  };

  it('lets go of a client that does not read, and of nobody else', async () => {
    const hub = gateway.app.get(LiveHub);
    const slow = sink(WAITING_BYTES_MAX + 1);
    const fast = sink(WAITING_BYTES_MAX);
    await hub.join('admin01', slow, {});
    await hub.join('admin01', fast, {});
    await gateway.log.publish(STATIONS, 'CP-1', started('e-1'));
    expect([slow.state.ended, slow.state.text.includes('e-1')]).toEqual([true, false]);
    expect([fast.state.ended, fast.state.text.includes('e-1')]).toEqual([false, true]);
  });

  it('lets go of a client whose key was revoked, at the next sign of life', async () => {
    const hub = gateway.app.get(LiveHub);
    const made = await gateway.call('POST', '/v1/api-keys', { body: { name: 'soon gone', role: 'viewer' } });
    const gone = sink();
    const stays = sink();
    await hub.join(String(made.body['keyId']), gone, {});
    await hub.join('admin01', stays, {});
    await gateway.call('DELETE', `/v1/api-keys/${String(made.body['keyId'])}`);
    await hub.beat();
    expect([gone.state.ended, stays.state.ended]).toEqual([true, false]);
    expect(stays.state.text).toContain(': still here');
  });

  it('takes so many clients and no more, and none that has left', async () => {
    const hub = gateway.app.get(LiveHub);
    const leaves = [];
    for (let i = 0; i < CLIENTS_MAX; i += 1) leaves.push(await hub.join('admin01', sink(), {}));
    await expect(hub.join('admin01', sink(), {})).rejects.toMatchObject({ status: 503, slug: 'too-many-listeners' });
    leaves[0]?.();
    await expect(hub.join('admin01', sink(), {})).resolves.toBeTypeOf('function');
  });

  it('remembers so many events and no more', async () => {
    const hub = gateway.app.get(LiveHub);
    await hub.join('admin01', sink(), {});
    await gateway.log.publish(STATIONS, 'CP-1', ...Array.from({ length: RING_MAX + 1 }, (_, i) => started(`e-${i}`)));
    const oldest = sink();
    await hub.join('admin01', oldest, {}, 'e-1');
    expect(oldest.state.text.match(/^id: /gm)).toHaveLength(RING_MAX - 1);
    const forgotten = sink();
    await hub.join('admin01', forgotten, {}, 'e-0');
    expect(forgotten.state.text).toContain('event: reset');
  });

  it('masks tokens, passwords and certificates wherever they are', () => {
    const masked = maskedJson({
      idToken: 'ABCDEF',
      idTagInfo: { parentIdTag: 'PQ' },
      request: { key: 'AuthorizationKey', value: 'hunter2hunter2' },
      setVariableData: [{ variable: { name: 'BasicAuthPassword' }, attributeValue: 'hunter2' }],
      other: { key: 'HeartbeatInterval', value: '60' },
      certificateChain: 'MIIB',
      target: {
        csmsUrl: 'wss://user:hunter2@x.example/hunter2',
        keys: [{ vendor: '', keys: [{ key: 'CentralSystemURL', value: 'wss://y.example/hunter2' }] }],
        healthUrl: 'https://x.example/?key=hunter2',
      },
      before: { priority: '', keys: [{ key: 'Token', value: 'hunter2' }] },
      vendor: { handlerUrl: 'https://x.example/?key=hunter2' },
      passwordHash: 'scrypt$16384$c2FsdA$aGFzaA',
      connectionData: { apn: { apn: 'net', apnPassword: 'hunter2', simPin: 1234 } },
    });
    expect(masked).not.toMatch(/ABCDEF|PQ|hunter2|MIIB|scrypt|1234/);
    expect(masked).toContain('"value":"60"');
    expect(masked).toContain('"csmsUrl":"x.example"');
    expect(masked).toContain('{"key":"CentralSystemURL","value":"y.example"}');
  });
});
