import type { Payload } from '../station/protocol.js';

/** The REST API of the CSMS, where a scenario needs somebody to ask for something from that side. */
export interface CsmsApiOptions {
  /** `http://127.0.0.1:8080` */
  readonly url: string;
  /** An API key that may operate stations. */
  readonly key: string;
}

export class CsmsApi {
  constructor(private readonly options: CsmsApiOptions) {}

  /**
   * @param ms real ones it takes at most
   * @returns the body
   * @throws {Error} with the status and what the CSMS said, when it refuses or cannot be reached
   */
  async call(method: string, path: string, body: Payload | undefined, ms: number): Promise<unknown> {
    const { url, key } = this.options;
    const response = await fetch(`${url.replace(/\/$/, '')}${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      signal: AbortSignal.timeout(ms),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch((error: unknown) => {
      throw new Error(`${url} cannot be reached: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status}: ${text.slice(0, 300)}`);
    return text === '' ? undefined : JSON.parse(text);
  }
}
