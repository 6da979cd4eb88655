import { createHash, randomBytes } from 'node:crypto';
import { type OcppVersion, runScenario, SimulatedStation, scenarioNamed, VirtualClock } from '@voltlog/simulator-app';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_KEY, AllInOne } from './harness/all-in-one.js';
import { eventually } from './harness/eventually.js';
import { allOf, registerStation, registerTokens, STATION_PASSWORD } from './harness/fleet.js';
import { type Infrastructure, PROCESSES, Processes, type ProcessName, startInfrastructure } from './harness/processes.js';
import { type Frame, RawStation } from './harness/raw-station.js';

/** Of what another instance takes over when a lease or a membership of a group has run out. */
const WAIT_MS = 180_000;
const TEST_MS = 600_000;
const VERSIONS = ['1.6', '2.0.1', '2.1'] as const;

let infrastructure: Infrastructure;
let platform: Processes;
const stations: { stop(): Promise<void> }[] = [];

beforeAll(async () => {
  infrastructure = await startInfrastructure();
  platform = await Processes.start(
    infrastructure,
    {
      DEVICE_SECRET_KEY: randomBytes(32).toString('base64'),
      DEVICE_PROFILE_FALLBACK_SECONDS: '1',
      DEVICE_INTENT_LOOK_MS: '100',
      DEVICE_JOB_LOOK_MS: '100',
    },
    [...PROCESSES, 'device-2'],
  );
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') process.stderr.write(`${platform.said}\n`);
  for (const station of stations.splice(0)) await station.stop();
});
afterAll(async () => {
  await platform?.stop();
  await infrastructure?.stop();
});

const soon = <Value>(what: string, ask: () => Promise<Value | undefined>): Promise<Value> => eventually(what, ask, WAIT_MS);

/** Each at the next connection instance. */
let connected = 0;
async function simulated(id: string, version: OcppVersion, more: object = {}): Promise<SimulatedStation> {
  await registerStation(platform.api, id);
  connected += 1;
  const url = platform.ocppUrls[connected % 2 === 0 ? 0 : 1];
  const station = new SimulatedStation({ id, version, url, password: STATION_PASSWORD, reconnectMs: [50, 500], ...more });
  stations.push(station);
  await station.connect();
  return station;
}

/** Both device processes die in turn, so that the one at work is among them, each while the other one runs. */
async function deviceDies(meanwhile: () => Promise<void> = async () => {}): Promise<void> {
  for (const name of ['device', 'device-2'] satisfies ProcessName[]) {
    await platform.kill9(name);
    await meanwhile();
    await platform.restart(name);
  }
}

describe('a job', () => {
  it('both device processes die while it runs: nobody is sent it twice, and nobody is left out', { timeout: TEST_MS }, async () => {
    const ids = Array.from({ length: 60 }, (_, n) => `JOB-${String(n + 1).padStart(3, '0')}`);
    const sent = new Map<string, number>();
    for (const [n, stationId] of ids.entries()) {
      await registerStation(platform.api, stationId);
      const station = await RawStation.connect({ url: platform.ocppUrls[n % 2 === 0 ? 0 : 1], stationId });
      stations.push({ stop: () => station.close() });
      station.socket.on('message', (text) => {
        const [kind, messageId] = JSON.parse(String(text)) as Frame;
        if (kind !== 2) return;
        sent.set(stationId, (sent.get(stationId) ?? 0) + 1);
        station.send(JSON.stringify([3, messageId, { status: 'Accepted' }]));
      });
    }
    const command = { name: 'clear-cache', body: { timeoutMs: 5_000 } };
    const order = { command, selection: { stationIds: ids }, concurrency: 2, stationsPerMinute: 120 };
    const { jobId } = await platform.api.ok<{ jobId: string }>('POST', '/v1/jobs', order);
    const job = () => platform.api.get<{ state: string; counts: Record<string, number> }>(`/v1/jobs/${jobId}`);
    await soon('a part of the stations is sent it', async () => {
      if (sent.size >= 5) return true;
      throw new Error(`${sent.size} are: ${JSON.stringify(await job())}`);
    });
    const before: number[] = [];
    await deviceDies(async () => {
      before.push(sent.size);
    });
    // How far it is at the second death is up to the machine.
    expect(before[0]).toBeLessThan(ids.length);
    const ended = await soon('the job ends', async () => {
      const now = await job();
      return now.state === 'Ended' ? now : undefined;
    });
    expect([...sent].filter(([, times]) => times !== 1)).toEqual([]);
    expect([...sent.keys()].sort()).toEqual(ids);
    const rows = await allOf<{ stationId: string; state: string }>(platform.api, `/v1/jobs/${jobId}/stations`);
    expect(rows.map(({ stationId }) => stationId)).toEqual(ids);
    // What was on its way when the process died may never be known.
    expect((ended.counts['Accepted'] ?? 0) + (ended.counts['Unknown'] ?? 0)).toBe(ids.length);
    expect(ended.counts['Unknown'] ?? 0).toBeLessThanOrEqual(2 * order.concurrency);
  });
});

