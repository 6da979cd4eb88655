import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CliWorld } from '../testing/cli-world.js';
import { EXIT } from './errors.js';
import { saved } from './files.js';

let world: CliWorld;
beforeAll(async () => {
  world = await CliWorld.open();
});
afterAll(() => world.close());
beforeEach(() => world.forget());

const file = (name: string, text?: string): string => {
  const path = join(world.folder, name);
  if (text !== undefined) writeFileSync(path, text);
  return path;
};
/** The first words of each line. */
const firsts = (text: string): string[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/\s+/)[0] ?? '');

describe('voltlog firmware', () => {
  const image = {
    imageId: 'i-1',
    vendor: 'Acme',
    model: null,
    version: '2.0.0',
    sizeBytes: 9,
    signed: false,
    sha256: 'ab',
    createdAt: 'now',
  };

  it('adds an image with its checksum, tells how far it is, and shows it', async () => {
    world.answers['POST /v1/firmware-images'] = [[201, image]];
    const path = file('acme 2.0.0.bin', 'the image');
    const { code, out, err } = await world.run('firmware', 'add', path, '--vendor', 'Acme', '--version', '2.0.0');
    expect(code).toBe(EXIT.ok);
    const { url = '', body } = world.asked[0] ?? {};
    expect(Object.fromEntries(new URL(url, world.url).searchParams)).toEqual({
      vendor: 'Acme',
      version: '2.0.0',
      fileName: 'acme_2.0.0.bin',
      sha256: createHash('sha256').update('the image').digest('hex'),
    });
    expect(body).toBe('the image');
    expect(err).toContain('100 % of 9 bytes');
    expect(firsts(out)).toEqual(['IMAGE', 'VENDOR', 'MODEL', 'VERSION', 'BYTES', 'SIGNED', 'SHA-256', 'CREATED']);
  });

  it('lists images, as JSON too, signs one, and deletes one', async () => {
    world.answers['GET /v1/firmware-images'] = [[200, { data: [image], nextCursor: null }]];
    expect(firsts((await world.run('firmware', 'list')).out)).toEqual(['IMAGE', 'i-1']);
    expect(JSON.parse((await world.run('firmware', 'list', '--output', 'json')).out)).toEqual([image]);
    world.answers['PUT /v1/firmware-images/i-1/signature'] = [[200, { ...image, signed: true }]];
    const signing = ['--signature', file('a.sig', 'c2ln\n'), '--certificate', file('a.pem', 'PEM')];
    expect((await world.run('firmware', 'sign', 'i-1', ...signing)).out).toMatch(/SIGNED +true/);
    expect(world.asked.at(-1)?.body).toEqual({ signature: 'c2ln', signingCertificate: 'PEM' });
    world.answers['DELETE /v1/firmware-images/i-1'] = [[200, {}]];
    expect(await world.run('firmware', 'delete', 'i-1')).toEqual({ code: EXIT.ok, out: 'i-1 is deleted\n', err: '' });
  });

  it.each([
    [['firmware', 'add', 'no-such.bin', '--vendor', 'A', '--version', '1'], EXIT.usage, 'no-such.bin cannot be read'],
    [['firmware', 'add', 'x.bin', '--vendor', 'A'], EXIT.usage, "required option '--version <word>'"],
    [['firmware', 'sign', 'i-1', '--signature', 'no.sig', '--certificate', 'no.pem'], EXIT.usage, 'no.sig cannot be read'],
    [['firmware', 'delete', 'i-9'], EXIT.notFound, 'There is no such thing.'],
  ])('%j ends with %d and says %s', async (words, code, text) => {
    expect(await world.run(...words)).toMatchObject({ code, out: '', err: expect.stringContaining(text) });
  });
});

describe('a file that is fetched', () => {
  const brokenOff = () => {
    const pieces = ['half'];
    return new Response(
      new ReadableStream({
        pull: (to) => {
          const piece = pieces.pop();
          if (piece === undefined) to.error(new Error('cut'));
          else to.enqueue(Buffer.from(piece));
        },
      }),
    );
  };

  it('is not there when it broke off, so that it can be fetched again', async () => {
    const path = file('half.log');
    await expect(saved(brokenOff(), path, 'wx')).rejects.toThrow(`${path} cannot be written: cut`);
    expect(existsSync(path)).toBe(false);
    await saved(new Response('whole'), path, 'wx');
    await expect(saved(new Response('another'), path, 'wx')).rejects.toThrow('EEXIST');
    await expect(saved(brokenOff(), path, 'wx')).rejects.toThrow('cannot be written');
    expect(readFileSync(path, 'utf8')).toBe('whole');
  });
});

