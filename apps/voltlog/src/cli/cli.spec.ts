import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CliWorld } from '../testing/cli-world.js';
import { addApiCommands } from './cli.js';
import { EXIT } from './errors.js';
import { keep } from './settings.js';
import { bodyOf, until } from './words.js';

let world: CliWorld;
beforeAll(async () => {
  world = await CliWorld.open();
});
afterAll(() => world.close());
beforeEach(() => world.forget());
const run = (...words: string[]) => world.run(...words);

const job = (change: object = {}): object => ({
  jobId: 'j-1',
  name: null,
  command: { name: 'reset' },
  state: 'Running',
  outcome: null,
  stationCount: 4,
  counts: { Pending: 4 },
  createdAt: 'now',
  ...change,
});

describe('the command line', () => {
  it('shows a list as a table or as JSON, page by page, with the key of the environment', async () => {
    const station = (stationId: string) => ({ stationId, name: null, lifecycle: 'Active', connection: { connected: true } });
    const pages = (): [number, unknown][] => [
      [200, { data: [station('CP-1')], nextCursor: 'more' }],
      [200, { data: [station('CP-2')], nextCursor: null }],
    ];
    world.answers['GET /v1/stations'] = pages();
    const { code, out } = await run('stations', 'list', '--site', 'depot');
    expect(code).toBe(EXIT.ok);
    expect(out.split('\n').map((line) => line.split(/\s+/)[0])).toEqual(['STATION', 'CP-1', 'CP-2', '']);
    expect(world.asked.map(({ url: target, key }) => [target, key])).toEqual([
      ['/v1/stations?siteId=depot&limit=200', 'Bearer secret'],
      ['/v1/stations?siteId=depot&limit=200&cursor=more', 'Bearer secret'],
    ]);
    world.answers['GET /v1/stations'] = pages();
    expect(JSON.parse((await run('stations', 'list', '--output', 'json')).out)).toMatchObject([
      { stationId: 'CP-1' },
      { stationId: 'CP-2' },
    ]);
  });

  it('names a command that there is none of, though another is the default', async () => {
    const started: unknown[] = [];
    const said: string[] = [];
    const program = (): Command => {
      const all = new Command('voltlog').exitOverride().configureOutput({ writeErr: (text) => void said.push(text) });
      const start = all.command('start', { isDefault: true }).option('--data <folder>');
      start.action((options) => void started.push(options));
      addApiCommands(all, {});
      return all;
    };
    await expect(program().parseAsync(['sites', 'list'], { from: 'user' })).rejects.toThrow("unknown command 'sites'");
    expect([started, said]).toEqual([[], [expect.stringContaining("unknown command 'sites'")]]);
    for (const words of [[], ['--data', 'here'], ['start', '--data', 'here']]) await program().parseAsync(words, { from: 'user' });
    expect(started).toEqual([{}, { data: 'here' }, { data: 'here' }]);
  });

  it('takes the bytes out of what a station said that a terminal would act on', async () => {
    world.answers['GET /v1/stations/CP-1'] = [[200, { stationId: 'CP-1', name: '\u001b[2Jgone', connection: null }]];
    const { out } = await run('stations', 'get', 'CP-1');
    expect(out).toContain(' [2Jgone');
    expect(out).not.toContain('\u001b');
  });

  it('switches a quirk and shows it, even when it is off and was never seen', async () => {
    const quirk = (quirkId: string) => ({ quirkId, on: false, because: 'None', lastAt: null, tolerated: 0, refused: 0 });
    world.answers['PUT /v1/stations/CP-1/quirks/long-texts'] = [[200, { data: [quirk('long-texts'), quirk('long-id-token')] }]];
    const { code, out } = await run('stations', 'quirks', 'CP-1', 'long-texts', 'by-make');
    expect(world.asked[0]?.body).toEqual({ choice: 'ByMake' });
    expect([code, out]).toEqual([EXIT.ok, expect.stringMatching(/^QUIRK .*\nlong-texts +off/)]);
    expect(out).not.toContain('long-id-token');
    expect(await run('stations', 'quirks', 'CP-1', 'long-texts')).toMatchObject({ code: EXIT.usage });
  });

  it('sets, shows and takes away the password for calls to a SOAP station, which no command line holds', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'voltlog-cli-'));
    try {
      const [file, at] = [join(folder, 'password'), '/v1/stations/CP-1/call-credential'] as const;
      writeFileSync(file, 'for calls only\n');
      const set = { stationId: 'CP-1', username: 'csms', scheme: 'Digest', updatedAt: 'now' };
      world.answers = { [`PUT ${at}`]: [[200, set]], [`GET ${at}`]: [[200, set]], [`DELETE ${at}`]: [[200, {}]] };
      expect((await run('stations', 'call-password', 'CP-1', '--password-file', file, '--user', 'csms')).out).toMatch(/USER +csms/);
      expect((await run('stations', 'call-password', 'CP-1')).out).toMatch(/SHOWN BY +Digest\nSET +now/);
      expect(await run('stations', 'call-password', 'CP-1', '--password-file', file, '--digest')).toMatchObject({ code: EXIT.ok });
      expect(await run('stations', 'call-password', 'CP-1', '--remove')).toMatchObject({ code: EXIT.ok });
      expect(world.asked.map(({ method, body }) => [method, body])).toEqual([
        ['PUT', { username: 'csms', password: 'for calls only' }],
        ['GET', undefined],
        ['PUT', { password: 'for calls only', scheme: 'Digest' }],
        ['DELETE', undefined],
      ]);
      for (const words of [
        ['--user', 'csms'],
        ['--digest'],
        ['--remove', '--password-file', file],
        ['--password-file', join(folder, 'none')],
      ])
        expect(await run('stations', 'call-password', 'CP-1', ...words)).toMatchObject({ code: EXIT.usage });
      expect(world.asked).toHaveLength(4);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  /** As the API describes itself, of two commands. */
  const described = {
    paths: {
      '/v1/stations': {},
      '/v1/stations/{stationId}/commands/clear-cache': { post: { summary: 'Clear the cache' } },
      '/v1/stations/{stationId}/commands/reset': {
        post: { summary: 'Restart', requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Reset' } } } } },
      },
    },
    components: {
      schemas: {
        Reset: {
          type: 'object',
          required: ['type', 'of'],
          properties: {
            type: { type: 'string', enum: ['Immediate', 'OnIdle'], default: 'OnIdle' },
            of: { type: 'array', items: { $ref: '#/components/schemas/Evse' } },
            why: { anyOf: [{ type: 'string', maxLength: 50 }, { type: 'null' }], description: 'for people' },
            timeoutMs: { type: 'integer', minimum: 1000, maximum: 2147483647, default: 30000 },
            at: { type: 'string', format: 'date-time' },
            inner: { $ref: '#/components/schemas/Evse' },
          },
        },
        Evse: { type: 'object', required: ['id'], properties: { id: { type: 'integer', minimum: 0, maximum: 9 } } },
      },
    },
  };

  it('lists commands, and shows what one can be told, as the API describes it', async () => {
    world.answers['GET /openapi.json'] = [[200, described]];
    expect((await run('commands', 'list')).out).toBe('COMMAND      DOES\nclear-cache  Clear the cache\nreset        Restart\n');
    const { code, out } = await run('commands', 'show', 'reset', '--output', 'json');
    expect(code).toBe(EXIT.ok);
    expect(JSON.parse(out)).toEqual([
      { field: 'type', needed: true, value: 'Immediate | OnIdle, else OnIdle', says: '' },
      { field: 'of[].id', needed: true, value: 'integer 0..9', says: '' },
      { field: 'why', needed: false, value: 'string of at most 50', says: 'for people' },
      { field: 'timeoutMs', needed: false, value: 'integer 1000.., else 30000', says: '' },
      { field: 'at', needed: false, value: 'date-time', says: '' },
      { field: 'inner.id', needed: false, value: 'integer 0..9', says: '' },
    ]);
    expect((await run('commands', 'show', 'clear-cache')).out).toBe('Nothing found.\n');
    expect(await run('commands', 'show', 'dance')).toMatchObject({ code: EXIT.usage, err: expect.stringContaining('no command dance') });
  });

  it('tells a command that there is none of from a station that there is none of', async () => {
    world.answers['GET /openapi.json'] = [[200, described]];
    for (const command of ['reset', 'dance'])
      world.answers[`POST /v1/stations/CP-9/commands/${command}`] = [[404, { detail: 'There is no such thing.' }]];
    expect(await run('commands', 'send', 'CP-9', 'reset')).toMatchObject({ code: EXIT.notFound, err: 'There is no such thing.\n' });
    expect(await run('commands', 'send', 'CP-9', 'dance')).toMatchObject({
      code: EXIT.usage,
      err: 'there is no command dance; what there is: voltlog commands list\n',
    });
  });

  it('sends a command with its fields, and ends with 1 when the station refuses', async () => {
    world.answers['POST /v1/stations/CP%201/commands/reset'] = [
      [200, { status: 'Accepted' }],
      [200, { status: 'Rejected', reason: 'busy' }],
    ];
    expect((await run('commands', 'send', 'CP 1', 'reset', 'type=Immediate', 'evseId=2')).code).toBe(EXIT.ok);
    expect(world.asked[0]?.body).toEqual({ type: 'Immediate', evseId: 2 });
    expect(await run('commands', 'send', 'CP 1', 'reset')).toMatchObject({ code: EXIT.failed, out: expect.stringContaining('busy') });
  });

  it('makes a job of a selection and follows it; 1 when not every station accepted', async () => {
    world.answers['POST /v1/jobs'] = [[201, job()]];
    world.answers['GET /v1/jobs/j-1'] = [[200, job({ state: 'Ended', outcome: 'Completed', counts: { Accepted: 3, Rejected: 1 } })]];
    const { code, out, err } = await run(
      'jobs',
      'create',
      'reset',
      'type=OnIdle',
      '--station',
      'A,B',
      '--station',
      'C',
      '--offline',
      '--per-minute',
      '60',
      '--expires',
      '2030-01-01T00:00:00Z',
      '--wait',
    );
    expect(world.asked[0]?.body).toEqual({
      command: { name: 'reset', body: { type: 'OnIdle' } },
      selection: { stationIds: ['A', 'B', 'C'], connected: false },
      stationsPerMinute: 60,
      expiresAt: '2030-01-01T00:00:00.000Z',
    });
    expect(out).toContain('3 Accepted, 1 Rejected');
    expect([code, err]).toEqual([EXIT.failed, expect.stringContaining('voltlog jobs stations j-1 --state Rejected')]);
  });

  it('follows a job no further than until it is paused, and says why it is', async () => {
    world.answers['GET /v1/jobs/j-1'] = [
      [200, job({ state: 'Paused', pausedBecause: 'too many failed', counts: { Pending: 3, Failed: 1 } })],
    ];
    const { code, err } = await run('jobs', 'watch', 'j-1');
    expect([code, err]).toEqual([EXIT.failed, expect.stringContaining('paused: too many failed. To go on: voltlog jobs resume j-1')]);
  });

  it.each([
    [['jobs', 'create', 'reset'], EXIT.usage, 'say which stations'],
    [['jobs', 'create', 'reset', '--all', '--expires', 'soon'], EXIT.usage, 'neither an instant'],
    [['jobs', 'create', 'reset', '--all', '--per-minute', 'x'], EXIT.usage, 'not a whole number'],
    [['stations', 'list', '--outptu', 'json'], EXIT.usage, 'unknown option'],
    [['stations', 'get', 'CP-9'], EXIT.notFound, 'There is no such thing.'],
    [['stations', 'list', '--url', 'http://127.0.0.1:1'], EXIT.unavailable, 'does not answer'],
    [['stations', 'list', '--url', 'nowhere'], EXIT.usage, 'is no address'],
    [['stations', 'list', '--key', ''], EXIT.usage, 'No API key'],
  ])('%j ends with %d and says %s', async (words, code, text) => {
    expect(await run(...words)).toMatchObject({ code, err: expect.stringContaining(text) });
  });

  it.each([
    [401, EXIT.access],
    [403, EXIT.access],
    [400, EXIT.failed],
    [409, EXIT.failed],
    [501, EXIT.failed],
    [503, EXIT.unavailable],
  ])('a problem of status %d ends with %d, and the fields that are wrong are named', async (status, code) => {
    world.answers['GET /v1/stations'] = [[status, { detail: 'No.', errors: [{ in: 'query', pointer: '/limit', message: 'too many' }] }]];
    expect(await run('stations', 'list')).toEqual({ code, out: '', err: 'No.\n  /limit: too many\n' });
  });
});

describe('words of the command line', () => {
  it('leaves no empty file of passwords when an import fails, and no key that others can read', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'voltlog-cli-'));
    try {
      const [fleet, passwords, config] = ['fleet.json', 'passwords.ndjson', 'config.json'].map((name) => join(folder, name)) as [
        string,
        string,
        string,
      ];
      writeFileSync(fleet, '{"type":"station","stationId":"A"}');
      const words = ['registry', 'import', fleet, '--make-passwords', '--passwords-file', passwords];
      expect((await run(...words)).code).not.toBe(0);
      expect(existsSync(passwords)).toBe(false);
      world.answers['POST /v1/registry/import'] = [[200, { type: 'password', stationId: 'A', password: 'made' }]];
      expect((await run(...words)).code).toBe(EXIT.unavailable);
      expect(existsSync(passwords)).toBe(true);
      writeFileSync(config, '{}');
      chmodSync(config, 0o644);
      keep(config, { key: 'secret' });
      expect(statSync(config).mode & 0o777).toBe(0o600);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('times are instants, or from now', () => {
    const now = Date.parse('2026-11-02T08:00:00.000Z');
    expect([until('90s', now), until('2d', now), until('2026-12-01', now)]).toEqual([
      '2026-11-02T08:01:30.000Z',
      '2026-11-04T08:00:00.000Z',
      '2026-12-01T00:00:00.000Z',
    ]);
  });

  it('a body is JSON or words, not both', () => {
    expect(bodyOf(['a=1', 'b=x=y', 'c=[1]'], undefined)).toEqual({ a: 1, b: 'x=y', c: [1] });
    expect(bodyOf([], '{"a":1}')).toEqual({ a: 1 });
    for (const [words, json] of [
      [['a=1'], '{}'],
      [['a'], undefined],
      [[], '[1]'],
      [[], '{'],
    ] as const)
      expect(() => bodyOf(words, json)).toThrow();
  });
});