describe('a firmware campaign', () => {
  it('both device processes die while it runs: each station fetches the image and boots with it in the end', {
    timeout: TEST_MS,
  }, async () => {
    const ids = Array.from({ length: 9 }, (_, n) => `FW-${n + 1}`);
    for (const [n, id] of ids.entries())
      await simulated(id, VERSIONS[n % 3] ?? '1.6', { identity: { vendor: 'Acme', model: 'Proc' }, firmware: 'installs' });
    const rest = Buffer.alloc(3_000_000, 'firmware ');
    const head = `version=2.0.0 sha256=${createHash('sha256').update(rest).digest('hex')}\n`;
    const uploaded = await fetch(`${platform.api.url}/v1/firmware-images?vendor=Acme&model=Proc&version=2.0.0`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/octet-stream' },
      body: Buffer.concat([Buffer.from(head), rest]),
    });
    expect(uploaded.status).toBe(201);
    const { imageId } = (await uploaded.json()) as { imageId: string };
    // What the gateway and device say of a boot comes by the log.
    await soon('all makes are known', async () => {
      const { data } = await platform.api.get<{ data: { stationId: string; model: string | null }[] }>('/v1/stations?limit=200');
      return ids.every((id) => data.some((each) => each.stationId === id && each.model === 'Proc')) ? true : undefined;
    });
    const waves = [{ stations: 3 }, { percent: 100 }];
    // A download that broke off with the process, or a command whose answer did, is a try that failed.
    const tries = { attemptsMax: 5, retryMinutes: 1 };
    const order = { imageId, selection: { stationIds: ids }, waves, concurrency: 2, stopAtFailedPercent: 0, ...tries };
    const { campaignId } = await platform.api.ok<{ campaignId: string }>('POST', '/v1/firmware-campaigns', order);
    const path = `/v1/firmware-campaigns/${campaignId}`;
    const campaign = () => platform.api.get<{ state: string; outcome: string | null; counts: Record<string, number> }>(path);
    await soon('it is under way', async () => {
      const { counts } = await campaign();
      return (counts['Updating'] ?? 0) + (counts['Updated'] ?? 0) > 0 ? true : undefined;
    });
    await deviceDies();
    const ended = await soon('it ends', async () => {
      const now = await campaign();
      return now.state === 'Ended' ? now : undefined;
    });
    expect(ended).toMatchObject({ outcome: 'Completed' });
    const rows = await allOf<{ stationId: string }>(platform.api, `${path}/stations`);
    expect(rows).toMatchObject(ids.map((stationId) => ({ stationId, state: 'Updated', evidence: 'Boot', fetched: true })));
  });
});

