import type { OcppVersion } from './version.js';

/**
 * The peer broke the rules, or says that we did: one subclass per CALLERROR code, each with the spelling its version uses.
 *
 * `message` is for people (OCPP's errorDescription); programs look at `code` or the class.
 */
export abstract class OcppError extends Error {
  override readonly name: string = 'OcppError';
  abstract readonly code: string;
  constructor(
    message = '',
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }
}

/** Requested action is not known by the receiver. */
export class NotImplemented extends OcppError {
  readonly code = 'NotImplemented';
}
/** Requested action is recognized but not supported by the receiver. */
export class NotSupported extends OcppError {
  readonly code = 'NotSupported';
}
/** The receiver failed to process the action. Never for a transaction message (stations count it and drop the message). */
export class InternalError extends OcppError {
  readonly code = 'InternalError';
}
/** 1.6: payload is incomplete. 2.x: payload is not conform the PDU structure. */
export class ProtocolError extends OcppError {
  readonly code = 'ProtocolError';
}
/** A security issue kept the receiver from completing the action. */
export class SecurityError extends OcppError {
  readonly code = 'SecurityError';
}
/** 1.6 only: payload is syntactically incorrect or not conform the PDU structure for the action. */
export class FormationViolation extends OcppError {
  readonly code = 'FormationViolation';
}
/** 2.x only: payload for the action is syntactically incorrect. */
export class FormatViolation extends OcppError {
  readonly code = 'FormatViolation';
}
/** At least one field has an invalid value. */
export class PropertyConstraintViolation extends OcppError {
  readonly code = 'PropertyConstraintViolation';
}
/** 1.6 only, and with its spelling: a field is missing, or there are too few or too many of it. */
export class OccurenceConstraintViolation extends OcppError {
  readonly code = 'OccurenceConstraintViolation';
}
/** 2.x only: a field is missing, or there are too few or too many of it. */
export class OccurrenceConstraintViolation extends OcppError {
  readonly code = 'OccurrenceConstraintViolation';
}
/** A field has the wrong data type (e.g. "somestring": 12). */
export class TypeConstraintViolation extends OcppError {
  readonly code = 'TypeConstraintViolation';
}
/** Any other error. */
export class GenericError extends OcppError {
  readonly code = 'GenericError';
}
/** 2.x only: message type number that the receiver does not support. */
export class MessageTypeNotSupported extends OcppError {
  readonly code = 'MessageTypeNotSupported';
}
/** 2.x only: the content of the call is not a valid RPC request, for example its message id could not be read. */
export class RpcFrameworkError extends OcppError {
  readonly code = 'RpcFrameworkError';
}
/** A code that the version does not have, as received from a peer: kept as it was said. */
export class UnlistedError extends OcppError {
  constructor(
    readonly code: string,
    message?: string,
    details?: Readonly<Record<string, unknown>>,
  ) {
    super(message, details);
  }
}

type ErrorClass = new (message?: string, details?: Readonly<Record<string, unknown>>) => OcppError;

const EVERY_VERSION = {
  NotImplemented,
  NotSupported,
  InternalError,
  ProtocolError,
  SecurityError,
  PropertyConstraintViolation,
  TypeConstraintViolation,
  GenericError,
} as const;
const ONLY_16 = { FormationViolation, OccurenceConstraintViolation } as const;
const ONLY_2 = { FormatViolation, OccurrenceConstraintViolation, MessageTypeNotSupported, RpcFrameworkError } as const;

/** The codes a version has, and their classes. Source: OCPP-J 1.6 §4.2.3 table 7; OCPP 2.0.1 and 2.1 Part 4 §4.3 table 9. */
export const ERROR_CLASSES: Readonly<Record<OcppVersion, ReadonlyMap<string, ErrorClass>>> = {
  'ocpp1.6': new Map<string, ErrorClass>(Object.entries({ ...EVERY_VERSION, ...ONLY_16 })),
  'ocpp2.0.1': new Map<string, ErrorClass>(Object.entries({ ...EVERY_VERSION, ...ONLY_2 })),
  'ocpp2.1': new Map<string, ErrorClass>(Object.entries({ ...EVERY_VERSION, ...ONLY_2 })),
};

/** What can be wrong with a message, whatever the version calls it. */
export type Violation = 'format' | 'occurrence' | 'property' | 'type';

const VIOLATIONS: Readonly<Record<OcppVersion, Readonly<Record<Violation, ErrorClass>>>> = {
  'ocpp1.6': {
    format: FormationViolation,
    occurrence: OccurenceConstraintViolation,
    property: PropertyConstraintViolation,
    type: TypeConstraintViolation,
  },
  'ocpp2.0.1': violationsOf2(),
  'ocpp2.1': violationsOf2(),
};

function violationsOf2(): Record<Violation, ErrorClass> {
  return {
    format: FormatViolation,
    occurrence: OccurrenceConstraintViolation,
    property: PropertyConstraintViolation,
    type: TypeConstraintViolation,
  };
}

/** The error a version has for a violation. */
export function violationError(
  version: OcppVersion,
  violation: Violation,
  message: string,
  details?: Readonly<Record<string, unknown>>,
): OcppError {
  return new VIOLATIONS[version][violation](message, details);
}

/**
 * The error a peer reported in a CALLERROR or CALLRESULTERROR.
 *
 * @returns `UnlistedError` for a code the version does not have (stations do send the other version's spelling)
 */
export function receivedError(version: OcppVersion, code: string, message: string, details: Readonly<Record<string, unknown>>): OcppError {
  const known = ERROR_CLASSES[version].get(code);
  return known ? new known(message, details) : new UnlistedError(code, message, details);
}
