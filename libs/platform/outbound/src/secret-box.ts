import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Encrypts what must not lie readable in the store: `<key id>.<base64>`. The first key encrypts, all of them decrypt. */
export class SecretBox {
  private readonly keys: ReadonlyMap<string, Buffer>;
  private readonly first: string;

  /** @param keys 32 bytes each */
  constructor(keys: readonly Buffer[]) {
    this.keys = new Map(keys.map((key) => [keyId(key), key]));
    const [first] = this.keys.keys();
    if (first === undefined) throw new Error('a secret box needs a key');
    this.first = first;
  }

  /** @param about what it belongs to; it opens there alone */
  seal(plain: string, about: string): string {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.key(this.first), iv).setAAD(Buffer.from(about));
    const sealed = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
    return `${this.first}.${Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64')}`;
  }

  /** @throws when it was sealed with a key that is not here, about something else, or was changed */
  open(sealed: string, about: string): string {
    const at = sealed.indexOf('.');
    const bytes = Buffer.from(sealed.slice(at + 1), 'base64');
    const decipher = createDecipheriv(ALGORITHM, this.key(sealed.slice(0, at)), bytes.subarray(0, IV_BYTES))
      .setAAD(Buffer.from(about))
      .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
    return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]).toString('utf8');
  }

  private key(id: string): Buffer {
    const key = this.keys.get(id);
    if (key === undefined) throw new Error(`no key ${id}: is it missing among the secret keys of the configuration?`);
    return key;
  }
}

const keyId = (key: Buffer): string => createHash('sha256').update(key).digest('hex').slice(0, 8);
