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

const AT = '/v1/stations/CP-1';
const sent = () => world.asked.map(({ method, url, body }) => [method, url, body]);

describe('voltlog stations', () => {
  const station = { stationId: 'CP-1', name: 'Bay 1', connection: null };

  it.each([
    [[], {}, 'made', /^PASSWORD +made$/m],
    [['--password', 'of-its-own-0123456'], { password: 'of-its-own-0123456' }, null, undefined],
    [['--no-password', '--profile-at-least', '3'], { withoutCredential: true, securityProfileMin: 3 }, null, undefined],
    [['--site', 's', '--tag', 'a,b'], { siteId: 's', tags: ['a', 'b'] }, 'made', /^PASSWORD +made$/m],
  ])('registers one with %j, and shows a password only where it was made', async (words, body, password, shows) => {
    world.answers['POST /v1/stations'] = [[201, { station, password }]];
    const { code, out } = await world.run('stations', 'add', 'CP-1', ...words);
    expect(code).toBe(EXIT.ok);
    if (shows === undefined) expect(out).not.toContain('PASSWORD');
    else expect(out).toMatch(shows);
    expect(sent()).toEqual([['POST', '/v1/stations', { stationId: 'CP-1', ...body }]]);
  });

  it('changes what is given, and nothing else', async () => {
    world.answers[`PATCH ${AT}`] = [[200, station]];
    expect((await world.run('stations', 'set', 'CP-1', '--name', 'Bay 1', '--profile-at-least', '2')).out).toMatch(/^NAME +Bay 1$/m);
    await world.run('stations', 'set', 'CP-1', '--tag', '');
    expect(sent()).toEqual([
      ['PATCH', AT, { name: 'Bay 1', securityProfileMin: 2 }],
      ['PATCH', AT, { tags: [] }],
    ]);
    expect((await world.run('stations', 'set', 'CP-1')).code).toBe(EXIT.usage);
  });
});

describe('voltlog stations accept', () => {
  const accepts = (password: string | null) => {
    world.answers[`PATCH ${AT}`] = [[200, { stationId: 'CP-1', password, connection: null }]];
  };

  it('has a password made with it, and shows it', async () => {
    accepts('made');
    expect(await world.run('stations', 'accept', 'CP-1')).toMatchObject({ code: EXIT.ok, out: expect.stringMatching(/PASSWORD +made\n/) });
    expect(sent()).toEqual([['PATCH', AT, { accept: true }]]);
  });

  it('takes one from a file, and does not show it', async () => {
    accepts(null);
    const file = join(world.folder, 'chosen');
    writeFileSync(file, 'chosen by an operator\n');
    const { code, out } = await world.run('stations', 'accept', 'CP-1', '--password-file', file);
    expect([code, out.includes('PASSWORD')]).toEqual([EXIT.ok, false]);
    expect(sent()).toEqual([['PATCH', AT, { accept: true, password: 'chosen by an operator' }]]);
  });

  it('gives none where none is wanted; both at once mean nothing', async () => {
    accepts(null);
    expect((await world.run('stations', 'accept', 'CP-1', '--no-password')).code).toBe(EXIT.ok);
    expect(sent()).toEqual([['PATCH', AT, { accept: true, withoutCredential: true }]]);
    expect((await world.run('stations', 'accept', 'CP-1', '--no-password', '--password-file', 'x')).code).toBe(EXIT.usage);
  });
});

describe('voltlog security', () => {
  const security = (change: object | null = null): object => ({
    stationId: 'CP-1',
    securityProfileMin: 1,
    certificates: [],
    passwordChange: null,
    profileChange: change,
    csrRefusal: null,
  });
  const change = (phase: string, reason: string | null = null) => security({ fromProfile: 1, toProfile: 2, phase, reason });

  it.each([
    ['Completed', null, EXIT.ok],
    ['RolledBack', 'the station is back on security profile 1', EXIT.failed],
  ])('switches a station to another profile and follows it: %s', async (phase, reason, code) => {
    const root = join(world.folder, 'root.pem');
    writeFileSync(root, 'PEM');
    world.answers[`POST ${AT}/security-profile-changes`] = [[202, change('InstallRoot')]];
    world.answers[`GET ${AT}/security`] = [[200, change(phase, reason)]];
    const words = ['--root', root, '--slot', '2', '--no-enforce', '--wait'];
    const ended = await world.run('security', 'switch', 'CP-1', '2', ...words);
    expect([ended.code, ended.out]).toEqual([code, expect.stringContaining(`1 to 2: ${phase}`)]);
    if (reason !== null) expect(ended.out).toContain(reason);
    expect(world.asked[0]?.body).toEqual({ toProfile: 2, csmsRootCertificate: 'PEM', slot: 2, enforce: false });
  });

  it('says why the last certificate request was refused', async () => {
    world.answers[`GET ${AT}/security`] = [[200, { ...security(), csrRefusal: 'the CSR is for CP-2, and CP-1 sent it' }]];
    expect((await world.run('security', 'get', 'CP-1')).out).toMatch(/^REFUSED CSR +the CSR is for CP-2, and CP-1 sent it$/m);
  });

  it('cancels, changes the password and sets it', async () => {
    world.answers[`DELETE ${AT}/security-profile-changes/current`] = [[200, change('Cancelled')]];
    world.answers[`POST ${AT}/password-changes`] = [[202, security()]];
    world.answers[`PUT ${AT}/credential`] = [[200, { password: 'made' }]];
    expect((await world.run('security', 'cancel', 'CP-1')).out).toContain('1 to 2: Cancelled');
    expect((await world.run('security', 'change-password', 'CP-1')).code).toBe(EXIT.ok);
    expect((await world.run('security', 'set-password', 'CP-1')).out).toBe('PASSWORD  made\n');
    const file = join(world.folder, 'password');
    writeFileSync(file, 'of the station itself\n');
    expect((await world.run('security', 'set-password', 'CP-1', '--password-file', file)).out).not.toContain('of the station itself');
    expect(world.asked.at(-1)?.body).toEqual({ password: 'of the station itself' });
  });
});

