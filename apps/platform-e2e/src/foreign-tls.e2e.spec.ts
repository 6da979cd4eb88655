import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestAuthority } from '@voltlog/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AllInOne } from './harness/all-in-one.js';
import { eventually } from './harness/eventually.js';
import { registerStation, registerTokens, STATION_PASSWORD } from './harness/fleet.js';
import { charges, type Told } from './harness/foreign.js';
import { prepareGo, runGo } from './harness/go.js';
import { freePorts } from './harness/processes.js';
import { preparePython, runForeign } from './harness/python.js';

const TOKEN = 'E2E-CARD-1';
const ORGANIZATION = 'E2E Charging';

let platform: AllInOne;
let python: string;
let go: string;
let folder: string;
let tls: string;
let mtls: string;
beforeAll(async () => {
  [python, go] = await Promise.all([preparePython(), prepareGo()]);
  const authority = await TestAuthority.create('CSMS Root');
  const server = await authority.issue({ commonName: 'csms', hosts: ['127.0.0.1'] });
  folder = mkdtempSync(join(tmpdir(), 'voltlog-foreign-tls-'));
  for (const [name, pem] of Object.entries({ root: authority.certificate, cert: server.certificate, key: server.key }))
    writeFileSync(join(folder, `${name}.pem`), pem);
  const [tlsPort = 0, mtlsPort = 0] = await freePorts(2);
  tls = `wss://127.0.0.1:${tlsPort}/ocpp`;
  mtls = `wss://127.0.0.1:${mtlsPort}/ocpp`;
  platform = await AllInOne.start({
    RATE_LIMIT_BURST: '10000',
    OCPP_TLS_PORT: `${tlsPort}`,
    OCPP_MTLS_PORT: `${mtlsPort}`,
    OCPP_TLS_CERT_PATH: join(folder, 'cert.pem'),
    OCPP_TLS_KEY_PATH: join(folder, 'key.pem'),
    DEVICE_CA_ORGANIZATION: ORGANIZATION,
    DEVICE_INTENT_LOOK_MS: '100',
  });
  await registerTokens(platform.api);
});
afterAll(async () => {
  await platform?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe("a station of PyPI's ocpp over TLS", () => {
  it.each([
    ['1.6J', 'station16.py', []],
    ['2.0.1', 'station2.py', ['2.0.1']],
    ['2.1', 'station2.py', ['2.1']],
  ])('OCPP %s: charges on security profile 2', async (version, script, more) => {
    const id = `foreign-tls-${version}`;
    const args = [tls, id, STATION_PASSWORD, TOKEN, ...more];
    await charges(platform, id, TOKEN, { dialect: version, securityProfile: 2 }, () =>
      runForeign<Told>(python, script, args, { SSL_CERT_FILE: join(folder, 'root.pem') }),
    );
  });
});

describe('a station of the Go module ocpp-go with a certificate of its own', () => {
  const run = (version: string, id: string) =>
    runGo<Told & { heard: string[] }>(go, [version, tls, mtls, id, STATION_PASSWORD, TOKEN, ORGANIZATION, join(folder, 'root.pem')]);
  const connection = (version: string) => ({ dialect: version, securityProfile: 3 });

  const setHeartbeat = async (id: string): Promise<void> => {
    const variables = [{ component: 'OCPPCommCtrlr', name: 'HeartbeatInterval', value: '120' }];
    const set = await platform.api.ok('POST', `/v1/stations/${id}/commands/set-variables`, { variables });
    expect(set).toMatchObject({ status: 'Accepted' });
  };

  it('OCPP 1.6: gets the certificate, charges on security profile 3, and takes a setting', async () => {
    const id = 'foreign-go-1.6';
    const start = () => run('1.6', id);
    const told = await charges(platform, id, TOKEN, connection('1.6J'), start, () => setHeartbeat(id));
    expect(told.heard).toEqual(['HeartbeatInterval=120']);
  });

  it('OCPP 2.0.1: gets the certificate, charges on security profile 3, takes a setting and reports', async () => {
    const id = 'foreign-go-2.0.1';
    const start = () => run('2.0.1', id);
    const told = await charges(platform, id, TOKEN, connection('2.0.1'), start, async () => {
      await setHeartbeat(id);
      await platform.api.ok('POST', `/v1/stations/${id}/device-model/reports`, {});
      await eventually('its report in both parts', async () => {
        const { data } = await platform.api.get<{ data: { status: string; parts: number }[] }>(`/v1/stations/${id}/device-model/reports`);
        return data.some(({ status, parts }) => status === 'Complete' && parts === 2) ? true : undefined;
      });
    });
    expect(told.heard).toEqual(['OCPPCommCtrlr.HeartbeatInterval=120']);
  });
});

it('a station without a certificate is not let in on security profile 3, whatever its password', async () => {
  const id = 'foreign-tls-none';
  await registerStation(platform.api, id);
  const args = [mtls, id, STATION_PASSWORD, TOKEN];
  await expect(runForeign(python, 'station16.py', args, { SSL_CERT_FILE: join(folder, 'root.pem') })).rejects.toThrow(
    /InvalidMessage|SSLError/,
  );
});
