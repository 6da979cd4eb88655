import { encodeCallError, encodeCallResultError } from './encode.js';
import { FormationViolation, FormatViolation, MessageTypeNotSupported, type OcppError, RpcFrameworkError } from './errors.js';
import { type BadFrame, MESSAGE_TYPE } from './frame.js';
import type { OcppVersion } from './version.js';

/** Stands for a message id that cannot be read. Source: OCPP 2.0.1 Part 4 §4.2.3; 1.6 has nothing, so it gets the same. */
export const UNREADABLE_MESSAGE_ID = '-1';

/**
 * What a peer is told about a frame that could not be read.
 *
 * - A broken CALL, or something that may have been one: CALLERROR (OCPP-J 1.6 §4.2.3, OCPP 2.1 Part 4 §4.2.3).
 * - A broken CALLRESULT: nothing, and CALLRESULTERROR in 2.1 where its id is known.
 * - A broken CALLERROR, CALLRESULTERROR or SEND: nothing (OCPP 2.1 Part 4 §4.2.4 for SEND), else two peers could answer each other for ever.
 * - An unknown message type number: in 1.6 nothing ("SHALL ignore the message payload", §4.1.3); 2.x has MessageTypeNotSupported for it.
 *
 * @returns the frame to send, or undefined where nothing is sent
 */
export function answerToBadFrame(frame: BadFrame, version: OcppVersion): string | undefined {
  const error = badFrameError(frame, version);
  if (error === undefined) return undefined;
  if (frame.messageType !== MESSAGE_TYPE.callResult) return encodeCallError(frame.messageId ?? UNREADABLE_MESSAGE_ID, error);
  return version === 'ocpp2.1' && frame.messageId !== undefined ? encodeCallResultError(frame.messageId, error) : undefined;
}

/** The error behind `answerToBadFrame`; undefined where the peer must not be answered whatever the frame was. */
export function badFrameError(frame: BadFrame, version: OcppVersion): OcppError | undefined {
  const { messageType } = frame;
  if (frame.fault === 'MessageTypeUnknown') return version === 'ocpp1.6' ? undefined : new MessageTypeNotSupported(frame.message);
  if (messageType === MESSAGE_TYPE.callError || messageType === MESSAGE_TYPE.callResultError || messageType === MESSAGE_TYPE.send)
    return undefined;
  if (version === 'ocpp1.6') return new FormationViolation(frame.message);
  return frame.fault === 'PayloadNotObject' ? new FormatViolation(frame.message) : new RpcFrameworkError(frame.message);
}
