import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GatewayUnderTest, startGateway } from '../testing/gateway-under-test.js';
import { buildOpenApi } from './openapi.js';

let gateway: GatewayUnderTest;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.app.close());

const operations = () =>
  Object.entries(buildOpenApi(gateway.app).paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      operation: operation as Record<string, unknown>,
    })),
  );

describe('the OpenAPI document', () => {
  it('is the one that is committed (`npm run generate` writes it)', async () => {
    const text = `${JSON.stringify(buildOpenApi(gateway.app), null, 2)}\n`;
    await expect(text).toMatchFileSnapshot('../../../../docs/reference/openapi.json');
  });

  it('is OpenAPI 3.1 and served as committed', async () => {
    expect(buildOpenApi(gateway.app).openapi).toBe('3.1.0');
    const served = await gateway.call('GET', '/openapi.json', { key: null });
    expect(served.body['openapi']).toBe('3.1.0');
  });

  it('refers only to schemas that it has', () => {
    const document = buildOpenApi(gateway.app);
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name);
    const known = Object.keys(document.components?.schemas ?? {});
    expect(references.length).toBeGreaterThan(50);
    expect(references.filter((name) => !known.includes(name ?? ''))).toEqual([]);
    expect(JSON.stringify(document)).not.toContain('#/$defs/');
    expect(Object.entries(document.components?.schemas ?? {}).filter(([, schema]) => '$ref' in schema)).toEqual([]);
  });

  // The page at /docs checks what is typed into it against these patterns, and knows no flag `u`.
  it('has no pattern that means something else without the flag u, and an id of a station passes its own', () => {
    const document = JSON.stringify(buildOpenApi(gateway.app));
    const patterns = [...document.matchAll(/"pattern":("(?:[^"\\\\]|\\\\.)*")/g)].map(([, text = '""']) => JSON.parse(text) as string);
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
