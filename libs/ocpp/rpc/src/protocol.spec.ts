import { describe, expect, it } from 'vitest';
import { type ActionValidators, type MessageValidator, ocppProtocol } from './protocol.js';

const accepts: MessageValidator = () => true;
const failing = (keyword: string, instancePath: string): MessageValidator => {
  const validate: MessageValidator = () => {
    validate.errors = [{ instancePath, keyword, params: {} }];
    return false;
  };
  return validate;
};

describe('ocppProtocol', () => {
  it('refuses a sender table of other actions than the schemas', () => {
    const validators = new Map<string, ActionValidators>([['A', { request: accepts, response: accepts }]]);
    expect(() => ocppProtocol('ocpp1.6', {}, validators)).toThrow('nobody sends A');
    expect(() => ocppProtocol('ocpp1.6', { A: 'csms', B: 'csms' }, validators)).toThrow('no schema for B');
  });

  it('a payload that is no object at all is a matter of form', () => {
    const validators = new Map([['A', { request: failing('type', ''), response: accepts }]]);
    expect(ocppProtocol('ocpp2.1', { A: 'station' }, validators).checkRequest('A', 1)?.code).toBe('FormatViolation');
  });

  it('a keyword nobody listed is a matter of form', () => {
    const validators = new Map([['A', { request: failing('dependentRequired', '/x'), response: accepts }]]);
    expect(ocppProtocol('ocpp1.6', { A: 'both' }, validators).checkCall('A', {}, 'csms')?.code).toBe('FormationViolation');
  });

  it('does not hold on to a refused payload', () => {
    const request = failing('enum', '/x');
    const protocol = ocppProtocol('ocpp1.6', { A: 'both' }, new Map([['A', { request, response: accepts }]]));
    protocol.checkRequest('A', {});
    expect(request.errors).toBeNull();
  });
});
