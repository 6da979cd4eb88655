import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listAt, type OcppVersion } from '../station/protocol.js';
import { SimulatedStation } from '../station/station.js';
import { noteWrongFrames } from '../testing/checked.js';
import { type FakeCsms, startFakeCsms } from '../testing/fake-csms.js';
import { FILE_SCENARIOS } from './file-scenarios.js';
import { runScenario } from './run-scenario.js';
import { type Scenario, scenarioNamed } from './scenarios.js';

const TOKENS = { token: 'CARD-1', otherToken: 'CARD-2', blockedToken: 'CARD-X' };
const cases = FILE_SCENARIOS.filter(({ commands }) => commands?.includes('UpdateFirmware')).flatMap((scenario) =>
  scenario.versions.map((version): [string, OcppVersion, Scenario] => [scenario.name, version, scenario]),
);
/** What the station says last, and with which version it boots last. */
const ENDS: Readonly<Record<string, readonly [status: string, version: string]>> = {
  'firmware-update': ['Installed', '2.0.0'],
  'firmware-fails': ['Installing', '1.0.0'],
  'firmware-lies': ['Installed', '1.0.0'],
  'firmware-hangs': ['Downloading', '1.0.0'],
};

let csms: FakeCsms;
let files: Server;

beforeEach(async () => {
  csms = await startFakeCsms();
  files = createServer((_request, response) => void response.end('version=2.0.0\nbytes'));
  await new Promise<void>((resolve) => files.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  files.close();
  await csms.close();
});

describe('scenarios about firmware', () => {
  it.each(cases)('%s of OCPP %s: the image is fetched, and the station says and boots as it does', async (name, version, scenario) => {
    const wrong: string[] = [];
    const location = `http://127.0.0.1:${(files.address() as AddressInfo).port}/image.bin`;
    const at = '2026-11-26T01:00:00.000Z';
    const payload = version === '1.6' ? { location, retrieveDate: at } : { requestId: 7, firmware: { location, retrieveDateTime: at } };
    void csms.until(() => csms.of('StatusNotification').length > 0).then(() => csms.command('SC-1', 'UpdateFirmware', payload));
    await runScenario(scenario, {
      id: 'SC-1',
      version,
      url: csms.url,
      tokens: TOKENS,
      reconnectMs: [2, 20],
      onEvent: noteWrongFrames(version, wrong),
    });
    expect(wrong).toEqual([]);
    const statuses = csms.of('FirmwareStatusNotification').map(({ payload: said }) => said['status']);
    const boot = JSON.stringify(csms.of('BootNotification').at(-1)?.payload);
    const [status = '', booted = ''] = ENDS[name] ?? [];
    expect(statuses.at(-1)).toBe(status);
    expect(boot).toContain(`"firmwareVersion":"${booted}"`);
  });
});

describe('scenarios about local controllers', () => {
  const MD5 = createHash('md5').update('version=2.0.0\nbytes').digest('hex');
  const statuses = () => csms.of('PublishFirmwareStatusNotification').map(({ payload }) => payload['status']);
  const play = (name: string, version: OcppVersion, wrong: string[]) =>
    runScenario(scenarioNamed(name), {
      id: 'LC-1',
      version,
      url: csms.url,
      tokens: TOKENS,
      reconnectMs: [2, 20],
      onEvent: noteWrongFrames(version, wrong),
    });
  const publish = async (checksum: string) => {
    const location = `http://127.0.0.1:${(files.address() as AddressInfo).port}/image.bin`;
    await csms.until(() => csms.of('StatusNotification').length > 0);
    await csms.command('LC-1', 'PublishFirmware', { requestId: 7, location, checksum });
  };

  it.each(['2.0.1', '2.1'] as const)('publish-firmware of OCPP %s: it serves the image until it is withdrawn', async (version) => {
    const wrong: string[] = [];
    const playing = play('publish-firmware', version, wrong);
    await publish(MD5);
    await csms.until(() => statuses().includes('Published'));
    const [location] = listAt(csms.of('PublishFirmwareStatusNotification').at(-1)?.payload, 'location');
    expect(await (await fetch(String(location))).text()).toBe('version=2.0.0\nbytes');
    await csms.command('LC-1', 'UnpublishFirmware', { checksum: MD5 });
    await playing;
    expect(statuses()).toEqual(['Downloading', 'Downloaded', 'ChecksumVerified', 'Published']);
    expect(wrong).toEqual([]);
  });

  it.each(['2.0.1', '2.1'] as const)('publish-fails of OCPP %s: it fetches the image and cannot publish it', async (version) => {
    const wrong: string[] = [];
    const playing = play('publish-fails', version, wrong);
    await publish(MD5);
    await playing;
    expect(statuses().at(-1)).toBe('PublishFailed');
    expect(wrong).toEqual([]);
  });

  it('publishes two at once, and says again what was lost while it was away', async () => {
    const station = new SimulatedStation({ id: 'LC-1', version: '2.0.1', url: csms.url, publishes: 'publishes', reconnectMs: [2, 20] });
    await station.connect();
    files.removeAllListeners('request').on('request', async (_request, response) => {
      await station.goOffline();
      response.end('version=2.0.0\nbytes');
      await station.connect();
    });
    await publish(MD5);
    await publish(MD5);
    await csms.until(() => statuses().filter((status) => status === 'Published').length === 2);
    const [location] = listAt(csms.of('PublishFirmwareStatusNotification').at(-1)?.payload, 'location');
    expect((await fetch(String(location))).status).toBe(200);
    await station.stop();
  });

  it('says that the checksum is wrong, and is no controller unless it is one', async () => {
    const station = new SimulatedStation({ id: 'LC-1', version: '2.0.1', url: csms.url, publishes: 'publishes' });
    await station.connect();
    await publish('0'.repeat(32));
    await csms.until(() => statuses().includes('InvalidChecksum'));
    await station.stop();
    const none = new SimulatedStation({ id: 'LC-1', version: '2.0.1', url: csms.url });
    await none.connect();
    await expect(csms.command('LC-1', 'PublishFirmware', { requestId: 7, location: 'http://x', checksum: MD5 })).resolves.toMatchObject({
      code: 'NotSupported',
    });
    await none.stop();
  });
});
