import { connect } from 'node:net';
import { OperatingError } from '@voltlog/kernel';
import { connectionV1, deviceV1 } from '@voltlog/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ADMIN_KEY, type GatewayUnderTest, startGateway } from './testing/gateway-under-test.js';

let gateway: GatewayUnderTest;
beforeEach(async () => {
  gateway = await startGateway();
});
afterEach(() => gateway.app.close());

describe('stations', () => {
  it('lists stations with EVSEs, connectors and live connections', async () => {
    const { status, body } = await gateway.call('GET', '/v1/stations');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      nextCursor: null,
      data: [
        {
          stationId: 'CP-1',
          lifecycle: 'Active',
          name: null,
          connection: { connected: true, epoch: 4, connectedAt: '2026-11-23T10:00:00.000Z' },
          evses: [{ evseId: 1, connectors: [{ connectorId: 1, status: 'Available', detail: null }] }],
        },
      ],
    });
  });

  it('pages by cursor until nextCursor is null', async () => {
    for (const id of ['CP-2', 'CP-3']) await gateway.call('POST', '/v1/stations', { body: { stationId: id } });
    const first = await gateway.call('GET', '/v1/stations?limit=2');
    const second = await gateway.call('GET', `/v1/stations?limit=2&cursor=${String(first.body['nextCursor'])}`);
    expect(first.body['nextCursor']).toBe('CP-2');
    expect(second.body).toMatchObject({ data: [{ stationId: 'CP-3' }], nextCursor: null });
  });

  it('still lists stations when connections cannot be asked for, and says that they are not known', async () => {
    gateway.services.connectionError = new OperatingError('ServiceUnavailable', 'away');
    expect((await gateway.call('GET', '/v1/stations')).body).toMatchObject({ data: [{ stationId: 'CP-1', connection: null }] });
  });

  it('registers a station and shows its password once', async () => {
    const { status, body, headers } = await gateway.call('POST', '/v1/stations', { body: { stationId: 'CP+9', name: 'North' } });
    expect(status).toBe(201);
    expect(headers['location']).toBe('/v1/stations/CP%2B9');
    expect(body).toMatchObject({ station: { stationId: 'CP+9', name: 'North' }, password: 'secret-made-password-1' });
    expect((await gateway.call('GET', '/v1/stations/CP%2B9')).body).not.toHaveProperty('password');
  });

  it('names every wrong field at once', async () => {
    const { status, body, headers } = await gateway.call('POST', '/v1/stations', {
      body: { stationId: '', password: 'short', evses: [{ evseId: 0, connectors: [] }], colour: 'red' },
    });
    expect(status).toBe(400);
    expect(headers['content-type']).toMatch('application/problem+json');
    expect(body['type']).toBe('urn:voltlog:problem:invalid-request');
    const pointers = (body['errors'] as { pointer: string }[]).map((error) => error.pointer);
    expect(pointers).toEqual(expect.arrayContaining(['/stationId', '/password', '/evses/0/evseId', '/evses/0/connectors', '/colour']));
  });

  it.each([
    ['x'.repeat(48), 201],
    ['x'.repeat(49), 400],
    ['A1*-_=+|@.', 201],
    ['a:b', 400],
    ['..', 400],
    ['...', 201],
    ['a/b', 400],
    ['a b', 400],
  ])('a station may be called %s: %i', async (stationId, status) => {
    expect((await gateway.call('POST', '/v1/stations', { body: { stationId } })).status).toBe(status);
  });

  it('maps the refusals of services: exists 409, unknown 404, other version 412', async () => {
    const exists = await gateway.call('POST', '/v1/stations', { body: { stationId: 'CP-1' } });
    expect([exists.status, exists.body['type']]).toEqual([409, 'urn:voltlog:problem:station-exists']);
    const unknown = await gateway.call('GET', '/v1/stations/nobody');
    expect([unknown.status, unknown.body['type']]).toEqual([404, 'urn:voltlog:problem:station-unknown']);
    const stale = await gateway.call('PATCH', '/v1/stations/CP-1', { body: { name: 'x' }, headers: { 'if-match': '"2"' } });
    expect([stale.status, stale.body['type']]).toEqual([412, 'urn:voltlog:problem:version-mismatch']);
  });

  it('changes a station at the version that was read', async () => {
    const read = await gateway.call('GET', '/v1/stations/CP-1');
    expect(read.headers['etag']).toBe('"3"');
    const changed = await gateway.call('PATCH', '/v1/stations/CP-1', { body: { name: 'South' }, headers: { 'if-match': '"3"' } });
    expect([changed.status, changed.headers['etag'], changed.body['name']]).toEqual([200, '"4"', 'South']);
    expect((await gateway.call('PATCH', '/v1/stations/CP-1', { body: {}, headers: { 'if-match': 'three' } })).status).toBe(400);
  });

  it('accepts a station with its password in one call, and tells the one that was made', async () => {
    const patch = (body: object) => gateway.call('PATCH', '/v1/stations/CP-1', { body });
    expect((await patch({ accept: true })).body).toMatchObject({ stationId: 'CP-1', password: 'made-with-the-acceptance' });
    expect((await patch({ accept: true, password: 'chosen-by-an-operator' })).body).toMatchObject({ password: null });
    expect(gateway.services.lastCall('updateStation')).toMatchObject({ accept: true, password: 'chosen-by-an-operator' });
    expect((await patch({ accept: true, withoutCredential: true })).body).toMatchObject({ password: null });
    for (const body of [
      { password: 'chosen-by-an-operator' },
      { accept: true, withoutCredential: true, password: 'chosen-by-an-operator' },
    ])
      expect((await patch(body)).status).toBe(400);
  });

  it('gives the message log', async () => {
    expect((await gateway.call('GET', '/v1/stations/CP-1/messages')).body).toEqual({
      data: [{ at: '2026-11-23T10:00:00.000Z', direction: 'FromStation', text: '[2,"1","Heartbeat",{}]' }],
      nextCursor: null,
    });
  });
});

