import { createHash } from 'node:crypto';
import { type Clock, isoTime } from '@voltlog/kernel';
import { type Collection, smallDocuments } from '@voltlog/store';
import type { Logger } from '@voltlog/telemetry';
import { Schema } from 'mongoose';

/** Tokens kept in memory; the least recently accepted go first. */
const MEMORY_MAX = 50_000;
/** Changes that wait for the store while it is away; beyond it the oldest are lost. */
const CHANGES_MAX = 50_000;
const WRITE_MAX = 1_000;
const FLUSH_MS = 10_000;
/** A token that is accepted again and again is not written again and again. */
const REWRITE_MS = 3_600_000;
/** A token that was not accepted for so long is no longer known. */
const KEEP_MS = 90 * 86_400_000;
const SWEEP_MS = 3_600_000;
/** A station that waits for an answer about a token does not wait longer than this for the store, milliseconds. */
const LOAD_MS = 1_000;

/** What the authorization service said of a token that it accepted. */
export interface AcceptedToken {
  readonly groupId: string | undefined;
  readonly decidedAtMs: number;
  /** ISO 8601; the token may be expired after it. */
  readonly expiresAt: string | undefined;
}

export interface AcceptedTokenRow {
  /** Digest of the token: what opens a station is not written down here. */
  readonly id: string;
  /** ISO 8601 */
  readonly decidedAt: string;
  readonly groupId?: string;
  readonly expiresAt?: string;
}

export const acceptedTokenSchema = smallDocuments(
  new Schema<AcceptedTokenRow>({
    id: { type: String, required: true },
    decidedAt: { type: String, required: true },
    groupId: String,
    expiresAt: String,
  }).index({ decidedAt: 1 }),
);

type Remembered = AcceptedToken & { readonly writtenAtMs: number };

/**
 * The tokens that were accepted and not refused since, for the time in which the authorization service is away: in memory, and in the
 * service's store for an instance that has just started. Writes come later and together; the store is read only in that time.
 */
export class AcceptedTokens {
  private readonly memory = new Map<string, Remembered>();
  /** What the store does not show yet; undefined: refused. */
  private changes = new Map<string, AcceptedToken | undefined>();
  private timer: NodeJS.Timeout | undefined;
  private flushing: Promise<void> | undefined;
  private sweptAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly rows: Collection<AcceptedTokenRow>,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  start(): void {
    this.timer = setInterval(() => void this.flush(), FLUSH_MS);
    this.timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.flush();
    await this.flush();
  }

  get(key: string): AcceptedToken | undefined {
    return this.memory.get(key);
  }

  accepted(key: string, token: AcceptedToken): void {
    const known = this.memory.get(key);
    const written =
      known !== undefined &&
      known.groupId === token.groupId &&
      known.expiresAt === token.expiresAt &&
      token.decidedAtMs - known.writtenAtMs < REWRITE_MS;
    if (!written) this.change(key, token);
    this.remember(key, { ...token, writtenAtMs: written ? known.writtenAtMs : token.decidedAtMs });
  }

  refused(key: string): void {
    this.memory.delete(key);
    this.change(key, undefined);
  }

  /** Brings tokens into memory that are in the store. Never rejects: with the store away as well nothing more is known. */
  async load(keys: Iterable<string>): Promise<void> {
    const missing = new Map<string, string>();
    for (const key of keys) if (!this.memory.has(key) && !this.changes.has(key)) missing.set(digestOf(key), key);
    if (missing.size === 0) return;
    try {
      const rows = await within(this.rows.getMany([...missing.keys()]), LOAD_MS);
      for (const row of rows.values()) {
        const key = missing.get(row.id);
        if (key === undefined || this.memory.has(key) || this.changes.has(key)) continue;
        const decidedAtMs = Date.parse(row.decidedAt);
        this.remember(key, { groupId: row.groupId, expiresAt: row.expiresAt, decidedAtMs, writtenAtMs: decidedAtMs });
      }
    } catch (error) {
      this.logger.warn({ err: error, tokens: missing.size }, 'tokens accepted before could not be looked up');
    }
  }

  /** Writes what waits. Never rejects: what could not be written is tried again. */
  private flush(): Promise<void> {
    this.flushing ??= this.write().finally(() => {
      this.flushing = undefined;
    });
    return this.flushing;
  }

  private async write(): Promise<void> {
    try {
      while (this.changes.size > 0) await this.writeSome([...this.changes].slice(0, WRITE_MAX));
      const now = this.clock.now();
      if (now - this.sweptAtMs < SWEEP_MS) return;
      this.sweptAtMs = now;
      await this.rows.deleteWhere({ decidedAt: { $lt: isoTime(now - KEEP_MS) } });
    } catch (error) {
      this.logger.warn({ err: error, tokens: this.changes.size }, 'accepted tokens could not be stored; it is tried again');
    }
  }

  private async writeSome(changes: readonly (readonly [string, AcceptedToken | undefined])[]): Promise<void> {
    const docs: AcceptedTokenRow[] = [];
    const gone: string[] = [];
    for (const [key, token] of changes) {
      if (token === undefined) gone.push(digestOf(key));
      else docs.push(rowOf(key, token));
    }
    if (docs.length > 0) await this.rows.upsert(docs.map((doc) => ({ doc })));
    if (gone.length > 0) await this.rows.delete(gone);
    for (const [key, token] of changes) if (this.changes.get(key) === token) this.changes.delete(key);
  }

  private change(key: string, token: AcceptedToken | undefined): void {
    this.changes.delete(key);
    this.changes.set(key, token);
    dropOldest(this.changes, CHANGES_MAX);
  }

  private remember(key: string, token: Remembered): void {
    this.memory.delete(key);
    this.memory.set(key, token);
    dropOldest(this.memory, MEMORY_MAX);
  }
}

const digestOf = (key: string): string => createHash('sha256').update(key).digest('base64url');

const rowOf = (key: string, { groupId, decidedAtMs, expiresAt }: AcceptedToken): AcceptedTokenRow => ({
  id: digestOf(key),
  decidedAt: isoTime(decidedAtMs),
  ...(groupId === undefined ? {} : { groupId }),
  ...(expiresAt === undefined ? {} : { expiresAt }),
});

function dropOldest(map: Map<string, unknown>, max: number): void {
  if (map.size <= max) return;
  const oldest = map.keys().next();
  if (oldest.done !== true) map.delete(oldest.value);
}

async function within<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
