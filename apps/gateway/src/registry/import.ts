import { deviceRegistryV1 } from '@voltlog/proto';
import { BadCsv } from './csv-file.js';
import type { Parsed } from './records.js';

const { ImportOutcome } = deviceRegistryV1;

/** Records sent to the device service at once. */
const BATCH = 500;
/** So many characters of records at most, but for a single one: a call takes 16 MiB, and a character is up to 3 bytes of UTF-8. */
const BATCH_CHARS = 4_000_000;
/** Problems that are told one by one; the others are counted. */
export const PROBLEMS_MAX = 1_000;

export interface ImportOptions {
  readonly dryRun: boolean;
  /** Rows without a problem are imported though others have one. */
  readonly skipBad: boolean;
  readonly makePasswords: boolean;
}

/** What is told while a file is imported, a line of JSON each. The last one is the result. */
export type ImportLine =
  | { readonly type: 'progress'; readonly phase: 'checking' | 'importing'; readonly records: number }
  | { readonly type: 'problem'; readonly row: number; readonly id: string; readonly message: string }
  | { readonly type: 'password'; readonly stationId: string; readonly password: string }
  | {
      readonly type: 'result';
      /** Something was written. */
      readonly imported: boolean;
      readonly created: number;
      readonly changed: number;
      readonly unchanged: number;
      readonly failed: number;
    };

interface Tally {
  created: number;
  changed: number;
  unchanged: number;
  failed: number;
}

/**
 * Imports a file. Without `skipBad` it is checked as a whole first, and nothing is written when a row has a problem. What is written is
 * written record by record: a platform that stops in the middle has a part of it, and the same file again does the rest.
 *
 * @param read gives the records of the file anew each time
 */
export async function* importFile(
  registry: deviceRegistryV1.RegistryService,
  read: () => AsyncIterable<Parsed>,
  { dryRun, skipBad, makePasswords }: ImportOptions,
): AsyncGenerator<ImportLine> {
  if (dryRun || !skipBad) {
    const tally = yield* pass(registry, read(), { phase: 'checking', dryRun: true, makePasswords: false });
    if (dryRun || tally.failed > 0) {
      yield { type: 'result', imported: false, ...tally };
      return;
    }
  }
  const tally = yield* pass(registry, read(), { phase: 'importing', dryRun: false, makePasswords });
  yield { type: 'result', imported: true, ...tally };
}

interface Pass {
  readonly phase: 'checking' | 'importing';
  readonly dryRun: boolean;
  readonly makePasswords: boolean;
}

async function* pass(
  registry: deviceRegistryV1.RegistryService,
  parsed: AsyncIterable<Parsed>,
  options: Pass,
): AsyncGenerator<ImportLine, Tally> {
  const { phase } = options;
  const tally: Tally = { created: 0, changed: 0, unchanged: 0, failed: 0 };
  const seen = new Set<string>();
  const siteIds = new Set<string>();
  let records = 0;
  let batch: Parsed[] = [];
  let chars = 0;
  const problem = function* (row: number, id: string, message: string): Generator<ImportLine> {
    tally.failed += 1;
    if (tally.failed <= PROBLEMS_MAX) yield { type: 'problem', row, id, message };
  };
  const flush = async function* (): AsyncGenerator<ImportLine> {
    const rows = batch;
    batch = [];
    chars = 0;
    const { results } = await registry.importRecords({
      records: rows.map(({ row, record }) => ({ row, record })),
      dryRun: options.dryRun,
      makePasswords: options.makePasswords,
      comingSiteIds: options.dryRun ? [...new Set(rows.flatMap(siteIdOf))].filter((id) => siteIds.has(id)) : [],
    });
    for (const [index, result] of results.entries()) {
      const id = rows[index]?.id ?? '';
      if (result.password !== '') yield { type: 'password', stationId: id, password: result.password };
      if (result.outcome === ImportOutcome.CREATED) tally.created += 1;
      else if (result.outcome === ImportOutcome.CHANGED) tally.changed += 1;
      else if (result.outcome === ImportOutcome.UNCHANGED) tally.unchanged += 1;
      else yield* problem(result.row, id, result.problem);
    }
    yield { type: 'progress', phase, records };
  };
  try {
    for await (const each of parsed) {
      records += 1;
      const key = `${each.record?.$case ?? ''} ${each.id}`;
      if (each.record === undefined) yield* problem(each.row, each.id, each.problem ?? 'it cannot be read');
      else if (seen.has(key)) yield* problem(each.row, each.id, 'it stands in the file twice');
      else {
        seen.add(key);
        if (each.record.$case === 'site') siteIds.add(each.id);
        const size = JSON.stringify(each.record).length;
        if (batch.length > 0 && chars + size > BATCH_CHARS) yield* flush();
        chars += size;
        batch.push(each);
        if (batch.length === BATCH) yield* flush();
      }
    }
  } catch (error) {
    if (!(error instanceof BadCsv)) throw error;
    yield* problem(records + 1, '', error.message);
  }
  if (batch.length > 0) yield* flush();
  return tally;
}

const siteIdOf = ({ record }: Parsed): string | readonly never[] => (record?.$case === 'station' && record.value.siteId) || [];
