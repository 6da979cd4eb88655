import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isObject, type OcppVersion, textAt } from '../station/protocol.js';
import { noteWrongFrames } from '../testing/checked.js';
import { type FakeCsms, startFakeCsms } from '../testing/fake-csms.js';
import { VirtualClock } from '../time/clock.js';
import type { CsmsApiOptions } from './csms-api.js';
import { runScenario } from './run-scenario.js';
import { ScriptFailure } from './run-script.js';
import { scenarioNamed } from './scenarios.js';

const TOKENS = { token: 'CARD-1', otherToken: 'CARD-2', blockedToken: 'CARD-X' };
const KEY = 'key-of-the-spec';
/** Looks at the session until the fake finds that a limit is reached. */
const LOOKS = 12;

let csms: FakeCsms;
let server: Server;
let api: CsmsApiOptions;
let version: OcppVersion;
let ends: { state: string; endCause: string | null };
let limit: unknown;
let looks: number;
const asked: string[] = [];

beforeEach(async () => {
  csms = await startFakeCsms();
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const known = request.headers.authorization === `Bearer ${KEY}`;
      void answer(`${request.method} ${request.url}`, text === '' ? {} : JSON.parse(text)).then((body) => {
        response.writeHead(known ? 200 : 401, { 'content-type': 'application/json' });
        response.end(JSON.stringify(known ? body : { detail: 'no such key' }));
      });
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  api = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, key: KEY };
  ends = { state: 'Active', endCause: null };
  limit = undefined;
  looks = 0;
  asked.length = 0;
});
afterEach(async () => {
  server.close();
  await csms.close();
});

const transactionId = (): string => {
  const started = csms.of('TransactionEvent')[0];
  return started === undefined ? '1' : (textAt(started.payload, 'transactionInfo', 'transactionId') ?? '');
};
const stop = () =>
  version === '1.6'
    ? csms.command('SC-1', 'RemoteStopTransaction', { transactionId: 1 })
    : csms.command('SC-1', 'RequestStopTransaction', { transactionId: transactionId() });
const isEnded = (): boolean =>
  csms.of('StopTransaction').length > 0 || csms.of('TransactionEvent').some(({ payload }) => payload['eventType'] === 'Ended');

/** As little of a CSMS as the scenarios need. */
async function answer(route: string, body: Record<string, unknown>): Promise<unknown> {
  asked.push(route);
  if (route === 'POST /v1/start-requests') {
    limit = body['limit'];
    const idToken = { idToken: body['idToken'], type: 'Central' };
    await (version === '1.6'
      ? csms.command('SC-1', 'RemoteStartTransaction', { idTag: body['idToken'], connectorId: 1 })
      : csms.command('SC-1', 'RequestStartTransaction', { idToken, remoteStartId: 1, evseId: 1 }));
    return { state: 'Accepted' };
  }
  if (route.startsWith('PUT /v1/sessions/')) {
    limit = body;
    ends = { ...ends, endCause: 'Limit' };
    void stop();
    return {};
  }
  if (route === 'POST /v1/sessions/s-1/stop') {
    ends = { ...ends, endCause: 'Operator' };
    void stop();
    void csms.until(() => true).then(() => stop());
    return { stationStatus: 'TimedOut' };
  }
  if (route.startsWith('GET /v1/sessions?')) return { data: [{ sessionId: 's-1' }] };
  if (route === 'GET /v1/sessions/s-1') {
    looks += 1;
    if (looks === LOOKS && isObject(limit)) {
      ends = { ...ends, endCause: 'Limit' };
      void stop();
    }
    return { limit, energyWh: 1_000_000, state: isEnded() ? 'Ended' : 'Active', endCause: isEnded() ? ends.endCause : null };
  }
  return {};
}

