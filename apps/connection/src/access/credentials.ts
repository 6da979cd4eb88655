import { createHash, createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { OperatingError } from '@voltlog/kernel';

/** scrypt runs in libuv's pool of four threads; one is left for files: the sync of the embedded log runs there, and every answer waits for it. */
const SCRYPT_AT_ONCE_MAX = 3;
const SCRYPT_WAITING_MAX = 10_000;
/** Cost above which a hash is not checked: 128 MiB at r = 8. */
const SCRYPT_N_MAX = 131_072;
const VERDICTS_MAX = 200_000;

/**
 * Checks passwords against `sha256$<salt>$<hash>` (for passwords made by machines: enough entropy, and cheap) and `scrypt$<N>$<salt>$<hash>`
 * (r = 8, p = 1), base64url.
 *
 * A password found right is remembered as a keyed digest, so that a reconnect storm costs one HMAC per station. The key lives as
 * long as the process; neither password nor unkeyed digest is kept.
 */
export class Credentials {
  private readonly key = randomBytes(32);
  /** `hash` -> digest of the password that fits. */
  private readonly verdicts = new Map<string, Buffer>();
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  /** @throws {OperatingError} `CredentialFormat` when the stored hash is not one of the two, `Overloaded` when too many checks wait */
  async verify(passwordHash: string, password: Buffer): Promise<boolean> {
    if (this.remembers(passwordHash, password)) return true;
    const right = await this.check(passwordHash, password);
    if (right) {
      if (this.verdicts.size >= VERDICTS_MAX) this.verdicts.clear();
      this.verdicts.set(passwordHash, this.digest(passwordHash, password));
    }
    return right;
  }

  /** Whether this password was found right before: cheap. */
  remembers(passwordHash: string, password: Buffer): boolean {
    const known = this.verdicts.get(passwordHash);
    return known !== undefined && timingSafeEqual(known, this.digest(passwordHash, password));
  }

  private digest(passwordHash: string, password: Buffer): Buffer {
    return createHmac('sha256', this.key).update(passwordHash).update('\0').update(password).digest();
  }

  private async check(passwordHash: string, password: Buffer): Promise<boolean> {
    const [kind, a, b, c] = passwordHash.split('$');
    if (kind === 'sha256' && a !== undefined && b !== undefined) {
      const expected = Buffer.from(b, 'base64url');
      const actual = createHash('sha256').update(Buffer.from(a, 'base64url')).update(password).digest();
      return expected.length === actual.length && timingSafeEqual(expected, actual);
    }
    const cost = Number(a);
    if (kind === 'scrypt' && b !== undefined && c !== undefined && Number.isInteger(cost) && cost > 1 && cost <= SCRYPT_N_MAX) {
      const expected = Buffer.from(c, 'base64url');
      const actual = await this.scrypt(password, Buffer.from(b, 'base64url'), expected.length, cost);
      return expected.length >= 16 && timingSafeEqual(expected, actual);
    }
    throw new OperatingError('CredentialFormat', 'the stored password hash has an unknown format');
  }

  private async scrypt(password: Buffer, salt: Buffer, length: number, cost: number): Promise<Buffer> {
    if (this.running >= SCRYPT_AT_ONCE_MAX) {
      if (this.waiting.length >= SCRYPT_WAITING_MAX) throw new OperatingError('Overloaded', 'too many passwords wait to be checked');
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    this.running += 1;
    try {
      return await new Promise<Buffer>((resolve, reject) => {
        scrypt(password, salt, length, { N: cost, r: 8, p: 1, maxmem: 256 * cost * 8 }, (error, key) =>
          error ? reject(error) : resolve(key),
        );
      });
    } finally {
      this.running -= 1;
      this.waiting.shift()?.();
    }
  }
}

/** Failed passwords of one station in a minute, above which it is told to wait. */
const FAILURES_PER_MINUTE_MAX = 10;
const FAILURES_KEPT_MAX = 10_000;

/** Counts wrong passwords per station, so that guessing is slow. */
export class FailedAttempts {
  private readonly counts = new Map<string, { windowMs: number; count: number }>();

  blocked(stationId: string, nowMs: number): boolean {
    const entry = this.counts.get(stationId);
    return entry !== undefined && entry.count >= FAILURES_PER_MINUTE_MAX && nowMs - entry.windowMs < 60_000;
  }

  failed(stationId: string, nowMs: number): void {
    const entry = this.counts.get(stationId);
    if (entry !== undefined && nowMs - entry.windowMs < 60_000) {
      entry.count += 1;
      return;
    }
    if (this.counts.size >= FAILURES_KEPT_MAX) this.counts.clear();
    this.counts.set(stationId, { windowMs: nowMs, count: 1 });
  }

  succeeded(stationId: string): void {
    this.counts.delete(stationId);
  }
}
