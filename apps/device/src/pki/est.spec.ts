import 'reflect-metadata';
import { X509Certificate } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import * as x509 from '@peculiar/x509';
import { openTestContext, type TestContext, testCsr } from '@voltlog/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { EstServer } from '../testing/est-server.js';
import { readPemChain } from './chain-check.js';
import { EstAuthority, type EstCertificatesDoc, type EstOptions, estCertificatesSchema } from './est-authority.js';

let server: EstServer;
let context: TestContext;
beforeAll(async () => {
  server = await EstServer.start();
});
afterAll(() => server.stop());
beforeEach(async () => {
  context = await openTestContext('device');
  server.answer = undefined;
  server.withChain = false;
  server.requests.length = 0;
});
afterEach(() => context.close());

const authority = async (more: Partial<EstOptions> = {}) =>
  new EstAuthority({
    url: server.url,
    user: 'voltlog',
    password: 'secret',
    caPath: server.file('root.pem'),
    certPath: '',
    keyPath: '',
    kept: await context.store.collection<EstCertificatesDoc>('est', estCertificatesSchema),
    clock: context.clock,
    ...more,
  });
async function orderOf(csr: string) {
  const { publicKey } = new x509.Pkcs10CertificateRequest(csr);
  return { stationId: 'CP-1', csr, publicKey, orderId: 'o', orderedAtMs: context.clock.now() };
}
const order = async () => orderOf((await testCsr('CP-1', 'Voltlog')).csr);

describe('a certificate authority behind EST', () => {
  it.each([false, true])('makes a certificate, with what is between it and its root (told with it: %s)', async (withChain) => {
    server.withChain = withChain;
    const made = await (await authority()).issue(await order());
    const chain = readPemChain(made.certificateChain) ?? [];
    expect(chain.map(({ subject }) => subject.split('\n').at(-1))).toEqual(['O=Voltlog', 'CN=Their Sub-CA']);
    expect(chain[0]?.subject).toContain('CN=CP-1');
    expect(chain[0]?.verify(chain[1]?.publicKey ?? new X509Certificate(server.read('root.pem')).publicKey)).toBe(true);
    expect(made.serialNumber).toBe(chain[0]?.serialNumber.toLowerCase().replace(/^0+/, ''));
  });

  it('makes one for an RSA key', async () => {
    server.openssl('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'rsa.key', '-out', 'rsa.csr', '-subj', '/CN=CP-1/O=Voltlog');
    const made = await (await authority()).issue(await orderOf(server.read('rsa.csr')));
    expect(new X509Certificate(made.certificateChain).publicKey.asymmetricKeyType).toBe('rsa');
  });

  it('is known by its root, also while it is away', async () => {
    const ca = await authority();
    expect(await ca.roots()).toBe(server.read('root.pem'));
    server.answer = (response) => response.destroy();
    expect(await (await authority()).roots()).toBe(server.read('root.pem'));
    context.clock.ms += 3_700_000;
    expect(await ca.roots()).toBe(server.read('root.pem'));
  });

  it.each([
    [
      'is busy',
      (response: ServerResponse) => response.writeHead(202, { 'retry-after': '120' }).end(),
      { code: 'AuthorityBusy', retryAfterMs: 120_000 },
    ],
    ['is overloaded', (response: ServerResponse) => response.writeHead(503).end('no'), { code: 'AuthorityBusy', retryAfterMs: undefined }],
    [
      'wants nothing of it',
      (response: ServerResponse) => response.writeHead(400).end('bad name'),
      { name: 'OrderRefused', message: expect.stringContaining('bad name') },
    ],
    ['has a fault', (response: ServerResponse) => response.writeHead(500).end(), { code: 'AuthorityUnavailable' }],
    ['breaks off', (response: ServerResponse) => response.destroy(), { code: 'AuthorityUnavailable' }],
    ['answers nonsense', (response: ServerResponse) => response.writeHead(200).end('bm9uc2Vuc2U='), { code: 'AuthorityAnswer' }],
    ['never answers', () => {}, { code: 'AuthorityUnavailable', message: expect.stringContaining('no answer within') }],
  ] as const)('that %s says so', async (_, answer, expected) => {
    server.answer = answer;
    await expect((await authority({ timeoutMs: 500 })).issue(await order())).rejects.toMatchObject(expected);
  });

  it('that does not know us, or is not who it should be, is away: it may be mended', async () => {
    await expect((await authority({ password: 'x' })).issue(await order())).rejects.toMatchObject({
      code: 'AuthorityUnavailable',
      message: expect.stringContaining('who are you?'),
    });
    await expect((await authority({ caPath: '' })).issue(await order())).rejects.toMatchObject({ code: 'AuthorityUnavailable' });
  });

  it('is asked for what follows a certificate as that', async () => {
    const made = await (await authority()).issue({ ...(await order()), renews: true });
    expect(readPemChain(made.certificateChain)?.[0]?.subject).toContain('CN=CP-1');
    expect(server.requests.filter((each) => each !== 'cacerts')).toEqual(['simplereenroll']);
  });

  it.each([400, 401, 403, 404, 405, 501])('that answers %i to that is asked as if there had been none', async (status) => {
    server.answer = (response, operation) => {
      response.writeHead(status).end();
      if (operation === 'simplereenroll') server.answer = undefined;
    };
    const made = await (await authority()).issue({ ...(await order()), renews: true });
    expect(readPemChain(made.certificateChain)?.[0]?.subject).toContain('CN=CP-1');
    expect(server.requests.filter((each) => each !== 'cacerts')).toEqual(['simplereenroll', 'simpleenroll']);
  });

  it.each([202, 500])('that answers %i to that is asked the same again, later', async (status) => {
    server.answer = (response) => response.writeHead(status).end();
    await expect((await authority()).issue({ ...(await order()), renews: true })).rejects.toThrow();
    expect(server.requests).toEqual(['simplereenroll']);
  });

  it('is not believed when the certificate is of another key', async () => {
    const ca = await authority();
    await ca.issue(await order());
    const answered = server.read('answer.p7').length > 0;
    expect(answered).toBe(true);
    server.openssl('crl2pkcs7', '-nocrl', '-certfile', 'new.pem', '-outform', 'DER', '-out', 'other.p7');
    const other = Buffer.from(server.openssl('base64', '-in', 'other.p7'));
    server.answer = (response) => response.writeHead(200).end(other);
    await expect(ca.issue(await order())).rejects.toMatchObject({ code: 'AuthorityAnswer' });
  });
});
