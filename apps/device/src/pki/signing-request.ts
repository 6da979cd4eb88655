import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

/** Bytes of a CSR as PEM: OCPP 2.0.1 Part 2 SignCertificateRequest allows 5500 characters. */
const CSR_LENGTH_MAX = 5_500;
const RSA_BITS_MIN = 2_048;
const RSA_BITS_MAX = 8_192;
const CURVES = new Set(['P-256', 'P-384', 'P-521']);

export type RequestProblem = 'Malformed' | 'SignatureWrong' | 'KeyNotAllowed' | 'NameMismatch' | 'OrganizationMismatch';

export interface SigningRequest {
  readonly publicKey: x509.PublicKey;
}

export interface RefusedRequest {
  readonly reason: RequestProblem;
  /** In plain words. */
  readonly detail: string;
}

export interface Expected {
  readonly stationId: string;
  /** As the station told it; empty: it did not. The subject may name it instead of the id. */
  readonly serialNumber: string;
  /** Empty: any. */
  readonly organization: string;
}

/**
 * Whether a CSR is what the station may ask for: its own name, a key that it holds and that is strong enough. What else it asks for
 * (extensions, validity) is not given. Source: OCPP 2.0.1 Part 2 A02.FR.06, A00 (certificate properties).
 */
export async function readSigningRequest(pem: string, expected: Expected): Promise<SigningRequest | RefusedRequest> {
  if (pem.length > CSR_LENGTH_MAX) return refusedFor('Malformed', `the CSR has more than ${CSR_LENGTH_MAX} characters`);
  let request: x509.Pkcs10CertificateRequest;
  try {
    request = new x509.Pkcs10CertificateRequest(pem);
  } catch {
    return refusedFor('Malformed', 'the CSR is no PKCS#10 request in PEM');
  }
  const weakness = weaknessOf(request.publicKey);
  if (weakness !== undefined) return refusedFor('KeyNotAllowed', weakness);
  if (!(await isSigned(request))) return refusedFor('SignatureWrong', 'the CSR is not signed with the key it is for');
  return subjectProblem(request.subjectName, expected) ?? { publicKey: request.publicKey };
}

function subjectProblem(subject: x509.Name, expected: Expected): RefusedRequest | undefined {
  const { stationId, serialNumber, organization } = expected;
  const [name, ...others] = subject.getField('CN');
  if (name === undefined || others.length > 0) return refusedFor('NameMismatch', 'the subject of the CSR must have exactly one CN');
  if (name !== stationId && (serialNumber === '' || name !== serialNumber))
    return refusedFor('NameMismatch', `the CSR is for ${printable(name)}, and ${stationId} sent it`);
  const organizations = subject.getField('O');
  if (organization !== '' && (organizations.length !== 1 || organizations[0] !== organization))
    return refusedFor(
      'OrganizationMismatch',
      `the O of the CSR must be ${organization}, not ${printable(organizations.join(', ')) || 'nothing'}`,
    );
  return undefined;
}

/** undefined: strong enough. Source: OCPP 2.0.1 Part 2 A00.FR.501 to 509 (112 bits of security at least). */
function weaknessOf({ algorithm }: x509.PublicKey): string | undefined {
  if (algorithm.name.startsWith('RSA')) {
    const bits = 'modulusLength' in algorithm ? Number(algorithm.modulusLength) : 0;
    return bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX
      ? undefined
      : `an RSA key must have ${RSA_BITS_MIN} to ${RSA_BITS_MAX} bits, not ${bits}`;
  }
  const curve = 'namedCurve' in algorithm ? String(algorithm.namedCurve) : algorithm.name;
  return CURVES.has(curve) ? undefined : `a key of ${printable(curve)} is not allowed`;
}

async function isSigned(request: x509.Pkcs10CertificateRequest): Promise<boolean> {
  try {
    return await request.verify();
  } catch {
    return false;
  }
}

const refusedFor = (reason: RequestProblem, detail: string): RefusedRequest => ({ reason, detail });

/** Of what a stranger wrote: short, and without anything that could be taken for something else. */
const printable = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?').slice(0, 64);
