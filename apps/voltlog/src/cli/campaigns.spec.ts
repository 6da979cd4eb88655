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

describe('voltlog campaigns', () => {
  const PATH = '/v1/firmware-campaigns';
  const campaign = (change: object = {}): object => ({
    campaignId: 'c-1',
    name: 'autumn',
    version: '2.0.0',
    state: 'Running',
    outcome: null,
    stationCount: 4,
    counts: { Planned: 3, Updated: 1 },
    waves: [{ state: 'Running', stationCount: 4 }],
    rollBacks: [],
    createdAt: 'now',
    ...change,
  });

  it('makes one of a selection, waves and windows, and follows it to its end', async () => {
    world.answers[`POST ${PATH}`] = [[201, campaign()]];
    world.answers[`GET ${PATH}/c-1`] = [[200, campaign({ state: 'Ended', outcome: 'Completed', counts: { Updated: 3, Skipped: 1 } })]];
    const words = ['--site', 'depot', '--wave', '5%:60m,20:1d', '--wave', 'rest', '--window', '22:00-05:00/12345', '--attempts', '2'];
    const { code, out, err } = await world.run('campaigns', 'create', '--image', 'i-1', ...words, '--expires', '2030-01-01', '--wait');
    expect(world.asked[0]?.body).toEqual({
      imageId: 'i-1',
      selection: { siteId: 'depot' },
      waves: [{ percent: 5, pauseMinutes: 60 }, { stations: 20, pauseMinutes: 1_440 }, {}],
      windows: [{ from: '22:00', until: '05:00', days: [1, 2, 3, 4, 5] }],
      attemptsMax: 2,
      expiresAt: '2030-01-01T00:00:00.000Z',
    });
    expect(err).toContain('1/4 through (25 %): 3 Planned, 1 Updated');
    expect([code, out]).toEqual([EXIT.ok, expect.stringMatching(/STATE +Completed\n(.*\n)*RESULTS +3 Updated, 1 Skipped\n/)]);
  });

  it('goes through local controllers, to the stations of their sites or to those that are named, and shows how far they are', async () => {
    const localControllers = [
      { stationId: 'LC-1', stationIds: [], state: 'Published' },
      { stationId: 'LC-2', stationIds: ['A', 'B'], state: null },
    ];
    world.answers[`POST ${PATH}`] = [[201, campaign({ localControllers })]];
    const words = ['--local-controller', 'LC-1,LC-2:A:B', '--local-controller', 'LC-3'];
    const { out } = await world.run('campaigns', 'create', '--image', 'i-1', '--all', ...words);
    expect(world.asked[0]?.body).toMatchObject({
      localControllers: [{ stationId: 'LC-1' }, { stationId: 'LC-2', stationIds: ['A', 'B'] }, { stationId: 'LC-3' }],
    });
    expect(out).toMatch(/CONTROLLERS +LC-1 Published, LC-2 Planned\n/);
  });

  it.each([
    ['Ended', { Updated: 3, Failed: 1 }, 'Not every station was updated: 1 Failed. See: voltlog campaigns stations c-1 --state Failed'],
    ['Paused', { Planned: 3, Updated: 1 }, 'The campaign is paused. To go on: voltlog campaigns resume c-1'],
    ['Stopped', { Planned: 2, Failed: 2 }, 'Stopped: too many failed. See: voltlog campaigns stations c-1 --state Failed'],
  ])('followed, ends with 1 when it is %s and not all went well', async (state, counts, text) => {
    world.answers[`GET ${PATH}/c-1`] = [[200, campaign({ state, counts })]];
    expect(await world.run('campaigns', 'watch', 'c-1')).toMatchObject({ code: EXIT.failed, err: expect.stringContaining(text) });
  });

  it('lists campaigns and their stations, as JSON too', async () => {
    world.answers[`GET ${PATH}`] = [[200, { data: [campaign()], nextCursor: null }]];
    expect((await world.run('campaigns', 'list')).out).toContain('c-1');
    expect(JSON.parse((await world.run('campaigns', 'list', '--output', 'json')).out)).toEqual([campaign()]);
    world.answers[`GET ${PATH}/c-1/stations`] = [
      [200, { data: [{ stationId: 'A', state: 'Failed', reason: 'no space' }], nextCursor: null }],
    ];
    expect((await world.run('campaigns', 'stations', 'c-1', '--state', 'Failed')).out).toMatch(/^A .*Failed .*no space/m);
    expect(world.asked.at(-1)?.url).toBe(`${PATH}/c-1/stations?state=Failed&limit=200`);
  });

  it('pauses, resumes, cancels and rolls back', async () => {
    for (const word of ['pause', 'resume', 'cancel']) {
      world.answers[`POST ${PATH}/c-1/${word}`] = [[200, campaign({ state: word })]];
      expect((await world.run('campaigns', word, 'c-1')).out).toMatch(new RegExp(`STATE +${word}`));
    }
    world.answers[`POST ${PATH}/c-1/roll-back`] = [[201, campaign({ campaignId: 'c-2' })]];
    expect((await world.run('campaigns', 'roll-back', 'c-1', '--station', 'A,B')).out).toMatch(/CAMPAIGN +c-2/);
    expect(world.asked.at(-1)?.body).toEqual({ stationIds: ['A', 'B'] });
  });

  it.each([
    [['create', '--all'], EXIT.usage, "required option '--image <imageId>'"],
    [['create', '--image', 'i-1'], EXIT.usage, 'say which stations'],
    [['create', '--image', 'i-1', '--all', '--wave', 'half'], EXIT.usage, 'half is no wave'],
    [['create', '--image', 'i-1', '--all', '--wave', 'restless'], EXIT.usage, 'restless is no wave'],
    [['create', '--image', 'i-1', '--all', '--local-controller', 'LC-1::A'], EXIT.usage, 'LC-1::A is no local controller'],
    [['create', '--image', 'i-1', '--all', '--local-controller', ':A'], EXIT.usage, ':A is no local controller'],
    [['create', '--image', 'i-1', '--all', '--window', '22-5'], EXIT.usage, '22-5 is no window'],
    [['get', 'c-9'], EXIT.notFound, 'There is no such thing.'],
  ])('%j ends with %d and says %s', async (words, code, text) => {
    expect(await world.run('campaigns', ...words)).toMatchObject({ code, err: expect.stringContaining(text) });
  });
});

