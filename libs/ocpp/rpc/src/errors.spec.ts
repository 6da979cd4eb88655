import { describe, expect, it } from 'vitest';
import { ERROR_CLASSES, FormationViolation, OcppError, receivedError, UnlistedError } from './errors.js';

const EVERY_VERSION = [
  'GenericError',
  'InternalError',
  'NotImplemented',
  'NotSupported',
  'PropertyConstraintViolation',
  'ProtocolError',
  'SecurityError',
  'TypeConstraintViolation',
];

describe('error codes', () => {
  it('OCPP-J 1.6 §4.2.3 table 7, with its spelling', () => {
    expect([...ERROR_CLASSES['ocpp1.6'].keys()].sort()).toEqual(
      [...EVERY_VERSION, 'FormationViolation', 'OccurenceConstraintViolation'].sort(),
    );
  });

  it.each(['ocpp2.0.1', 'ocpp2.1'] as const)('%s Part 4 §4.3', (version) => {
    expect([...ERROR_CLASSES[version].keys()].sort()).toEqual(
      [...EVERY_VERSION, 'FormatViolation', 'MessageTypeNotSupported', 'OccurrenceConstraintViolation', 'RpcFrameworkError'].sort(),
    );
  });

  it('each class says its own code', () => {
    for (const classes of Object.values(ERROR_CLASSES)) {
      for (const [code, ErrorClass] of classes)
        expect(new ErrorClass('why', { a: 1 })).toMatchObject({ code, message: 'why', details: { a: 1 } });
    }
  });

  it('a received code becomes its class, an unlisted one is kept', () => {
    expect(receivedError('ocpp1.6', 'FormationViolation', 'x', {})).toBeInstanceOf(FormationViolation);
    const unlisted = receivedError('ocpp2.0.1', 'FormationViolation', 'x', { a: 1 });
    expect(unlisted).toBeInstanceOf(UnlistedError);
    expect(unlisted).toBeInstanceOf(OcppError);
    expect(unlisted).toMatchObject({ code: 'FormationViolation', message: 'x', details: { a: 1 } });
    expect(receivedError('ocpp2.1', 'constructor', '', {})).toBeInstanceOf(UnlistedError);
  });
});
