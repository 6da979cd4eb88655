import { createDecipheriv, createECDH, hkdfSync, randomBytes } from 'node:crypto';

/** A browser's side of a push subscription. */
export class PushBrowser {
  private readonly ecdh = createECDH('prime256v1');
  private readonly auth: Buffer;
  readonly keys: { readonly p256dh: string; readonly auth: string };

  /** @param secrets of a browser that is known, base64url; else a new one */
  constructor(secrets?: { readonly privateKey: string; readonly auth: string }) {
    this.auth = secrets === undefined ? randomBytes(16) : Buffer.from(secrets.auth, 'base64url');
    if (secrets === undefined) this.ecdh.generateKeys();
    else this.ecdh.setPrivateKey(Buffer.from(secrets.privateKey, 'base64url'));
    this.keys = { p256dh: this.ecdh.getPublicKey().toString('base64url'), auth: this.auth.toString('base64url') };
  }

  /** What a push service was given for this browser. Source: RFC 8291 §3.4, RFC 8188 §2. */
  decrypt(body: Buffer): string {
    const salt = body.subarray(0, 16);
    const idLength = body.readUInt8(20);
    const sender = body.subarray(21, 21 + idLength);
    const info = Buffer.concat([Buffer.from('WebPush: info\0'), this.ecdh.getPublicKey(), sender]);
    const ikm = Buffer.from(hkdfSync('sha256', this.ecdh.computeSecret(sender), this.auth, info, 32));
    const key = Buffer.from(hkdfSync('sha256', ikm, salt, 'Content-Encoding: aes128gcm\0', 16));
    const nonce = Buffer.from(hkdfSync('sha256', ikm, salt, 'Content-Encoding: nonce\0', 12));
    const sealed = body.subarray(21 + idLength);
    const decipher = createDecipheriv('aes-128-gcm', key, nonce).setAuthTag(sealed.subarray(-16));
    const padded = Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
    return padded.subarray(0, padded.lastIndexOf(2)).toString('utf8');
  }
}
