import 'reflect-metadata';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { openTestContext, Receiver, type TestContext, testCsr } from '@voltlog/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Authority, type AuthorityDoc, AuthorityKeys, authoritySchema } from './authority-keys.js';
import { BuiltInAuthority } from './built-in-authority.js';
import { certificateIdOf, toCertificateId } from './certificate-id.js';
import { IssuedCertificates, type IssuedDoc, issuedSchema } from './issued-certificates.js';
import { OcspClient, type OcspClientOptions } from './ocsp-client.js';
import { encodeOcspRequest } from './ocsp-message.js';
import { OcspResponder } from './ocsp-responder.js';
import { Sealing } from './sealing.js';

let context: TestContext;
let receiver: Receiver;
let folder: string;
/** Serial numbers that the stream of CP-1 has revoked. */
let revoked: Set<string>;

beforeEach(async () => {
  [context, receiver] = await Promise.all([openTestContext('device'), Receiver.start()]);
  folder = mkdtempSync(join(tmpdir(), 'voltlog-ocsp-'));
  revoked = new Set();
});
afterEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  await Promise.all([context.close(), receiver.stop()]);
});

/** An authority with the responder for it. */
async function world(organization = 'Voltlog') {
  const sealing = new Sealing(Buffer.alloc(32, 7));
  const now = () => context.clock.now();
  const keys = new AuthorityKeys({
    collection: await context.store.collection<AuthorityDoc>(`authority_${organization}`, authoritySchema),
    sealing,
    now,
  });
  const rows = await context.store.collection<IssuedDoc>(`issued_${organization}`, issuedSchema);
  const issued = new IssuedCertificates(rows, async (_, serialNumber) => revoked.has(serialNumber), now);
  const ca = new BuiltInAuthority({
    keys,
    issued,
    sealing,
    organization,
    validityDays: 30,
    revocation: { ocspUrl: 'http://ocsp.example/ocsp', crlUrl: '' },
  });
  const root = await ca.root();
  const responder = new OcspResponder(async () => [root], issued, now);
  const publicKey = new x509.Pkcs10CertificateRequest((await testCsr('x')).csr).publicKey;
  const certificate = await ca.issue({ stationId: 'CP-1', csr: '', publicKey, orderId: 'o', orderedAtMs: now() });
  return { root, responder, issued, certificate, id: certificateIdOf(certificate.serialNumber, raw(root)) };
}

const raw = ({ certificate }: Authority) => new Uint8Array(certificate.rawData);

const client = (authorities: readonly Authority[], more: Partial<OcspClientOptions> = {}) =>
  new OcspClient({
    allowPrivate: true,
    timeoutMs: 20_000,
    now: () => context.clock.now(),
    authorities: async () => authorities.map(raw),
    ...more,
  });

/** The receiver answers as this responder. */
function serve(respond: (request: Buffer) => Promise<Buffer> | Buffer): void {
  receiver.answer = (response, { body }) => void Promise.resolve(respond(body)).then((answer) => response.writeHead(200).end(answer));
}