describe('commands', () => {
  const reset = (stationId = 'CP-1') => gateway.call('POST', `/v1/stations/${stationId}/commands/reset`, { body: {} });

  it("answers with the station's own words", async () => {
    gateway.services.commandAnswer = { stationStatus: 'Scheduled', responseJson: '{"status":"Scheduled"}' };
    const { status, body } = await reset();
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'Accepted', stationStatus: 'Scheduled', response: { status: 'Scheduled' }, latencyMs: 12 });
    expect(gateway.services.lastCall('sendCommand')).toMatchObject({
      timeoutMs: 30_000,
      command: { $case: 'reset', value: { type: 'RESET_TYPE_ON_IDLE' } },
    });
  });

  it('a refusal of the station is an answer, not an error', async () => {
    gateway.services.commandAnswer = { status: connectionV1.CommandStatus.REJECTED, stationStatus: 'Rejected', reason: 'EVSE occupied' };
    expect(await reset()).toMatchObject({ status: 200, body: { status: 'Rejected', reason: 'EVSE occupied' } });
  });

  it.each([
    [connectionV1.CommandStatus.OFFLINE, 409, 'station-offline'],
    [connectionV1.CommandStatus.NOT_SUPPORTED, 501, 'not-supported'],
    [connectionV1.CommandStatus.BUSY, 429, 'station-busy'],
    [connectionV1.CommandStatus.TIMED_OUT, 504, 'station-timeout'],
  ])('%s is %i %s', async (commandStatus, status, slug) => {
    gateway.services.commandAnswer = { status: commandStatus };
    expect(await reset()).toMatchObject({ status, body: { type: `urn:voltlog:problem:${slug}`, stationId: 'CP-1' } });
  });

  it('a station that nobody knows is not found, and one that is known is offline also while the device service is away', async () => {
    gateway.services.commandAnswer = { status: connectionV1.CommandStatus.OFFLINE };
    expect(await reset('CP-404')).toMatchObject({ status: 404, body: { type: 'urn:voltlog:problem:station-unknown' } });
    gateway.services.deviceError = new OperatingError('ServiceUnavailable', 'away');
    expect(await reset('CP-404')).toMatchObject({ status: 409, body: { type: 'urn:voltlog:problem:station-offline' } });
  });

  it('a deadline on the way says that it is not known whether the station acted', async () => {
    gateway.services.connectionError = new OperatingError('DeadlineExceeded', 'late');
    expect(await reset()).toMatchObject({ status: 504, body: { type: 'urn:voltlog:problem:station-timeout' } });
    gateway.services.connectionError = new OperatingError('ServiceUnavailable', 'away');
    expect(await reset()).toMatchObject({ status: 503, body: { type: 'urn:voltlog:problem:service-unavailable' } });
  });

  it.each([
    [
      'request-start',
      { idToken: 'TAG1', evseId: 1 },
      'requestStartTransaction',
      { idToken: { idToken: 'TAG1', type: 'ISO14443' }, evseId: 1 },
    ],
    ['request-stop', { transactionId: '77' }, 'requestStopTransaction', { transactionId: '77' }],
    ['change-availability', { operative: false }, 'changeAvailability', { operative: false, evseId: 0, connectorId: 0 }],
    ['unlock-connector', {}, 'unlockConnector', { evseId: 1, connectorId: 1 }],
    ['trigger-message', { requestedMessage: 'MeterValues' }, 'triggerMessage', { requestedMessage: 'MeterValues' }],
    ['get-variables', {}, 'getVariables', { variables: [] }],
    [
      'set-variables',
      { variables: [{ name: 'HeartbeatInterval', value: '60' }] },
      'setVariables',
      { variables: [{ name: 'HeartbeatInterval', value: '60' }] },
    ],
    ['clear-cache', {}, 'clearCache', {}],
    ['data-transfer', { vendorId: 'v' }, 'dataTransfer', { vendorId: 'v' }],
    ['raw', { action: 'GetLocalListVersion' }, 'rawCall', { action: 'GetLocalListVersion', payloadJson: '{}' }],
  ])('%s is handed on as it was asked', async (name, body, $case, value) => {
    expect((await gateway.call('POST', `/v1/stations/CP-1/commands/${name}`, { body })).status).toBe(200);
    expect(gateway.services.lastCall('sendCommand')).toMatchObject({ stationId: 'CP-1', command: { $case, value } });
  });
});

