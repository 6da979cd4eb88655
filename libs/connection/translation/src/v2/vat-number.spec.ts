import { describe, expect, it } from 'vitest';
import { vatNumberProblem } from './vat-number.js';

describe('a VAT number', () => {
  it.each([
    'DE123456789',
    'nl 1234.56.789.B01',
    'ATU12345678',
    'FRXX123456789',
    'ES A1234567-8',
    'CHE-123.456.789 MWST',
    'IE1234567WA',
    'XIHA501',
  ])('is formed as it is to be: %s', (number) => expect(vatNumberProblem(number)).toBeUndefined());

  it.each(['DE12345678', 'DE1234567890', 'ZZ123', '', '123456789', 'FROO123456789', 'AT12345678'])('is not formed so: %s', (number) =>
    expect(vatNumberProblem(number)).toEqual(expect.any(String)),
  );
});