describe('voltlog moves', () => {
  const move = (change: object = {}): object => ({
    moveId: 'm-1',
    name: null,
    direction: 'Out',
    state: 'Running',
    outcome: null,
    stationCount: 2,
    wave: 1,
    waves: [{}],
    counts: { Started: 2 },
    createdAt: 'now',
    ...change,
  });
  const plan = (): string => {
    const path = join(world.folder, 'plan.json');
    writeFileSync(path, '{"direction":"Out"}');
    return path;
  };

  it('says beforehand what would be, and then does it', async () => {
    world.answers['POST /v1/moves/preview'] = [[200, { data: [{ stationId: 'A', wave: 1, connected: true, problem: 'no keys' }] }]];
    expect((await world.run('moves', 'create', plan(), '--dry-run')).out).toMatch(/^A +1 .*yes +no keys/m);
    world.answers['POST /v1/moves'] = [[201, move()]];
    world.answers['GET /v1/moves/m-1'] = [[200, move({ state: 'Ended', outcome: 'Completed', counts: { Moved: 2 } })]];
    expect(await world.run('moves', 'create', plan(), '--wait')).toMatchObject({ code: EXIT.ok, out: expect.stringContaining('2 Moved') });
    expect(world.asked.at(-2)?.body).toEqual({ direction: 'Out' });
  });

  it.each([
    ['Ended', 'Completed', { Moved: 1, CameBack: 1 }, '1 CameBack. See: voltlog moves stations m-1 --phase CameBack'],
    ['Ended', 'Completed', { Moved: 1 }, '1 of 2 Moved. See: voltlog moves stations m-1\n'],
    ['Ended', 'Cancelled', { Moved: 1 }, 'the move is Cancelled: 1 of 2 Moved'],
    ['Ended', 'Cancelled', { Moved: 2 }, 'the move is Cancelled: 2 of 2 Moved'],
    ['Paused', null, {}, 'the move is Paused: 0 of 2 Moved'],
    ['Stopped', null, { Failed: 2 }, 'voltlog moves stations m-1 --phase Failed'],
  ])('followed, ends with 1 when it is %s %s with %j', async (state, outcome, counts, text) => {
    world.answers['POST /v1/moves'] = [[201, move()]];
    world.answers['GET /v1/moves/m-1'] = [[200, move({ state, outcome, counts })]];
    expect(await world.run('moves', 'create', plan(), '--wait')).toMatchObject({ code: EXIT.failed, err: expect.stringContaining(text) });
  });

  it('lists, shows, pauses, resumes, cancels, confirms and exports', async () => {
    world.answers['GET /v1/moves'] = [[200, { data: [move()], nextCursor: null }]];
    expect(JSON.parse((await world.run('moves', 'list', '--output', 'json')).out)).toEqual([move()]);
    world.answers['GET /v1/moves/m-1'] = [[200, move()]];
    expect((await world.run('moves', 'get', 'm-1')).out).toMatch(/WAVE +1 of 1/);
    for (const word of ['pause', 'resume', 'cancel']) {
      world.answers[`POST /v1/moves/m-1/${word}`] = [[200, move({ state: word })]];
      expect((await world.run('moves', word, 'm-1')).out).toMatch(new RegExp(`STATE +${word}`));
    }
    world.answers['GET /v1/moves/m-1/stations'] = [
      [200, { data: [{ stationId: 'A', phase: 'Moved', confirmed: true }], nextCursor: null }],
    ];
    expect((await world.run('moves', 'stations', 'm-1', '--phase', 'Moved')).out).toMatch(/^A .*Moved +yes/m);
    world.answers['POST /v1/moves/m-1/stations/A/confirm'] = [[200, { stationId: 'A', phase: 'Moved', confirmed: true }]];
    expect((await world.run('moves', 'confirm', 'm-1', 'A')).out).toMatch(/CONFIRMED +yes/);
    world.answers['GET /v1/moves/m-1/export'] = [[200, '{"stationId":"A"}\n']];
    const to = join(world.folder, 'stations.ndjson');
    expect((await world.run('moves', 'export', 'm-1', to)).code).toBe(EXIT.ok);
    expect(readFileSync(to, 'utf8')).toBe('{"stationId":"A"}\n');
  });

  it.each([
    ['no-such.json', 'cannot be read'],
    ['list.json', 'is no JSON object'],
    ['words.json', 'is no JSON object'],
  ])('takes no plan from %s', async (name, text) => {
    writeFileSync(join(world.folder, 'list.json'), '[1]');
    writeFileSync(join(world.folder, 'words.json'), 'move them');
    expect(await world.run('moves', 'create', join(world.folder, name))).toMatchObject({
      code: EXIT.usage,
      err: expect.stringContaining(text),
    });
  });
});