describe('a move', () => {
  it.each(['1.6', '2.0.1'] as const)(
    'OCPP %s: to another platform while both device processes die',
    { timeout: TEST_MS },
    async (version) => {
      const there = await AllInOne.start();
      try {
        const id = `mover-${version}`;
        await registerStation(there.api, id);
        await simulated(id, version, { security: { profile: 1 } });
        const target = {
          csmsUrl: there.ocppUrl,
          securityProfile: 1,
          slot: 2,
          keys: [{ keys: [{ key: 'CentralSystemURL', value: there.ocppUrl }] }],
        };
        const order = { direction: 'Out', selection: { stationIds: [id] }, target, confirm: true, stopAtFailedPercent: 0 };
        const { moveId } = await platform.api.ok<{ moveId: string }>('POST', '/v1/moves', order);
        await deviceDies();
        await soon('it is at the other platform', async () => {
          const { connected: is } = await there.api.get<{ connected: boolean }>(`/v1/stations/${id}/connection`);
          return is ? true : undefined;
        });
        const phase = (wanted: string) =>
          soon(`it is ${wanted}`, async () => {
            const { data } = await platform.api.get<{ data: { phase: string; reason: string | null }[] }>(`/v1/moves/${moveId}/stations`);
            if (data[0]?.phase === 'Failed') throw new Error(data[0].reason ?? '');
            return data[0]?.phase === wanted ? data[0] : undefined;
          });
        await phase('Switched');
        await platform.api.ok('POST', `/v1/moves/${moveId}/stations/${id}/confirm`, {});
        await phase('Moved');
        await soon('the move ends', async () => {
          const move = await platform.api.get<{ state: string; outcome: string | null }>(`/v1/moves/${moveId}`);
          return move.state === 'Ended' && move.outcome === 'Completed' ? true : undefined;
        });
      } finally {
        await there.stop();
      }
    },
  );
});

describe('what a station is looked at and set by', () => {
  it('its log comes through whichever gateway and device process', { timeout: TEST_MS }, async () => {
    for (const version of VERSIONS) {
      const id = `log-${version}`;
      await simulated(id, version);
      const { uploadId, answer } = await platform.api.ok<{ uploadId: string; answer: string }>(
        'POST',
        `/v1/stations/${id}/log-uploads`,
        {},
      );
      expect(answer).toBe('Accepted');
      const done = await soon('the file is there', async () => {
        const now = await platform.api.get<{ state: string; status: string | null; sha256: string }>(`/v1/log-uploads/${uploadId}`);
        return now.state === 'Received' && now.status === 'Uploaded' ? now : undefined;
      });
      if (version === '1.6') {
        await platform.kill9('device');
        await platform.restart('device');
      }
      const headers = { authorization: `Bearer ${ADMIN_KEY}` };
      const file = await (await fetch(`${platform.api.url}/v1/log-uploads/${uploadId}/file`, { headers })).text();
      expect(file).toContain(`${id} line 500`);
      expect(createHash('sha256').update(file).digest('hex')).toBe(done.sha256);
    }
  });

  it.each(['2.0.1', '2.1'] as const)('OCPP %s: what it notices is an alert until it is over', { timeout: TEST_MS }, async (version) => {
    const id = `watching-${version}`;
    const tokens = await registerTokens(platform.api);
    await registerStation(platform.api, id);
    const clock = new VirtualClock(Date.now());
    const options = { id, version, url: platform.ocppUrls[1], password: STATION_PASSWORD, clock, tokens, api: platform.api };
    await runScenario(scenarioNamed('monitoring'), options);
    clock.dispose();
  });

  it.each(['2.0.1', '2.1'] as const)(
    'OCPP %s: what its display shows is known, set and taken away',
    { timeout: TEST_MS },
    async (version) => {
      const id = `display-${version}`;
      await simulated(id, version);
      const commands = `/v1/stations/${id}/commands`;
      const shown = async () => (await platform.api.get<{ messages: { id: number }[] }>(`/v1/stations/${id}/display-messages`)).messages;
      const message = { id: 4, priority: 'InFront', message: { format: 'UTF8', language: 'en', content: 'Welcome' } };
      expect(await platform.api.ok('POST', `${commands}/set-display-message`, { message })).toMatchObject({ status: 'Accepted' });
      await soon('it is shown', async () => ((await shown()).some((each) => each.id === 4) ? true : undefined));
      expect(await platform.api.ok('POST', `${commands}/clear-display-message`, { id: 4 })).toMatchObject({ status: 'Accepted' });
      await soon('it is gone', async () => ((await shown()).length === 0 ? true : undefined));
    },
  );
});

