import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { prepare, readRecording, replay, runScenario, scenarioNamed, VirtualClock } from '@voltlog/simulator-app';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ADMIN_KEY, AllInOne } from './harness/all-in-one.js';
import { eventually } from './harness/eventually.js';
import { registerStation, registerTokens, STATION_PASSWORD, sessionsOf } from './harness/fleet.js';

/** What a station said whose answer to StartTransaction was lost: it connects again and repeats itself. */
const recording = readRecording(readFileSync(new URL('recordings/lost-start-1.6.ndjson', import.meta.url), 'utf8'));

let platform: AllInOne;
beforeAll(async () => {
  platform = await AllInOne.start();
});
afterAll(() => platform?.stop());

const play = async (stationId: string) => {
  const password = await prepare(recording, stationId, { url: platform.api.url, key: ADMIN_KEY });
  return replay(recording, { url: platform.ocppUrl, stationId, password });
};

it('a recorded station is answered as it was, and its energy is what it was', { timeout: 60_000 }, async () => {
  expect(await play('recorded-1')).toMatchObject({ said: 17, differences: [] });
  const session = await eventually('the one session of the recording', async () => {
    const sessions = await sessionsOf(platform.api, 'recorded-1');
    return sessions.length === 1 && sessions[0]?.state === 'Ended' ? sessions[0] : undefined;
  });
  expect(session.energyWh).toBe(1_000);
});

it('is replayed again and again: a regression test runs more than once', { timeout: 60_000 }, async () => {
  for (const _ of [1, 2]) expect(await play('recorded-again')).toMatchObject({ said: 17, differences: [] });
});

it('an answer that has become another is found', { timeout: 60_000 }, async () => {
  const [token] = recording.lines.flatMap((line) =>
    line.kind === 'call' && line.action === 'Authorize' ? [String(line.payload['idTag'])] : [],
  );
  const password = await prepare(recording, 'recorded-2', { url: platform.api.url, key: ADMIN_KEY });
  await platform.api.ok('PUT', `/v1/tokens/${token}`, { status: 'Blocked' });
  const { differences } = await replay(recording, {
    url: platform.ocppUrl,
    stationId: 'recorded-2',
    password,
  });
  expect(differences).toContainEqual(
    expect.objectContaining({ action: 'Authorize', difference: '/idTagInfo/status: was "Accepted", is "Blocked"' }),
  );
});

it('a station that speaks SOAP is recorded, and replayed over SOAP and over JSON', { timeout: 60_000 }, async () => {
  const id = 'recorded-soap';
  const soapUrl = `${platform.ocppUrl.replace(/^ws/, 'http')}/soap`;
  const tokens = await registerTokens(platform.api);
  await registerStation(platform.api, id);
  const { recordingId } = await platform.api.ok<{ recordingId: string }>('POST', `/v1/stations/${id}/recordings`, {});
  const clock = new VirtualClock(Date.now());
  await runScenario(scenarioNamed('plain-session'), { id, version: '1.6', url: soapUrl, password: STATION_PASSWORD, clock, tokens });
  clock.dispose();
  await platform.api.ok('POST', `/v1/stations/${id}/recordings/${recordingId}/stop`, {});
  const headers = { authorization: `Bearer ${ADMIN_KEY}` };
  const file = await (await fetch(`${platform.api.url}/v1/stations/${id}/recordings/${recordingId}/file`, { headers })).text();
  for (const secret of [id, tokens.token, STATION_PASSWORD]) expect(file).not.toContain(secret);
  const recorded = readRecording(file);
  const said = recorded.lines.filter((line) => line.kind === 'call' && line.from === 'station').length;
  expect(said).toBeGreaterThan(5);
  for (const [stationId, url] of [
    ['replayed-soap', soapUrl],
    ['replayed-json', platform.ocppUrl],
  ] as const) {
    const password = await prepare(recorded, stationId, { url: platform.api.url, key: ADMIN_KEY });
    expect(await replay(recorded, { url, stationId, password })).toMatchObject({
      said,
      differences: [],
    });
    const energy = async (of: string) => (await sessionsOf(platform.api, of)).map(({ state, energyWh }) => [state, energyWh]);
    const wanted = await eventually('the recorded session has ended', async () => {
      const [session] = await energy(id);
      return session?.[0] === 'Ended' ? [session] : undefined;
    });
    await eventually(`the session of ${stationId}`, async () => isDeepStrictEqual(await energy(stationId), wanted) || undefined);
  }
  await expect(replay(recorded, { url: soapUrl, stationId: 'replayed-soap', password: 'wrong' })).rejects.toThrow(/HTTP 401/);
});
