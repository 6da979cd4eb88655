import type { Rpc } from '@voltlog/grpc';
import { connectionV1, deviceJobV1 } from '@voltlog/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMAND_NAMES, commandNamed, nameOf } from './resources/command-table.js';
import { FakeServices } from './testing/fake-services.js';
import { ADMIN_KEY, type GatewayUnderTest, startGateway } from './testing/gateway-under-test.js';

const { JobState, JobStationState: State } = deviceJobV1;
const AT = '2026-11-23T10:00:00.000Z';

const job = (change: object = {}): deviceJobV1.Job =>
  deviceJobV1.Job.fromPartial({
    jobId: 'j-1',
    name: 'Restart',
    command: { command: { $case: 'reset', value: { type: connectionV1.ResetType.ON_IDLE } } },
    selection: { siteId: 'depot' },
    state: JobState.RUNNING,
    stationCount: 3,
    counts: [
      { state: State.NOT_SUPPORTED, count: 1 },
      { state: State.PENDING, count: 2 },
    ],
    concurrency: 50,
    expiresAt: AT,
    createdAt: AT,
    createdBy: 'ops',
    round: 1,
    ...change,
  });

class JobFakes extends FakeServices {
  readonly asked: { readonly method: string; readonly request: unknown }[] = [];

  override serve(rpc: Rpc): void {
    super.serve(rpc);
    const answer =
      <Answer>(method: string, reply: Answer) =>
      (request: unknown): Promise<Answer> => {
        this.asked.push({ method, request });
        return Promise.resolve(reply);
      };
    rpc.serve<deviceJobV1.JobService>(deviceJobV1.JobServiceDefinition, {
      createJob: answer('createJob', { job: job() }),
      previewSelection: answer('previewSelection', { stationCount: 2, connectedCount: 1, firstStationIds: ['A', 'B'] }),
      getJob: answer('getJob', { job: job({ state: JobState.ENDED, outcome: 'Completed', endedAt: AT }) }),
      listJobs: answer('listJobs', { jobs: [job()], nextPageToken: 'next' }),
      listJobStations: answer('listJobStations', {
        stations: [
          deviceJobV1.JobStation.fromPartial({ stationId: 'A', state: State.ACCEPTED, attempts: 1, responseJson: '{"status":"Accepted"}' }),
        ],
        nextPageToken: '',
      }),
      cancelJob: answer('cancelJob', { job: job({ state: JobState.CANCELLING }) }),
      pauseJob: answer('pauseJob', { job: job({ state: JobState.PAUSED, pausedBecause: '3 of 10 stations failed' }) }),
      resumeJob: answer('resumeJob', { job: job() }),
      retryJob: answer('retryJob', { job: job({ round: 2 }) }),
    });
  }

  last(method: string): unknown {
    return this.asked.findLast((each) => each.method === method)?.request;
  }
}

let gateway: GatewayUnderTest<JobFakes>;
beforeAll(async () => {
  gateway = await startGateway({ GATEWAY_ADMIN_KEY: ADMIN_KEY }, new JobFakes());
});
afterAll(() => gateway.app.close());

