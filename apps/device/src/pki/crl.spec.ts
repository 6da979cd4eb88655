import 'reflect-metadata';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Receiver } from '@voltlog/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { certificateIdOf } from './certificate-id.js';
import { CrlClient, type CrlClientOptions } from './crl-client.js';
import { OcspClient } from './ocsp-client.js';
import { pointersOf, Revocations } from './revocation.js';

let folder: string;
let receiver: Receiver;
const openssl = (...args: string[]): string =>
  execFileSync('openssl', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const file = (name: string): Buffer => readFileSync(join(folder, name));
const certificate = (name: string): X509Certificate => new X509Certificate(file(`${name}.pem`));

/** A list by OpenSSL of what `index` says. */
function list(index: string, by = 'ca', ...more: string[]): Buffer {
  writeFileSync(join(folder, 'index.txt'), index);
  writeFileSync(join(folder, 'ca.cnf'), '[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ndefault_md=sha256\n');
  openssl(
    'ca',
    '-gencrl',
    '-config',
    'ca.cnf',
    '-cert',
    `${by}.pem`,
    '-keyfile',
    `${by}.key`,
    '-crldays',
    '1',
    '-out',
    'list.pem',
    ...more,
  );
  openssl('crl', '-in', 'list.pem', '-outform', 'DER', '-out', 'list.der');
  return file('list.der');
}
const revokedLine = (serialNumber: string): string => `R\t351231235959Z\t260101000000Z\t${serialNumber}\tunknown\t/CN=x\n`;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'voltlog-crl-'));
  receiver = await Receiver.start();
  for (const [name, subject] of [
    ['ca', '/CN=Their CA'],
    ['liar', '/CN=Their CA'],
    ['other', '/CN=Other CA'],
  ] as const)
    openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.pem`,
      '-days',
      '30',
      '-subj',
      subject,
    );
  openssl('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'cp.key', '-out', 'cp.csr', '-subj', '/CN=CP-1');
  writeFileSync(join(folder, 'cp.ext'), `crlDistributionPoints=URI:${receiver.url}\n`);
  openssl('x509', '-req', '-in', 'cp.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-days', '30', '-extfile', 'cp.ext', '-out', 'cp.pem');
}, 60_000);
afterAll(async () => {
  await receiver.stop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  receiver.received.length = 0;
});
afterEach(() => {
  receiver.answer = (response) => response.writeHead(204).end();
});

let skewMs = 0;
const options: CrlClientOptions = { allowPrivate: true, timeoutMs: 20_000, authorities: async () => [], now: () => Date.now() + skewMs };
function serve(body: Buffer | string): void {
  receiver.answer = (response) => response.writeHead(200).end(body);
}
const ask = (crl = new CrlClient(options)) => new Revocations(new OcspClient({ ...options }), crl).of(certificate('cp'), certificate('ca'));

describe('a revocation list', () => {
  it('is fetched where the certificate says, and kept until it says to ask again', async () => {
    skewMs = 0;
    expect(pointersOf(certificate('cp'))).toEqual({ responders: [], lists: [receiver.url] });
    serve(list(''));
    const crl = new CrlClient(options);
    expect(await ask(crl)).toMatchObject({ status: 'Good' });
    serve(list(revokedLine(certificate('cp').serialNumber)));
    expect(await ask(crl)).toMatchObject({ status: 'Good' });
    expect(receiver.received).toHaveLength(1);
    skewMs = 86_401_000;
    const fresh = list(revokedLine(certificate('cp').serialNumber), 'ca', '-crldays', '3');
    serve(fresh);
    expect(await ask(crl)).toMatchObject({ status: 'Revoked' });
    skewMs = 0;
  });

  it('may be PEM', async () => {
    list(revokedLine(certificate('cp').serialNumber));
    serve(file('list.pem'));
    expect(await ask()).toMatchObject({ status: 'Revoked' });
  });

  it('is fetched once, however many want to know', async () => {
    serve(list(''));
    const crl = new CrlClient(options);
    await Promise.all(Array.from({ length: 20 }, () => ask(crl)));
    expect(receiver.received).toHaveLength(1);
  });

  it.each([
    ['of another authority', 'other', 'is of another authority'],
    ['of somebody with the same name', 'liar', 'signature of the revocation list is wrong'],
  ])('%s is not believed', async (_, by, words) => {
    serve(list('', by));
    await expect(ask()).rejects.toThrow(words);
  });

  it.each([
    ['that is none', 'nonsense', 'is no revocation list'],
    ['of more than may be read', 'x'.repeat(8 * 1_024 * 1_024 + 1), 'more than 8388608 bytes'],
  ])('%s is not believed', async (_, body, words) => {
    serve(body);
    await expect(ask()).rejects.toThrow(words);
  });

  it('that is old is not believed', async () => {
    serve(list(''));
    skewMs = 2 * 86_400_000;
    await expect(ask()).rejects.toThrow('the revocation list is too old');
    skewMs = -86_400_000;
    await expect(ask()).rejects.toThrow('the revocation list is of the future');
    skewMs = 0;
  });

  it('that is away, or at a private address, is not known', async () => {
    receiver.answer = (response) => response.writeHead(404).end();
    await expect(ask()).rejects.toThrow('answered 404');
    await expect(ask(new CrlClient({ ...options, allowPrivate: false }))).rejects.toThrow('public address');
    const id = certificateIdOf('1f', certificate('ca').raw);
    await expect(new CrlClient(options).statusOf(id, [])).rejects.toThrow('names no revocation list');
    serve(list(''));
    await expect(new CrlClient(options).statusOf(id, [receiver.url])).rejects.toThrow('issuer of the certificate is not known');
    expect(
      await new CrlClient({ ...options, authorities: async () => [certificate('ca').raw] }).statusOf(id, [receiver.url]),
    ).toMatchObject({ status: 'Good' });
  });
});
