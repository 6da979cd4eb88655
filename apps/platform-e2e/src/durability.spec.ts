import { execFileSync } from 'node:child_process';
import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type OcppVersion, runScript, SimulatedStation, type StationEvent, VirtualClock } from '@voltlog/simulator-app';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_KEY, AllInOne } from './harness/all-in-one.js';
import { Child } from './harness/child.js';
import { eventually } from './harness/eventually.js';
import { agrees, registerStation, registerTokens, STATION_PASSWORD, sessionsOf } from './harness/fleet.js';
import { RawStation } from './harness/raw-station.js';
import { toldOf, truthOf } from './harness/truth.js';

const VERSIONS: readonly OcppVersion[] = ['1.6', '2.0.1'];
const TOKEN = 'E2E-CARD-1';

let platform: AllInOne;
let stations = 0;
beforeAll(async () => {
  platform = await AllInOne.start({
    RATE_LIMIT_BURST: '10000',
    OCPP_DRAIN_SECONDS: '1',
    LOG_WAIT_SECONDS: '1',
    // A file that reaches its limit comes with a signal that would end Node; a full disk sends none.
    NODE_OPTIONS: `--import=data:text/javascript,process.on('SIGXFSZ',()=>{})`,
  });
  await registerTokens(platform.api);
});
afterEach(async () => {
  if (!platform.child.running) await platform.restart();
});
afterAll(() => platform?.stop());

const told = async (stationId: string) => (await sessionsOf(platform.api, stationId)).map(toldOf);

/** A station that charges; virtual time, so nothing flows while the platform is away. */
async function charging(
  version: OcppVersion,
  onEvent: (event: StationEvent) => void = () => {},
): Promise<{ station: SimulatedStation; clock: VirtualClock }> {
  stations += 1;
  const id = `crash-${stations}-${version}`;
  await registerStation(platform.api, id);
  const clock = new VirtualClock(Date.now());
  const station = new SimulatedStation({
    id,
    version,
    url: platform.ocppUrl,
    password: STATION_PASSWORD,
    clock,
    reconnectMs: [5, 200],
    onEvent,
  });
  await station.connect();
  await runScript(station, [{ do: 'plugIn' }, { do: 'authorize', token: TOKEN }, { do: 'start', token: TOKEN }, { do: 'charge', wh: 700 }]);
  return { station, clock };
}

async function endsTrue(station: SimulatedStation): Promise<void> {
  const [entry] = station.ledger.of(station.id);
  if (entry === undefined) throw new Error('nothing was charged');
  expect(entry).toMatchObject({ start: 'answered', stop: 'answered', abandonedMessages: 0 });
  await agrees(() => told(station.id), [truthOf(entry)]);
}

const finish = (station: SimulatedStation): Promise<void> =>
  runScript(station, [{ do: 'charge', wh: 500 }, { do: 'stop', token: TOKEN }, { do: 'unplug' }]);

describe('kill -9 in mid charge, and another start on the same folder', () => {
  it.each(VERSIONS)('OCPP %s: the session ends true', async (version) => {
    const { station, clock } = await charging(version);
    await platform.child.kill9();
    await platform.restart();
    await finish(station);
    await endsTrue(station);
    await station.stop();
    clock.dispose();
  });

  it.each(VERSIONS)('OCPP %s: a stop that nobody heard while the platform was dead is told later and counted once', async (version) => {
    const { station, clock } = await charging(version);
    await platform.child.kill9();
    await eventually('the station sees it', () => !station.line.isOpen);
    station.stopTransaction(1, 'Local', TOKEN);
    station.unplug(1);
    await platform.restart();
    await station.connect();
    await station.idle();
    await endsTrue(station);
    await station.stop();
    clock.dispose();
  });

  it('again and again between the messages: every answered message is there, none twice', async () => {
    const { station, clock } = await charging('1.6');
    for (let round = 0; round < 3; round += 1) {
      await platform.child.kill9();
      await platform.restart();
      await runScript(station, [{ do: 'charge', wh: 100 }]);
    }
    await finish(station);
    await endsTrue(station);
    const [session] = await sessionsOf(platform.api, station.id);
    const { data } = await platform.api.get<{ data: { at: string }[] }>(`/v1/sessions/${session?.sessionId}/meter-values?limit=200`);
    expect(new Set(data.map((value) => JSON.stringify(value))).size).toBe(data.length);
    await station.stop();
    clock.dispose();
  });
});

describe('a torn last record after a crash', () => {
  const tear: readonly [string, (wal: string) => void][] = [
    ['rubbish behind the last whole one', (wal) => appendFileSync(wal, Buffer.alloc(1_500, 0xa5))],
    ['half a page of zeros behind it', (wal) => appendFileSync(wal, Buffer.alloc(2_048))],
    [
      'the first half of a frame that was never synced behind it',
      (wal) => appendFileSync(wal, readFileSync(wal).subarray(-4_120).subarray(0, 2_000)),
    ],
  ];
  it.each(tear)('%s: it starts, and nothing that was answered is lost', async (_what, spoil) => {
    const { station, clock } = await charging('2.0.1');
    const before = await eventually('the readings are folded', async () => {
      const [session] = await sessionsOf(platform.api, station.id);
      return session !== undefined && session.energyWh >= 500 ? session.energyWh : undefined;
    });
    await platform.child.kill9();
    for (const name of ['log', 'session', 'device', 'authorization', 'connection']) {
      const wal = join(platform.dataFolder, `${name}.db-wal`);
      if (statSync(wal, { throwIfNoEntry: false }) !== undefined) spoil(wal);
    }
    await platform.restart();
    expect((await sessionsOf(platform.api, station.id))[0]?.energyWh).toBeGreaterThanOrEqual(before);
    await finish(station);
    await endsTrue(station);
    await station.stop();
    clock.dispose();
  });

  it('a log that is none: a clear error, a non-zero exit, and the file is left as it is', async () => {
    await platform.child.kill9();
    const log = join(platform.dataFolder, 'log.db');
    const whole = readFileSync(log);
    const wal = readFileSync(`${log}-wal`);
    writeFileSync(log, 'this is no database, whatever its name says. '.repeat(200));
    writeFileSync(`${log}-wal`, '');
    const wrong = readFileSync(log);
    const child = new Child('voltlog', ['start', '--data', platform.dataFolder, '--no-demo'], { HTTP_PORT: '0', OCPP_PORT: '0' });
    expect(await child.exited()).toBeGreaterThan(0);
    expect(child.output).toMatch(/event log .*log\.db cannot be opened/);
    expect(readFileSync(log).equals(wrong)).toBe(true);
    writeFileSync(log, whole);
    writeFileSync(`${log}-wal`, wal);
    await platform.restart();
  });
});

