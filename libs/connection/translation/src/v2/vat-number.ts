/**
 * How VAT numbers are formed, by the prefix of their country; letters in upper case, without spaces and dots. That a number is formed so does
 * not say that it was given to somebody.
 *
 * Source: European Commission, VIES, "What is the format of a VAT number?"; for CH, GB and NO the rules of their tax authorities.
 */
const FORMATS: Readonly<Record<string, RegExp>> = {
  AT: /^U\d{8}$/,
  BE: /^[01]\d{9}$/,
  BG: /^\d{9,10}$/,
  CH: /^E\d{9}(MWST|TVA|IVA)?$/,
  CY: /^\d{8}[A-Z]$/,
  CZ: /^\d{8,10}$/,
  DE: /^\d{9}$/,
  DK: /^\d{8}$/,
  EE: /^\d{9}$/,
  EL: /^\d{9}$/,
  ES: /^[A-Z\d]\d{7}[A-Z\d]$/,
  FI: /^\d{8}$/,
  FR: /^[A-HJ-NP-Z\d]{2}\d{9}$/,
  GB: /^(\d{9}|\d{12}|(GD|HA)\d{3})$/,
  HR: /^\d{11}$/,
  HU: /^\d{8}$/,
  IE: /^(\d{7}[A-Z]{1,2}|\d[A-Z+*]\d{5}[A-Z])$/,
  IT: /^\d{11}$/,
  LT: /^(\d{9}|\d{12})$/,
  LU: /^\d{8}$/,
  LV: /^\d{11}$/,
  MT: /^\d{8}$/,
  NL: /^[A-Z\d+*]{10}\d{2}$/,
  NO: /^\d{9}(MVA)?$/,
  PL: /^\d{10}$/,
  PT: /^\d{9}$/,
  RO: /^\d{2,10}$/,
  SE: /^\d{12}$/,
  SI: /^\d{8}$/,
  SK: /^\d{10}$/,
  XI: /^(\d{9}|\d{12}|(GD|HA)\d{3})$/,
};

/** What is wrong with the form of a VAT number, in words; undefined: nothing. */
export function vatNumberProblem(vatNumber: string): string | undefined {
  const compact = vatNumber.toUpperCase().replaceAll(/[\s.-]/g, '');
  const format = FORMATS[compact.slice(0, 2)];
  if (format === undefined) return 'it does not begin with the prefix of a country that is known here';
  return format.test(compact.slice(2)) ? undefined : `it is not formed as those of ${compact.slice(0, 2)} are`;
}
