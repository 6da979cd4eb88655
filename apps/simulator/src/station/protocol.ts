/** OCPP versions that the simulator speaks. */
export type OcppVersion = '1.6' | '2.0.1' | '2.1';

/** A JSON object of a frame. */
export type Payload = Readonly<Record<string, unknown>>;

/** What became of a CALL of the station. */
export type Answer =
  | { readonly kind: 'result'; readonly payload: Payload }
  | { readonly kind: 'error'; readonly code: string; readonly description: string; readonly details: unknown }
  /** No answer: the socket closed, the time was up, or the test wanted it lost; then `unread` is what the CSMS said. */
  | { readonly kind: 'lost'; readonly reason: string; readonly unread?: Payload };

/** What a station answers to a command of the CSMS. */
export type CommandAnswer = { readonly payload: Payload } | { readonly error: string; readonly description: string };

/** A frame that arrived. */
export type Frame =
  | { readonly type: 'call'; readonly messageId: string; readonly action: string; readonly payload: Payload }
  | { readonly type: 'result'; readonly messageId: string; readonly payload: Payload }
  | { readonly type: 'error'; readonly messageId: string; readonly code: string; readonly description: string; readonly details: unknown };

const MESSAGE_ID_LENGTH = 36;

export const callFrame = (messageId: string, action: string, payload: Payload): string =>
  `[2,${JSON.stringify(messageId)},"${action}",${JSON.stringify(payload)}]`;

export const resultFrame = (messageId: string, payload: Payload): string => `[3,${JSON.stringify(messageId)},${JSON.stringify(payload)}]`;

export const errorFrame = (messageId: string, code: string, description: string): string =>
  `[4,${JSON.stringify(messageId)},"${code}",${JSON.stringify(description.slice(0, 255))},{}]`;

/** Reads a frame; `undefined` when it is none (OCPP-J 1.6 §4.2, OCPP 2.0.1 Part 4 §4.2). */
export function readFrame(text: string): Frame | undefined {
  let parts: unknown;
  try {
    parts = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(parts)) return undefined;
  const [type, messageId, third, fourth, fifth]: readonly unknown[] = parts;
  if (typeof messageId !== 'string' || messageId.length > MESSAGE_ID_LENGTH) return undefined;
  if (type === 2 && typeof third === 'string' && isObject(fourth)) return { type: 'call', messageId, action: third, payload: fourth };
  if (type === 3 && isObject(third)) return { type: 'result', messageId, payload: third };
  if (type === 4 && typeof third === 'string') {
    return { type: 'error', messageId, code: third, description: typeof fourth === 'string' ? fourth : '', details: fifth };
  }
  return undefined;
}

export const isObject = (value: unknown): value is Payload => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The text at a path, or `undefined`. */
export function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = at(value, path);
  return typeof found === 'string' ? found : undefined;
}

/** The number at a path, or `undefined`. */
export function numberAt(value: unknown, ...path: readonly string[]): number | undefined {
  const found = at(value, path);
  return typeof found === 'number' ? found : undefined;
}

export const listAt = (value: unknown, name: string): readonly unknown[] => {
  const found = at(value, [name]);
  return Array.isArray(found) ? found : [];
};

function at(value: unknown, path: readonly string[]): unknown {
  let found = value;
  for (const name of path) found = isObject(found) ? found[name] : undefined;
  return found;
}
