import { readFileSync } from 'node:fs';
import { prepare, readRecording, replay } from '@voltlog/simulator-app';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ADMIN_KEY, AllInOne } from './harness/all-in-one.js';
import { eventually } from './harness/eventually.js';
import { sessionsOf } from './harness/fleet.js';

/** What a station said whose answer to StartTransaction was lost: it connects again and repeats itself. */
const recording = readRecording(readFileSync(new URL('recordings/lost-start-1.6.ndjson', import.meta.url), 'utf8'));

let platform: AllInOne;
beforeAll(async () => {
  platform = await AllInOne.start();
});
afterAll(() => platform?.stop());

const play = async (stationId: string) => {
  const password = await prepare(recording, stationId, { url: platform.api.url, key: ADMIN_KEY });
  return replay(recording, { url: platform.ocppUrl, stationId, ...(password === undefined ? {} : { password }) });
};

it('a recorded station is answered as it was, and its energy is what it was', { timeout: 60_000 }, async () => {
  expect(await play('recorded-1')).toMatchObject({ said: 17, differences: [] });
  const session = await eventually('the one session of the recording', async () => {
    const sessions = await sessionsOf(platform.api, 'recorded-1');
    return sessions.length === 1 && sessions[0]?.state === 'Ended' ? sessions[0] : undefined;
  });
  expect(session.energyWh).toBe(1_000);
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
    ...(password === undefined ? {} : { password }),
  });
  expect(differences).toContainEqual(
    expect.objectContaining({ action: 'Authorize', difference: '/idTagInfo/status: was "Accepted", is "Blocked"' }),
  );
});
