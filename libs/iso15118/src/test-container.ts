import { createCipheriv, createDecipheriv, createHash, type KeyObject, randomBytes, sign, verify, X509Certificate } from 'node:crypto';

/**
 * What stands for EXI between a test car and the test provider: base64 of a JSON object `{ body, certificates, signature }`. `body` is JSON again,
 * as text, so that what was signed is beyond doubt; `certificates` are DER in base64, the signer's own first; `signature` is ECDSA with SHA-256
 * over the UTF-8 of `body`, DER in base64. No real car speaks it: there is no maintained EXI codec for Node.
 */
export interface TestContainer {
  readonly body: string;
  readonly certificates: readonly string[];
  readonly signature: string;
}

/** Bytes of a container. OCPP 2.1: exiRequest has at most 11 000 characters. */
const BYTES_MAX = 8_250;
const CERTIFICATES_MAX = 4;

/** undefined: it is none. */
export function readContainer(
  base64: string,
): { readonly body: Record<string, unknown>; readonly chain: readonly X509Certificate[] } | undefined {
  try {
    const bytes = Buffer.from(base64, 'base64');
    if (bytes.length > BYTES_MAX) return undefined;
    const { body, certificates, signature } = JSON.parse(bytes.toString('utf8')) as Partial<TestContainer>;
    if (typeof body !== 'string' || typeof signature !== 'string' || !Array.isArray(certificates)) return undefined;
    if (certificates.length === 0 || certificates.length > CERTIFICATES_MAX) return undefined;
    const chain = certificates.map((each) => new X509Certificate(Buffer.from(String(each), 'base64')));
    const [signer] = chain;
    if (signer === undefined || !verify('sha256', Buffer.from(body), signer.publicKey, Buffer.from(signature, 'base64'))) return undefined;
    const read: unknown = JSON.parse(body);
    return typeof read === 'object' && read !== null ? { body: { ...read }, chain } : undefined;
  } catch {
    return undefined;
  }
}

export function writeContainer(body: object, chain: readonly X509Certificate[], key: KeyObject): string {
  const text = JSON.stringify(body);
  const container: TestContainer = {
    body: text,
    certificates: chain.map(({ raw }) => raw.toString('base64')),
    signature: sign('sha256', Buffer.from(text), key).toString('base64'),
  };
  return Buffer.from(JSON.stringify(container)).toString('base64');
}

const IV_BYTES = 16;
const KEY_BYTES = 16;
/** `U` and `V`, and the id of the algorithm. */
const OTHER_INFO = Buffer.of(0x01, 0x55, 0x56);

/** The key of a session between the provisioning service and a car. Source: ISO 15118-2 §7.9.2.4.3 (ECDH, concatenation KDF of SHA-256) */
const sessionKey = (secret: Buffer): Buffer =>
  createHash('sha256')
    .update(Buffer.of(0, 0, 0, 1))
    .update(secret)
    .update(OTHER_INFO)
    .digest()
    .subarray(0, KEY_BYTES);

/** @param scalar the private key, 32 bytes; @returns IV and AES-128-CBC, without padding */
export function encryptKey(scalar: Buffer, secret: Buffer): Buffer {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-128-cbc', sessionKey(secret), iv).setAutoPadding(false);
  return Buffer.concat([iv, cipher.update(scalar), cipher.final()]);
}

/** The car's side of {@link encryptKey}. */
export function decryptKey(encrypted: Buffer, secret: Buffer): Buffer {
  const decipher = createDecipheriv('aes-128-cbc', sessionKey(secret), encrypted.subarray(0, IV_BYTES)).setAutoPadding(false);
  return Buffer.concat([decipher.update(encrypted.subarray(IV_BYTES)), decipher.final()]);
}

/** The point of a public P-256 key, uncompressed: the end of its SubjectPublicKeyInfo. */
export const pointOf = (key: KeyObject): Buffer => key.export({ format: 'der', type: 'spki' }).subarray(-65);