describe('at the edge', () => {
  const STATUS = { connectorId: '1', errorCode: 'NoError', status: 'Available' };

  it.each([0, 1] as const)(
    'instance %s: a quirk is switched on while the station is connected, and stays on',
    { timeout: TEST_MS },
    async (at) => {
      const stationId = `quirky-${at}`;
      await registerStation(platform.api, stationId);
      const station = await RawStation.connect({ url: platform.ocppUrls[at], stationId });
      expect((await station.ask('StatusNotification', STATUS))[0]).toBe(4);
      await platform.api.ok('PUT', `/v1/stations/${stationId}/quirks/numbers-as-texts`, { choice: 'On' });
      await soon('the next message is accepted', async () =>
        (await station.ask('StatusNotification', STATUS))[0] === 3 ? true : undefined,
      );
      await station.close();
      const name: ProcessName = at === 0 ? 'connection-1' : 'connection-2';
      await platform.kill9(name);
      await platform.restart(name);
      const again = await RawStation.connect({ url: platform.ocppUrls[at === 0 ? 1 : 0], stationId });
      expect((await again.ask('StatusNotification', STATUS))[0]).toBe(3);
      await again.close();
      const { data } = await platform.api.get<{ data: { quirkId: string; on: boolean; tolerated: number; refused: number }[] }>(
        `/v1/stations/${stationId}/quirks`,
      );
      expect(data.find(({ quirkId }) => quirkId === 'numbers-as-texts')).toMatchObject({ on: true, because: 'Operator' });
    },
  );

  it('a recording goes on at whichever instance the station comes to, and when one dies', { timeout: TEST_MS }, async () => {
    const stationId = 'recorded';
    await registerStation(platform.api, stationId);
    const path = `/v1/stations/${stationId}/recordings`;
    const { recordingId } = await platform.api.ok<{ recordingId: string }>('POST', path, { minutes: 10 });
    const says = async (at: 0 | 1, action: string, payload: object): Promise<void> => {
      const station = await RawStation.connect({ url: platform.ocppUrls[at], stationId });
      await station.result(action, payload);
      await station.close();
    };
    const file = async (): Promise<string> => {
      const headers = { authorization: `Bearer ${ADMIN_KEY}` };
      return (await fetch(`${platform.api.url}${path}/${recordingId}/file`, { headers })).text();
    };
    // An instance looks every second which stations are recorded.
    for (const [at, action, payload] of [
      [0, 'Authorize', { idTag: 'SECRET-CARD' }],
      [1, 'Heartbeat', {}],
    ] as const)
      await soon(`${action} is recorded`, async () => {
        await says(at, action, payload);
        return (await file()).includes(`"${action}"`) ? true : undefined;
      });
    await platform.kill9('connection-1');
    await says(1, 'BootNotification', { chargePointVendor: 'e2e', chargePointModel: 'raw' });
    await platform.restart('connection-1');
    await says(0, 'DataTransfer', { vendorId: 'org.example' });
    const text = await soon('all of it is recorded', async () => {
      const now = await file();
      return now.includes('"DataTransfer"') && now.includes('"BootNotification"') ? now : undefined;
    });
    expect(text).not.toMatch(/SECRET|"recorded"/);
    expect(await platform.api.ok('POST', `${path}/${recordingId}/stop`)).toMatchObject({ state: 'Stopped' });
  });
});
