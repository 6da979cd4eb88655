/** An answer of the API that is an error; `detail` is written for a person. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  constructor(
    readonly status: number,
    readonly type: string,
    readonly detail: string,
    /** Fields that are wrong: a JSON pointer, and what is wrong there. */
    readonly fields: readonly { readonly pointer: string; readonly message: string }[] = [],
  ) {
    super(detail);
  }
}

interface UploadOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (sentBytes: number) => void;
}

/** Calls the API with one key. */
export class ApiClient {
  constructor(readonly key: string) {}

  get<Answer>(path: string, signal?: AbortSignal): Promise<Answer> {
    return this.call<Answer>(path, signal === undefined ? {} : { signal });
  }

  /** A write acts once, also when the network makes the browser send it twice. */
  post<Answer>(path: string, body: object): Promise<Answer> {
    return this.write<Answer>('POST', path, body);
  }

  /** @param version that was read; the write is refused with 412 when somebody else has changed it since */
  patch<Answer>(path: string, body: object, version?: number): Promise<Answer> {
    return this.write<Answer>('PATCH', path, body, ifMatch(version));
  }

  /** @param version as with `patch`; `new`: it is refused with 412 when there is one already */
  put<Answer>(path: string, body: object, version?: number | 'new'): Promise<Answer> {
    return this.write<Answer>('PUT', path, body, version === 'new' ? { 'if-none-match': '*' } : ifMatch(version));
  }

  /** @param version as with `patch` */
  delete<Answer>(path: string, version?: number): Promise<Answer> {
    return this.write<Answer>('DELETE', path, undefined, ifMatch(version));
  }

  /**
   * Sends a file as it lies on disk: it is never read into memory, so it may be of any size.
   *
   * @param onProgress bytes that are sent
   */
  upload<Answer>(path: string, file: Blob, { signal, onProgress }: UploadOptions): Promise<Answer> {
    return new Promise((resolve, reject) => {
      // `fetch` does not tell how much is sent.
      const request = new XMLHttpRequest();
      request.open('POST', path);
      request.setRequestHeader('authorization', `Bearer ${this.key}`);
      request.setRequestHeader('content-type', 'application/octet-stream');
      request.upload.addEventListener('progress', ({ loaded }) => onProgress(loaded));
      request.addEventListener('load', () => {
        const { status, responseText } = request;
        const response = new Response(responseText, { status });
        (response.ok ? response.json() : problemOf(response).then((problem) => Promise.reject(problem))).then(resolve, reject);
      });
      request.addEventListener('error', () =>
        reject(new ApiError(0, 'unreachable', 'The connection broke. Unless it is in the list all the same, try again.')),
      );
      request.addEventListener('abort', () => reject(new DOMException('Called off', 'AbortError')));
      signal.addEventListener('abort', () => request.abort(), { once: true });
      request.send(file);
    });
  }

  /** Gives a file to the browser to keep. A link cannot: it would carry no key. */
  async download(path: string, fileName: string): Promise<void> {
    const address = URL.createObjectURL(await (await this.fetched(path, {})).blob());
    const link = Object.assign(document.createElement('a'), { href: address, download: fileName });
    link.click();
    URL.revokeObjectURL(address);
  }

  private write<Answer>(method: string, path: string, body?: object, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.call<Answer>(path, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }), 'idempotency-key': newId() },
    });
  }

  private async call<Answer>(path: string, init: RequestInit): Promise<Answer> {
    const response = await this.fetched(path, init);
    return (response.status === 204 ? undefined : await response.json()) as Answer;
  }

  private async fetched(path: string, init: RequestInit): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(path, { ...init, headers: { ...init.headers, authorization: `Bearer ${this.key}` } });
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') throw error;
      throw new ApiError(0, 'unreachable', 'Voltlog cannot be reached. Is it running?');
    }
    if (!response.ok) throw await problemOf(response);
    return response;
  }
}

const ifMatch = (version: number | undefined): Readonly<Record<string, string>> =>
  version === undefined ? {} : { 'if-match': `"${version}"` };

/** `crypto.randomUUID` exists only on https and localhost; a console on a plain LAN address needs an id as well. */
const newId = (): string => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');

export async function problemOf(response: Response): Promise<ApiError> {
  const fallback = `The API answered ${response.status}.`;
  try {
    const { type, detail, errors } = (await response.json()) as { type?: unknown; detail?: unknown; errors?: ApiError['fields'] };
    const fields = Array.isArray(errors) ? errors : [];
    return new ApiError(response.status, String(type ?? ''), typeof detail === 'string' ? detail : fallback, fields);
  } catch {
    return new ApiError(response.status, '', fallback);
  }
}

/** What went wrong, in words for a person. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof ApiError)) return 'Something went wrong in this page. Reload it to go on.';
  if (error.status === 412 && !error.type.endsWith('-exists'))
    return 'Somebody else changed it meanwhile, so nothing was saved. Open it again and see what it is now.';
  return error.fields.length === 0 ? error.detail : error.fields.map(fieldWords).join('. ');
}

/** `/variables/0/value` -> `variables 1, value: ...`: a person counts from one. */
function fieldWords({ pointer, message }: ApiError['fields'][number]): string {
  const path = pointer.split('/').slice(1);
  const where = path.map((part) => (/^\d+$/.test(part) ? ` ${Number(part) + 1}` : `, ${part}`)).join('');
  return where === '' ? message : `${where.slice(2)}: ${message}`;
}