describe('the status of a certificate', () => {
  it('is what its responder says: good, then revoked, and unknown for one that was never made', async () => {
    const { root, responder, certificate, id } = await world();
    serve((request) => responder.respond(request));
    const asks = client([root]);
    expect(await asks.statusOf(id, [receiver.url])).toMatchObject({ status: 'Good' });
    expect(receiver.received[0]?.headers['content-type']).toBe('application/ocsp-request');
    revoked.add(certificate.serialNumber);
    // Kept until it says it is to be asked again.
    expect(await asks.statusOf(id, [receiver.url])).toMatchObject({ status: 'Good' });
    expect(receiver.received).toHaveLength(1);
    context.clock.ms += 3_601_000;
    expect(await asks.statusOf(id, [receiver.url])).toMatchObject({ status: 'Revoked' });
    expect(await asks.statusOf({ ...id, serialNumber: 'abc' }, [receiver.url])).toMatchObject({ status: 'Unknown' });
  });

  it('is asked once, however many want to know', async () => {
    const { root, responder, id } = await world();
    serve((request) => responder.respond(request));
    const asks = client([root]);
    const all = await Promise.all(Array.from({ length: 20 }, () => asks.statusOf(id, [receiver.url])));
    expect([receiver.received.length, new Set(all.map(({ status }) => status))]).toEqual([1, new Set(['Good'])]);
  });

  it('of our own authority is told without asking anybody', async () => {
    const { responder, id } = await world();
    expect(await client([], { own: responder }).statusOf(id, [receiver.url])).toMatchObject({ status: 'Good' });
    expect(receiver.received).toEqual([]);
  });

  it('comes from the second responder when the first is away', async () => {
    const { root, responder, id } = await world();
    serve((request) => responder.respond(request));
    expect(await client([root]).statusOf(id, ['http://127.0.0.1:1/', receiver.url])).toMatchObject({ status: 'Good' });
  });

  it('is not believed of a responder with another key of the same name', async () => {
    const [{ root, id }, other] = [await world(), await world('Liar')];
    // It says it is the authority that was asked about.
    serve(() => other.responder.statusOf(other.id).then((known) => known?.der ?? Buffer.alloc(0)));
    await expect(client([root]).statusOf(id, [receiver.url])).rejects.toThrow('it is not told who has signed the answer');
  });

  it('is not believed when a bit of the answer was changed', async () => {
    const { root, responder, id } = await world();
    serve(async (request) => {
      const answer = await responder.respond(request);
      answer[answer.length - 1] = (answer.at(-1) ?? 0) ^ 1;
      return answer;
    });
    await expect(client([root]).statusOf(id, [receiver.url])).rejects.toThrow('the signature of the answer is wrong');
  });

  it('is not believed when it is about another certificate, or the answer to another question', async () => {
    const { root, responder, id } = await world();
    serve(() => responder.respond(encodeOcspRequest({ ...id, serialNumber: '1f' }, Buffer.alloc(16, 1))));
    await expect(client([root]).statusOf(id, [receiver.url])).rejects.toThrow('the answer is to another question (nonce)');
    serve(async () => (await responder.statusOf({ ...id, serialNumber: '1f' }))?.der ?? Buffer.alloc(0));
    await expect(client([root]).statusOf(id, [receiver.url])).rejects.toThrow('the answer is about another certificate');
  });

  it('is not believed when the answer is old or of the future', async () => {
    const { root, responder, id } = await world();
    const old = (await responder.statusOf(id))?.der ?? Buffer.alloc(0);
    serve(() => old);
    context.clock.ms += 3_600_000 + 301_000;
    await expect(client([root]).statusOf(id, [receiver.url])).rejects.toThrow('the answer is too old');
    const behind = client([root], { now: () => context.clock.now() - 2 * 3_600_000 });
    await expect(behind.statusOf(id, [receiver.url])).rejects.toThrow('the answer is of the future');
  });

  it('is not known when the issuer is not', async () => {
    const { responder, id } = await world();
    serve((request) => responder.respond(request));
    await expect(client([]).statusOf(id, [receiver.url])).rejects.toThrow('the issuer of the certificate is not known');
  });

  it.each([
    ['an error', (response: import('node:http').ServerResponse) => response.writeHead(500).end(), 'the responder answered 500'],
    ['a page', (response: import('node:http').ServerResponse) => response.writeHead(200).end('<html>'), 'is no OCSP response'],
    [
      'too much',
      (response: import('node:http').ServerResponse) => response.writeHead(200).end(Buffer.alloc(40_000)),
      'more than 32768 bytes',
    ],
    [
      'a redirect',
      (response: import('node:http').ServerResponse) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
      'answered 302',
    ],
    [
      '"try later"',
      (response: import('node:http').ServerResponse) => response.writeHead(200).end(Buffer.from('30030a0103', 'hex')),
      'try later',
    ],
  ])('is not known when the responder answers %s', async (_, answer, words) => {
    const { root, id } = await world();
    receiver.answer = answer;
    await expect(client([root]).statusOf(id, [receiver.url])).rejects.toThrow(words);
  });

  it('is not known when nobody answers in time, or is named, or may be asked', async () => {
    const { root, id } = await world();
    receiver.answer = () => {};
    await expect(client([root], { timeoutMs: 150 }).statusOf(id, [receiver.url])).rejects.toThrow('no answer within');
    await expect(client([root]).statusOf(id, [])).rejects.toThrow('names no responder');
    await expect(client([root], { allowPrivate: false }).statusOf(id, [receiver.url])).rejects.toThrow('public address');
    await expect(client([root]).statusOf(id, ['ftp://x/'])).rejects.toThrow('must begin with https');
    await expect(client([root]).statusOf(id, ['http://127.0.0.1:1/'])).rejects.toThrow('ECONNREFUSED');
  });
});

