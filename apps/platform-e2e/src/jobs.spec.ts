import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AllInOne } from './harness/all-in-one.js';
import { eventually } from './harness/eventually.js';
import { allOf, registerStation } from './harness/fleet.js';
import { type Frame, RawStation } from './harness/raw-station.js';

const STATIONS = Array.from({ length: 60 }, (_, n) => `JOB-${String(n + 1).padStart(3, '0')}`);
/** Known, and not connected until the end. */
const ABSENT = 'JOB-060';
const WAIT_MS = 90_000;

interface JobView {
  readonly jobId: string;
  readonly state: string;
  readonly counts: Readonly<Record<string, number>>;
}

let platform: AllInOne;
/** What each station was sent. */
const calls = new Map<string, string[]>();
const sockets: RawStation[] = [];

beforeAll(async () => {
  platform = await AllInOne.start({ RATE_LIMIT_BURST: '10000', RATE_LIMIT_PER_SECOND: '1000' });
  for (const stationId of STATIONS) await registerStation(platform.api, stationId);
  for (const stationId of STATIONS) if (stationId !== ABSENT) await connect(stationId);
});
afterAll(async () => {
  for (const { socket } of sockets) socket.terminate();
  await platform?.stop();
});

/** A station that says Accepted to what it is sent; every twentieth to be sent something says nothing. */
async function connect(stationId: string): Promise<void> {
  const station = await RawStation.connect({ url: platform.ocppUrl, stationId });
  sockets.push(station);
  station.socket.on('message', (text) => {
    const [kind, messageId, action] = JSON.parse(String(text)) as Frame;
    if (kind !== 2) return;
    calls.set(stationId, [...(calls.get(stationId) ?? []), String(action)]);
    if (calls.size % 20 !== 0) station.send(JSON.stringify([3, messageId, { status: 'Accepted' }]));
  });
}

const job = (jobId: string) => platform.api.get<JobView>(`/v1/jobs/${jobId}`);

describe('a job', () => {
  it('outlives the process: after kill -9 nobody is sent it twice, and nobody is left out', async () => {
    const body = { command: { name: 'clear-cache', body: { timeoutMs: 2_000 } }, selection: { all: true }, concurrency: 4 };
    const { jobId } = await platform.api.ok<JobView>('POST', '/v1/jobs', body);
    await eventually('a part of the stations is sent it', () => calls.size >= 15, WAIT_MS);
    await platform.child.kill9();
    const before = new Set(calls.keys());
    await platform.restart();
    for (const stationId of STATIONS) if (stationId !== ABSENT) await connect(stationId);
    await eventually('all but one are through', async () => isLeft(await job(jobId), 1), WAIT_MS);
    await connect(ABSENT);
    const ended = await eventually(
      'the job ends',
      async () => {
        const now = await job(jobId);
        return now.state === 'Ended' ? now : undefined;
      },
      WAIT_MS,
    );
    expect([...calls].filter(([, sent]) => sent.length !== 1)).toEqual([]);
    expect(new Set(calls.keys())).toEqual(new Set(STATIONS));
    expect(before.size).toBeLessThan(STATIONS.length);
    const stations = await allOf<{ stationId: string; state: string }>(platform.api, `/v1/jobs/${jobId}/stations`);
    expect(stations.map(({ stationId }) => stationId)).toEqual(STATIONS);
    expect(new Set(stations.map(({ state }) => state))).toEqual(new Set(['Accepted', 'Unknown']));
    expect((ended.counts['Accepted'] ?? 0) + (ended.counts['Unknown'] ?? 0)).toBe(STATIONS.length);
    // What was on its way is given up on half a minute after its time.
  }, 300_000);
});

const isLeft = ({ counts }: JobView, left: number): boolean =>
  (counts['Waiting'] ?? 0) === left && (counts['Pending'] ?? 0) === 0 && (counts['Sending'] ?? 0) === 0;
