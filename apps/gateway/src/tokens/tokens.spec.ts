import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RequestError } from '@voltlog/kernel';
import { authorizationV1 } from '@voltlog/proto';
import { afterAll, describe, expect, it } from 'vitest';
import { toToken } from '../views/token.view.js';
import { type ParsedToken, readTokenCsv, readTokenLines, tokenCsvHead, toTokenCsv, toTokenLines } from './token-file.js';
import { importTokens } from './token-import.js';

const folder = mkdtempSync(join(tmpdir(), 'voltlog-tokens-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, 'file');

const all = async (parsed: AsyncIterable<ParsedToken>): Promise<ParsedToken[]> => {
  const list: ParsedToken[] = [];
  for await (const each of parsed) list.push(each);
  return list;
};
const csv = (text: string) => {
  writeFileSync(path, text);
  return all(readTokenCsv(path));
};
const lines = (text: string) => {
  writeFileSync(path, text);
  return all(readTokenLines(path));
};

const token = (idToken: string, change: Partial<authorizationV1.Token> = {}): authorizationV1.Token =>
  authorizationV1.Token.fromPartial({
    idToken: { idToken, type: 'ISO14443' },
    status: authorizationV1.TokenStatus.ACTIVE,
    ...change,
  } as never);

/** The authorization service as the import sees it. */
class FakeAuthorization {
  readonly tokens = new Map<string, authorizationV1.Token>();
  readonly puts: authorizationV1.PutTokenRequest[] = [];

  async getToken({ idToken }: authorizationV1.GetTokenRequest): Promise<authorizationV1.GetTokenResponse> {
    const found = this.tokens.get(idToken?.idToken ?? '');
    if (found === undefined) throw new RequestError('NOT_FOUND', 'no such token');
    return { token: found };
  }

  async putToken(request: authorizationV1.PutTokenRequest): Promise<authorizationV1.PutTokenResponse> {
    if (request.note === 'refuse me') throw new RequestError('FAILED_PRECONDITION', 'refused');
    this.puts.push(request);
    const id = request.idToken?.idToken ?? '';
    const created = !this.tokens.has(id);
    this.tokens.set(id, token(id, { note: request.note ?? '', siteIds: request.siteIds, budget: request.budget }));
    return { token: this.tokens.get(id), created };
  }

  async getContract({ contractId }: authorizationV1.GetContractRequest): Promise<authorizationV1.GetContractResponse> {
    if (contractId === 'there') return authorizationV1.GetContractResponse.fromPartial({});
    throw new RequestError('NOT_FOUND', 'no such contract');
  }
}

async function imported(authorization: FakeAuthorization, text: string, options: { dryRun?: boolean; skipBad?: boolean } = {}) {
  writeFileSync(path, text);
  const told: { readonly type: string }[] = [];
  const all = { dryRun: false, skipBad: false, keyCodeLengthMin: 8, ...options };
  for await (const line of importTokens(authorization, () => readTokenCsv(path), all)) told.push(line);
  return told.filter(({ type }) => type !== 'progress');
}

describe('a file of tokens', () => {
  it('is read in any order of columns; what is empty is not given', async () => {
    expect(await csv('note;IDTOKEN;siteIds;concurrentTransactionsMax\n"van; white";04A2;north south;2\n;04A3;;\n')).toMatchObject([
      { row: 2, record: { idToken: '04A2', note: 'van; white', siteIds: ['north', 'south'], concurrentTransactionsMax: 2 } },
      { row: 3, record: { idToken: '04A3' } },
    ]);
  });

  it.each([
    ['idToken,status\n04A2,Lost\n', 'status'],
    ['idToken,concurrentTransactionsMax\n04A2,many\n', 'concurrentTransactionsMax'],
    ['idToken,expiresAt\n04A2,tomorrow\n', 'expiresAt'],
    ['idToken,note\n,x\n', 'idToken'],
  ])('%j tells which field is wrong', async (text, field) => {
    expect(await csv(text)).toMatchObject([{ row: 2, problem: expect.stringContaining(field) }]);
  });

  it('lines of JSON say the same, and budgets', async () => {
    const [first, second, third] = await lines('{"idToken":"A","budget":{"energyWhPerDay":1000}}\n{"idToken":"B","colour":"red"}\n{\n');
    expect(first?.record).toMatchObject({ idToken: 'A', budget: { energyWhPerDay: 1000 } });
    expect(second).toMatchObject({ row: 2, id: 'B', problem: expect.stringContaining('colour') });
    expect(third).toMatchObject({ row: 3, problem: expect.stringContaining('not JSON') });
  });

  it('what is exported is read as it was; a spreadsheet sees no formula', async () => {
    const tokens = [
      token('=A', { note: '+1', siteIds: ['north'], groupId: 'fleet' }),
      token('B', { expiresAt: '2027-01-01T00:00:00.000Z' }),
    ].map(toToken);
    const text = tokenCsvHead(';', true) + toTokenCsv(tokens, ';');
    expect(text).toContain("'=A");
    expect(await csv(text)).toMatchObject([
      { record: { idToken: '=A', note: '+1', siteIds: ['north'], groupId: 'fleet', status: 'Active' } },
      { record: { idToken: 'B', expiresAt: '2027-01-01T00:00:00.000Z' } },
    ]);
    expect((await lines(toTokenLines(tokens))).map(({ problem }) => problem)).toEqual([undefined, undefined]);
  });
});

describe('importing tokens', () => {
  it('makes, changes and leaves alone; again it changes nothing', async () => {
    const authorization = new FakeAuthorization();
    authorization.tokens.set('KNOWN', token('KNOWN', { note: 'old' }));
    authorization.tokens.set('SAME', token('SAME', { note: 'same' }));
    const file = 'idToken,note\nNEW,n\nKNOWN,new\nSAME,same\n';
    expect(await imported(authorization, file)).toEqual([
      { type: 'result', imported: true, created: 1, changed: 1, unchanged: 1, failed: 0 },
    ]);
    expect(authorization.puts.map(({ idToken, mustBeNew }) => [idToken?.idToken, mustBeNew])).toEqual([
      ['NEW', true],
      ['KNOWN', false],
    ]);
    expect(await imported(authorization, file)).toEqual([
      { type: 'result', imported: true, created: 0, changed: 0, unchanged: 3, failed: 0 },
    ]);
  });

  it('a dry run writes nothing', async () => {
    const authorization = new FakeAuthorization();
    expect(await imported(authorization, 'idToken\nA\nB\n', { dryRun: true })).toEqual([
      { type: 'result', imported: false, created: 2, changed: 0, unchanged: 0, failed: 0 },
    ]);
    expect(authorization.puts).toEqual([]);
  });

  it('one row with a problem stops all, or is left out', async () => {
    const authorization = new FakeAuthorization();
    const file = 'idToken,type,contractId\nA,,there\nB,,nowhere\n1234,KeyCode,\nA,,\n';
    const problems = [
      { type: 'problem', row: 5, id: 'A', message: 'it stands in the file twice' },
      { type: 'problem', row: 3, id: 'B', message: 'there is no contract nowhere' },
      { type: 'problem', row: 4, id: '1234', message: 'a key code has at least 8 characters (GATEWAY_KEY_CODE_LENGTH_MIN)' },
    ];
    expect(await imported(authorization, file)).toEqual([
      ...problems,
      { type: 'result', imported: false, created: 1, changed: 0, unchanged: 0, failed: 3 },
    ]);
    expect(authorization.puts).toEqual([]);
    expect(await imported(authorization, file, { skipBad: true })).toEqual([
      ...problems,
      { type: 'result', imported: true, created: 1, changed: 0, unchanged: 0, failed: 3 },
    ]);
  });

  it('what the authorization service refuses is a problem of its row', async () => {
    expect(await imported(new FakeAuthorization(), 'idToken,note\nA,refuse me\nB,b\n', { skipBad: true })).toEqual([
      { type: 'problem', row: 2, id: 'A', message: 'refused' },
      { type: 'result', imported: true, created: 1, changed: 0, unchanged: 0, failed: 1 },
    ]);
  });

  it('a row that gives sites takes no budget away', async () => {
    const authorization = new FakeAuthorization();
    const budget = { energyWhPerDay: 1_000, costPerDay: '', costPerMonth: '', currency: '', timeZone: 'UTC' } as authorizationV1.Budget;
    authorization.tokens.set('A', token('A', { budget }));
    await imported(authorization, 'idToken,siteIds\nA,north\n');
    expect(authorization.puts[0]).toMatchObject({ siteIds: ['north'], replaceRules: true, budget: { energyWhPerDay: 1_000 } });
  });

  it('a file that is no CSV says so', async () => {
    expect(await imported(new FakeAuthorization(), 'idToken,colour\nA,red\n')).toMatchObject([
      { type: 'problem', message: expect.stringContaining('unknown columns colour') },
      { type: 'result', imported: false, failed: 1 },
    ]);
  });
});
