import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type OcppVersion, SimulatedStation } from '@voltlog/simulator-app';
import { TestAuthority } from '@voltlog/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AllInOne } from './harness/all-in-one.js';
import { eventually } from './harness/eventually.js';
import { registerStation, STATION_PASSWORD } from './harness/fleet.js';
import { freePorts } from './harness/processes.js';
import { RawStation } from './harness/raw-station.js';

interface SecurityView {
  readonly securityProfileMin: number;
  readonly certificates: readonly { readonly serialNumber: string; readonly status: string }[];
  readonly passwordChange: object | null;
  readonly profileChange: { readonly phase: string; readonly reason: string | null } | null;
}

let platform: AllInOne;
let folder: string;
let csmsRoot: string;
let urls: { readonly 1: string; readonly 2: string; readonly 3: string };

beforeAll(async () => {
  const authority = await TestAuthority.create('CSMS Root');
  const server = await authority.issue({ commonName: 'csms', hosts: ['127.0.0.1'] });
  csmsRoot = authority.certificate;
  folder = mkdtempSync(join(tmpdir(), 'voltlog-security-'));
  writeFileSync(join(folder, 'cert.pem'), server.certificate);
  writeFileSync(join(folder, 'key.pem'), server.key);
  const [tls = 0, mtls = 0] = await freePorts(2);
  platform = await AllInOne.start({
    OCPP_TLS_PORT: `${tls}`,
    OCPP_MTLS_PORT: `${mtls}`,
    OCPP_TLS_CERT_PATH: join(folder, 'cert.pem'),
    OCPP_TLS_KEY_PATH: join(folder, 'key.pem'),
    DEVICE_STATION_TLS_URL: `wss://127.0.0.1:${tls}/ocpp`,
    DEVICE_STATION_MTLS_URL: `wss://127.0.0.1:${mtls}/ocpp`,
    DEVICE_PROFILE_FALLBACK_SECONDS: '1',
    DEVICE_INTENT_LOOK_MS: '100',
  });
  urls = { 1: platform.ocppUrl, 2: `wss://127.0.0.1:${tls}/ocpp`, 3: `wss://127.0.0.1:${mtls}/ocpp` };
});
afterAll(async () => {
  await platform?.stop();
  rmSync(folder, { recursive: true });
});

const security = (id: string) => platform.api.get<SecurityView>(`/v1/stations/${id}/security`);
const profileOf = async (id: string) => {
  const { connected, securityProfile } = await platform.api.get<{ connected: boolean; securityProfile: number }>(
    `/v1/stations/${id}/connection`,
  );
  return connected ? securityProfile : undefined;
};
const change = (id: string, body: object) => platform.api.ok('POST', `/v1/stations/${id}/security-profile-changes`, body);
const ends = (id: string, phase: string) =>
  eventually(`the change of ${id} to be ${phase}`, async () => {
    const { profileChange } = await security(id);
    if (profileChange?.phase === 'Failed' && phase !== 'Failed') throw new Error(profileChange.reason ?? '');
    return profileChange?.phase === phase ? true : undefined;
  });

async function withStation(id: string, version: OcppVersion, test: (station: SimulatedStation) => Promise<void>): Promise<void> {
  await registerStation(platform.api, id);
  const station = new SimulatedStation({
    id,
    version,
    url: urls[1],
    password: STATION_PASSWORD,
    security: { profile: 1, urls },
    reconnectMs: [20, 200],
  });
  await station.connect();
  try {
    await test(station);
  } finally {
    await station.stop();
  }
}

