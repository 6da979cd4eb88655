import 'reflect-metadata';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { NO_SECURITY } from '@voltlog/device-domain';
import { openTestContext, Receiver, type TestContext, testCsr } from '@voltlog/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AuthorityDoc, AuthorityKeys, authoritySchema } from './authority-keys.js';
import { BuiltInAuthority, ROOT_ID } from './built-in-authority.js';
import { certificateIdOf } from './certificate-id.js';
import { CrlClient } from './crl-client.js';
import { EarlierCertificates } from './earlier-certificates.js';
import { IssuedCertificates, type IssuedDoc, issuedSchema } from './issued-certificates.js';
import { RevocationFollower } from './revocation-follower.js';
import { RevocationLists } from './revocation-lists.js';
import { Sealing } from './sealing.js';

let context: TestContext;
let folder: string;
let issued: IssuedCertificates;
let ca: BuiltInAuthority;
let lists: RevocationLists;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'voltlog-crl-'));
  context = await openTestContext('device');
  const now = () => context.clock.now();
  const sealing = new Sealing(Buffer.alloc(32, 7));
  const collection = await context.store.collection<AuthorityDoc>('authority', authoritySchema);
  issued = new IssuedCertificates(await context.store.collection<IssuedDoc>('issued', issuedSchema), async () => false, now);
  ca = new BuiltInAuthority({
    keys: new AuthorityKeys({ collection, sealing, now }),
    issued,
    sealing,
    organization: 'Voltlog',
    validityDays: 30,
    revocation: { ocspUrl: '', crlUrl: 'http://crl.example/crl' },
  });
  lists = new RevocationLists(async () => [await ca.root()], issued, now);
});
afterEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  await context.close();
});

const issue = async (orderId: string) => {
  const publicKey = new x509.Pkcs10CertificateRequest((await testCsr('x')).csr).publicKey;
  return ca.issue({ stationId: 'CP-1', csr: '', publicKey, orderId, orderedAtMs: context.clock.now() });
};
const listOf = async () => {
  const list = await lists.of(ROOT_ID);
  if (list === undefined) throw new Error('there is no list');
  return list;
};
const followerOf = (securityOf: ConstructorParameters<typeof EarlierCertificates>[2]) =>
  new RevocationFollower(context, async () => [await ca.root()], issued, new EarlierCertificates(() => ca.root(), issued, securityOf));
const serialsOf = (der: Buffer) => new x509.X509Crl(new Uint8Array(der)).entries.map(({ serialNumber }) => serialNumber);