describe('voltlog model and templates', () => {
  const variable = (more: object = {}): object => ({
    component: 'EVSE',
    componentInstance: null,
    evseId: 1,
    connectorId: 2,
    name: 'Power',
    instance: null,
    attributeType: 'Actual',
    reported: '1',
    intended: { value: '2', templateId: null },
    difference: 'Differs',
    ...more,
  });

  it('shows what is reported and intended side by side', async () => {
    const other = variable({ evseId: 0, connectorId: 0, instance: 'a', attributeType: 'MaxSet', intended: null, difference: 'None' });
    world.answers[`GET ${AT}/device-model`] = [[200, { data: [variable(), other], nextCursor: null }]];
    const { out } = await world.run('model', 'get', 'CP-1', '--differences', '--filter', 'power');
    expect(out).toMatch(/^EVSE\[1\.2\]\.Power +1 +2 +station +Differs$/m);
    expect(out).toMatch(/^EVSE\.Power\[a\] \(MaxSet\) +1 +- +- +-$/m);
    expect(world.asked[0]?.url).toBe(`${AT}/device-model?filter=power&onlyDifferences=true&limit=200`);
  });

  it('says what is intended by words, with the component 1.6 of keys', async () => {
    world.answers[`PATCH ${AT}/device-model/intent`] = [[202, { variables: [] }]];
    await world.run('model', 'intend', 'CP-1', '1.6.Light=4=0', 'OCPPCommCtrlr.HeartbeatInterval=', '--remove', 'A.B', 'C.D');
    expect(world.asked[0]?.body).toEqual({
      set: [
        { component: '1.6', name: 'Light', value: '4=0' },
        { component: 'OCPPCommCtrlr', name: 'HeartbeatInterval', value: '' },
      ],
      remove: [
        { component: 'A', name: 'B' },
        { component: 'C', name: 'D' },
      ],
    });
    for (const words of [[], ['Light=1'], ['A.B'], ['.B=1'], ['A.=1']])
      expect(await world.run('model', 'intend', 'CP-1', ...words)).toMatchObject({ code: EXIT.usage });
    expect(world.asked).toHaveLength(1);
  });

  it.each([
    ['Complete', EXIT.ok],
    ['Incomplete', EXIT.failed],
  ])('has a station report, and follows that one report until it is %s', async (status, code) => {
    const report = (requestId: number, of: string) => ({ requestId, kind: 'Variables', status: of, parts: 3 });
    world.answers[`POST ${AT}/device-model/reports`] = [[202, report(7, 'Receiving')]];
    world.answers[`GET ${AT}/device-model/reports`] = [[200, { data: [report(8, 'Refused'), report(7, status)] }]];
    const ended = await world.run('model', 'report', 'CP-1', '--base', 'FullInventory', '--wait');
    expect([ended.code, ended.out]).toEqual([code, expect.stringMatching(new RegExp(`REQUEST +7\\n(.*\\n)*STATUS +${status}`))]);
  });

  it('puts a template from a file, shows it and takes it out of use', async () => {
    const template = { templateId: 't', variables: [{}], monitors: [], certificates: [], boot: 'Pending' };
    const file = join(world.folder, 't.json');
    writeFileSync(file, '{"vendor":"V"}');
    const at = '/v1/configuration-templates';
    world.answers = {
      [`PUT ${at}/t`]: [[200, template]],
      [`DELETE ${at}/t`]: [[200, template]],
      [`GET ${at}`]: [[200, { data: [template], nextCursor: null }]],
    };
    expect((await world.run('templates', 'put', 't', file)).out).toMatch(/BOOT +Pending\nVARIABLES +1\n/);
    expect((await world.run('templates', 'list')).out).toMatch(/^t +.* Pending +1 +0 +0$/m);
    expect((await world.run('templates', 'delete', 't')).code).toBe(EXIT.ok);
    expect([world.asked[0]?.body, world.asked[0]?.ifNoneMatch]).toEqual([{ vendor: 'V' }, undefined]);
    await world.run('templates', 'put', 't', file, '--new');
    expect(world.asked.at(-1)?.ifNoneMatch).toBe('*');
  });
});