const play = (name: string, of: OcppVersion, more: { readonly api?: CsmsApiOptions } = { api }) => {
  version = of;
  const wrong: string[] = [];
  const clock = new VirtualClock();
  return runScenario(scenarioNamed(name), {
    id: 'SC-1',
    version: of,
    url: csms.url,
    clock,
    tokens: TOKENS,
    reconnectMs: [2, 20],
    stepMs: 2_000,
    onEvent: noteWrongFrames(of, wrong),
    ...more,
  })
    .then((entries) => ({ entries, wrong }))
    .finally(() => clock.dispose());
};

describe.each(['1.6', '2.0.1'] as const)('scenarios that ask the CSMS, OCPP %s', (of) => {
  it.each(['limit-energy', 'limit-time', 'limit-cost', 'limit-soc', 'lost-remote-stop'])('%s is stopped by the CSMS', async (name) => {
    const { entries, wrong } = await play(name, of);
    expect(wrong).toEqual([]);
    expect(entries).toMatchObject([{ stopReason: 'Remote', stop: 'answered' }]);
    if (name === 'limit-cost') expect(asked[0]).toBe('PUT /v1/prices/station:SC-1');
  });
});

it('OCPP 2.1: limit-cost is stopped by the CSMS, as the station knows no price', async () => {
  const { entries, wrong } = await play('limit-cost', '2.1');
  expect(wrong).toEqual([]);
  expect(entries).toMatchObject([{ stopReason: 'Remote', stop: 'answered' }]);
});

describe('OCPP 2.1: a station that is told a limit', () => {
  const offer = (transactionLimit: object, more: object = {}) => {
    let told = 0;
    csms.reply('TransactionEvent', ({ payload }) => {
      told += 1;
      return {
        ...(payload['idToken'] === undefined ? {} : { idTokenInfo: { status: 'Accepted' } }),
        ...(told === 2 ? { transactionLimit, ...more } : {}),
      };
    });
    ends = { ...ends, endCause: 'Limit' };
  };
  const last = () => csms.of('TransactionEvent').at(-1)?.payload;

  it.each([
    ['limit-energy', { maxEnergy: 2_000 }, 'EnergyLimitReached', 'EnergyLimitReached'],
    ['limit-time', { maxTime: 90 }, 'TimeLimitReached', 'TimeLimitReached'],
    ['limit-soc', { maxSoC: 33 }, 'SOCLimitReached', 'SoCLimitReached'],
  ])('%s: tells it back and ends the transaction there by itself', async (name, told, stoppedReason, triggerReason) => {
    offer(told);
    looks = LOOKS;
    const { entries, wrong } = await play(name, '2.1');
    expect(wrong).toEqual([]);
    const set = csms.of('TransactionEvent').filter(({ payload }) => payload['triggerReason'] === 'LimitSet');
    expect(set.map(({ payload }) => payload['transactionInfo'])).toMatchObject([{ transactionLimit: told }]);
    expect(last()).toMatchObject({ eventType: 'Ended', triggerReason, transactionInfo: { stoppedReason } });
    expect(entries).toMatchObject([{ stopReason: stoppedReason }]);
    if (name === 'limit-energy') {
      expect(entries[0]?.deliveredWh).toBeGreaterThanOrEqual(2_000);
      expect(entries[0]?.deliveredWh).toBeLessThan(2_010);
    }
  });

  it.each([
    [1, true],
    [0.99, false],
  ])('money: ends when the CSMS tells a cost of %f', async (totalCost, kept) => {
    offer({ maxCost: 1 }, { totalCost });
    const { wrong } = await play('limit-energy', '2.1');
    expect(wrong).toEqual([]);
    expect(last()).toMatchObject(
      kept
        ? { triggerReason: 'CostLimitReached', transactionInfo: { stoppedReason: 'LocalOutOfCredit' } }
        : { triggerReason: 'RemoteStop' },
    );
  });
});

it('says what is missing without an API, and what the API said with a wrong key', async () => {
  await expect(play('limit-energy', '1.6', {})).rejects.toThrow(/needs the API of the CSMS/);
  const refused = play('limit-energy', '1.6', { api: { ...api, key: 'wrong' } });
  await expect(refused).rejects.toThrow(ScriptFailure);
  await expect(refused).rejects.toThrow(/401: .*no such key/);
});