describe.runIf(process.platform === 'linux')('a full disk', () => {
  /** No file may grow beyond a size: what a process sees of a full disk, without a disk that has to be filled. */
  const room = (bytes: number | 'unlimited'): void => {
    execFileSync('prlimit', ['--pid', String(platform.child.pid), `--fsize=${bytes}:unlimited`]);
  };

  it('nothing is answered that is not kept, heartbeats go on, and with room again it goes on without hands', async () => {
    await registerStation(platform.api, 'full-disk-beat');
    const beat = await RawStation.connect({ url: platform.ocppUrl, stationId: 'full-disk-beat' });
    let sentAway = 0;
    const { station, clock } = await charging('1.6', (event) => {
      if (event.type === 'disconnected' && event.reason === 'try again later') sentAway += 1;
    });
    room(1);
    station.stopTransaction(1, 'Local', TOKEN);
    await eventually('the station is sent away to come back', () => sentAway > 0);
    expect(await beat.result('Heartbeat', {})).toHaveProperty('currentTime');
    expect(station.ledger.of(station.id)).toMatchObject([{ stop: 'queued', abandonedMessages: 0 }]);
    expect((await platform.api.call('GET', '/readyz')).status).toBe(503);
    expect((await platform.api.call('GET', '/livez')).status).toBe(200);
    room('unlimited');
    await station.connect();
    await station.idle();
    await endsTrue(station);
    await eventually('it is ready', async () => (await platform.api.call('GET', '/readyz')).status === 200);
    expect(platform.child.running).toBe(true);
    expect(beat.closed).toBeUndefined();
    await beat.close();
    await station.stop();
    clock.dispose();
  });
});

describe('a second process', () => {
  it('on the same data folder gets a clear error and exits non-zero; the first goes on', async () => {
    const child = new Child('voltlog', ['start', '--data', platform.dataFolder, '--no-demo'], {
      HTTP_PORT: '0',
      OCPP_PORT: '0',
      GATEWAY_ADMIN_KEY: ADMIN_KEY,
    });
    expect(await child.exited()).toBeGreaterThan(0);
    expect(child.output).toMatch(
      new RegExp(`in use by process ${platform.child.pid} .*stop that one first, or choose another data folder`),
    );
    expect(child.output).not.toMatch(/\n\s+at /);
    const { station, clock } = await charging('1.6');
    await finish(station);
    await endsTrue(station);
    await station.stop();
    clock.dispose();
  });

  it('on the same port gets a clear error and exits non-zero', async () => {
    const { port } = new URL(platform.ocppUrl);
    const other = new Child('voltlog', ['start', '--data', `${platform.dataFolder}/other`, '--no-demo'], {
      HTTP_PORT: '0',
      OCPP_PORT: port,
    });
    expect(await other.exited()).toBeGreaterThan(0);
    expect(other.output).toContain('EADDRINUSE');
    expect(other.output).toContain(port);
  });
});

describe('a graceful stop', () => {
  it('answers what is under way, closes sockets with 1012 and exits 0', async () => {
    await registerStation(platform.api, 'graceful');
    const station = await RawStation.connect({ url: platform.ocppUrl, stationId: 'graceful' });
    await station.result('BootNotification', { chargePointVendor: 'e2e', chargePointModel: 'raw' });
    const calls = Array.from({ length: 20 }, (_, index) =>
      JSON.stringify([
        2,
        `start-${index}`,
        'StartTransaction',
        { connectorId: 1, idTag: TOKEN, meterStart: index, timestamp: new Date(Date.now() + index).toISOString() },
      ]),
    );
    for (const call of calls) station.send(call);
    await eventually('it works on them', () => station.received.length > 1);
    const code = platform.child.stop();
    expect(await station.closing()).toMatchObject({ code: 1012 });
    expect(await code).toBe(0);
    await platform.restart();
    const answered = station.received.filter((frame) => frame[0] === 3 && String(frame[1]).startsWith('start-'));
    expect(answered.length).toBeGreaterThan(0);
    const ids = answered.map((frame) => String((frame[2] as { transactionId: number }).transactionId));
    await eventually('every answered start is a session', async () => {
      const known = new Set((await sessionsOf(platform.api, 'graceful')).map((session) => session.transactionId));
      return ids.every((id) => known.has(id));
    });
  });

  it('lets a station come back and go on as if nothing had been', async () => {
    const { station, clock } = await charging('2.0.1');
    expect(await platform.child.stop()).toBe(0);
    await platform.restart();
    await finish(station);
    await endsTrue(station);
    await station.stop();
    clock.dispose();
  });
});
