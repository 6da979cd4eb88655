import { writeFileSync } from 'node:fs';
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

const PRICE = { scope: 'default', currency: 'EUR', perKwh: '0.45', perMinute: '0', perSession: '0.35', version: 3 };
const AT = '/v1/prices/default';

describe('voltlog prices', () => {
  it('sets one by words, and puts back what get prints', async () => {
    world.answers = { [`PUT ${AT}`]: [[200, PRICE]], [`GET ${AT}`]: [[200, PRICE]] };
    const words = ['--currency', 'EUR', '--kwh', '0.45', '--session', '0.35', '--new'];
    expect((await world.run('prices', 'put', 'default', ...words)).out).toMatch(/A KWH +0.45\n/);
    expect(world.asked[0]).toMatchObject({ body: { currency: 'EUR', perKwh: '0.45', perSession: '0.35' }, ifNoneMatch: '*' });
    const file = join(world.folder, 'price.json');
    writeFileSync(file, (await world.run('prices', 'get', 'default', '--output', 'json')).out);
    expect((await world.run('prices', 'put', 'default', '--file', file)).code).toBe(EXIT.ok);
    expect([world.asked.at(-1)?.body, world.asked.at(-1)?.ifNoneMatch]).toEqual([PRICE, undefined]);
  });

  it('takes one away, at a version where one is given', async () => {
    world.answers = { [`DELETE ${AT}`]: [[200, {}]], 'DELETE /v1/prices/site%3AS': [[200, {}]] };
    expect((await world.run('prices', 'delete', 'default', '--version', '3')).code).toBe(EXIT.ok);
    expect((await world.run('prices', 'delete', 'site:S')).out).toBe('No price is set for site:S any more.\n');
    expect(world.asked.map(({ url, ifMatch }) => [url, ifMatch])).toEqual([
      [AT, '"3"'],
      ['/v1/prices/site%3AS', undefined],
    ]);
  });

  it.each([
    ['nothing', []],
    ['no amount', ['--currency', 'EUR']],
    ['a file and words', ['--file', 'price.json', '--kwh', '1']],
  ])('does not set one by %s', async (_, words) => {
    expect((await world.run('prices', 'put', 'default', ...words)).code).toBe(EXIT.usage);
    expect(world.asked).toEqual([]);
  });
});