describe('a revocation list of our own', () => {
  it('is named by the certificate, and names it once it is revoked: by OpenSSL', async () => {
    const [bad, good] = [await issue('bad'), await issue('good')];
    await issued.revoke(ROOT_ID, bad.serialNumber);
    writeFileSync(join(folder, 'root.pem'), await ca.roots());
    writeFileSync(join(folder, 'list.der'), (await listOf()).der);
    writeFileSync(join(folder, 'bad.pem'), bad.certificateChain);
    writeFileSync(join(folder, 'good.pem'), good.certificateChain);
    const openssl = (...args: string[]) =>
      execFileSync('openssl', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    openssl('crl', '-in', 'list.der', '-inform', 'DER', '-out', 'list.pem');
    const verify = (name: string) =>
      openssl(
        'verify',
        '-crl_check',
        '-CRLfile',
        'list.pem',
        '-CAfile',
        'root.pem',
        '-attime',
        `${Math.floor(context.clock.now() / 1_000)}`,
        name,
      );
    expect(verify('good.pem')).toContain('good.pem: OK');
    expect(() => verify('bad.pem')).toThrow('certificate revoked');
    expect(openssl('x509', '-in', 'good.pem', '-noout', '-ext', 'crlDistributionPoints')).toContain('URI:http://crl.example/crl/root.crl');
  });

  it('is believed by who fetches such lists', async () => {
    const [bad, good] = [await issue('bad'), await issue('good')];
    await issued.revoke(ROOT_ID, bad.serialNumber);
    const { der } = await listOf();
    const root = new Uint8Array((await ca.root()).certificate.rawData);
    const receiver = await Receiver.start((response) => response.writeHead(200).end(der));
    const client = new CrlClient({
      allowPrivate: true,
      timeoutMs: 20_000,
      authorities: async () => [root],
      now: () => context.clock.now(),
    });
    try {
      expect(await client.statusOf(certificateIdOf(bad.serialNumber, root), [receiver.url])).toMatchObject({ status: 'Revoked' });
      expect(await client.statusOf(certificateIdOf(good.serialNumber, root), [receiver.url])).toMatchObject({ status: 'Good' });
    } finally {
      await receiver.stop();
    }
  });

  it('is kept for five minutes, then signed anew with a higher number, always good for most of a day', async () => {
    const bad = await issue('bad');
    const first = await listOf();
    expect(serialsOf(first.der)).toEqual([]);
    await issued.revoke(ROOT_ID, bad.serialNumber);
    context.clock.ms += 299_000;
    expect((await listOf()).der).toBe(first.der);
    context.clock.ms += 1_000;
    const second = await listOf();
    expect(serialsOf(second.der)).toEqual([bad.serialNumber]);
    const numberOf = (der: Buffer) =>
      Buffer.from(new Uint8Array(new x509.X509Crl(new Uint8Array(der)).getExtension('2.5.29.20')?.value ?? new ArrayBuffer(0))).toString(
        'hex',
      );
    expect(numberOf(second.der) > numberOf(first.der)).toBe(true);
    expect(second.nextUpdateMs - context.clock.now()).toBeGreaterThan(23 * 3_600_000);
  });

  it('names what is revoked until it has expired', async () => {
    const bad = await issue('bad');
    await issued.revoke(ROOT_ID, bad.serialNumber);
    context.clock.ms += 29 * 86_400_000;
    expect(serialsOf((await listOf()).der)).toEqual([bad.serialNumber]);
    context.clock.ms += 2 * 86_400_000;
    expect(serialsOf((await listOf()).der)).toEqual([]);
  });

  it('names all of many, as OpenSSL reads it', async () => {
    const rows = await context.store.collection<IssuedDoc>('issued', issuedSchema);
    const docs = Array.from({ length: 20_000 }, (_, i) => ({
      id: `${ROOT_ID}:${(i + 4_096).toString(16)}`,
      authority: ROOT_ID,
      serialNumber: (i + 4_096).toString(16),
      stationId: '',
      commonName: 'x',
      notAfter: '2999-01-01T00:00:00.000Z',
      revokedAt: i === 0 ? '2050-01-01T00:00:00.000Z' : '2026-01-01T00:00:00.000Z',
    }));
    for (let from = 0; from < docs.length; from += 1_000) await rows.upsert(docs.slice(from, from + 1_000).map((doc) => ({ doc })));
    writeFileSync(join(folder, 'root.pem'), await ca.roots());
    writeFileSync(join(folder, 'list.der'), (await listOf()).der);
    const args = ['crl', '-in', 'list.der', '-inform', 'DER', '-CAfile', 'root.pem', '-noout', '-text'];
    const text = execFileSync('openssl', args, {
      cwd: folder,
      encoding: 'utf8',
      maxBuffer: 64 * 1_024 * 1_024,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    expect(text.match(/Serial Number: /g)).toHaveLength(20_000);
    expect(text).toContain('Jan  1 00:00:00 2050 GMT');
  });

  it('of nobody is none', async () => {
    expect(await lists.of('nobody')).toBeUndefined();
  });

  it('hears of what was revoked at a station from the log, twice as once, and of foreign ones nothing', async () => {
    const bad = await issue('bad');
    const follower = followerOf(async () => NO_SECURITY);
    await follower.handle([told(bad.serialNumber), told('abc'), told(bad.serialNumber)]);
    await follower.handle([told(bad.serialNumber)]);
    expect(serialsOf((await listOf()).der)).toEqual([bad.serialNumber]);
  });

  it('names what was made before that was noted, from the stream of its station', async () => {
    const kinds = { own: 'ChargingStationCertificate', v2g: 'V2GCertificate' } as const;
    const certificates = await Promise.all(
      Object.entries(kinds).map(async ([orderId, certificateType]) => {
        const certificate = { ...(await issue(orderId)), certificateType, status: 'Revoked' as const, reason: '' };
        return { ...certificate, issuedAt: certificate.notBefore };
      }),
    );
    const rows = await context.store.collection<IssuedDoc>('issued', issuedSchema);
    await rows.delete((await rows.find({ where: {}, limit: 10 })).docs.map(({ id }) => id));
    // So many were made since that its stream has no more than the end of it.
    const security = { ...NO_SECURITY, certificates, revokedUntil: { a1: certificates[0]?.notAfter ?? '' } };
    const follower = followerOf(async (stationId) => (stationId === 'CP-1' ? security : NO_SECURITY));
    const serials = [...certificates.map(({ serialNumber }) => serialNumber), 'a1', 'abc'];
    for (let times = 0; times < 2; times += 1) await follower.handle(serials.map(told));
    expect(serialsOf((await listOf()).der).sort()).toEqual([certificates[0]?.serialNumber, 'a1'].sort());
  });
});

const told = (serialNumber: string) => ({ event: { data: { stationId: 'CP-1', serialNumber, reason: '', at: '' } } }) as never;
