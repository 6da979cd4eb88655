import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GatewayUnderTest, startGateway } from '../testing/gateway-under-test.js';
import { buildOpenApi } from './openapi.js';

let gateway: GatewayUnderTest;
let document: ReturnType<typeof buildOpenApi>;
beforeAll(async () => {
  gateway = await startGateway();
  document = buildOpenApi(gateway.app);
});
afterAll(() => gateway.app.close());

const operations = () =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      operation: operation as Record<string, unknown>,
    })),
  );

const responsesOf = (wanted: string) =>
  (operations().find(({ name }) => name === wanted)?.operation['responses'] ?? {}) as Record<string, object>;

describe('the OpenAPI document', () => {
  it('is the one that is committed (`npm run generate` writes it)', async () => {
    const text = `${JSON.stringify(document, null, 2)}\n`;
    await expect(text).toMatchFileSnapshot('../../../../docs/reference/openapi.json');
  });

  it('is OpenAPI 3.1 and served as committed', async () => {
    expect(document.openapi).toBe('3.1.0');
    const served = await gateway.call('GET', '/openapi.json', { key: null });
    expect(served.body['openapi']).toBe('3.1.0');
  });

  it('refers only to schemas that it has', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name);
    const known = Object.keys(document.components?.schemas ?? {});
    expect(references.length).toBeGreaterThan(50);
    expect(references.filter((name) => !known.includes(name ?? ''))).toEqual([]);
    expect(JSON.stringify(document)).not.toContain('#/$defs/');
    expect(Object.entries(document.components?.schemas ?? {}).filter(([, schema]) => '$ref' in schema)).toEqual([]);
  });

  // The page at /docs checks what is typed into it against these patterns, and knows no flag `u`.
  it('has no pattern that means something else without the flag u, and an id of a station passes its own', () => {
    const text = JSON.stringify(document);
    const patterns = [...text.matchAll(/"pattern":("(?:[^"\\\\]|\\\\.)*")/g)].map(([, pattern = '""']) => JSON.parse(pattern) as string);
    expect(patterns.length).toBeGreaterThan(100);
    expect(patterns.filter((pattern) => /\\[pP]\{|\\u\{/.test(pattern))).toEqual([]);
    const parameters = operations().flatMap(
      ({ operation }) => (operation['parameters'] ?? []) as { name: string; schema: { pattern?: string } }[],
    );
    const ids = parameters.flatMap(({ name, schema: { pattern } }) =>
      name === 'stationId' && pattern !== undefined ? [new RegExp(pattern)] : [],
    );
    expect(ids.length).toBeGreaterThan(50);
    for (const id of ids) expect(['CP-1*2', 'a\nb', ''].map((text) => id.test(text))).toEqual([true, false, false]);
  });

  it('names the role of every operation, has a summary and one id each', () => {
    const all = operations();
    expect(all.length).toBeGreaterThan(35);
    expect(
      all.filter(({ operation }) => operation['x-role'] === undefined || operation['summary'] === undefined).map(({ name }) => name),
    ).toEqual([]);
    expect(new Set(all.map(({ operation }) => operation['operationId'])).size).toBe(all.length);
  });

  it('tells nothing twice, and describes every tag', () => {
    const texts = [...JSON.stringify(document).matchAll(/"description":("(?:[^"\\\\]|\\\\.)*")/g)].map(
      ([, text = '""']) => JSON.parse(text) as string,
    );
    const parts = texts.filter((text) => text !== document.info.description && text.includes('\n\n'));
    expect(parts).toEqual([]);
    const used = new Set(operations().flatMap(({ operation }) => operation['tags'] as string[]));
    expect([...used].sort()).toEqual(document.tags?.map(({ name }) => name).sort());
  });

  it('names the errors that each kind of operation may answer with', () => {
    const statusesOf = (name: string) => Object.keys(responsesOf(name)).join(' ');
    expect(statusesOf('GET /v1/me')).toBe('200 401 429 503 default');
    expect(statusesOf('PATCH /v1/sites/{siteId}')).toBe('200 400 401 403 404 409 412 422 429 503 default');
    expect(statusesOf('PUT /v1/tokens/{idToken}')).toBe('200 201 400 401 403 409 412 422 429 503 default');
    expect(statusesOf('POST /driver/v1/evses/{evseUid}/start')).toBe('202 400 403 404 409 422 429 503 default');
    expect(responsesOf('POST /v1/start-requests')['404']).toMatchObject({
      description: 'there is no such station, or it has no such EVSE (`station-unknown`, `evse-unknown`)',
    });
  });

  it('says what comes and goes that is no JSON, and of a 204 that nothing comes', () => {
    const typesOf = (answer: unknown) => Object.keys((answer as { content?: object } | undefined)?.content ?? {});
    const answers = operations().map(({ name }) => [name, typesOf(responsesOf(name)['200'] ?? responsesOf(name)['204'])] as const);
    const other = Object.fromEntries(answers.filter(([, types]) => types.length > 0 && types[0] !== 'application/json'));
    expect(other).toMatchObject({
      'GET /v1/registry/export': ['text/csv', 'application/x-ndjson'],
      'POST /v1/registry/import': ['application/x-ndjson'],
      'GET /v1/moves/{moveId}/export': ['application/x-ndjson'],
      'GET /v1/stations/{stationId}/recordings/{recordingId}/file': ['application/x-ndjson'],
      'GET /v1/log-uploads/{uploadId}/file': ['application/octet-stream'],
    });
    expect(typesOf(responsesOf('DELETE /v1/log-uploads/{uploadId}')['204'])).toEqual([]);
    const bodyOf = (wanted: string) => typesOf(operations().find(({ name }) => name === wanted)?.operation['requestBody']);
    expect(bodyOf('POST /v1/registry/tokens/import')).toEqual(['text/csv', 'application/x-ndjson']);
    expect(bodyOf('POST /v1/firmware-images')).toEqual(['application/octet-stream']);
  });

  it('asks for no key under /driver/v1, and nowhere else', () => {
    const open = operations().filter(({ operation }) => operation['x-role'] === 'public');
    expect(open.length).toBeGreaterThan(0);
    expect(open.filter(({ name, operation }) => !name.includes(' /driver/v1/') || operation['security'] !== undefined)).toEqual([]);
    expect(operations().filter(({ name, operation }) => name.includes(' /driver/v1/') && operation['x-role'] !== 'public')).toEqual([]);
  });

  it('lets no operation through without a key, and none past its role', async () => {
    const made = await gateway.call('POST', '/v1/api-keys', { body: { name: 'reads', role: 'viewer' } });
    for (const { name, operation } of operations()) {
      if (operation['x-role'] === 'public') continue;
      const [method, path = ''] = name.split(' ');
      const url = path.replaceAll(/\{\w+\}/g, 'x');
      expect([name, (await gateway.call(method as 'GET', url, { key: null })).status]).toEqual([name, 401]);
      if (operation['x-role'] === 'viewer') continue;
      expect([name, (await gateway.call(method as 'GET', url, { key: String(made.body['key']) })).status]).toEqual([name, 403]);
    }
  });
});