describe('voltlog uploads', () => {
  const upload = (change: object = {}): object => ({
    uploadId: 'u-1',
    stationId: 'CP-1',
    logType: 'SecurityLog',
    state: 'Waiting',
    answer: 'Accepted',
    status: null,
    receivedBytes: 0,
    fileName: null,
    reason: null,
    createdAt: 'now',
    ...change,
  });

  it('asks for a log and follows it until the file is there', async () => {
    world.answers['POST /v1/stations/CP-1/log-uploads'] = [[201, upload()]];
    world.answers['GET /v1/log-uploads/u-1'] = [[200, upload({ state: 'Received', receivedBytes: 5, fileName: 'my.log' })]];
    const words = ['--type', 'SecurityLog', '--from', '2026-11-01T00:00:00Z', '--retries', '2', '--wait'];
    const { code, out, err } = await world.run('uploads', 'request', 'CP-1', ...words);
    expect(world.asked[0]?.body).toEqual({ logType: 'SecurityLog', oldest: '2026-11-01T00:00:00.000Z', retries: 2 });
    expect(err).toContain('Waiting: 0 bytes, the station says nothing');
    expect([code, out]).toEqual([EXIT.ok, expect.stringMatching(/STATE +Received\n(.*\n)*BYTES +5\n/)]);
  });

  it('ends with 1 and says why when no file came', async () => {
    world.answers['POST /v1/stations/CP-1/log-uploads'] = [[201, upload({ state: 'Failed', reason: 'it has no such log' })]];
    expect(await world.run('uploads', 'request', 'CP-1')).toMatchObject({ code: EXIT.failed, err: 'No file: it has no such log\n' });
  });

  it('lists, shows, writes and deletes files', async () => {
    const received = upload({ state: 'Received', receivedBytes: 5, fileName: '../my.log' });
    world.answers['GET /v1/log-uploads'] = [[200, { data: [received], nextCursor: null }]];
    expect(firsts((await world.run('uploads', 'list', '--station', 'CP-1', '--limit', '5')).out)).toEqual(['UPLOAD', 'u-1']);
    expect(world.asked[0]?.url).toBe('/v1/log-uploads?stationId=CP-1&limit=5');
    world.answers['GET /v1/log-uploads/u-1'] = [[200, received]];
    world.answers['GET /v1/log-uploads/u-1/file'] = [[200, 'hello']];
    expect(JSON.parse((await world.run('uploads', 'get', 'u-1', '--output', 'json')).out)).toEqual(received);
    const path = file('saved.log');
    expect((await world.run('uploads', 'download', 'u-1', path)).out).toBe(`5 bytes in ${path}\n`);
    expect(readFileSync(path, 'utf8')).toBe('hello');
    const nowhere = join(world.folder, 'no', 'folder.log');
    expect(await world.run('uploads', 'download', 'u-1', nowhere)).toMatchObject({
      code: EXIT.failed,
      err: expect.stringContaining('cannot be written'),
    });
    world.answers['DELETE /v1/log-uploads/u-1'] = [[200, {}]];
    expect((await world.run('uploads', 'delete', 'u-1')).out).toBe('u-1 is deleted\n');
  });

  it("takes no path from a station's word", async () => {
    world.answers['GET /v1/log-uploads/u-1'] = [[200, upload({ state: 'Received', receivedBytes: 5, fileName: '../my log' })]];
    world.answers['GET /v1/log-uploads/u-1/file'] = [[200, 'hello']];
    const before = process.cwd();
    process.chdir(world.folder);
    try {
      expect((await world.run('uploads', 'download', 'u-1')).out).toBe('5 bytes in .._my_log\n');
      expect(existsSync(join(world.folder, '.._my_log'))).toBe(true);
      // A file that is there already may be somebody's.
      expect((await world.run('uploads', 'download', 'u-1')).code).toBe(EXIT.failed);
    } finally {
      process.chdir(before);
    }
  });
});

describe('voltlog recordings', () => {
  const recording = { recordingId: 'r-1', state: 'Running', startedAt: 'now', endedAt: null, until: 'later', lines: 3, bytes: 90 };
  const path = '/v1/stations/CP-1/recordings';

  it('starts, stops, lists, writes and deletes', async () => {
    world.answers[`POST ${path}`] = [[201, recording]];
    expect((await world.run('recordings', 'start', 'CP-1', '--minutes', '15', '--bytes', '4096')).out).toMatch(/UNTIL +later/);
    expect(world.asked[0]?.body).toEqual({ minutes: 15, bytesMax: 4096 });
    world.answers[`POST ${path}/r-1/stop`] = [[200, { ...recording, state: 'Stopped', endedAt: 'then' }]];
    expect((await world.run('recordings', 'stop', 'CP-1', 'r-1')).out).toMatch(/STATE +Stopped\n(.*\n)*UNTIL +then\n/);
    world.answers[`GET ${path}`] = [[200, { data: [recording], nextCursor: null }]];
    expect(JSON.parse((await world.run('recordings', 'list', 'CP-1', '--output', 'json')).out)).toEqual([recording]);
    world.answers[`GET ${path}/r-1/file`] = [[200, '{"format":"voltlog-recording"}\n']];
    const to = file('visit.ndjson');
    expect(await world.run('recordings', 'export', 'CP-1', 'r-1', to)).toEqual({ code: EXIT.ok, out: '', err: '' });
    expect(readFileSync(to, 'utf8')).toBe('{"format":"voltlog-recording"}\n');
    expect((await world.run('recordings', 'export', 'CP-1', 'r-1')).out).toBe('{"format":"voltlog-recording"}\n');
    world.answers[`DELETE ${path}/r-1`] = [[200, {}]];
    expect((await world.run('recordings', 'delete', 'CP-1', 'r-1')).code).toBe(EXIT.ok);
  });

  it('says which recording there is not, and leaves no file of it', async () => {
    const to = file('none.ndjson');
    expect((await world.run('recordings', 'export', 'CP-1', 'r-9', to)).code).toBe(EXIT.notFound);
    expect(existsSync(to)).toBe(false);
    const nowhere = join(world.folder, 'no', 'folder.ndjson');
    world.answers[`GET ${path}/r-1/file`] = [[200, 'x']];
    expect(await world.run('recordings', 'export', 'CP-1', 'r-1', nowhere)).toMatchObject({
      code: EXIT.failed,
      err: expect.stringContaining('cannot be written'),
    });
  });
});
