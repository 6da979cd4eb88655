import { createServer as createTcpServer, type Server } from 'node:net';
import { Receiver } from '@voltlog/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ResolvedAddress, TargetRefused } from './address-guard.js';
import {
  ANSWER_BYTES_MAX,
  type FetchOptions,
  type GuardedAnswer,
  type GuardOptions,
  guardedFetch,
  guardedPost,
} from './guarded-request.js';

let receiver: Receiver;
const servers: Server[] = [];
beforeEach(async () => {
  receiver = await Receiver.start();
});
afterEach(async () => {
  await receiver.stop();
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

const post = (url: string, options: Partial<GuardOptions> = {}): Promise<GuardedAnswer> =>
  guardedPost({ url, headers: { 'x-test': '1' }, body: '{"a":1}' }, { allowPrivate: true, timeoutMs: 2_000, ...options });

/** Answers whoever connects with these bytes. */
async function raw(text: string): Promise<string> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(text));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/`;
}

describe('a post to an address that somebody else chose', () => {
  it('arrives as it was sent', async () => {
    receiver.answer = (response) => response.writeHead(201, { 'x-answer': 'yes' }).end('thanks\u0000\nyou');
    expect(await post(receiver.url)).toMatchObject({ status: 201, excerpt: 'thanks you', headers: { 'x-answer': 'yes' } });
    expect(receiver.received[0]).toMatchObject({ path: '/hook', headers: { 'x-test': '1', 'content-length': '7' } });
    expect(receiver.received[0]?.body.toString()).toBe('{"a":1}');
  });

  it('is not made to a private address unless that is allowed', async () => {
    await expect(post(receiver.url, { allowPrivate: false })).rejects.toThrow(TargetRefused);
    await expect(post(receiver.url.replace('http:', 'https:'), { allowPrivate: false })).rejects.toThrow(TargetRefused);
    expect(receiver.received).toEqual([]);
  });

  it('resolves the name once and goes to what was judged, whatever the name says next', async () => {
    const answers: readonly ResolvedAddress[][] = [[{ address: '127.0.0.1', family: 4 }], [{ address: '192.0.2.1', family: 4 }]];
    let asked = 0;
    const resolve = async (): Promise<readonly ResolvedAddress[]> => answers[asked++] ?? [];
    await post(`http://rebinding.example:${receiver.port}/hook`, { resolve });
    expect([asked, receiver.received.length]).toEqual([1, 1]);
    expect(receiver.received[0]?.headers.host).toBe(`rebinding.example:${receiver.port}`);
  });

  it('is refused when the name resolves to a private address', async () => {
    const resolve = async (): Promise<readonly ResolvedAddress[]> => [{ address: '127.0.0.1', family: 4 }];
    await expect(post(`https://rebinding.example:${receiver.port}/hook`, { resolve, allowPrivate: false })).rejects.toThrow(TargetRefused);
    expect(receiver.received).toEqual([]);
  });

  it('follows no redirect', async () => {
    const inside = await Receiver.start();
    receiver.answer = (response) => response.writeHead(302, { location: inside.url }).end();
    expect((await post(receiver.url)).status).toBe(302);
    expect(inside.received).toEqual([]);
    await inside.stop();
  });

  it('reads no more of an answer than 64 KiB', async () => {
    let sent = 0;
    receiver.answer = (response) => {
      response.writeHead(200);
      const chunk = Buffer.alloc(16 * 1_024, 'x');
      const more = (): void => {
        while (!response.destroyed && response.write(chunk)) sent += chunk.length;
        sent += chunk.length;
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    };
    expect((await post(receiver.url)).excerpt).toBe('x'.repeat(200));
    // What the kernel buffers on the way is sent, and never read.
    expect(sent).toBeLessThan(ANSWER_BYTES_MAX + 16 * 1_024 * 1_024);
  });

  it('waits neither for a status nor for a name longer than it may', async () => {
    receiver.answer = () => {};
    await expect(post(receiver.url, { timeoutMs: 100 })).rejects.toThrow('no answer within 0.1 s');
    const never = (): Promise<never> => new Promise(() => {});
    await expect(post('http://slow-dns.example/', { timeoutMs: 100, resolve: never })).rejects.toThrow('no answer within 0.1 s');
  });

  it('takes the status for what it is when the body is a lie, is cut off, or never ends', async () => {
    expect((await post(await raw('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort'))).status).toBe(200);
    expect((await post(await raw('HTTP/1.1 500 No\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'))).status).toBe(500);
    receiver.answer = (response) => {
      response.writeHead(200);
      response.write('.');
    };
    const began = performance.now();
    expect((await post(receiver.url)).status).toBe(200);
    expect(performance.now() - began).toBeLessThan(1_900);
  });

  it('fails when the answer is no HTTP, or its headers have no end', async () => {
    await expect(post(await raw('SSH-2.0-OpenSSH_9.9\r\n'))).rejects.toThrow();
    await expect(post(await raw(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(64 * 1_024)}\r\n\r\n`))).rejects.toThrow();
    await expect(post('http://127.0.0.1:1/')).rejects.toThrow(/ECONNREFUSED/);
  });
});

describe('a fetch from an address that somebody else chose', () => {
  const fetchIt = (url: string, options: Partial<FetchOptions> = {}) =>
    guardedFetch(
      { method: 'POST', url, headers: { 'content-type': 'x/y' }, body: Buffer.of(1, 2) },
      { allowPrivate: true, timeoutMs: 2_000, bytesMax: 1_000, ...options },
    );

  it('brings the whole answer, and what was sent', async () => {
    receiver.answer = (response) => response.writeHead(200).end(Buffer.alloc(1_000, 7));
    expect(await fetchIt(receiver.url)).toMatchObject({ status: 200, body: Buffer.alloc(1_000, 7) });
    expect(receiver.received[0]?.body).toEqual(Buffer.of(1, 2));
  });

  it('of more than may be read, cut off, or without an end in time, is an error', async () => {
    receiver.answer = (response) => response.writeHead(200).end(Buffer.alloc(1_001));
    await expect(fetchIt(receiver.url)).rejects.toThrow('the answer has more than 1000 bytes');
    await expect(fetchIt(await raw('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort'))).rejects.toThrow();
    receiver.answer = (response) => {
      response.writeHead(200);
      response.write('.');
    };
    await expect(fetchIt(receiver.url, { timeoutMs: 150 })).rejects.toThrow('no answer within 0.15 s');
  });

  it('may be plain http where that is said, and never at a private address', async () => {
    const resolve = async (): Promise<readonly ResolvedAddress[]> => [{ address: '10.0.0.1', family: 4 }];
    await expect(fetchIt('http://ocsp.example/', { allowPrivate: false, resolve })).rejects.toThrow('must begin with https');
    await expect(fetchIt('http://ocsp.example/', { allowPrivate: false, allowHttp: true, resolve })).rejects.toThrow('public address');
    await expect(fetchIt(receiver.url, { allowPrivate: false, allowHttp: true })).rejects.toThrow('public address');
    expect(receiver.received).toEqual([]);
  });
});
