import { setTimeout } from 'node:timers/promises';
import type { Payload } from '../station/protocol.js';

/** The REST API of the CSMS, where a scenario needs somebody to ask for something from that side. */
export interface CsmsApiOptions {
  /** `http://127.0.0.1:8080` */
  readonly url: string;
  /** An API key that may operate stations. */
  readonly key: string;
}

/** The CSMS said no. */
export class CsmsRefusal extends Error {
  override readonly name = 'CsmsRefusal';
  constructor(
    message: string,
    /** The last word of the problem's type, e.g. `evse-reserved`; empty: none was told. */
    readonly problem: string,
  ) {
    super(message);
  }
}

const TOO_OFTEN = 429;

export class CsmsApi {
  constructor(private readonly options: CsmsApiOptions) {}

  /**
   * @param ms real ones it takes at most
   * @returns the body
   * @throws {CsmsRefusal} with the status and what the CSMS said, when it refuses
   * @throws {Error} when it cannot be reached
   */
  async call(method: string, path: string, body: Payload | undefined, ms: number): Promise<unknown> {
    for (const deadline = Date.now() + ms; ; ) {
      const response = await this.fetch(method, path, body, ms);
      // It counts what is asked of it.
      if (response.status === TOO_OFTEN && Date.now() < deadline) {
        await setTimeout(Number(response.headers.get('retry-after') ?? 1) * 1_000);
        continue;
      }
      const text = await response.text();
      if (response.ok) return text === '' ? undefined : JSON.parse(text);
      const [, problem = ''] = /"type":"[^"]*:([a-z-]+)"/.exec(text) ?? [];
      throw new CsmsRefusal(`${method} ${path} was answered ${response.status}: ${text.slice(0, 300)}`, problem);
    }
  }

  private fetch(method: string, path: string, body: Payload | undefined, ms: number): Promise<Response> {
    const { url, key } = this.options;
    return fetch(`${url.replace(/\/$/, '')}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        // A driver's app says by it that no other page sent this.
        ...(path.startsWith('/driver/') ? { 'voltlog-driver': '1' } : {}),
      },
      signal: AbortSignal.timeout(ms),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch((error: unknown) => {
      throw new Error(`${url} cannot be reached: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    });
  }
}