describe('the security of a station, driven from the platform', () => {
  it.each(['1.6', '2.0.1', '2.1'] as const)('OCPP %s: from profile 1 to 2 to 3 and back', { timeout: 60_000 }, async (version) => {
    const id = `secured-${version}`;
    await withStation(id, version, async () => {
      await change(id, { toProfile: 2, csmsRootCertificate: csmsRoot });
      await ends(id, 'Completed');
      expect([await profileOf(id), (await security(id)).securityProfileMin]).toEqual([2, 2]);

      await change(id, { toProfile: 3 });
      await ends(id, 'Completed');
      expect([await profileOf(id), (await security(id)).securityProfileMin]).toEqual([3, 3]);
      expect((await security(id)).certificates).toMatchObject([{ status: 'Installed' }]);

      await change(id, { toProfile: 1, allowDowngrade: true, csmsUrl: urls[1] });
      await ends(id, 'Completed');
      expect([await profileOf(id), (await security(id)).securityProfileMin]).toEqual([1, 1]);
    });
  });

  it.each(['1.6', '2.0.1'] as const)(
    'OCPP %s: a station that does not trust the certificate comes back, and is not locked out',
    { timeout: 60_000 },
    async (version) => {
      const id = `distrusting-${version}`;
      await withStation(id, version, async () => {
        await change(id, { toProfile: 2 });
        await ends(id, 'RolledBack');
        await eventually('the station to be there', async () => ((await profileOf(id)) === 1 ? true : undefined));
        expect((await security(id)).securityProfileMin).toBe(0);
      });
    },
  );

  it.each(['1.6', '2.0.1'] as const)('OCPP %s: a new password, and no way in with the old one afterwards', async (version) => {
    const id = `renamed-${version}`;
    await withStation(id, version, async (station) => {
      await platform.api.ok('POST', `/v1/stations/${id}/password-changes`);
      await eventually('the new password to count', async () => ((await security(id)).passwordChange === null ? true : undefined));
      await eventually('the station to be there', async () => ((await profileOf(id)) === 1 ? true : undefined));
      await station.stop();
      const old = new SimulatedStation({ id, version, url: urls[1], password: STATION_PASSWORD, reconnectMs: [20, 200] });
      old.line.connect();
      await eventually('the old password to be refused', () => {
        // Who lets stations in hears of it a moment later.
        if (old.line.isOpen) old.reconnect();
        return old.security.refusals > 0 ? true : undefined;
      });
      await old.stop();
    });
  });

  it.each([
    ['has taken the one on its way', true],
    ['has not', false],
  ])('a password set by hand during a change locks no station out: one that %s', async (_, hasTakenIt) => {
    const id = `by-hand-${hasTakenIt}`;
    await platform.api.ok('POST', '/v1/stations', { stationId: id, password: STATION_PASSWORD });
    const raw = (password: string) => RawStation.connect({ url: urls[1], stationId: id, password });
    // Who lets stations in hears of a change a moment later.
    const isRefused = (old: string) =>
      eventually('it to be refused', () =>
        raw(old).then(
          async (open) => void (await open.close()),
          () => true,
        ),
      );
    const station = await raw(STATION_PASSWORD);
    await platform.api.ok('POST', `/v1/stations/${id}/password-changes`);
    // Its answer is lost.
    const call = await eventually('the new password', () => station.received.find((each) => each[2] === 'ChangeConfiguration'));
    const { value } = call[3] as { readonly value: string };
    const { password } = (await platform.api.ok('PUT', `/v1/stations/${id}/credential`, {})) as { readonly password: string };
    await station.close();
    await isRefused(STATION_PASSWORD);
    if (hasTakenIt) await (await raw(value)).close();
    const shows = await raw(password);
    await eventually('the change to be over', async () => ((await security(id)).passwordChange === null ? true : undefined));
    await shows.close();
    await isRefused(value);
  });

  it('a revoked certificate ends the connection, and there is no coming back', async () => {
    const id = 'revoked';
    await withStation(id, '2.0.1', async () => {
      await change(id, { toProfile: 2, csmsRootCertificate: csmsRoot });
      await ends(id, 'Completed');
      await change(id, { toProfile: 3 });
      await ends(id, 'Completed');
      const serialNumber = (await security(id)).certificates[0]?.serialNumber;
      await platform.api.ok('POST', `/v1/stations/${id}/certificates/${serialNumber}/revoke`, { reason: 'stolen' });
      await eventually('the station to be gone', async () => ((await profileOf(id)) === undefined ? true : undefined));
      expect((await security(id)).certificates).toMatchObject([{ status: 'Revoked', reason: 'stolen' }]);
    });
  });
});
