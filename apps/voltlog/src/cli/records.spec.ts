import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CliWorld } from '../testing/cli-world.js';
import { EXIT } from './errors.js';

let world: CliWorld;
beforeAll(async () => {
  world = await CliWorld.open();
});
afterAll(() => world.close());
beforeEach(() => world.forget());

const page = (...data: object[]): [number, unknown][] => [[200, { data, nextCursor: null }]];

describe('voltlog sessions', () => {
  const session = { sessionId: 's-1', stationId: 'CP-1', evseId: 1, state: 'Active', startedAt: 'now', energyWh: 1_250, idToken: 'CARD' };

  it('lists by station, state and token, in kWh, and shows and stops one', async () => {
    world.answers['GET /v1/sessions'] = page(session);
    const { out } = await world.run('sessions', 'list', '--station', 'CP-1', '--state', 'Active', '--token', 'CARD', '--limit', '5');
    expect(out).toMatch(/^s-1 +CP-1 +1 +Active +now +- +1\.250 +CARD$/m);
    expect(world.asked[0]?.url).toBe('/v1/sessions?stationId=CP-1&state=Active&idToken=CARD&limit=5');
    world.answers['GET /v1/sessions/s-1'] = [[200, session]];
    expect(JSON.parse((await world.run('sessions', 'get', 's-1', '--output', 'json')).out)).toEqual(session);
    world.answers['POST /v1/sessions/s-1/stop'] = [[200, { session, stationStatus: 'Accepted' }]];
    expect(await world.run('sessions', 'stop', 's-1')).toMatchObject({ code: EXIT.ok, out: expect.stringMatching(/ANSWER +Accepted/) });
    expect((await world.run('sessions', 'get', 's-9')).code).toBe(EXIT.notFound);
  });

  it.each(['Rejected', null])('ends with 1 when the station answers %s to the stop', async (stationStatus) => {
    world.answers['POST /v1/sessions/s-1/stop'] = [[200, { session, stationStatus }]];
    expect(await world.run('sessions', 'stop', 's-1')).toMatchObject({ code: EXIT.failed, out: expect.stringMatching(/STATE +Active/) });
  });
});

describe('voltlog tokens', () => {
  const token = { idToken: 'CARD', type: 'ISO14443', status: 'Active', groupId: null };

  it('lists, shows and changes; what is not given stays', async () => {
    world.answers['GET /v1/tokens'] = page(token);
    expect((await world.run('tokens', 'list', '--status', 'Active', '--group', 'g')).out).toMatch(/^CARD +ISO14443 +Active +-/m);
    expect(world.asked[0]?.url).toBe('/v1/tokens?status=Active&groupId=g&limit=200');
    world.answers['GET /v1/tokens/CARD'] = [[200, token]];
    expect((await world.run('tokens', 'get', 'CARD')).out).toMatch(/STATUS +Active/);
    world.answers['PUT /v1/tokens/CARD'] = [[200, { ...token, status: 'Blocked' }]];
    expect((await world.run('tokens', 'put', 'CARD', '--status', 'Blocked', '--expires', '2030-01-01')).out).toMatch(/STATUS +Blocked/);
    expect(world.asked.at(-1)?.body).toEqual({ status: 'Blocked', expiresAt: '2030-01-01T00:00:00.000Z' });
    expect(world.asked.at(-1)?.ifNoneMatch).toBeUndefined();
    await world.run('tokens', 'put', 'CARD', '--new');
    expect(world.asked.at(-1)?.ifNoneMatch).toBe('*');
    expect(await world.run('tokens', 'put', 'CARD', '--expires', 'soon')).toMatchObject({ code: EXIT.usage });
  });

  it('go out to a file and come in from one; rows with a problem end it with 1', async () => {
    world.answers['GET /v1/registry/tokens/export'] = [[200, 'idToken,type\nCARD,ISO14443\n']];
    const path = join(world.folder, 'cards.csv');
    expect((await world.run('tokens', 'export', path)).code).toBe(EXIT.ok);
    expect(readFileSync(path, 'utf8')).toBe('idToken,type\nCARD,ISO14443\n');
    const nowhere = join(world.folder, 'no', 'cards.csv');
    expect(await world.run('tokens', 'export', nowhere)).toMatchObject({
      code: EXIT.failed,
      err: expect.stringContaining('cannot be written'),
    });
    const lines = [
      { type: 'progress', phase: 'checking', records: 2 },
      { type: 'problem', row: 2, id: 'CARD', message: 'type \u2028 is no type' },
      { type: 'result', imported: false, created: 0, changed: 0, unchanged: 0, failed: 1 },
    ];
    world.answers['POST /v1/registry/tokens/import'] = [[200, lines.map((line) => `${JSON.stringify(line)}\n`).join('')]];
    const { code, out, err } = await world.run('tokens', 'import', path, '--dry-run');
    expect([code, out, err]).toEqual([
      EXIT.failed,
      expect.stringContaining('row 2 (CARD): type \u2028 is no type'),
      'checking: 2 records\nNothing was imported.\n',
    ]);
    expect(world.asked.at(-1)).toMatchObject({ url: '/v1/registry/tokens/import?dryRun=true', body: 'idToken,type\nCARD,ISO14443\n' });
    expect((await world.run('tokens', 'import', join(world.folder, 'none.csv'))).code).toBe(EXIT.usage);
  });
});

