import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.js';

/** The workspace's top folder. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../../..');

/** What is tested: the workspace's build, or another one. */
const DIST = process.env['VOLTLOG_DIST'] ?? join(ROOT, 'dist');

/** A built app as a process of its own, with what it printed. */
export class Child {
  output = '';
  private readonly process: ChildProcess;
  private readonly ended: Promise<number | null>;

  constructor(
    readonly app: string,
    args: readonly string[],
    environment: Readonly<Record<string, string>>,
  ) {
    const main = join(DIST, app, 'main.js');
    if (!existsSync(main)) throw new Error(`${main} is not built; run npm run build`);
    this.process = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], {
      env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.process.stdout, this.process.stderr])
      stream?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.ended = new Promise((resolve) => this.process.once('exit', (code) => resolve(code)));
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  get running(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  /** The first match in what it printed. */
  async printed(pattern: RegExp, deadlineMs = 60_000): Promise<RegExpExecArray> {
    return eventually(
      `${this.app} prints ${pattern}`,
      () => {
        const match = pattern.exec(this.output);
        if (match !== null) return match;
        if (!this.running) throw new Error(`${this.app} ended: ${this.output.slice(-2_000)}`);
        return undefined;
      },
      deadlineMs,
    );
  }

  /** The process is gone at once, as if the power went. */
  async kill9(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.ended;
  }

  /** Asks it to end in order; answers its exit code. */
  async stop(): Promise<number | null> {
    if (this.running) this.process.kill('SIGTERM');
    return this.ended;
  }

  exited(): Promise<number | null> {
    return this.ended;
  }
}