describe('tokens and sessions', () => {
  it('puts a token, 201 when it is new', async () => {
    const { status, headers } = await gateway.call('PUT', '/v1/tokens/TAG1', {
      body: { status: 'Blocked', expiresAt: '2027-01-01T01:00:00+01:00', groupId: null },
    });
    expect([status, headers['location']]).toEqual([201, '/v1/tokens/TAG1']);
    expect(gateway.services.lastCall('putToken')).toMatchObject({
      // Not told: what it is stays.
      idToken: { idToken: 'TAG1', type: '' },
      status: 'TOKEN_STATUS_BLOCKED',
      expiresAt: '2027-01-01T00:00:00.000Z',
      groupId: '',
      clearExpiresAt: false,
    });
  });

  it.each([
    ['token', '/v1/tokens/TAG1', 'putToken'],
    ['contract', '/v1/contracts/C-1', 'putContract'],
  ] as const)('makes a %s that is new by If-None-Match, and changes none', async (what, path, method) => {
    const there = await gateway.call('PUT', path, { body: {}, headers: { 'if-none-match': '*' } });
    expect([there.status, there.headers['content-type'], there.body['type']]).toEqual([
      412,
      expect.stringContaining('application/problem+json'),
      `urn:voltlog:problem:${what}-exists`,
    ]);
    expect(gateway.services.lastCall(method)).toMatchObject({ mustBeNew: true, expectedVersion: 0 });
    expect((await gateway.call('PUT', path, { body: {} })).status).toBe(201);
    expect(gateway.services.lastCall(method)).toMatchObject({ mustBeNew: false });
    expect((await gateway.call('PUT', path, { body: {}, headers: { 'if-none-match': '"3"' } })).status).toBe(400);
  });

  it('replaces the rules of a token only where some are given', async () => {
    await gateway.call('PUT', '/v1/tokens/TAG1', { body: { contractId: 'C-1', siteIds: ['north'], budget: { sessionsPerDay: 2 } } });
    expect(gateway.services.lastCall('putToken')).toMatchObject({
      contractId: 'C-1',
      replaceRules: true,
      siteIds: ['north'],
      stationIds: [],
      budget: { sessionsPerDay: 2, timeZone: 'UTC' },
    });
    await gateway.call('PUT', '/v1/tokens/TAG1', { body: { status: 'Active' } });
    expect(gateway.services.lastCall('putToken')).toMatchObject({ replaceRules: false });
  });

  it('puts, reads and lists contracts', async () => {
    const put = await gateway.call('PUT', '/v1/contracts/C-1', {
      body: { concurrentTransactionsMax: 2, sessionLimit: { cost: { amount: '9.50', currency: 'EUR' } } },
    });
    expect([put.status, put.headers['location']]).toEqual([201, '/v1/contracts/C-1']);
    expect(gateway.services.lastCall('putContract')).toMatchObject({
      contract: { contractId: 'C-1', status: 'TOKEN_STATUS_ACTIVE', sessionLimit: { costAmount: '9.50', costCurrency: 'EUR' } },
    });
    expect((await gateway.call('PUT', '/v1/contracts/C-1', { body: { budget: { costPerDay: 'much' } } })).status).toBe(400);
    const read = await gateway.call('GET', '/v1/contracts/C-1');
    expect(read.headers['etag']).toBe('"2"');
    expect(read.body).toMatchObject({
      sessionLimit: { energyWh: 5_000, cost: null },
      budget: { costPerMonth: '20.00', costPerDay: null },
      tokens: [{ idToken: 'TAG1' }],
    });
    expect((await gateway.call('GET', '/v1/contracts')).body).toMatchObject({ data: [{ contractId: 'C-1' }], nextCursor: 'more' });
  });

  it('says why a driver was refused, in a word and in plain ones', async () => {
    const from = '2026-11-23T14:00:00Z';
    const { body } = await gateway.call('GET', `/v1/authorization-decisions?idToken=TAG1&status=NoCredit&contractId=C-1&from=${from}`);
    expect(gateway.services.lastCall('listDecisions')).toMatchObject({
      idToken: { idToken: 'TAG1' },
      status: 'AUTHORIZATION_STATUS_NO_CREDIT',
      contractId: 'C-1',
      from: '2026-11-23T14:00:00.000Z',
    });
    expect(body).toMatchObject({
      data: [
        {
          status: 'NoCredit',
          reason: 'BudgetExhausted',
          explanation:
            'The start was refused: the budget of the day or of the month is used up, or held by sessions that run (contract C-1). The station had decided by itself already, while it was offline.',
        },
      ],
    });
  });

  it('shows how the local list of a station stands, and has it looked at', async () => {
    const { body: list } = await gateway.call('GET', '/v1/stations/CP-1/local-list');
    expect(list).toMatchObject({ state: 'InStep', stationVersion: 4, reason: null });
    const { body } = await gateway.call('POST', '/v1/stations/CP-1/local-list/sync', { body: { full: true } });
    expect(body).toMatchObject({ state: 'Pending', wantedEntries: 2 });
    expect(gateway.services.lastCall('syncLocalList')).toEqual({ stationId: 'CP-1', full: true });
  });

  it('tells that a station is unknown where its local list is asked for', async () => {
    const unknown = { status: 404, body: { type: 'urn:voltlog:problem:station-unknown' } };
    expect(await gateway.call('GET', '/v1/stations/CP-NONE/local-list')).toMatchObject(unknown);
    expect(await gateway.call('POST', '/v1/stations/CP-NONE/local-list/sync', { body: {} })).toMatchObject(unknown);
    expect(gateway.services.lastCall('syncLocalList')).toBeUndefined();
  });

  it('has no policy of a site that is not there', async () => {
    const unknown = { status: 404, body: { type: 'urn:voltlog:problem:site-unknown' } };
    const policy = { unknownTokens: 'accept', authorizationAway: 'reject', noAuthorization: 'reject', localLists: true };
    expect(await gateway.call('PUT', '/v1/sites/nowhere/authorization-policy', { body: policy })).toMatchObject(unknown);
    for (const of of ['authorization', 'reservation'])
      expect(await gateway.call('GET', `/v1/sites/nowhere/${of}-policy`)).toMatchObject(unknown);
  });

  it('lets a policy of a site be changed while nobody can say whether there is such a site', async () => {
    gateway.services.deviceError = new OperatingError('ServiceUnavailable', 'away');
    const policy = { unknownTokens: 'accept', authorizationAway: 'accept-known', noAuthorization: 'reject', localLists: true };
    expect((await gateway.call('PUT', '/v1/sites/north/authorization-policy', { body: policy })).status).toBe(200);
    expect((await gateway.call('GET', '/v1/sites/north/reservation-policy')).status).toBe(200);
  });

  it('tells of a great many wrong fields in few words', async () => {
    const body = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`field${i}`, 1]));
    const answer = (await gateway.call('POST', '/v1/reservations', { body })).body as { detail: string; errors: unknown[] };
    expect(answer.errors).toHaveLength(100);
    expect(answer.detail).toMatch(/^\d+ fields are wrong in the body: .*, \.\.\.$/);
    expect(answer.detail.length).toBeLessThan(500);
  });

  it('names each field that it does not know, and each that is wrong once', async () => {
    const order = async (body: unknown) => (await gateway.call('POST', '/v1/reservations', { body })).body;
    expect(await order({ stationId: 'CP-1', idToken: 'T', evse: 1, untill: 'x' })).toMatchObject({
      detail: '2 fields are wrong in the body: /evse, /untill',
      errors: [
        { in: 'body', pointer: '/evse', message: 'there is no such field' },
        { in: 'body', pointer: '/untill', message: 'there is no such field' },
      ],
    });
    expect(await order({ stationId: 'CP-1', idToken: '' })).toMatchObject({ detail: 'One field is wrong in the body: /idToken' });
    expect(await order([])).toMatchObject({ detail: 'The body is wrong: Invalid input: expected object, received array' });
  });

  it('reads and puts what holds at a site, and at all sites', async () => {
    gateway.services.sites.set('north', deviceV1.Site.fromPartial({ siteId: 'north' }));
    expect((await gateway.call('GET', '/v1/sites/north/authorization-policy')).body).toMatchObject({ siteId: 'north', own: false });
    const policy = { unknownTokens: 'accept', authorizationAway: 'reject', noAuthorization: 'reject', localLists: true };
    const put = await gateway.call('PUT', '/v1/authorization-policy', { body: policy });
    expect(put.body).toEqual({ siteId: null, ...policy, own: true, version: 3 });
    expect(
      (await gateway.call('PUT', '/v1/sites/north/authorization-policy', { body: { ...policy, unknownTokens: 'maybe' } })).status,
    ).toBe(400);
  });

  it('takes no time beyond the year 9999, which would sort before all others', async () => {
    const put = (expiresAt: string) => gateway.call('PUT', '/v1/tokens/TAG1', { body: { expiresAt } });
    expect((await put('9999-12-31T23:59:59Z')).status).toBe(201);
    expect((await put('9999-12-31T23:59:59-01:00')).status).toBe(400);
  });

  it('filters sessions and shows them without empty texts', async () => {
    const { body } = await gateway.call('GET', '/v1/sessions?state=Active&stationId=CP-1');
    expect(gateway.services.lastCall('listSessions')).toMatchObject({ state: 'SESSION_STATE_ACTIVE', stationId: 'CP-1', pageSize: 50 });
    expect(body).toMatchObject({ nextCursor: 'more', data: [{ state: 'Active', energyWh: 1234.5, stoppedReason: null, endedAt: null }] });
  });

  it('gives meter values and the events behind a session', async () => {
    expect((await gateway.call('GET', '/v1/sessions/s-1/meter-values')).body).toMatchObject({
      data: [{ samples: [{ value: 11_000, phase: null }] }],
    });
    expect((await gateway.call('GET', '/v1/sessions/s-1/events')).body).toMatchObject({
      data: [{ type: 'SessionStarted', data: { a: 1 } }],
    });
    expect((await gateway.call('GET', '/v1/sessions/s-2')).status).toBe(404);
    expect((await gateway.call('GET', '/v1/quarantine')).body).toEqual({ data: [], nextCursor: null });
  });
});