describe('hash data of a station', () => {
  const good = { hashAlgorithm: 'SHA256', issuerNameHash: 'AB'.repeat(32), issuerKeyHash: 'cd'.repeat(32), serialNumber: '00:1F' };
  it('is taken in either case and with leading zeros', () => {
    expect(toCertificateId(good)).toEqual({ ...good, issuerNameHash: 'ab'.repeat(32), serialNumber: '1f' });
  });
  it.each([
    { hashAlgorithm: 'MD5' },
    { issuerNameHash: 'ab' },
    { issuerKeyHash: 'x'.repeat(64) },
    { serialNumber: '' },
    { serialNumber: 'f'.repeat(41) },
  ])('that is none is refused: %j', (more) => expect(toCertificateId({ ...good, ...more })).toBeUndefined());
});

describe('OpenSSL', () => {
  const file = (name: string, content?: string | Buffer): string => {
    const path = join(folder, name);
    if (content !== undefined) writeFileSync(path, content);
    return path;
  };
  const openssl = (...args: string[]): string =>
    execFileSync('openssl', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

  it('believes our responder', async () => {
    context.clock.ms = Date.now();
    const { root, responder, certificate } = await world();
    file('root.pem', root.certificate.toString('pem'));
    file('station.pem', certificate.certificateChain);
    for (const expected of ['good', 'revoked']) {
      openssl('ocsp', '-issuer', 'root.pem', '-cert', 'station.pem', '-reqout', 'request.der');
      file('response.der', await responder.respond(readFileSync(file('request.der'))));
      const said = openssl(
        'ocsp',
        '-issuer',
        'root.pem',
        '-reqin',
        'request.der',
        '-respin',
        'response.der',
        '-CAfile',
        'root.pem',
        '-text',
      );
      expect(said).toContain(`Cert Status: ${expected}`);
      revoked.add(certificate.serialNumber);
    }
    expect(new X509Certificate(certificate.certificateChain).infoAccess).toContain('http://ocsp.example/ocsp');
  });

  it('is believed as the responder of another authority, with a certificate made for it', async () => {
    openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '30', '-subj', '/CN=Their CA');
    for (const [name, usage] of [
      ['responder', 'extendedKeyUsage=OCSPSigning'],
      ['other', 'extendedKeyUsage=clientAuth'],
    ] as const) {
      openssl('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
      file(`${name}.ext`, usage);
      openssl(
        'x509',
        '-req',
        '-in',
        `${name}.csr`,
        '-CA',
        'ca.pem',
        '-CAkey',
        'ca.key',
        '-days',
        '30',
        '-extfile',
        `${name}.ext`,
        '-out',
        `${name}.pem`,
      );
    }
    const serialNumber = new X509Certificate(readFileSync(file('other.pem'))).serialNumber;
    const der = new Uint8Array(new X509Certificate(readFileSync(file('ca.pem'))).raw);
    file('index.txt', `R\t301231235959Z\t260101000000Z\t${serialNumber}\tunknown\t/CN=other\n`);
    const respondAs = (signer: string) =>
      serve((request) => {
        file('request.der', request);
        openssl(
          'ocsp',
          '-index',
          'index.txt',
          '-CA',
          'ca.pem',
          '-rsigner',
          `${signer}.pem`,
          '-rkey',
          `${signer}.key`,
          '-reqin',
          'request.der',
          '-respout',
          'response.der',
          '-ndays',
          '1',
        );
        return readFileSync(file('response.der'));
      });
    const asks = () =>
      new OcspClient({ allowPrivate: true, timeoutMs: 30_000, now: () => Date.now(), authorities: async () => [der] }).statusOf(
        certificateIdOf(serialNumber, der),
        [receiver.url],
      );
    respondAs('responder');
    expect(await asks()).toMatchObject({ status: 'Revoked' });
    respondAs('ca');
    expect(await asks()).toMatchObject({ status: 'Revoked' });
    respondAs('other');
    await expect(asks()).rejects.toThrow('who has signed the answer may not do so');
  });
});