describe('jobs', () => {
  it('are made of a template, and stop at a bound of failures', async () => {
    const body = { applyTemplate: { templateId: 'ac22' }, failureBound: { percent: 20 }, selection: { all: true } };
    const answer = await gateway.call('POST', '/v1/jobs', { body });
    expect(answer.status).toBe(201);
    expect(gateway.services.last('createJob')).toMatchObject({
      applyTemplate: { templateId: 'ac22' },
      failureBound: { percent: 20, stations: 10 },
    });
    const neither = await gateway.call('POST', '/v1/jobs', { body: { selection: { all: true } } });
    expect(neither.status).toBe(400);
  });

  it('are made of a command by its name, with the body of its route', async () => {
    const body = {
      command: { name: 'reset', body: { type: 'Immediate' } },
      selection: { siteId: 'depot', connected: false },
      concurrency: 5,
    };
    const made = await gateway.call('POST', '/v1/jobs', { body });
    expect(made).toMatchObject({
      status: 201,
      headers: { location: '/v1/jobs/j-1' },
      body: {
        jobId: 'j-1',
        state: 'Running',
        command: { name: 'reset' },
        selection: { siteId: 'depot' },
        counts: { NotSupported: 1, Pending: 2 },
      },
    });
    expect(gateway.services.last('createJob')).toMatchObject({
      command: { timeoutMs: 30_000, command: { $case: 'reset', value: { type: connectionV1.ResetType.IMMEDIATE, evseId: 0 } } },
      selection: { siteId: 'depot', connected: false, all: false, stationIds: [] },
      concurrency: 5,
      createdBy: expect.any(String),
    });
  });

  it.each([
    ['an unknown command', { command: { name: 'dance' }, selection: { all: true } }, '/command/body'],
    [
      'a body that is wrong for the command',
      { command: { name: 'reset', body: { type: 'Later' } }, selection: { all: true } },
      '/command/body/type',
    ],
    ['a selection without a condition', { command: { name: 'reset' }, selection: {} }, '/selection'],
    ['no selection', { command: { name: 'reset' } }, '/selection'],
  ])('refuse %s and name the field', async (_, body, pointer) => {
    const { status, body: problem } = await gateway.call('POST', '/v1/jobs', { body });
    expect(status).toBe(400);
    expect(JSON.stringify(problem['errors'])).toContain(`"${pointer}"`);
  });

  it('have stations forget a customer only for an admin, as erasures do', async () => {
    const { body } = await gateway.call('POST', '/v1/api-keys', { body: { name: 'desk', role: 'operator' } });
    const key = String(body['key']);
    const ask = async (command: object, by?: string) =>
      (await gateway.call('POST', '/v1/jobs', { body: { command, selection: { all: true } }, ...(by === undefined ? {} : { key: by }) }))
        .status;
    const action = 'customer-information'.replaceAll(/(?:^|-)(.)/g, (_word, letter: string) => letter.toUpperCase());
    const about = (clear: boolean) => ({
      name: 'customer-information',
      body: { requestId: 1, report: !clear, clear, idToken: { idToken: 'T', type: 'Central' } },
    });
    expect(await ask(about(true), key)).toBe(403);
    expect(await ask({ name: 'raw', body: { action, payload: {} } }, key)).toBe(403);
    expect(await ask(about(false), key)).toBe(201);
    expect(await ask(about(true))).toBe(201);
    // One station by its own route, no less.
    const tell = async ({ name, body }: { name: string; body: Record<string, unknown> }, by?: string) =>
      (await gateway.call('POST', `/v1/stations/CP-1/commands/${name}`, { body, ...(by === undefined ? {} : { key: by }) })).status;
    expect(await tell(about(true), key)).toBe(403);
    expect(await tell({ name: 'raw', body: { action, payload: {} } }, key)).toBe(403);
    expect(await tell(about(false), key)).toBe(200);
    expect(await tell(about(true))).toBe(200);
  });

  it('know every command that a station can be sent by its own route', async () => {
    const { body } = await gateway.call('GET', '/openapi.json');
    const routes = Object.keys(body['paths'] as object).flatMap(
      (path) => /^\/v1\/stations\/\{stationId\}\/commands\/(.+)$/.exec(path)?.[1] ?? [],
    );
    expect(routes.toSorted()).toEqual([...COMMAND_NAMES].sort());
  });

  it('find a command under the name it is shown by', () => {
    const log = { logType: 'DiagnosticsLog', requestId: 1, log: { remoteLocation: 'https://x/' } };
    for (const [name, body] of Object.entries({ reset: {}, 'clear-cache': {}, raw: { action: 'ClearCache' }, 'get-log': log }))
      expect(nameOf(commandNamed(name, body, '').command)).toBe(name);
  });

  it('are listed, read with what came of each station, cancelled and retried', async () => {
    expect((await gateway.call('GET', '/v1/jobs')).body).toMatchObject({ data: [{ jobId: 'j-1' }], nextCursor: 'next' });
    expect((await gateway.call('GET', '/v1/jobs/j-1')).body).toMatchObject({ state: 'Ended', outcome: 'Completed', endedAt: AT });
    const stations = await gateway.call('GET', '/v1/jobs/j-1/stations?state=NotSupported');
    expect(stations.body['data']).toMatchObject([
      { stationId: 'A', state: 'Accepted', response: { status: 'Accepted' }, stationStatus: null },
    ]);
    expect(gateway.services.last('listJobStations')).toMatchObject({ jobId: 'j-1', state: State.NOT_SUPPORTED });
    expect(await gateway.call('POST', '/v1/jobs/j-1/cancel', { body: {} })).toMatchObject({ status: 202, body: { state: 'Cancelling' } });
    expect(await gateway.call('POST', '/v1/jobs/j-1/retry', { body: { states: ['Unknown'] } })).toMatchObject({
      status: 202,
      body: { round: 2 },
    });
    expect(gateway.services.last('retryJob')).toMatchObject({ states: [State.UNKNOWN] });
    expect((await gateway.call('POST', '/v1/jobs/j-1/retry', { body: { states: ['Pending'] } })).status).toBe(400);
  });

  it('tell how many stations a selection means', async () => {
    const { status, body } = await gateway.call('POST', '/v1/station-selections', { body: { selection: { vendor: 'V' } } });
    expect([status, body]).toEqual([200, { stationCount: 2, connectedCount: 1, firstStationIds: ['A', 'B'] }]);
  });

  it.each([
    ['reset', { type: 'OnIdle' }, 200],
    ['reset', { type: 'Sideways' }, 400],
    ['nonsense', {}, 400],
  ])('checks the command that they are to get, where it is told: %s %j', async (name, body, status) => {
    const asked = { selection: { vendor: 'V' }, command: { name, body } };
    expect((await gateway.call('POST', '/v1/station-selections', { body: asked })).status).toBe(status);
  });
});
