import { createCipheriv, createDecipheriv, createECDH, createHash, createPrivateKey, type KeyObject, randomBytes } from 'node:crypto';

const IV_BYTES = 16;
const KEY_BYTES = 16;
const SCALAR_BYTES = 32;
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

/** The car's side of {@link encryptKey}. @throws {Error} when it has not the length of one */
export function decryptKey(encrypted: Buffer, secret: Buffer): Buffer {
  if (encrypted.length !== IV_BYTES + SCALAR_BYTES)
    throw new Error(`the encrypted key has ${encrypted.length} bytes instead of ${IV_BYTES + SCALAR_BYTES}`);
  const decipher = createDecipheriv('aes-128-cbc', sessionKey(secret), encrypted.subarray(0, IV_BYTES)).setAutoPadding(false);
  return Buffer.concat([decipher.update(encrypted.subarray(IV_BYTES)), decipher.final()]);
}

/** The point of a public P-256 key, uncompressed: the end of its SubjectPublicKeyInfo. */
export const pointOf = (key: KeyObject): Buffer => key.export({ format: 'der', type: 'spki' }).subarray(-65);

/** Only such keys are exchanged. Source: ISO 15118-2 (secp256r1) */
export const isP256 = ({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean =>
  asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1';

/** @param scalar of P-256, 32 bytes */
export function keyOf(scalar: Buffer): KeyObject {
  const ecdh = createECDH('prime256v1');
  ecdh.setPrivateKey(scalar);
  const point = ecdh.getPublicKey();
  const [x, y] = [point.subarray(1, 33), point.subarray(33)];
  const jwk = { kty: 'EC', crv: 'P-256', d: scalar.toString('base64url'), x: x.toString('base64url'), y: y.toString('base64url') };
  return createPrivateKey({ key: jwk, format: 'jwk' });
}
