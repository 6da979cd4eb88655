import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SCENARIOS, type Scenario, scenarioNamed } from './scenarios.js';
import { onStage, StageRefused } from './stage.js';

let server: Server;
let url: string;
const asked: { method: string; path: string; body: Record<string, unknown> }[] = [];
let statusOf: (method: string, path: string) => number;

beforeEach(async () => {
  asked.length = 0;
  statusOf = () => 200;
  server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const { method = '', url: path = '' } = request;
    asked.push({ method, path, body: text === '' ? {} : JSON.parse(text) });
    response.writeHead(statusOf(method, path), { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

const api = () => ({ url, key: 'K' });
const said = () => asked.map(({ method, path }) => `${method} ${path.replaceAll(/SIM-[0-9a-f]{8}/g, 'IT')}`);
const BUILT = ['POST /v1/sites', 'POST /v1/stations', 'PUT /v1/tokens/IT-1', 'PUT /v1/tokens/IT-2', 'PUT /v1/tokens/IT-X'];
const STRUCK = ['PUT /v1/tokens/IT-1', 'PUT /v1/tokens/IT-2', 'PUT /v1/tokens/IT-X', 'DELETE /v1/stations/IT', 'DELETE /v1/sites/IT'];

describe('a stage', () => {
  it('is a site, a station and cards of its own, prepared as the scenario needs them, and struck after it', async () => {
    const [first, second] = await Promise.all(
      [1, 2].map(() => onStage(scenarioNamed('local-list'), api(), ({ stationId, tokens }) => Promise.resolve({ stationId, tokens }))),
    );
    expect(first?.stationId).not.toBe(second?.stationId);
    expect(Object.values(first?.tokens ?? {}).every((idToken) => idToken.length <= 20)).toBe(true);
    const policy = asked.filter(({ path }) => path === `/v1/sites/${first?.stationId}/authorization-policy`);
    expect(policy).toMatchObject([{ body: { localLists: true, noAuthorization: 'reject' } }]);
    asked.length = 0;
    await onStage(scenarioNamed('plain-session'), api(), async () => void asked.push({ method: 'PLAY', path: '', body: {} }));
    expect(said()).toEqual([...BUILT, 'PLAY ', ...STRUCK]);
    const statuses = asked.flatMap(({ path, body }) => (path.includes('/tokens/') ? [body['status']] : []));
    expect(statuses.join(' ')).toBe('Active Active Blocked Invalid Invalid Invalid');
  });

  it('is struck too when the scenario fails, which is what is told first', async () => {
    statusOf = (method) => (method === 'DELETE' ? 500 : 200);
    await expect(onStage(scenarioNamed('plain-session'), api(), () => Promise.reject(new Error('step 3')))).rejects.toThrow(
      /^step 3; SIM-[0-9a-f]{8} is left at the CSMS: .*500/,
    );
    expect(said()).toContain('DELETE /v1/stations/IT');
    await expect(onStage(scenarioNamed('plain-session'), api(), () => Promise.resolve())).rejects.toThrow('500');
  });

  it('that is refused half way is struck, and nothing played', async () => {
    statusOf = (_, path) => (path === '/v1/stations' ? 403 : 200);
    const played = onStage(scenarioNamed('plain-session'), api(), () => Promise.reject(new Error('it was played')));
    await expect(played).rejects.toThrow(StageRefused);
    await expect(played).rejects.toThrow('403');
  });

  it.each(SCENARIOS.filter(({ prepare }) => prepare !== undefined))(
    '$name is prepared with nothing but its own',
    ({ prepare }: Scenario) => {
      const tokens = { token: 'OWN-1', otherToken: 'OWN-2', blockedToken: 'OWN-X' };
      for (const { path } of prepare?.(tokens) ?? [])
        expect(path).toMatch(/^\/v1\/(?:sites\/\{site\}\/|(?:tokens|contracts)\/(?:.*OWN-|02:[0-9A-F:]{14}))/);
    },
  );
});
