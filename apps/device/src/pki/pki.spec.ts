import 'reflect-metadata';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { connect, createServer, type TLSSocket } from 'node:tls';
import * as x509 from '@peculiar/x509';
import { NO_SECURITY } from '@voltlog/device-domain';
import { openTestContext, TestAuthority, type TestContext, testCsr } from '@voltlog/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AuthorityDoc, AuthorityKeys, authoritySchema } from './authority-keys.js';
import { BuiltInAuthority, ROOT_ID } from './built-in-authority.js';
import { EarlierCertificates } from './earlier-certificates.js';
import { IssuedCertificates, type IssuedDoc, issuedSchema } from './issued-certificates.js';
import { Sealing } from './sealing.js';
import { readSigningRequest } from './signing-request.js';

const expected = { stationId: 'CP-1', serialNumber: 'SN-1', organization: 'Voltlog' };
const verdict = async (pem: string, more: Partial<typeof expected> = {}) => {
  const read = await readSigningRequest(pem, { ...expected, ...more });
  return 'reason' in read ? read.reason : 'taken';
};

/** A CSR of any key. */
async function csrOf(algorithm: RsaHashedKeyGenParams | (EcKeyGenParams & { hash: string }), name: x509.JsonName): Promise<string> {
  const keys = (await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as CryptoKeyPair;
  return (await x509.Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm: algorithm })).toString('pem');
}
const NAME: x509.JsonName = [{ CN: ['CP-1'] }, { O: ['Voltlog'] }];
const rsa = (modulusLength: number) => ({
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength,
  publicExponent: new Uint8Array([1, 0, 1]),
});

describe('a CSR', () => {
  it('of the station, by its id or its serial number, is taken', async () => {
    expect(await verdict((await testCsr('CP-1', 'Voltlog')).csr)).toBe('taken');
    expect(await verdict((await testCsr('SN-1', 'Voltlog')).csr)).toBe('taken');
    expect(await verdict((await testCsr('CP-1', 'Acme')).csr, { organization: '' })).toBe('taken');
  });

  it.each([
    ['CP-2', 'Voltlog', 'NameMismatch'],
    ['', 'Voltlog', 'NameMismatch'],
    ['CP-1', 'Acme', 'OrganizationMismatch'],
    ['CP-1', undefined, 'OrganizationMismatch'],
  ])('of %s of %s: %s', async (name, organization, reason) => {
    expect(await verdict((await testCsr(name, organization)).csr)).toBe(reason);
  });

  it('without a serial number known, an empty name is nobody', async () => {
    expect(await verdict((await testCsr('', 'Voltlog')).csr, { serialNumber: '' })).toBe('NameMismatch');
  });

  it('with two names is of nobody', async () => {
    const csr = await csrOf({ name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }, [
      { CN: ['CP-1'] },
      { CN: ['CP-2'] },
      { O: ['Voltlog'] },
    ]);
    expect(await verdict(csr)).toBe('NameMismatch');
  });

  it('signed with another key is refused', async () => {
    const bytes = Buffer.from((await testCsr('CP-1', 'Voltlog')).csr.replace(/-----[^-]+-----|\s/g, ''), 'base64');
    // The name in the signed part, not the signature: the station next door.
    const at = bytes.indexOf('CP-1');
    bytes.write('CP-9', at);
    const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
    expect(await verdict(pem, { stationId: 'CP-9' })).toBe('SignatureWrong');
  });

  it.each([
    [1_024, 'KeyNotAllowed'],
    [2_048, 'taken'],
  ])('of an RSA key of %i bits: %s', async (bits, reason) => {
    expect(await verdict(await csrOf(rsa(bits), NAME))).toBe(reason);
  });

  it.each(['', 'not PEM', '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n', 'x'.repeat(5_501)])(
    'that is none (%#) is refused',
    async (pem) => expect(await verdict(pem)).toBe('Malformed'),
  );
});