describe('voltlog registry', () => {
  it('goes out to a file or standard output', async () => {
    world.answers['GET /v1/registry/export'] = [[200, 'kind,id\n']];
    expect((await world.run('registry', 'export', '--separator', ';', '--bom')).out).toBe('kind,id\n');
    expect(world.asked[0]?.url).toBe('/v1/registry/export?format=csv&separator=%3B&bom=true');
  });
});

describe('voltlog certificates', () => {
  const PEM = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
  const certificate = { serialNumber: 'a', certificateType: 'ChargingStationCertificate', status: 'Active' };

  it('lists, renews and revokes those of a station', async () => {
    world.answers['GET /v1/stations/CP-1/security'] = [[200, { certificates: [certificate] }]];
    expect((await world.run('certificates', 'list', 'CP-1')).out).toMatch(/^a +ChargingStationCertificate +Active/m);
    expect(JSON.parse((await world.run('certificates', 'list', 'CP-1', '--output', 'json')).out)).toEqual([certificate]);
    world.answers['POST /v1/stations/CP-1/certificate-renewals'] = [[202, {}]];
    expect((await world.run('certificates', 'renew', 'CP-1')).out).toContain('voltlog certificates list CP-1');
    const path = 'POST /v1/stations/CP-1/certificates/0A/revoke';
    world.answers[path] = [[200, { certificates: [{ ...certificate, status: 'Revoked', reason: 'stolen' }] }]];
    const { out } = await world.run('certificates', 'revoke', 'CP-1', '0A', '--reason', 'stolen');
    expect(out).toMatch(/^a .*Revoked .*stolen/m);
    expect(out).not.toContain('none of them');
    expect(world.asked.at(-1)?.body).toEqual({ reason: 'stolen' });
  });

  it('says so where a serial number that is revoked is none that was made here: it may be a slip', async () => {
    world.answers['POST /v1/stations/CP-1/certificates/0B/revoke'] = [[200, { certificates: [certificate] }]];
    const { code, out } = await world.run('certificates', 'revoke', 'CP-1', '0B');
    expect([code, out]).toEqual([
      EXIT.ok,
      expect.stringMatching(/^0B is none of them: no certificate with that serial number lets CP-1 in/m),
    ]);
  });

  it('shows roots, and serves the test PKI', async () => {
    world.answers['GET /v1/certificate-authority'] = [[200, { rootCertificates: PEM }]];
    expect((await world.run('certificates', 'authority')).out).toBe(`ROOTS  \n${PEM}`);
    world.answers['GET /v1/plug-and-charge/test-roots'] = page({ certificateType: 'V2GRootCertificate', certificate: 'PEM' });
    expect((await world.run('certificates', 'test-roots')).out).toMatch(/^V2GRootCertificate +PEM/m);
    const csr = join(world.folder, 'car.csr');
    writeFileSync(csr, 'CSR');
    world.answers['PUT /v1/plug-and-charge/test-vehicles/P1'] = [[200, { pcid: 'P1', emaid: 'E1' }]];
    expect((await world.run('certificates', 'test-vehicle', 'P1', 'E1', '--csr', csr)).out).toMatch(/EMAID +E1/);
    expect(world.asked.at(-1)?.body).toEqual({ emaid: 'E1', csr: 'CSR' });
    expect(await world.run('certificates', 'test-vehicle', 'P1', 'E1', '--csr', join(world.folder, 'none'))).toMatchObject({
      code: EXIT.usage,
      err: expect.stringContaining('cannot be read'),
    });
    world.answers['GET /v1/plug-and-charge/contract-certificates'] = page({ serialNumber: '0B', emaid: 'E1', revokedAt: null });
    expect((await world.run('certificates', 'contracts', '--emaid', 'E1')).out).toMatch(/^0B +E1/m);
    world.answers['POST /v1/plug-and-charge/contract-certificates/0B/revoke'] = [[200, { serialNumber: '0B', revokedAt: 'now' }]];
    expect((await world.run('certificates', 'revoke-contract', '0B')).out).toMatch(/REVOKED +now/);
  });
});

it('every group and every command says what it is for', async () => {
  const groups = ['stations', 'sessions', 'commands', 'jobs', 'firmware', 'campaigns', 'uploads', 'certificates', 'tokens', 'registry'];
  for (const group of [...groups, 'recordings', 'moves', 'config']) {
    const { code, out } = await world.run(group, '--help');
    expect([group, code]).toEqual([group, EXIT.ok]);
    const commands = /\nCommands:\n([\s\S]*)$/.exec(out)?.[1]?.trimEnd().split('\n') ?? [];
    expect(commands.length, group).toBeGreaterThan(1);
    for (const line of commands.filter((each) => /^ {2}[a-z]/.test(each))) expect(line, group).toMatch(/^ {2}\S+.*? {2,}\S/);
  }
});