describe('the rim', () => {
  it('gives every answer a request id, and takes a harmless one', async () => {
    expect((await gateway.call('GET', '/v1/nothing')).headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    const { headers, body } = await gateway.call('GET', '/v1/stations/x', { headers: { 'x-request-id': 'mine-1' } });
    expect([headers['x-request-id'], body['instance']]).toEqual(['mine-1', 'mine-1']);
    expect((await gateway.call('GET', '/v1/me', { headers: { 'x-request-id': 'bad id' } })).headers['x-request-id']).not.toBe('bad id');
  });

  it.each([
    ['not JSON', '{"a":', 'application/json', 400],
    ['not an object', '[]', 'application/json', 400],
    ['another media type', '<a/>', 'application/xml', 415],
    ['too large', JSON.stringify({ stationId: 'x'.repeat(1_100_000) }), 'application/json', 413],
  ])('a body that is %s is a problem', async (_, payload, type, status) => {
    const response = await gateway.app.inject({
      method: 'POST',
      url: '/v1/stations',
      payload,
      headers: { 'content-type': type, authorization: `Bearer voltlog_live_admin01_${'a'.repeat(43)}` },
    });
    expect([response.statusCode, String(response.headers['content-type'])]).toEqual([
      status,
      expect.stringContaining('application/problem+json'),
    ]);
  });

  it.each([
    ['is not percent-encoded right', 'GET', '/v1/stations/%zz', 400, 'invalid-request'],
    ['has a part that is too long', 'GET', `/v1/stations/${'x'.repeat(300)}`, 414, 'address-too-long'],
    ['leads nowhere', 'GET', '/v1/nothing', 404, 'not-found'],
    ['does not take the method', 'DELETE', '/v1/stations', 404, 'not-found'],
  ] as const)('an address that %s is a problem', async (_, method, url, status, slug) => {
    const answer = await gateway.call(method, url, { headers: { 'x-request-id': 'mine-2' } });
    expect(answer).toMatchObject({
      status,
      headers: { 'content-type': expect.stringContaining('application/problem+json'), 'x-content-type-options': 'nosniff' },
      body: { type: `urn:voltlog:problem:${slug}`, status, instance: 'mine-2' },
    });
  });

  it.each([
    ['nonsense', 'NONSENSE\r\n\r\n', 400, 'invalid-request'],
    ['with endless headers', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`, 431, 'headers-too-large'],
  ])('a request that is %s is a problem', async (_, request, status, slug) => {
    await gateway.app.listen(0, '127.0.0.1');
    const [head = '', body = ''] = (await answerTo(Number(new URL(await gateway.app.getUrl()).port), request)).split('\r\n\r\n');
    expect(head.split('\r\n')).toEqual(
      expect.arrayContaining([
        expect.stringContaining(`HTTP/1.1 ${status}`),
        'content-type: application/problem+json',
        `content-length: ${body.length}`,
      ]),
    );
    expect(JSON.parse(body)).toMatchObject({ type: `urn:voltlog:problem:${slug}`, status });
  });

  it('has no CORS headers unless origins are given', async () => {
    const headers = { origin: 'https://elsewhere.example' };
    expect((await gateway.call('GET', '/v1/me', { headers })).headers).not.toHaveProperty('access-control-allow-origin');
  });

  it('lets a page of a given origin tie its writes to what it read, or to there being nothing', async () => {
    const open = await startGateway({ GATEWAY_ADMIN_KEY: ADMIN_KEY, CORS_ORIGINS: 'https://elsewhere.example' });
    const headers = { origin: 'https://elsewhere.example', 'access-control-request-method': 'PUT' };
    const asked = await open.call('OPTIONS', '/v1/tokens/AA', { headers });
    await open.app.close();
    const allowed = String(asked.headers['access-control-allow-headers']).split(', ');
    expect(allowed).toEqual(expect.arrayContaining(['idempotency-key', 'if-match', 'if-none-match']));
  });

  it('serves the API page from this machine only', async () => {
    const page = await gateway.call('GET', '/docs', { key: null });
    expect(String(page.body['text'])).not.toMatch(/https?:\/\//);
    expect((await gateway.call('GET', '/docs/swagger-ui-bundle.js', { key: null })).status).toBe(200);
    expect((await gateway.call('GET', '/docs/..%2fpackage.json', { key: null })).status).toBe(404);
  });
});

/** What comes back for bytes that need not be a request, until the other side closes. */
function answerTo(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setEncoding('utf8').on('data', (part) => {
      text += part;
    });
    socket.once('end', () => resolve(text)).once('error', reject);
  });
}
