/** An eMAID as it is compared: no separators, upper case, without the check digit. Source: ISO 15118-2 Annex H, eMI3 */
export function plainEmaid(text: string): string {
  const plain = text.replaceAll('-', '').toUpperCase();
  return /^[A-Z]{2}[A-Z0-9]{3}C[A-Z0-9]{8}[A-Z0-9]$/.test(plain) ? plain.slice(0, -1) : plain;
}

/** Country, provider, C and 8 characters, with or without separators and a check digit. */
export const EMAID = /^[A-Za-z]{2}-?[A-Za-z0-9]{3}-?C-?[A-Za-z0-9]{8}(-?[A-Za-z0-9])?$/;
