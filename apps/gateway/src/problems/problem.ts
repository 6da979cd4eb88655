import { OperatingError, RequestError } from '@voltlog/kernel';
import { z } from 'zod';

/** A field that is wrong, and where it was. */
export interface FieldError {
  readonly in: 'body' | 'query' | 'path' | 'header';
  /** JSON pointer into the body, or `/name` of the parameter. */
  readonly pointer: string;
  readonly message: string;
}

/** What a problem says. Source: RFC 9457 §3.1. */
export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  readonly instance?: string;
  readonly errors?: readonly FieldError[];
  readonly [extension: string]: unknown;
}

export const problemSchema = z
  .looseObject({
    type: z.string().meta({ description: 'Stable: programs decide by it.', examples: ['urn:voltlog:problem:station-offline'] }),
    title: z.string(),
    status: z.int(),
    detail: z.string().optional(),
    instance: z.string().optional().meta({ description: 'The request id; name it when you ask for help.' }),
    errors: z.array(z.object({ in: z.enum(['body', 'query', 'path', 'header']), pointer: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details' });

const URN = 'urn:voltlog:problem:';

/** An answer that is an error; thrown anywhere in a request, written by the filter. */
export class Problem extends Error {
  override readonly name = 'Problem';
  constructor(
    readonly status: number,
    readonly slug: string,
    readonly detail: string,
    readonly more: {
      readonly extensions?: Readonly<Record<string, unknown>>;
      readonly headers?: Readonly<Record<string, string>>;
      readonly cause?: unknown;
    } = {},
  ) {
    super(detail, { cause: more.cause });
  }

  body(instance?: string): ProblemBody {
    return {
      type: URN + this.slug,
      title: TITLES[this.status] ?? 'Error',
      status: this.status,
      detail: this.detail,
      ...(instance === undefined ? {} : { instance }),
      ...this.more.extensions,
    };
  }
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Not authenticated',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  408: 'Timed out',
  409: 'Conflict',
  410: 'Gone',
  412: 'Changed by somebody else',
  413: 'Too large',
  414: 'Address too long',
  415: 'Unsupported media type',
  416: 'Range not satisfiable',
  422: 'Unprocessable',
  429: 'Too many requests',
  431: 'Headers too large',
  500: 'Internal error',
  501: 'Not supported',
  503: 'Unavailable',
  504: 'No answer in time',
  507: 'No room',
};

/** The one table from refusals of services to HTTP. */
const REQUEST_ERRORS: Readonly<Record<RequestError['code'], { readonly status: number; readonly slug: string }>> = {
  INVALID_ARGUMENT: { status: 400, slug: 'invalid-request' },
  NOT_FOUND: { status: 404, slug: 'not-found' },
  ALREADY_EXISTS: { status: 409, slug: 'already-exists' },
  FAILED_PRECONDITION: { status: 409, slug: 'conflict' },
  ABORTED: { status: 412, slug: 'version-mismatch' },
  PERMISSION_DENIED: { status: 403, slug: 'forbidden' },
  UNAUTHENTICATED: { status: 401, slug: 'unauthenticated' },
  RESOURCE_EXHAUSTED: { status: 429, slug: 'too-many-requests' },
};

/** Any error as the problem it is to the caller; what is our own bug keeps its text to itself. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof RequestError) {
    const known = REQUEST_ERRORS[error.code];
    return new Problem(known.status, error.reason === undefined ? known.slug : kebab(error.reason), error.message, { cause: error });
  }
  if (error instanceof OperatingError) {
    if (error.code === 'DeadlineExceeded')
      return new Problem(504, 'deadline-exceeded', 'A service behind the API did not answer in time; it is not known whether it acted.', {
        cause: error,
      });
    return new Problem(503, 'service-unavailable', 'A service behind the API cannot be reached now. Try again in a moment.', {
      headers: { 'retry-after': '1' },
      cause: error,
    });
  }
  return fromHttp(error) ?? new Problem(500, 'internal-error', 'Something went wrong on our side.', { cause: error });
}

/** Errors of Fastify and Nest carry their status: a wrong body, an unknown route. */
function fromHttp(error: unknown): Problem | undefined {
  if (!(error instanceof Error)) return undefined;
  const status = 'statusCode' in error ? error.statusCode : 'status' in error ? error.status : undefined;
  if (typeof status !== 'number' || status < 400 || status > 499) return undefined;
  const slug = SLUGS[status] ?? 'invalid-request';
  return new Problem(status, slug, status === 404 ? 'There is nothing at this address.' : error.message, { cause: error });
}

const SLUGS: Readonly<Record<number, string>> = {
  404: 'not-found',
  405: 'method-not-allowed',
  413: 'too-large',
  414: 'address-too-long',
  415: 'unsupported-media-type',
};

/** `StationExists` -> `station-exists` */
export const kebab = (word: string): string =>
  word
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replaceAll('_', '-')
    .toLowerCase();

export const unauthenticated = (detail: string): Problem =>
  new Problem(401, 'unauthenticated', detail, { headers: { 'www-authenticate': 'Bearer realm="voltlog"' } });
export const notFound = (what: string): Problem => new Problem(404, 'not-found', `${what} does not exist.`);
export const invalid = (detail: string, errors: readonly FieldError[]): Problem =>
  new Problem(400, 'invalid-request', detail, { extensions: { errors } });
