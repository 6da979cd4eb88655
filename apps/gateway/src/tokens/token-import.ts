import { RequestError } from '@voltlog/kernel';
import type { authorizationV1 } from '@voltlog/proto';
import { BadCsv } from '../registry/csv-file.js';
import { type ImportLine, PROBLEMS_MAX } from '../registry/import.js';
import { toPutToken, toToken } from '../views/token.view.js';
import type { ParsedToken, TokenRecord } from './token-file.js';

/** Tokens asked about or written at once. */
const AT_ONCE = 50;
const TYPE_DEFAULT = 'ISO14443';

export interface TokenImportOptions {
  readonly dryRun: boolean;
  /** Rows without a problem are imported though others have one. */
  readonly skipBad: boolean;
  /** Characters of a new key code at least. */
  readonly keyCodeLengthMin: number;
}

type Authorization = Pick<authorizationV1.AuthorizationService, 'getToken' | 'putToken' | 'getContract'>;
type Outcome = 'created' | 'changed' | 'unchanged' | { readonly problem: string };

/**
 * Imports a file of tokens as {@link importFile} does the registry: checked as a whole first unless rows may be left out, written token by
 * token, so that the same file again does the rest of one that broke off.
 */
export async function* importTokens(
  authorization: Authorization,
  read: () => AsyncIterable<ParsedToken>,
  options: TokenImportOptions,
): AsyncGenerator<ImportLine> {
  const { dryRun, skipBad } = options;
  if (dryRun || !skipBad) {
    const tally = yield* pass(read(), 'checking', (record) => checked(authorization, record, options));
    if (dryRun || tally.failed > 0) {
      yield { type: 'result', imported: false, ...tally };
      return;
    }
  }
  const tally = yield* pass(read(), 'importing', (record) => written(authorization, record, options));
  yield { type: 'result', imported: true, ...tally };
}

interface Tally {
  created: number;
  changed: number;
  unchanged: number;
  failed: number;
}

async function* pass(
  parsed: AsyncIterable<ParsedToken>,
  phase: 'checking' | 'importing',
  work: (record: TokenRecord) => Promise<Outcome>,
): AsyncGenerator<ImportLine, Tally> {
  const tally: Tally = { created: 0, changed: 0, unchanged: 0, failed: 0 };
  const seen = new Set<string>();
  let records = 0;
  let batch: ParsedToken[] = [];
  const problem = function* (row: number, id: string, message: string): Generator<ImportLine> {
    tally.failed += 1;
    if (tally.failed <= PROBLEMS_MAX) yield { type: 'problem', row, id, message };
  };
  const flush = async function* (): AsyncGenerator<ImportLine> {
    const rows = batch;
    batch = [];
    const outcomes = await Promise.all(rows.map(({ record }) => (record === undefined ? { problem: '' } : work(record))));
    for (const [index, outcome] of outcomes.entries()) {
      const { row = 0, id = '' } = rows[index] ?? {};
      if (typeof outcome === 'string') tally[outcome] += 1;
      else yield* problem(row, id, outcome.problem);
    }
    yield { type: 'progress', phase, records };
  };
  try {
    for await (const each of parsed) {
      records += 1;
      const key = `${each.record?.type ?? TYPE_DEFAULT} ${each.id}`;
      if (each.record === undefined) yield* problem(each.row, each.id, each.problem ?? 'it cannot be read');
      else if (seen.has(key)) yield* problem(each.row, each.id, 'it stands in the file twice');
      else {
        seen.add(key);
        if (batch.push(each) === AT_ONCE) yield* flush();
      }
    }
  } catch (error) {
    if (!(error instanceof BadCsv)) throw error;
    yield* problem(records + 1, '', error.message);
  }
  if (batch.length > 0) yield* flush();
  return tally;
}

type Known = ReturnType<typeof toToken> | undefined;

async function checked(authorization: Authorization, record: TokenRecord, options: TokenImportOptions): Promise<Outcome> {
  return judged(authorization, record, { known: await tokenOf(authorization, record), options });
}

async function judged(
  authorization: Authorization,
  record: TokenRecord,
  { known, options: { keyCodeLengthMin } }: { readonly known: Known; readonly options: TokenImportOptions },
): Promise<Outcome> {
  if (known === undefined && record.type === 'KeyCode' && record.idToken.length < keyCodeLengthMin)
    return { problem: `a key code has at least ${keyCodeLengthMin} characters (GATEWAY_KEY_CODE_LENGTH_MIN)` };
  const { contractId } = record;
  if (typeof contractId === 'string' && (await isNotThere(() => authorization.getContract({ contractId }))))
    return { problem: `there is no contract ${contractId}` };
  if (known === undefined) return 'created';
  return saysNothingNew(record, known) ? 'unchanged' : 'changed';
}

async function written(authorization: Authorization, record: TokenRecord, options: TokenImportOptions): Promise<Outcome> {
  const known = await tokenOf(authorization, record);
  const found = await judged(authorization, record, { known, options });
  if (found === 'unchanged' || typeof found !== 'string') return found;
  const { idToken, ...body } = withRulesOf(record, known);
  try {
    const conditions = { expectedVersion: known?.version ?? 0, mustBeNew: known === undefined };
    await authorization.putToken(toPutToken(idToken, body, { ...conditions, idempotencyKey: '' }));
    return found;
  } catch (error) {
    if (error instanceof RequestError) return { problem: error.message };
    throw error;
  }
}

/** Sites, stations and budget are replaced together: what a row does not give of them must stay. */
function withRulesOf(record: TokenRecord, known: Known): TokenRecord {
  const { siteIds, stationIds, budget } = record;
  if (known === undefined || (siteIds === undefined && stationIds === undefined && budget === undefined)) return record;
  return {
    ...record,
    siteIds: siteIds ?? known.siteIds,
    stationIds: stationIds ?? known.stationIds,
    // What is not limited is left out, as it is in a row.
    budget: budget === undefined ? (withoutNulls(known.budget) as TokenRecord['budget']) : budget,
  };
}

const withoutNulls = (value: object | null): object | null =>
  value === null ? null : Object.fromEntries(Object.entries(value).filter(([, each]) => each !== null));

async function tokenOf(authorization: Authorization, { idToken, type = TYPE_DEFAULT }: TokenRecord) {
  try {
    const { token } = await authorization.getToken({ idToken: { idToken, type } });
    return token === undefined ? undefined : toToken(token);
  } catch (error) {
    if (error instanceof RequestError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

async function isNotThere(ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await ask();
    return false;
  } catch (error) {
    if (error instanceof RequestError && error.code === 'NOT_FOUND') return true;
    throw error;
  }
}

/** What is not given stays; what is not limited in a budget is not told. */
function saysNothingNew(record: TokenRecord, known: ReturnType<typeof toToken>): boolean {
  return Object.entries(record).every(([field, value]) => value === undefined || same(value, known[field as keyof typeof known]));
}

function same(given: unknown, known: unknown): boolean {
  if (Array.isArray(given) && Array.isArray(known))
    return given.length === known.length && given.every((each, index) => each === known[index]);
  if (isObject(given) && isObject(known))
    return Object.keys({ ...given, ...known }).every((name) => (given[name] ?? null) === (known[name] ?? null));
  return given === known;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
