/** What of a stream the output needs; `columns` only where it is a terminal. */
export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Where a command writes: results to stdout, progress to stderr, so that results can be piped. */
export class Output {
  private readonly isTty: boolean;
  private readonly hasColor: boolean;
  private lineShown = false;
  private plainAt = 0;

  constructor(
    readonly json: boolean,
    private readonly stdout: Terminal = process.stdout,
    private readonly stderr: Terminal = process.stderr,
    environment: Readonly<Record<string, string | undefined>> = process.env,
  ) {
    this.isTty = stderr.isTTY === true;
    this.hasColor = stdout.isTTY === true && (environment['NO_COLOR'] ?? '') === '';
  }

  /** One line that changes on a terminal; elsewhere a plain line at most every 5 s. */
  progress(text: string): void {
    if (this.isTty) {
      this.stderr.write(`\r\x1b[2K${text.slice(0, (this.stderr.columns ?? 80) - 1)}`);
      this.lineShown = true;
      return;
    }
    if (performance.now() < this.plainAt) return;
    this.plainAt = performance.now() + PLAIN_EVERY_MS;
    this.stderr.write(`${text}\n`);
  }

  /** A line for people; left out where JSON is wanted. */
  line(text: string): void {
    this.endProgress();
    if (!this.json) this.stdout.write(`${text}\n`);
  }

  /** A JSON line for programs; left out where people read. */
  data(value: object): void {
    this.endProgress();
    if (this.json) this.stdout.write(`${JSON.stringify(value)}\n`);
  }

  good(text: string): string {
    return this.hasColor ? `\x1b[32m${text}\x1b[0m` : text;
  }

  bad(text: string): string {
    return this.hasColor ? `\x1b[31m${text}\x1b[0m` : text;
  }

  endProgress(): void {
    if (this.lineShown) this.stderr.write('\r\x1b[2K');
    this.lineShown = false;
  }
}

const PLAIN_EVERY_MS = 5_000;

export const kWh = (wh: number): string => `${(wh / 1000).toFixed(2)} kWh`;
