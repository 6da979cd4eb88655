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

const PATH = '/v1/data-transfer-vendors';
const vendor = (change: object = {}): object => ({
  vendorId: 'org.example',
  messages: [
    { messageId: 'Greet', status: 'Accepted', data: 'hello', handlerUrl: null },
    { messageId: 'Price', status: 'Rejected', data: null, handlerUrl: 'https://handlers.example/price' },
  ],
  otherwise: 'UnknownMessageId',
  handlerUrl: null,
  updatedAt: 'now',
  ...change,
});

describe('voltlog vendors', () => {
  it('puts messages and handlers, and shows the secret once', async () => {
    world.answers[`PUT ${PATH}/org.example`] = [
      [200, vendor({ secret: 'whsec_1' })],
      [200, vendor({ secret: null })],
    ];
    const words = ['--message', 'Greet=Accepted', '--message', 'a=b,c=Rejected@https://handlers.example/price?a=Accepted,b'];
    const put = () => world.run('vendors', 'put', 'org.example', ...words, '--handler', 'https://handlers.example/all');
    expect((await put()).out).toMatch(
      /MESSAGES +Greet=Accepted, Price=Rejected@https:\/\/handlers.example\/price\n(.*\n)*SECRET +whsec_1\n/,
    );
    expect((await put()).out).not.toContain('SECRET');
    expect(world.asked[0]?.body).toEqual({
      messages: [
        { messageId: 'Greet', status: 'Accepted' },
        { messageId: 'a=b,c', status: 'Rejected', handlerUrl: 'https://handlers.example/price?a=Accepted,b' },
      ],
      handlerUrl: 'https://handlers.example/all',
    });
  });

  it('takes the whole from a file as well', async () => {
    const file = join(world.folder, 'vendor.json');
    const body = { messages: [{ messageId: 'Greet', status: 'Accepted', data: { text: 'hello' } }], otherwise: 'Accepted' };
    writeFileSync(file, JSON.stringify(body));
    world.answers[`PUT ${PATH}/org.example`] = [[200, vendor({ secret: null })]];
    expect((await world.run('vendors', 'put', 'org.example', '--file', file)).code).toBe(EXIT.ok);
    expect([world.asked[0]?.body, world.asked[0]?.ifNoneMatch]).toEqual([body, undefined]);
    await world.run('vendors', 'put', 'org.example', '--file', file, '--new');
    expect(world.asked[1]?.ifNoneMatch).toBe('*');
  });

  it('lists, rotates the secret and deletes', async () => {
    world.answers[`GET ${PATH}`] = [[200, { data: [vendor()] }]];
    expect((await world.run('vendors', 'list')).out).toMatch(/^org\.example +Greet=Accepted, Price=.* UnknownMessageId +- +now$/m);
    world.answers[`POST ${PATH}/org%20x/rotate-secret`] = [[200, { secret: 'whsec_2', oldSecretExpiresAt: 'tomorrow' }]];
    expect((await world.run('vendors', 'rotate-secret', 'org x')).out).toMatch(/SECRET +whsec_2\nOLD ONE UNTIL +tomorrow/);
    world.answers[`DELETE ${PATH}/org.example`] = [[200, {}]];
    expect(await world.run('vendors', 'delete', 'org.example')).toMatchObject({ code: EXIT.ok });
    expect(await world.run('vendors', 'delete', 'nobody')).toMatchObject({ code: EXIT.notFound });
  });

  it('tries what a station would be answered', async () => {
    world.answers[`POST ${PATH}/org.example/try`] = [[200, { status: 'Accepted', data: { cost: 1 }, answeredBy: 'Handler' }]];
    const { out, code } = await world.run('vendors', 'try', 'org.example', 'Price', '--data', '{"kWh":1}', '--station', 'CP-1');
    expect(out).toMatch(/^STATUS +Accepted\nDATA +\{"cost":1\}\nANSWERED BY +Handler\n$/);
    expect(code).toBe(EXIT.ok);
    await world.run('vendors', 'try', 'org.example', '--data', 'AC22');
    expect(world.asked.map(({ body }) => body)).toEqual([{ messageId: 'Price', stationId: 'CP-1', data: { kWh: 1 } }, { data: 'AC22' }]);
  });

  it.each([
    [['--message', 'Greet'], 'Greet is no message'],
    [['--message', 'Greet=Perhaps'], 'Greet=Perhaps is no message'],
    [['--message', 'Greet=Accepted@ftp://x'], 'is no message'],
    [['--file', 'no-such.json', '--otherwise', 'Accepted'], '--file says all of it'],
    [['--file', 'no-such.json'], 'cannot be read'],
  ])('put with %j is wrong usage: %s', async (words, text) => {
    expect(await world.run('vendors', 'put', 'org.example', ...words)).toMatchObject({
      code: EXIT.usage,
      err: expect.stringContaining(text),
    });
    expect(world.asked).toEqual([]);
  });
});
