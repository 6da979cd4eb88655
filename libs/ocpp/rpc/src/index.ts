export { answerToBadFrame, badFrameError, UNREADABLE_MESSAGE_ID } from './bad-frame.js';
export { CallBook, type Expired, type IgnoredResult, type OutgoingCall, type Settled } from './call-book.js';
export { type CallRate, type CallRateLimits, callRate, takeCall } from './call-rate.js';
export { type ErrorContent, encodeCall, encodeCallError, encodeCallResult, encodeCallResultError, encodeSend } from './encode.js';
export {
  ERROR_CLASSES,
  FormationViolation,
  FormatViolation,
  GenericError,
  InternalError,
  MessageTypeNotSupported,
  NotImplemented,
  NotSupported,
  OccurenceConstraintViolation,
  OccurrenceConstraintViolation,
  OcppError,
  PropertyConstraintViolation,
  ProtocolError,
  RpcFrameworkError,
  receivedError,
  SecurityError,
  TypeConstraintViolation,
  UnlistedError,
  type Violation,
  violationError,
} from './errors.js';
export {
  type BadFrame,
  type Call,
  type CallError,
  type CallResult,
  type CallResultError,
  type Frame,
  type FrameFault,
  MESSAGE_TYPE,
  type Payload,
  parseFrame,
  payloadText,
  type Send,
} from './frame.js';
export { type FrameLimits, LIMITS } from './limits.js';
export {
  type ActionValidators,
  type MessageValidator,
  type OcppProtocol,
  ocppProtocol,
  type SchemaViolation,
  type Sender,
} from './protocol.js';
export { utcTime } from './station-time.js';
export type { OcppVersion, Peer } from './version.js';
