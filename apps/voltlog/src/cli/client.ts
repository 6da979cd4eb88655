import { CliError, EXIT } from './errors.js';
import type { Settings } from './settings.js';

export type Json = Readonly<Record<string, unknown>>;

interface ListPage {
  readonly data: readonly Json[];
  readonly nextCursor: string | null;
}

/** Rows asked for at once. */
const PAGE = 200;
/** A command to a station may take two minutes. */
const TIMEOUT_MS = 150_000;

/** The REST API; everything the command line does goes through it. */
export class Client {
  constructor(private readonly settings: Settings) {}

  get(path: string): Promise<Json> {
    return this.call('GET', path);
  }

  /** @throws {CliError} with the problem in words and the exit code that fits */
  async call(method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Json> {
    const response = await this.send(method, path, {
      ...(body === undefined ? { headers } : { body: JSON.stringify(body), headers: { ...headers, 'content-type': 'application/json' } }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return (await response.json()) as Json;
  }

  /** A request of any form; the response of one that went well. */
  async send(method: string, path: string, init: RequestInit & { readonly duplex?: 'half' } = {}): Promise<Response> {
    const { url, key } = this.settings;
    let response: Response;
    try {
      response = await fetch(url + path, { ...init, method, headers: { ...init.headers, authorization: `Bearer ${key}` } });
    } catch (error) {
      throw new CliError(
        EXIT.unavailable,
        `${url} does not answer (${reasonOf(error)}). Is Voltlog running there? --url or VOLTLOG_URL names another address.`,
      );
    }
    if (response.ok) return response;
    throw problem(response.status, await response.text());
  }

  /** Rows of a list, page by page, at most so many. */
  async *rows(path: string, max = Number.POSITIVE_INFINITY): AsyncGenerator<Json> {
    let cursor: string | null = '';
    for (let left = max; cursor !== null && left > 0; ) {
      const separator = path.includes('?') ? '&' : '?';
      const more: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const page = (await this.get(`${path}${separator}limit=${Math.min(PAGE, left)}${more}`)) as unknown as ListPage;
      yield* page.data;
      left -= page.data.length;
      cursor = page.nextCursor;
    }
  }
}

/** Headers of a write that is to make what is not there yet, and change nothing. */
export const ifNew = (isNew: true | undefined): Readonly<Record<string, string>> => (isNew === true ? { 'if-none-match': '*' } : {});

/** `?a=1&b=2` of what is given; empty: nothing is. */
export function query(fields: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined);
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
}

function problem(status: number, text: string): CliError {
  const code =
    status === 401 || status === 403
      ? EXIT.access
      : status === 404
        ? EXIT.notFound
        : status >= 500 && status !== 501
          ? EXIT.unavailable
          : EXIT.failed;
  let body: { detail?: string; title?: string; errors?: readonly { pointer: string; message: string }[] } = {};
  try {
    body = JSON.parse(text) as typeof body;
  } catch {
    // Something before the API answered; the status says what there is to say.
  }
  const fields = (body.errors ?? []).map(({ pointer, message }) => `\n  ${pointer || '/'}: ${message}`).join('');
  return new CliError(code, `${body.detail ?? body.title ?? `the API answered ${status}`}${fields}`);
}

const reasonOf = (error: unknown): string => {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error ? ('code' in cause ? String(cause.code) : cause.message) : String(cause);
};
