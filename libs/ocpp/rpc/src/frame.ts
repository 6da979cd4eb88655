import type { FrameLimits } from './limits.js';
import { LIMITS } from './limits.js';
import type { OcppVersion } from './version.js';

/** Message type numbers. Source: OCPP 2.1 Part 4 §4.1.3 table 3; 5 and 6 are new there. */
export const MESSAGE_TYPE = { call: 2, callResult: 3, callError: 4, callResultError: 5, send: 6 } as const;

export type Payload = Readonly<Record<string, unknown>>;

export interface Call {
  readonly kind: 'call';
  readonly messageId: string;
  readonly action: string;
  readonly payload: Payload;
}

export interface CallResult {
  readonly kind: 'callResult';
  readonly messageId: string;
  readonly payload: Payload;
}

export interface CallError {
  readonly kind: 'callError';
  readonly messageId: string;
  readonly code: string;
  readonly description: string;
  readonly details: Payload;
}

/** OCPP 2.1: our CALLRESULT was broken. */
export interface CallResultError {
  readonly kind: 'callResultError';
  readonly messageId: string;
  readonly code: string;
  readonly description: string;
  readonly details: Payload;
}

/** OCPP 2.1: a message nobody answers. */
export interface Send {
  readonly kind: 'send';
  readonly messageId: string;
  readonly action: string;
  readonly payload: Payload;
}

export type FrameFault =
  | 'FrameTooLong'
  | 'NestedTooDeep'
  | 'NotJson'
  | 'NotArray'
  | 'MessageTypeUnknown'
  | 'WrongArity'
  | 'MessageIdMissing'
  | 'MessageIdNotString'
  | 'MessageIdTooLong'
  | 'ActionNotString'
  | 'PayloadNotObject'
  | 'ErrorNotReadable';

/** A frame that cannot be handed on; `answerToBadFrame` says what the peer is told. */
export interface BadFrame {
  readonly kind: 'bad';
  readonly fault: FrameFault;
  /** Undefined where it cannot be read. A broken result settles the call in flight by it. */
  readonly messageId: string | undefined;
  /** The message type number; undefined where it cannot be read. */
  readonly messageType: number | undefined;
  /** For people. Never holds text of the frame: it may hold a token. */
  readonly message: string;
}

export type Frame = Call | CallResult | CallError | CallResultError | Send;

/**
 * Reads one text frame: one JSON.parse, the limits, the shape. The payload is not checked against its schema here.
 *
 * Never throws. Tolerances, each because refusing would help nobody:
 * - a payload of `null` is the empty payload (OCPP 2.1 Part 4 §4.1.5 allows both notations, and asks for `{}`);
 * - a CALLERROR may lack description and details: it is never answered, and dropping it would leave our command hanging.
 *
 * @param text the frame as decoded from UTF-8
 * @param version message types 5 and 6 exist from `ocpp2.1` on
 */
export function parseFrame(text: string, limits: FrameLimits = LIMITS, version: OcppVersion = 'ocpp2.1'): Frame | BadFrame {
  if (isLongerThan(text, limits.frameBytes)) return unread('FrameTooLong', text, `more than ${limits.frameBytes} bytes`);
  if (isDeeperThan(text, limits.nesting)) return unread('NestedTooDeep', text, `nested deeper than ${limits.nesting}`);
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch {
    return unread('NotJson', text, 'not JSON');
  }
  if (!Array.isArray(frame)) return bad('NotArray', undefined, undefined, 'not a JSON array');
  return shape(frame, limits, version);
}

/**
 * The payload of a call as it stands in its frame, for whoever writes it down again. Undefined where it cannot be cut out: the frame is
 * written in an unusual way, over several lines, or is not JSON at all (SOAP).
 *
 * @param text the frame that `call` was read from
 */
export function payloadText({ messageId, action }: Pick<Call, 'messageId' | 'action'>, text: string): string | undefined {
  // Text that begins so holds just this id and action, whatever they are: a quote or an escape in them would make them others.
  let from = `[2,"${messageId}","${action}",`;
  if (!text.startsWith(from)) {
    from = `[2, "${messageId}", "${action}", `;
    if (!text.startsWith(from)) return undefined;
  }
  if (!text.endsWith('}]') || text.charCodeAt(from.length) !== OPENING_BRACE || text.includes('\n')) return undefined;
  return text.slice(from.length, -1);
}

const OPENING_BRACE = 123;

