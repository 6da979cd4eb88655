import type { Json } from './client.js';

/** What of a stream the output needs; `columns` only where it is a terminal. */
export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** A column of a table: its title, and the field (`a.b`) or what makes its text. */
export type Column = readonly [title: string, of: string | ((row: Json) => unknown)];

export type Format = 'table' | 'json';

/** Elsewhere than on a terminal a line of progress at most so often, ms. */
const PLAIN_EVERY_MS = 5_000;

/** Results to stdout, progress to stderr, so that results can be piped. */
export class Output {
  private lineShown = false;
  private plainAt = 0;

  constructor(
    private readonly format: Format,
    private readonly stdout: Terminal = process.stdout,
    private readonly stderr: Terminal = process.stderr,
  ) {}

  /** Many things: a table, or a JSON array. */
  async list(rows: AsyncIterable<Json>, columns: readonly Column[]): Promise<void> {
    const all: Json[] = [];
    for await (const row of rows) all.push(row);
    this.clear();
    this.stdout.write(this.format === 'json' ? json(all) : table(all, columns));
  }

  /** One thing: its columns below one another, or the whole as JSON. */
  one(row: Json, columns: readonly Column[]): void {
    this.clear();
    this.stdout.write(this.format === 'json' ? json(row) : fields(row, columns));
  }

  /** Something for people only; where JSON is wanted it goes beside it. */
  say(text: string): void {
    this.clear();
    (this.format === 'json' ? this.stderr : this.stdout).write(`${text}\n`);
  }

  /** One line that changes on a terminal; elsewhere a plain line now and then. */
  progress(text: string): void {
    if (this.stderr.isTTY === true) {
      this.stderr.write(`\r\x1b[2K${text.slice(0, (this.stderr.columns ?? 80) - 1)}`);
      this.lineShown = true;
    } else if (performance.now() >= this.plainAt) {
      this.plainAt = performance.now() + PLAIN_EVERY_MS;
      this.stderr.write(`${text}\n`);
    }
  }

  private clear(): void {
    if (this.lineShown) this.stderr.write('\r\x1b[2K');
    this.lineShown = false;
  }
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** What stands in a cell. Control characters of a station's words must not reach the terminal. */
export function cell(value: unknown): string {
  if (value === null || value === undefined || value === '') return '-';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return text.replaceAll(/\p{Cc}+/gu, ' ');
}

/** Rows that came in one answer, for {@link Output.list}. */
export async function* rowsOf(rows: unknown): AsyncGenerator<Json> {
  yield* rows as readonly Json[];
}

function read(row: Json, of: Column[1]): string {
  if (typeof of === 'function') return cell(of(row));
  return cell(of.split('.').reduce<unknown>((at, name) => (typeof at === 'object' && at !== null ? (at as Json)[name] : undefined), row));
}

/** Certificates stand on lines of their own, so that they can be taken from there. */
function pemIn(row: Json, of: Column[1]): string | undefined {
  const value = typeof of === 'string' ? row[of] : undefined;
  if (typeof value !== 'string' || !value.startsWith('-----BEGIN ')) return undefined;
  return `\n${value.trimEnd().split('\n').map(cell).join('\n')}`;
}

function table(rows: readonly Json[], columns: readonly Column[]): string {
  if (rows.length === 0) return 'Nothing found.\n';
  const lines = [columns.map(([title]) => title), ...rows.map((row) => columns.map(([, of]) => read(row, of)))];
  const widths = columns.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
  return lines
    .map(
      (line) =>
        `${line
          .map((text, at) => text.padEnd(widths[at] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

function fields(row: Json, columns: readonly Column[]): string {
  const width = Math.max(...columns.map(([title]) => title.length));
  return columns.map(([title, of]) => `${title.padEnd(width)}  ${pemIn(row, of) ?? read(row, of)}\n`).join('');
}
