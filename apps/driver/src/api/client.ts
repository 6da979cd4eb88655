import type { Charge, Contract, Evse, Limit, Receipt, Reservation } from './types.js';

/** An answer that is an error. `word` is what the page decides by; 0 is no answer at all. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  constructor(
    readonly status: number,
    readonly word: string,
    readonly retryAfterSeconds = 0,
  ) {
    super(`${status} ${word}`);
  }
}

/** Who pays for a start: nobody, a code that is typed, or a key that was handed out. */
export type Payer =
  | { readonly kind: 'guest' }
  | { readonly kind: 'keyCode'; readonly keyCode: string }
  | { readonly kind: 'contract'; readonly contractLink: string }
  | { readonly kind: 'reservation'; readonly reservationKey: string };

/** What a phone can be notified of. */
export interface Pushed {
  readonly kind: 'charge' | 'reservation';
  readonly key: string;
}

/** Milliseconds after which an answer on a slow network is given up. */
const TIMEOUT_MS = 45_000;
const PROBLEM = 'urn:voltlog:problem:';

const path = (...parts: readonly string[]): string => `/driver/v1/${parts.map(encodeURIComponent).join('/')}`;

export const driverApi = {
  evse: (evseUid: string, key?: string): Promise<Evse> =>
    call('GET', path('evses', evseUid), undefined, key === undefined ? {} : { 'voltlog-driver-key': key }),
  start: (evseUid: string, payer: Payer, limit: Limit | null, once: string): Promise<{ readonly key: string }> =>
    call(
      'POST',
      path('evses', evseUid, 'start'),
      { ...payerBody(payer), ...(limit === null ? {} : { limit }) },
      { 'idempotency-key': once },
    ),
  reserve: (evseUid: string, payer: Payer, minutes: number, once: string): Promise<{ readonly key: string }> =>
    call('POST', path('evses', evseUid, 'reserve'), { ...payerBody(payer), minutes }, { 'idempotency-key': once }),
  charge: (key: string): Promise<Charge> => call('GET', path('charges', key)),
  eventsUrl: (key: string): string => path('charges', key, 'events'),
  setLimit: (key: string, limit: Limit): Promise<Charge> => call('PUT', path('charges', key, 'limit'), limit),
  stop: (key: string): Promise<Charge> => call('POST', path('charges', key, 'stop'), {}),
  receipt: (key: string): Promise<Receipt> => call('GET', path('charges', key, 'receipt')),
  push: (of: Pushed, subscription: PushSubscriptionJSON, language: string): Promise<unknown> =>
    call('POST', path(`${of.kind}s`, of.key, 'push'), { endpoint: subscription.endpoint, keys: subscription.keys, language }),
  pushKey: (): Promise<{ readonly publicKey: string }> => call('GET', path('push-key')),
  reservation: (key: string): Promise<Reservation> => call('GET', path('reservations', key)),
  cancelReservation: (key: string): Promise<Reservation> => call('POST', path('reservations', key, 'cancel'), {}),
  contract: (key: string): Promise<Contract> => call('GET', path('contracts', key)),
};

function payerBody(payer: Payer): Record<string, unknown> {
  const { kind, ...rest } = payer;
  return kind === 'guest' ? { guest: true } : rest;
}

async function call<Answer>(method: string, url: string, body?: object, headers: Record<string, string> = {}): Promise<Answer> {
  let response: Response;
  try {
    response = await fetch(url, {
      method,
      credentials: 'omit',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), 'voltlog-driver': '1', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch {
    throw new ApiError(0, 'unreachable');
  }
  if (!response.ok) throw await problemOf(response);
  return (await response.json()) as Answer;
}

async function problemOf(response: Response): Promise<ApiError> {
  const retryAfter = Number(response.headers.get('retry-after') ?? 0);
  let type = '';
  try {
    const problem = (await response.json()) as { readonly type?: unknown };
    if (typeof problem.type === 'string') type = problem.type;
  } catch {
    // An answer of something between us and the gateway: its status says enough.
  }
  return new ApiError(response.status, type.startsWith(PROBLEM) ? type.slice(PROBLEM.length) : '', retryAfter);
}

/** A key that stands for one press of a button, however often the network makes us send it. */
export const onceKey = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