describe('voltlog operation, alerts and customers', () => {
  const operation = {
    stationId: 'CP-1',
    boot: { status: 'Accepted' },
    registration: null,
    inoperative: [{ evseId: 0, connectorId: 0 }],
    outages: [{ outageId: 'o', evseId: 1, connectorId: 2, from: 'then', until: 'later' }],
  };

  it('decides boots and takes places out of service, now or from a time until a time', async () => {
    world.answers = {
      [`PUT ${AT}/boot`]: [[200, operation]],
      [`PUT ${AT}/availability`]: [[202, operation]],
      [`POST ${AT}/outages`]: [[201, operation]],
      [`DELETE ${AT}/outages/o`]: [[200, operation]],
    };
    await world.run('operation', 'boot', 'CP-1', 'Rejected', '--interval', '60');
    await world.run('operation', 'out-of-service', 'CP-1', '--evse', '1', '--reason', 'cable');
    await world.run('operation', 'in-service', 'CP-1');
    const times = ['--from', '2030-01-01T00:00:00Z', '--until', '2030-01-02T00:00:00Z'];
    const { out } = await world.run('operation', 'outage', 'CP-1', ...times);
    expect(out).toMatch(/OUT OF SERVICE +station\nOUTAGES +1\.2 from then until later \(o\)\n/);
    await world.run('operation', 'cancel-outage', 'CP-1', 'o');
    expect(sent()).toEqual([
      ['PUT', `${AT}/boot`, { status: 'Rejected', intervalSeconds: 60 }],
      ['PUT', `${AT}/availability`, { operative: false, evseId: 1, reason: 'cable' }],
      ['PUT', `${AT}/availability`, { operative: true }],
      ['POST', `${AT}/outages`, { from: '2030-01-01T00:00:00.000Z', until: '2030-01-02T00:00:00.000Z' }],
      ['DELETE', `${AT}/outages/o`, undefined],
    ]);
  });

  it('lists, acknowledges and clears alerts', async () => {
    const alert = {
      alertId: 'CP-1:a',
      stationId: 'CP-1',
      severity: 2,
      source: 'Monitor',
      subject: 'EVSE[1].Temperature',
      state: 'Open',
      detail: 'too hot',
    };
    world.answers = {
      'GET /v1/alerts': [[200, { data: [alert], nextCursor: null }]],
      'POST /v1/alerts/CP-1%3Aa/acknowledge': [[200, alert]],
      'POST /v1/alerts/CP-1%3Aa/clear': [[200, alert]],
    };
    const { out } = await world.run('alerts', 'list', '--state', 'open');
    for (const word of ['too hot', 'EVSE[1].Temperature']) expect(out).toContain(word);
    await world.run('alerts', 'acknowledge', 'CP-1:a', '--note', 'on my way');
    expect(world.asked.at(-1)?.body).toEqual({ note: 'on my way' });
    expect((await world.run('alerts', 'clear', 'CP-1:a')).code).toBe(EXIT.ok);
  });

  it('has a customer forgotten by a job', async () => {
    world.answers['POST /v1/customer-erasures'] = [[201, { jobId: 'j', state: 'Planning' }]];
    expect((await world.run('customers', 'erase', 'CARD', '--type', 'ISO14443')).out).toMatch(/JOB +j\n/);
    expect(world.asked[0]?.body).toEqual({ idToken: 'CARD', idTokenType: 'ISO14443' });
  });
});

describe('voltlog call', () => {
  it('reaches any route, with a body by words, as JSON or from a file', async () => {
    const file = join(world.folder, 'body.json');
    writeFileSync(file, '{"a":2}');
    world.answers = { 'PUT /v1/prices/default': [[200, { scope: 'default' }]], 'GET /v1/prices/default': [[200, {}]] };
    expect(await world.run('call', 'PUT', '/v1/prices/default', 'a=1')).toEqual({
      code: EXIT.ok,
      out: '{\n  "scope": "default"\n}\n',
      err: '',
    });
    await world.run('call', 'PUT', '/v1/prices/default', '--file', file);
    await world.run('call', 'GET', '/v1/prices/default');
    expect(world.asked.map(({ body }) => body)).toEqual([{ a: 1 }, { a: 2 }, undefined]);
    expect(await world.run('call', 'GET', '/v1/none')).toMatchObject({ code: EXIT.notFound });
  });

  it.each([[['GET', 'http://elsewhere/v1/x']], [['LOOK', '/v1/x']], [['PUT', '/v1/x', 'a=1', '--file', 'x']], [['PUT', '/v1/x', 'a']]])(
    '%j is wrong usage, and nothing is sent',
    async (words) => {
      expect(await world.run('call', ...words)).toMatchObject({ code: EXIT.usage });
      expect(world.asked).toEqual([]);
    },
  );
});
