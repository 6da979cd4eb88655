import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fastify } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileIn, sendFile } from './static-files.js';

let folder: string;
const server = fastify();
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'voltlog-static-'));
  for (const [name, text] of [
    ['a.js', 'plain'],
    ['a.js.gz', 'gz'],
    ['a.js.br', 'br'],
    ['b.css', 'plain'],
    ['c-0a1B2c3D.js', 'hashed'],
  ] as const)
    writeFileSync(join(folder, name), text);
  server.get('/:name', (request, reply) =>
    sendFile(reply, folder, (request.params as { name: string }).name, request.headers['accept-encoding']),
  );
  await server.ready();
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const get = (name: string, encoding?: string) =>
  server.inject({ url: `/${name}`, headers: encoding === undefined ? {} : { 'accept-encoding': encoding } });

describe('files of a built app', () => {
  it.each([
    ['gzip, deflate, br', 'br', 'br'],
    ['gzip', 'gz', 'gzip'],
    ['gzip, br;q=0', 'gz', 'gzip'],
    ['br;q=0.1', 'br', 'br'],
    ['gzip;q=0.0', 'plain', undefined],
    ['identity', 'plain', undefined],
    [undefined, 'plain', undefined],
  ])('to who takes %s goes %s', async (encoding, body, sent) => {
    const answer = await get('a.js', encoding);
    expect([answer.body, answer.headers['content-encoding'], answer.headers['vary']]).toEqual([body, sent, 'accept-encoding']);
    expect(answer.headers['content-type']).toBe('text/javascript; charset=utf-8');
  });

  it('what was not packed goes as it is', async () => {
    expect((await get('b.css', 'br')).body).toBe('plain');
  });

  it('what has a hash in its name is kept for a year, the rest asked for again', async () => {
    expect((await get('c-0a1B2c3D.js')).headers['cache-control']).toContain('immutable');
    expect((await get('a.js')).headers['cache-control']).toBe('no-cache');
  });

  it('a name cannot leave the folder', () => {
    expect([fileIn(folder, '../x'), fileIn(folder, 'a.js\0'), fileIn(folder, 'none')]).toEqual([undefined, undefined, undefined]);
  });
});
