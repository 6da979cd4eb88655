import { afterEach, describe, expect, it } from 'vitest';
import { runFleet } from '../fleet/run-fleet.js';
import { openStations } from '../load/open-stations.js';
import { runScenario, StationRefused } from '../script/run-scenario.js';
import { scenarioNamed } from '../script/scenarios.js';
import { startFakeCsms } from '../testing/fake-csms.js';
import { type RefusingServer, refusing } from '../testing/refusing-server.js';
import { isFinal } from './turned-away.js';

const SCENARIO = scenarioNamed('plain-session');
const TOKENS = { token: 'CARD-1', otherToken: 'CARD-2', blockedToken: 'CARD-X' };
const QUICK = { hopelessMs: 20, reconnectMs: [1, 5] } as const;

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});
const server = async (statusOf: (attempt: number) => number): Promise<RefusingServer> => {
  const made = await refusing(statusOf);
  opened.push(made);
  return made;
};

it.each([
  [200, true],
  [301, true],
  [400, true],
  [401, true],
  [403, true],
  [404, true],
  [408, false],
  [425, false],
  [429, false],
  [500, false],
  [503, false],
])('an answer of %i stays the same: %s', (status, final) => {
  expect(isFinal(status)).toBe(final);
});

describe('a scenario', () => {
  const play = (url: string, more: object = {}) =>
    runScenario(SCENARIO, { id: 'CS-1', version: '1.6', url, tokens: TOKENS, ...QUICK, ...more });

  it.each([
    [400, 'is the address right?'],
    [401, 'is the password right?'],
    [403, 'is its certificate right?'],
    [404, 'is it registered there'],
  ])('ends with words where the station is answered %i', async (status, words) => {
    const { url, soapUrl } = await server(() => status);
    await expect(play(url)).rejects.toThrow(StationRefused);
    await expect(play(url)).rejects.toThrow(new RegExp(`CS-1 in: HTTP ${status}: .*${words.replace('?', '\\?')}`));
    await expect(play(soapUrl)).rejects.toThrow(StationRefused);
  });

  it('goes on trying where the CSMS is busy, and gives up only once it is refused for a while', async () => {
    const refuses = await server((attempt) => (attempt < 20 ? 503 : 404));
    await expect(play(refuses.url)).rejects.toThrow(/HTTP 404/);
    expect(refuses.tries).toBeGreaterThan(21);
  });

  it.each([{}, { keepsTrying: true }])('plays once the CSMS lets the station in: %j', async (more) => {
    const refuses = await server((attempt) => ('keepsTrying' in more ? 404 : attempt % 2 === 0 ? 429 : 503));
    const csms = await startFakeCsms();
    opened.push(csms);
    // The CSMS that lets it in is the last of many addresses, tried in turn.
    const playing = play(refuses.url, { ...more, url: [...Array.from({ length: 30 }, () => refuses.url), csms.url] });
    expect(await playing).toHaveLength(1);
    expect(refuses.tries).toBe(30);
  });
});

describe('a fleet', () => {
  const options = { count: 3, tokens: ['T1'] as [string], seed: 1, seconds: 1e6, ...QUICK };

  it('ends where no station is let in, and says why', async () => {
    const { url } = await server(() => 401);
    expect(await runFleet({ ...options, url })).toMatchObject({ neverAccepted: 3, turnedAway: { 'HTTP 401: is the password right?': 3 } });
  });

  it('goes on where some are, and to the end of its time where it is told to', async () => {
    const { url } = await server(() => 404);
    const csms = await startFakeCsms();
    opened.push(csms);
    const some = runFleet({ ...options, url, seconds: 60, timeScale: 20, keepsTrying: true });
    expect(await some).toMatchObject({
      neverAccepted: 3,
      turnedAway: { 'HTTP 404: is it registered there, and is the address right?': 3 },
    });
    // Each begins with another address, and goes on to the next where it is refused.
    const all = await runFleet({ ...options, url: [url, csms.url], seconds: 60, timeScale: 20 });
    expect(all).toMatchObject({ neverAccepted: 0, turnedAway: {} });
  });
});

it('a fleet goes on where one station is let in after all, though another is turned away later', async () => {
  const csms = await startFakeCsms();
  opened.push(csms);
  csms.turnedAway.set('SIM-0001', 404).set('SIM-0002', 503);
  const refused = { 'SIM-0001': 0, 'SIM-0002': 0 };
  const ended = new AbortController();
  const result = await runFleet({
    count: 2,
    tokens: ['T1'],
    seed: 1,
    seconds: 1e6,
    ...QUICK,
    url: csms.url,
    signal: ended.signal,
    onEvent: ({ type, stationId }) => {
      if (type === 'registered') csms.turnedAway.set('SIM-0002', 404);
      if (type !== 'refused') return;
      refused[stationId as keyof typeof refused] += 1;
      if (refused['SIM-0001'] > 60 && csms.turnedAway.delete('SIM-0001')) refused['SIM-0002'] = 0;
      if (csms.turnedAway.get('SIM-0002') === 404 && refused['SIM-0002'] > 60) ended.abort();
    },
  });
  expect(ended.signal.aborted).toBe(true);
  expect(result).toMatchObject({ neverAccepted: 1, turnedAway: { 'HTTP 404: is it registered there, and is the address right?': 1 } });
});

it('a load gives up stations that are not let in, and says why', async () => {
  const refuses = await server(() => 403);
  const { result, close } = await openStations({ url: refuses.url, n: 3, concurrency: 2 });
  close();
  expect(result).toMatchObject({ booted: 0, turnedAway: { 'HTTP 403: may it connect in this way, and is its certificate right?': 3 } });
  expect(refuses.tries).toBe(18);
});