describe('the built-in authority', () => {
  let context: TestContext;
  beforeEach(async () => {
    context = await openTestContext('device');
  });
  afterEach(() => context.close());

  const authority = async (key = 7, validityDays = 397) => {
    const sealing = new Sealing(Buffer.alloc(32, key));
    const now = () => context.clock.now();
    const collection = await context.store.collection<AuthorityDoc>('certificate_authority', authoritySchema);
    const rows = await context.store.collection<IssuedDoc>('issued_certificates', issuedSchema);
    return new BuiltInAuthority({
      keys: new AuthorityKeys({ collection, sealing, now }),
      issued: new IssuedCertificates(rows, async () => false, now),
      sealing,
      organization: 'Voltlog',
      validityDays,
      revocation: { ocspUrl: '', crlUrl: '' },
    });
  };
  const publicKey = async () => new x509.Pkcs10CertificateRequest((await testCsr('x')).csr).publicKey;

  it('makes a client certificate for the station under its root', async () => {
    const ca = await authority();
    const orderedAtMs = context.clock.now();
    const issued = await ca.issue({ stationId: 'CP-1', csr: '', publicKey: await publicKey(), orderId: 'o', orderedAtMs });
    const root = new X509Certificate(await ca.roots());
    const certificate = new X509Certificate(issued.certificateChain);
    expect(certificate.verify(root.publicKey)).toBe(true);
    expect(certificate.checkIssued(root)).toBe(true);
    expect(certificate.subject).toBe('CN=CP-1\nO=Voltlog');
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect([root.ca, certificate.ca]).toEqual([true, false]);
    expect(certificate.serialNumber.toLowerCase()).toBe(issued.serialNumber);
    expect(certificate.fingerprint256.replaceAll(':', '').toLowerCase()).toBe(issued.fingerprint);
    expect(Date.parse(issued.notAfter)).toBe(Math.floor((orderedAtMs + 397 * 86_400_000) / 1_000) * 1_000);
  });

  it('knows of earlier certificates again from the stream of their station, and of no others', async () => {
    const [ca, other] = [await authority(), await authority(7, 30)];
    const now = () => context.clock.now();
    const rows = await context.store.collection<IssuedDoc>('issued_certificates', issuedSchema);
    const revoked = new Set<string>();
    const noted = new IssuedCertificates(rows, async (_, serialNumber) => revoked.has(serialNumber), now);
    const order = { stationId: 'CP-1', csr: '', publicKey: await publicKey(), orderId: 'o', orderedAtMs: now() };
    const made = await ca.issue(order);
    // The same serial number, and another certificate.
    const twin = await other.issue(order);
    await rows.delete((await rows.find({ where: {}, limit: 10 })).docs.map(({ id }) => id));
    const stream = [{ ...made, certificateType: 'ChargingStationCertificate', status: 'Installed' as const, reason: '' }];
    const earlier = new EarlierCertificates(
      () => ca.root(),
      noted,
      async (stationId) => ({ ...NO_SECURITY, certificates: stationId === 'CP-1' ? stream : [] }),
    );
    const root = new X509Certificate(await ca.roots());
    const status = async (shown: X509Certificate, issuer = root) => {
      await earlier.note(shown, issuer);
      return noted.statusOf(ROOT_ID, made.serialNumber);
    };
    expect(await status(new X509Certificate(twin.certificateChain))).toBe('unknown');
    // Shown as if another authority had made it.
    expect(await status(new X509Certificate(made.certificateChain), new X509Certificate(made.certificateChain))).toBe('unknown');
    expect(await status(new X509Certificate(made.certificateChain))).toBe('good');
    // One that was revoked before it is noted is so at once: a revocation list reads nothing else.
    await rows.delete((await rows.find({ where: {}, limit: 10 })).docs.map(({ id }) => id));
    revoked.add(made.serialNumber);
    await earlier.note(new X509Certificate(made.certificateChain), root);
    expect(await noted.revoked(ROOT_ID)).toMatchObject([{ serialNumber: made.serialNumber }]);
  });

  it('has one root, whoever asks first, and serves the same order with the same serial number', async () => {
    const [first, second] = [await authority(), await authority()];
    const [a, b] = await Promise.all([first.roots(), second.roots()]);
    expect(a).toBe(b);
    const order = { stationId: 'CP-1', csr: '', publicKey: await publicKey(), orderId: 'o', orderedAtMs: context.clock.now() };
    expect((await first.issue(order)).serialNumber).toBe((await second.issue(order)).serialNumber);
    expect((await first.issue({ ...order, orderId: 'p' })).serialNumber).not.toBe((await second.issue(order)).serialNumber);
  });

  it('keeps its key sealed: another key does not open it', async () => {
    await (await authority()).roots();
    const doc = await (await context.store.collection<AuthorityDoc>('certificate_authority', authoritySchema)).get('root');
    expect(JSON.stringify(doc)).not.toContain('PRIVATE');
    await expect((await authority(8)).roots()).rejects.toMatchObject({ code: 'AuthorityKey' });
  });

  it.each([2_048, 4_096])('makes one for an RSA key of %i bits, with which TLS knows the station', { timeout: 30_000 }, async (bits) => {
    const keys = generateKeyPairSync('rsa', { modulusLength: bits });
    const ca = await authority();
    context.clock.ms = Date.now();
    const { certificateChain } = await ca.issue({
      stationId: 'CP-1',
      csr: '',
      publicKey: new x509.PublicKey(keys.publicKey.export({ format: 'der', type: 'spki' })),
      orderId: 'rsa',
      orderedAtMs: context.clock.now(),
    });
    const server = await TestAuthority.create();
    const { certificate, key } = await server.issue({ commonName: 'csms', hosts: ['127.0.0.1'] });
    const listener = createServer({ cert: certificate, key, ca: await ca.roots(), requestCert: true, rejectUnauthorized: true });
    const known = new Promise<string>((resolve) => {
      listener.on('secureConnection', (socket: TLSSocket) => resolve(String(socket.getPeerCertificate().subject.CN)));
    });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const address = listener.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const shown = { cert: certificateChain, key: keys.privateKey.export({ format: 'pem', type: 'pkcs8' }) };
    const client = connect({ port, host: '127.0.0.1', ca: server.certificate, ...shown });
    try {
      expect(await known).toBe('CP-1');
    } finally {
      client.destroy();
      listener.close();
    }
  });

  it('issues nothing beyond its own end', async () => {
    const issued = await (await authority(7, 3_650 * 4)).issue({
      stationId: 'CP-1',
      csr: '',
      publicKey: await publicKey(),
      orderId: 'o',
      orderedAtMs: context.clock.now(),
    });
    const root = new X509Certificate(await (await authority()).roots());
    expect(Date.parse(issued.notAfter)).toBe(Date.parse(root.validTo));
  });
});

describe('sealing', () => {
  it('opens what it sealed, and nothing that was changed', () => {
    const sealing = new Sealing(Buffer.alloc(32, 1));
    const sealed = sealing.seal('a password');
    expect(sealing.open(sealed)).toBe('a password');
    expect(sealing.seal('a password')).not.toBe(sealed);
    const bytes = Buffer.from(sealed, 'base64');
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    expect(() => sealing.open(bytes.toString('base64'))).toThrow();
    expect(() => new Sealing(Buffer.alloc(16))).toThrow(RangeError);
  });
});