function shape(frame: readonly unknown[], limits: FrameLimits, version: OcppVersion): Frame | BadFrame {
  const type = frame[0];
  const messageId = frame[1];
  if (!isMessageType(type, version)) {
    return bad('MessageTypeUnknown', typeof type === 'number' ? type : undefined, messageId, 'message type number is not known');
  }
  if (messageId === undefined) return bad('MessageIdMissing', type, messageId, 'message id is missing');
  if (typeof messageId !== 'string') return bad('MessageIdNotString', type, messageId, 'message id is not a string');
  if (messageId.length === 0) return bad('MessageIdMissing', type, messageId, 'message id is empty');
  if (messageId.length > limits.messageIdLength) {
    return bad('MessageIdTooLong', type, messageId, `message id is longer than ${limits.messageIdLength} characters`);
  }
  switch (type) {
    case MESSAGE_TYPE.call:
      return request('call', frame, messageId);
    case MESSAGE_TYPE.callResult:
      return result(frame, messageId);
    case MESSAGE_TYPE.send:
      return request('send', frame, messageId);
    default:
      return failure(type === MESSAGE_TYPE.callError ? 'callError' : 'callResultError', frame, messageId);
  }
}

function isMessageType(type: unknown, version: OcppVersion): type is number {
  return type === 2 || type === 3 || type === 4 || (version === 'ocpp2.1' && (type === 5 || type === 6));
}

function request(kind: 'call' | 'send', frame: readonly unknown[], messageId: string): Call | Send | BadFrame {
  const type = MESSAGE_TYPE[kind];
  if (frame.length !== 4) return bad('WrongArity', type, messageId, `${frame.length} elements instead of 4`);
  const action = frame[2];
  if (typeof action !== 'string') return bad('ActionNotString', type, messageId, 'action is not a string');
  const payload = frame[3] ?? {};
  if (!isObject(payload)) return bad('PayloadNotObject', type, messageId, 'payload is not an object');
  return { kind, messageId, action, payload };
}

function result(frame: readonly unknown[], messageId: string): CallResult | BadFrame {
  const type = MESSAGE_TYPE.callResult;
  if (frame.length !== 3) return bad('WrongArity', type, messageId, `${frame.length} elements instead of 3`);
  const payload = frame[2] ?? {};
  if (!isObject(payload)) return bad('PayloadNotObject', type, messageId, 'payload is not an object');
  return { kind: 'callResult', messageId, payload };
}

function failure(
  kind: 'callError' | 'callResultError',
  frame: readonly unknown[],
  messageId: string,
): CallError | CallResultError | BadFrame {
  const type = MESSAGE_TYPE[kind];
  const [, , code, description = '', details] = frame;
  if (frame.length < 3 || frame.length > 5) return bad('WrongArity', type, messageId, `${frame.length} elements instead of 5`);
  if (typeof code !== 'string') return bad('ErrorNotReadable', type, messageId, 'error code is not a string');
  return {
    kind,
    messageId,
    code,
    description: typeof description === 'string' ? description : '',
    details: isObject(details) ? details : {},
  };
}

function bad(fault: FrameFault, messageType: number | undefined, messageId: unknown, message: string): BadFrame {
  const readable = typeof messageId === 'string' && messageId.length > 0 && messageId.length <= LIMITS.messageIdEchoLength;
  return { kind: 'bad', fault, messageType, messageId: readable ? messageId : undefined, message };
}

const HEAD = /^\s*\[\s*([0-9])\s*,\s*"([^"\\]{1,36})"\s*[,\]]/;

/** A frame that was not parsed. A truncated one still shows whom it came from, so that the peer can match the error. */
function unread(fault: FrameFault, text: string, message: string): BadFrame {
  const head = HEAD.exec(text);
  return bad(fault, head?.[1] === undefined ? undefined : Number(head[1]), head?.[2], message);
}

function isObject(value: unknown): value is Payload {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether the text takes more than `limit` bytes in UTF-8; counts only where its length leaves that open. */
function isLongerThan(text: string, limit: number): boolean {
  if (text.length * 3 <= limit) return false;
  if (text.length > limit) return true;
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    // A surrogate is half of a 4 byte character.
    if (unit > 0x7f) bytes += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1;
  }
  return bytes > limit;
}

const QUOTE = 34;
const BACKSLASH = 92;

/** Whether arrays and objects lie deeper than `limit` in each other. Brackets in strings do not count. */
function isDeeperThan(text: string, limit: number): boolean {
  if (!hasMoreOpeners(text, limit)) return false;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === QUOTE) {
      i++;
      while (i < text.length && text.charCodeAt(i) !== QUOTE) i += text.charCodeAt(i) === BACKSLASH ? 2 : 1;
    } else if ((unit | 32) === 123) {
      if (++depth > limit) return true;
    } else if ((unit | 32) === 125) depth--;
  }
  return false;
}

/** A frame with few brackets cannot be deep; most frames are, and `indexOf` finds that out ten times faster than a loop. */
function hasMoreOpeners(text: string, limit: number): boolean {
  let openers = 0;
  for (const bracket of ['{', '[']) {
    for (let i = text.indexOf(bracket); i >= 0; i = text.indexOf(bracket, i + 1)) if (++openers > limit) return true;
  }
  return false;
}
