import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Rpc } from '@voltlog/grpc';
import { deviceRegistryV1 } from '@voltlog/proto';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FakeServices } from '../testing/fake-services.js';
import { ADMIN_KEY, type GatewayUnderTest, startGateway } from '../testing/gateway-under-test.js';
import { csvHead, readCsv, toCsv } from './csv.js';
import { readJsonLines, toJsonLines } from './json-lines.js';
import { type Parsed, parsedOf, type RegistryRecord } from './records.js';

const { ImportOutcome } = deviceRegistryV1;
const folder = mkdtempSync(join(tmpdir(), 'voltlog-registry-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const fileOf = (text: string): string => {
  const path = join(folder, 'file');
  writeFileSync(path, text);
  return path;
};
const all = async (parsed: AsyncIterable<Parsed>): Promise<Parsed[]> => {
  const list: Parsed[] = [];
  for await (const each of parsed) list.push(each);
  return list;
};
const csv = (text: string) => all(readCsv(fileOf(text)));
const station = (fields: object) => parsedOf(0, { type: 'station', ...fields }).record;

describe('a file of the registry', () => {
  it('is read with a byte order mark, semicolons, decimal commas, quoted line ends and columns in any order and case', async () => {
    const text =
      '\ufeffSTATIONID;type;siteId;Name;latitude;evseId;connectorId;connectorType;powerWMax\r\n' +
      ';site;depot;"Depot ""Nord""\nHalle; 2";52,379;;;;\r\n' +
      'CP-1;station;depot;Säule 1;;;;;\r\n' +
      'CP-1;evse;;;;1;;;22000\r\n' +
      'CP-1;connector;;;;1;1;sType2;\r\n' +
      'CP-1;connector;;;;1;2;cCCS2;\r\n';
    const [site, first, ...more] = await csv(text);
    expect(site?.record).toMatchObject({
      $case: 'site',
      value: { siteId: 'depot', name: 'Depot "Nord"\nHalle; 2', latitude: 52.379 },
    });
    expect(first?.record).toMatchObject({
      value: {
        stationId: 'CP-1',
        siteId: 'depot',
        name: 'Säule 1',
        evses: [{ evseId: 1, powerWMax: 22_000, connectors: [{ connectorId: 1 }, { connectorId: 2, connectorType: 'cCCS2' }] }],
      },
    });
    expect(more).toEqual([]);
  });

  it.each([
    ['another type', 'type,stationId\ncar,X\n', 'type must be site, station, evse or connector'],
    ['an EVSE without its station', 'type,stationId,evseId\nevse,X,1\n', 'must stand before'],
    ['an EVSE after another station', 'type,stationId,evseId\nstation,A,\nstation,B,\nevse,A,1\n', 'must stand before'],
    ['an EVSE that stands there twice', 'type,stationId,evseId\nstation,A,\nevse,A,1\nevse,A,1\n', 'stands there twice'],
    ['a number that is none', 'type,stationId,securityProfileMin\nstation,A,high\n', 'securityProfileMin'],
    ['a station without an id', 'type,stationId\nstation,\n', 'stationId'],
  ])('tells of %s, and goes on', async (_, text, words) => {
    const rows = await csv(
      `${text}${text
        .split('\n')[0]
        ?.split(',')
        .map((column) => (column === 'type' ? 'station' : column === 'stationId' ? 'LAST' : ''))
        .join(',')}\n`,
    );
    expect(rows.flatMap(({ problem }) => problem ?? []).join()).toContain(words);
    expect(rows.at(-1)?.record).toMatchObject({ value: { stationId: 'LAST' } });
  });

  it.each([
    ['columns it does not know', 'type,stationId,colour\n', 'unknown columns colour'],
    ['no columns', 'station,CP-1\n', 'unknown columns'],
    ['a quote that never ends', 'type,stationId\nstation,"A\n', 'Quote Not Closed'],
  ])('is refused with %s', async (_, text, words) => {
    await expect(csv(text)).rejects.toThrow(words);
  });

  it('is no door for formulas: what a spreadsheet would compute is written as text, and read as it was', async () => {
    const record: RegistryRecord = {
      type: 'station',
      stationId: '=X',
      siteId: '',
      name: '=HYPERLINK("http://x")',
      password: '',
      evses: [],
    };
    const text = toCsv([record], ',');
    expect(text).toContain(`"'=HYPERLINK(""http://x"")"`);
    expect(text).toContain(`'=X`);
    expect((await csv(csvHead(',', false) + text))[0]?.record).toEqual(station({ stationId: '=X', name: '=HYPERLINK("http://x")' }));
  });

  it('gives nothing of a column that is left out, and nothing of an empty cell', async () => {
    const [site, first] = await csv('type,siteId,stationId,name\nsite,depot,,\nstation,,A,\n');
    const given = (of: Parsed | undefined) =>
      Object.entries(of?.record?.value ?? {}).flatMap(([key, value]) => (value === undefined ? [] : key));
    expect(given(site)).toEqual(['siteId']);
    expect(given(first).sort()).toEqual(['evses', 'password', 'stationId']);
  });

  it('ends a line of JSON at a line feed only', async () => {
    const names = ['a\u2028b', 'a\u2029b', 'a\u0085b', 'a\rb', 'a\nb'];
    const list = names.map((name, index): RegistryRecord => ({ type: 'station', stationId: `S${index}`, name, password: '', evses: [] }));
    const read = await all(readJsonLines(fileOf(`\ufeff${toJsonLines(list).replaceAll('\n', '\r\n\r\n')}`)));
    expect(read.map(({ record }) => record)).toEqual(list.map((record) => parsedOf(0, record).record));
  });

  const words = fc.string({ unit: 'grapheme', maxLength: 30 }).map((text) => text.replaceAll('\0', '').trim());
  const id = fc.stringMatching(/^[A-Za-z0-9*\-_=+|@.]{1,48}$/);
  const records: fc.Arbitrary<RegistryRecord[]> = fc.uniqueArray(
    fc.oneof(
      fc.record({
        type: fc.constant('site' as const),
        siteId: id,
        name: words,
        address: words,
        city: words,
        countryCode: fc.constantFrom('', 'NL'),
        latitude: fc.double({ min: -90, max: 90, noNaN: true }).map((degrees) => Number(degrees.toFixed(6)) + 0),
        longitude: fc.double({ min: -180, max: 180, noNaN: true }).map((degrees) => Number(degrees.toFixed(6)) + 0),
        timeZone: fc.constantFrom('', 'Europe/Amsterdam'),
      }),
      fc.record({
        type: fc.constant('station' as const),
        stationId: id,
        siteId: fc.oneof(fc.constant(''), id),
        name: words,
        securityProfileMin: fc.integer({ min: 0, max: 3 }),
        tags: fc.uniqueArray(fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.:-]{0,9}$/), { minLength: 1, maxLength: 4 }),
        password: fc.constant(''),
        evses: fc.uniqueArray(
          fc.record({
            evseId: fc.integer({ min: 1, max: 9 }),
            powerWMax: fc.integer({ min: 0, max: 400_000 }),
            connectors: fc.array(
              fc.record({ connectorId: fc.integer({ min: 1, max: 4 }), connectorType: fc.constantFrom('', 'sType2', 'cCCS2') }),
              { maxLength: 3 },
            ),
          }),
          { selector: ({ evseId }) => evseId, maxLength: 4 },
        ),
      }),
    ),
    { selector: (record) => (record.type === 'site' ? `s${record.siteId}` : record.stationId), maxLength: 12 },
  );

  it('comes back as it was written, as CSV with either separator and as lines of JSON', async () => {
    await fc.assert(
      fc.asyncProperty(records, fc.constantFrom(',', ';'), fc.boolean(), async (list, separator, bom) => {
        const expected = list.map((record) => parsedOf(0, record).record);
        const fromCsv = await csv(csvHead(separator, bom) + toCsv(list, separator));
        // An empty cell gives nothing.
        const full = list.map((record) => Object.fromEntries(Object.entries(record).filter(([, value]) => value !== '')));
        expect(fromCsv.map(({ record }) => record)).toEqual(full.map((record) => parsedOf(0, record).record));
        const fromJson = await all(readJsonLines(fileOf(toJsonLines(list))));
        expect(fromJson.map(({ record }) => record)).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });
});

/** A registry that refuses what is named bad, and knows what is named old. */
class RegistryFakes extends FakeServices {
  imports: deviceRegistryV1.ImportRecordsRequest[] = [];

  override serve(rpc: Rpc): void {
    super.serve(rpc);
    rpc.serve<deviceRegistryV1.RegistryService>(deviceRegistryV1.RegistryServiceDefinition, {
      importRecords: (request) => {
        this.imports.push(request);
        if (!request.dryRun && request.records.some(({ record }) => record?.$case === 'station' && record.value.stationId === 'breaks'))
          throw new Error('it breaks');
        const results = request.records.map(({ row, record }) => {
          const id = record?.$case === 'site' ? record.value.siteId : (record?.value.stationId ?? '');
          const outcome = id.startsWith('bad')
            ? ImportOutcome.FAILED
            : id.startsWith('old')
              ? ImportOutcome.UNCHANGED
              : ImportOutcome.CREATED;
          const password = request.makePasswords && outcome === ImportOutcome.CREATED ? 'made' : '';
          return { row, outcome, problem: outcome === ImportOutcome.FAILED ? 'it is bad' : '', password };
        });
        return Promise.resolve({ results });
      },
    });
  }
}

describe('the import', () => {
  let gateway: GatewayUnderTest<RegistryFakes>;
  beforeAll(async () => {
    gateway = await startGateway({ GATEWAY_ADMIN_KEY: ADMIN_KEY }, new RegistryFakes());
  });
  afterAll(() => gateway.app.close());
  beforeEach(() => {
    gateway.services.imports = [];
  });

  const send = async (text: string, query = '', type = 'text/csv') => {
    const response = await gateway.app.inject({
      method: 'POST',
      url: `/v1/registry/import${query}`,
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': type },
      payload: text,
    });
    const lines = response.payload
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    return { status: response.statusCode, lines, result: lines.at(-1) };
  };
  const stations = (...ids: string[]): string => `type,stationId\n${ids.map((id) => `station,${id}\n`).join('')}`;

  it('writes nothing when one row is bad, and says which', async () => {
    const { lines, result } = await send(stations('A', 'bad-1', 'old-1'));
    expect(lines).toContainEqual({ type: 'problem', row: 3, id: 'bad-1', message: 'it is bad' });
    expect(result).toEqual({ type: 'result', imported: false, created: 1, changed: 0, unchanged: 1, failed: 1 });
    expect(gateway.services.imports.map(({ dryRun }) => dryRun)).toEqual([true]);
  });

  it('writes the good rows when the bad ones are to be skipped', async () => {
    const { result } = await send(stations('A', 'bad-1', 'old-1'), '?onProblem=skip');
    expect(result).toEqual({ type: 'result', imported: true, created: 1, changed: 0, unchanged: 1, failed: 1 });
    expect(gateway.services.imports.map(({ dryRun }) => dryRun)).toEqual([false]);
  });

  it('checks all, then writes all, in batches, with progress and the passwords that were made', async () => {
    const { lines, result } = await send(stations(...Array.from({ length: 1_200 }, (_, n) => `S${n}`)), '?makePasswords=true');
    expect(result).toMatchObject({ imported: true, created: 1_200, failed: 0 });
    expect(gateway.services.imports.map(({ dryRun, records }) => [dryRun, records.length])).toEqual([
      [true, 500],
      [true, 500],
      [true, 200],
      [false, 500],
      [false, 500],
      [false, 200],
    ]);
    expect(lines.filter(({ type }) => type === 'password')).toHaveLength(1_200);
    expect(lines.filter(({ type, phase }) => type === 'progress' && phase === 'importing').map(({ records }) => records)).toEqual([
      500, 1_000, 1_200,
    ]);
  });

  it('sends no more at once than a call takes, and of the sites those that its stations name', async () => {
    const line = (n: number, fields: object) =>
      `${JSON.stringify({ name: 'x'.repeat(100_000), ...fields, stationId: `S${n}`, type: 'station' })}\n`;
    const sites = ['a', 'b'].map((siteId) => `${JSON.stringify({ type: 'site', siteId })}\n`).join('');
    const text = sites + Array.from({ length: 60 }, (_, n) => line(n, { siteId: n < 50 ? 'a' : 'b' })).join('');
    expect((await send(text, '?dryRun=true', 'application/x-ndjson')).result).toMatchObject({ created: 62, failed: 0 });
    expect(gateway.services.imports.map(({ records, comingSiteIds }) => [records.length, comingSiteIds])).toEqual([
      [41, ['a']],
      [21, ['a', 'b']],
    ]);
  });

  it('says what to do when it breaks off, about passwords too', async () => {
    expect((await send(stations('breaks'))).result).toEqual({ type: 'error', message: expect.stringContaining('same file again') });
    const { result } = await send(stations('breaks'), '?makePasswords=true');
    expect(result?.['message']).toContain('PUT /v1/stations/{stationId}/credential');
  });

  it('is tried without writing; sites of the file count as there', async () => {
    const { result } = await send('type,siteId,stationId\nsite,depot,\nstation,depot,A\n', '?dryRun=true');
    expect(result).toMatchObject({ imported: false, created: 2 });
    expect(gateway.services.imports).toMatchObject([{ dryRun: true, comingSiteIds: ['depot'] }]);
  });

  it('tells of what stands there twice, and of a file that is none', async () => {
    expect((await send(stations('A', 'A'))).lines).toContainEqual({
      type: 'problem',
      row: 3,
      id: 'A',
      message: 'it stands in the file twice',
    });
    expect((await send('{}')).result).toMatchObject({ imported: false, failed: 1 });
    expect((await send('{"type":"station","stationId":"A"}\nnot json\n', '', 'application/x-ndjson')).lines[0]).toMatchObject({
      type: 'problem',
      row: 2,
    });
  });

  it('takes nothing but a file, and only from an admin', async () => {
    expect((await gateway.call('POST', '/v1/registry/import', { body: {} })).status).toBe(415);
    const made = await gateway.call('POST', '/v1/api-keys', { body: { name: 'o', role: 'operator' } });
    const refused = await gateway.app.inject({
      method: 'POST',
      url: '/v1/registry/import',
      headers: { authorization: `Bearer ${String(made.body['key'])}`, 'content-type': 'text/csv' },
      payload: stations('A'),
    });
    expect(refused.statusCode).toBe(403);
    expect(gateway.services.imports).toEqual([]);
  });

  it('is fed by an export', async () => {
    const exported = await gateway.app.inject({
      method: 'GET',
      url: '/v1/registry/export',
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
    });
    expect(exported.headers['content-type']).toContain('text/csv');
    const { result } = await send(exported.payload);
    expect(result).toMatchObject({ imported: true, failed: 0 });
    expect(result?.['created']).toBe(1 + gateway.services.stations.size);
    const lines = await gateway.app.inject({
      method: 'GET',
      url: '/v1/registry/export?format=ndjson',
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
    });
    expect((await send(lines.payload, '?dryRun=true', 'application/x-ndjson')).result).toEqual({ ...result, imported: false });
  });
});
