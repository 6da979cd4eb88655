import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { OperatingError, RequestError } from '@voltlog/kernel';

/** The one table of codes: our refusals and gRPC's numbers. */
const REQUEST_CODES = {
  INVALID_ARGUMENT: status.INVALID_ARGUMENT,
  NOT_FOUND: status.NOT_FOUND,
  ALREADY_EXISTS: status.ALREADY_EXISTS,
  FAILED_PRECONDITION: status.FAILED_PRECONDITION,
  ABORTED: status.ABORTED,
  PERMISSION_DENIED: status.PERMISSION_DENIED,
  UNAUTHENTICATED: status.UNAUTHENTICATED,
  RESOURCE_EXHAUSTED: status.RESOURCE_EXHAUSTED,
} as const satisfies Record<RequestError['code'], status>;

const CODE_OF_STATUS = new Map<number, RequestError['code']>(
  Object.entries(REQUEST_CODES).map(([code, number]) => [number, code as RequestError['code']]),
);

/** Carries the stable word of a `RequestError` beside gRPC's message. */
const REASON = 'voltlog-reason';

/** How gRPC begins when nobody was there to send a call to. Source: grpc-js 1.14, load-balancer-pick-first.ts */
const NEVER_SENT = 'No connection established';

/** What an implementation threw, as gRPC sends it. Texts of operating errors and bugs stay inside. */
export function toStatus(error: unknown): { code: status; details: string; metadata: Metadata } {
  const metadata = new Metadata();
  if (error instanceof RequestError) {
    if (error.reason !== undefined) metadata.set(REASON, encodeURIComponent(error.reason));
    return { code: REQUEST_CODES[error.code], details: error.message, metadata };
  }
  if (error instanceof OperatingError) return { code: status.UNAVAILABLE, details: `${error.code}: ${error.message}`, metadata };
  return { code: status.INTERNAL, details: 'internal error', metadata };
}

/**
 * What a client got, as the caller sees it. `ServiceUnreachable`: the call was never sent; of every other operating error it is not known
 * what came of it.
 */
export function fromStatus(error: ServiceError, method: string): RequestError | OperatingError {
  const code = CODE_OF_STATUS.get(error.code);
  if (code !== undefined) {
    const reason = error.metadata?.get(REASON)[0];
    return new RequestError(code, error.details, reason === undefined ? undefined : decodeURIComponent(String(reason)));
  }
  return new OperatingError(operatingCode(error), `${method}: ${error.details}`, { cause: error });
}

function operatingCode({ code, details }: ServiceError): string {
  if (code === status.DEADLINE_EXCEEDED) return 'DeadlineExceeded';
  if (code !== status.UNAVAILABLE) return 'ServiceFailed';
  return details.startsWith(NEVER_SENT) ? 'ServiceUnreachable' : 'ServiceUnavailable';
}
