import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { vi } from 'vitest';
import { addApiCommands, endOf } from '../cli/cli.js';

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly key: string | undefined;
  /** JSON as it was meant; anything else as text. */
  readonly body: unknown;
  /** `If-Match` and `If-None-Match`, where they were sent. */
  readonly ifMatch?: string;
  readonly ifNoneMatch?: string;
}

/** A text is answered as a file. */
type Told = readonly [status: number, body: unknown];

/** An API that answers what it is told to, and the command line that asks it. */
export class CliWorld {
  asked: Asked[] = [];
  /** By method and path without its query; the last one stays. */
  answers: Record<string, readonly Told[]> = {};
  readonly url: string;
  /** For files of a test. */
  readonly folder = mkdtempSync(join(tmpdir(), 'voltlog-cli-'));

  private constructor(private readonly server: ReturnType<typeof createServer>) {
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method = '', url: target = '', headers } = request;
        const text = Buffer.concat(chunks).toString();
        const body: unknown = text === '' ? undefined : headers['content-type'] === 'application/json' ? JSON.parse(text) : text;
        const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = headers;
        const conditions = {
          ...(ifMatch === undefined ? {} : { ifMatch }),
          ...(ifNoneMatch === undefined ? {} : { ifNoneMatch }),
        };
        this.asked.push({ method, url: target, key: headers.authorization, body, ...conditions });
        const [status, answer] = this.next(`${method} ${target.split('?')[0]}`);
        const type = typeof answer === 'string' ? 'application/octet-stream' : 'application/json';
        response.writeHead(status, { 'content-type': type }).end(typeof answer === 'string' ? answer : JSON.stringify(answer));
      });
    });
  }

  static async open(): Promise<CliWorld> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new CliWorld(server);
  }

  private next(question: string): Told {
    const [first, ...rest] = this.answers[question] ?? [];
    if (rest.length > 0) this.answers[question] = rest;
    return first ?? [404, { detail: 'There is no such thing.' }];
  }

  forget(): void {
    this.asked = [];
    this.answers = {};
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
    this.server.close();
  }

  /** Runs a command line; what it printed, and how it ended. */
  async run(...words: string[]): Promise<{ code: number; out: string; err: string }> {
    const printed = { out: '', err: '' };
    const take = (to: 'out' | 'err') => (text: unknown) => {
      printed[to] += String(text);
      return true;
    };
    const spies = [
      vi.spyOn(process.stdout, 'write').mockImplementation(take('out')),
      vi.spyOn(process.stderr, 'write').mockImplementation(take('err')),
    ];
    const program = new Command('voltlog').exitOverride();
    addApiCommands(program, {
      VOLTLOG_URL: this.url,
      VOLTLOG_API_KEY: 'secret',
      VOLTLOG_CONFIG: join(tmpdir(), 'voltlog-no-such-file.json'),
    });
    try {
      await program.parseAsync(words, { from: 'user' });
      const code = Number(process.exitCode ?? 0);
      process.exitCode = undefined;
      return { code, ...printed };
    } catch (error) {
      const end = endOf(error);
      if (end === undefined) throw error;
      return { code: end.code, out: printed.out, err: printed.err + end.text };
    } finally {
      for (const spy of spies) spy.mockRestore();
    }
  }
}
