import { MESSAGE_TYPE, type Payload } from './frame.js';
import { LIMITS } from './limits.js';

/** `[2, id, action, payload]`. Source: OCPP 2.1 Part 4 §4.2.1. */
export function encodeCall(messageId: string, action: string, payload: object): string {
  return `[2,${JSON.stringify(messageId)},${JSON.stringify(action)},${JSON.stringify(payload)}]`;
}

/** `[3, id, payload]`. Source: OCPP 2.1 Part 4 §4.2.2. */
export function encodeCallResult(messageId: string, payload: object): string {
  return `[3,${JSON.stringify(messageId)},${JSON.stringify(payload)}]`;
}

/** What an error frame says: an `OcppError`, or the fields of one. */
export interface ErrorContent {
  readonly code: string;
  readonly message: string;
  readonly details?: Payload;
}

/** `[4, id, code, description, details]`; the description is cut to the 255 characters OCPP allows. Source: OCPP 2.1 Part 4 §4.2.3. */
export function encodeCallError(messageId: string, error: ErrorContent): string {
  return encodeError(MESSAGE_TYPE.callError, messageId, error);
}

/** `[5, id, code, description, details]`, OCPP 2.1 only: the CALLRESULT with that id could not be processed. */
export function encodeCallResultError(messageId: string, error: ErrorContent): string {
  return encodeError(MESSAGE_TYPE.callResultError, messageId, error);
}

/** `[6, id, action, payload]`, OCPP 2.1 only; never answered. Source: OCPP 2.1 Part 4 §4.2.4. */
export function encodeSend(messageId: string, action: string, payload: object): string {
  return `[6,${JSON.stringify(messageId)},${JSON.stringify(action)},${JSON.stringify(payload)}]`;
}

function encodeError(type: number, messageId: string, { code, message, details = {} }: ErrorContent): string {
  return JSON.stringify([type, messageId, code, message.slice(0, LIMITS.errorDescriptionLength), details]);
}
