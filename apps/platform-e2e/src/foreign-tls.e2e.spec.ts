import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestAuthority } from '@voltlog/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AllInOne } from './harness/all-in-one.js';
import { eventually } from './harness/eventually.js';
import { registerStation, registerTokens, STATION_PASSWORD, sessionsOf } from './harness/fleet.js';
import { freePorts } from './harness/processes.js';
import { preparePython, runForeign } from './harness/python.js';

const TOKEN = 'E2E-CARD-1';

let platform: AllInOne;
let python: string;
let folder: string;
let url: string;
beforeAll(async () => {
  python = await preparePython();
  const authority = await TestAuthority.create('CSMS Root');
  const server = await authority.issue({ commonName: 'csms', hosts: ['127.0.0.1'] });
  folder = mkdtempSync(join(tmpdir(), 'voltlog-foreign-tls-'));
  for (const [name, pem] of Object.entries({ root: authority.certificate, cert: server.certificate, key: server.key }))
    writeFileSync(join(folder, `${name}.pem`), pem);
  const [port = 0] = await freePorts(1);
  url = `wss://127.0.0.1:${port}/ocpp`;
  platform = await AllInOne.start({
    RATE_LIMIT_BURST: '10000',
    OCPP_TLS_PORT: `${port}`,
    OCPP_TLS_CERT_PATH: join(folder, 'cert.pem'),
    OCPP_TLS_KEY_PATH: join(folder, 'key.pem'),
  });
  await registerTokens(platform.api);
});
afterAll(async () => {
  await platform?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe("a station of PyPI's ocpp over TLS", () => {
  it.each([
    ['1.6', 'station16.py'],
    ['2.0.1', 'station201.py'],
  ])('OCPP %s: charges on security profile 2', async (version, script) => {
    const id = `foreign-tls-${version}`;
    await registerStation(platform.api, id);
    await platform.api.ok('PATCH', `/v1/stations/${id}`, { securityProfileMin: 2 });
    const charged = runForeign<{ energyWh: number }>(python, script, [url, id, STATION_PASSWORD, TOKEN], {
      SSL_CERT_FILE: join(folder, 'root.pem'),
    });
    const running = await eventually('it charges', async () => {
      const [session] = await sessionsOf(platform.api, id);
      return session !== undefined && session.energyWh >= 1_250 ? session : undefined;
    });
    expect(await platform.api.get(`/v1/stations/${id}/connection`)).toMatchObject({ connected: true, securityProfile: 2 });
    await platform.api.ok('POST', `/v1/stations/${id}/commands/request-stop`, { transactionId: running.transactionId });
    expect((await charged).energyWh).toBe(1_263);
  });
});
