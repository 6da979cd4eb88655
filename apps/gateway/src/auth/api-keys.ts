import { createHash } from 'node:crypto';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { isoTime } from '@voltlog/kernel';
import { SERVICE_CONFIG, SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import type { Collection, Page } from '@voltlog/store';
import { Schema } from 'mongoose';
import { BoundedMap } from '../bounded-map.js';
import type { GatewayConfig } from '../config.js';
import { notFound } from '../problems/problem.js';
import { hashSecret, type MadeKey, makeKey, parseKey, type Role, sameHash } from './api-key.js';

export interface ApiKey {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /** SHA-256 of the secret, hex. */
  readonly secretHash: string;
  readonly createdAt: string;
  readonly revokedAt?: string;
  readonly version: number;
}

/** Who asks. */
export interface Caller {
  readonly keyId: string;
  readonly name: string;
  readonly role: Role;
}

const apiKeySchema = new Schema(
  {
    _id: String,
    name: { type: String, required: true },
    role: { type: String, required: true },
    secretHash: { type: String, required: true },
    createdAt: { type: String, required: true },
    revokedAt: String,
    version: { type: Number, required: true },
  },
  { versionKey: false },
)
  .index({ createdAt: 1 })
  .index({ role: 1 });

/** Verdicts kept; each is about 200 bytes. */
const VERDICTS_MAX = 1_000;
/** Milliseconds a verdict is believed: how long a key revoked on another instance still works here. */
const VERDICT_MS = 5_000;

/** The keys that open the API. */
@Injectable()
export class ApiKeys implements OnModuleInit {
  private keys: Collection<ApiKey> | undefined;
  private readonly verdicts = new BoundedMap<{ readonly caller: Caller | undefined; readonly keyId: string; readonly until: number }>(
    VERDICTS_MAX,
  );

  constructor(
    @Inject(SERVICE_CONTEXT) private readonly context: ServiceContext,
    @Inject(SERVICE_CONFIG) private readonly config: GatewayConfig,
  ) {}

  async onModuleInit(): Promise<void> {
    this.keys = await this.context.store.collection<ApiKey>('apiKeys', apiKeySchema);
    const fixed = parseKey(this.config.adminKey);
    if (fixed !== undefined) {
      await this.keep({ ...fixed, key: this.config.adminKey }, 'GATEWAY_ADMIN_KEY', 'admin');
      return;
    }
    const admins = await this.collection.find({ where: { role: 'admin' }, limit: 1_000 });
    if (admins.docs.some((key) => key.revokedAt === undefined)) return;
    const first = makeKey();
    await this.keep(first, 'first admin key', 'admin');
    this.context.announce('admin-key', first.key);
  }

  /** Who this key belongs to; `undefined` when it opens nothing. */
  async identify(key: string): Promise<Caller | undefined> {
    const cacheKey = createHash('sha256').update(key).digest('base64');
    const now = this.context.clock.now();
    const known = this.verdicts.get(cacheKey);
    if (known !== undefined && known.until > now) return known.caller;
    const parsed = parseKey(key);
    if (parsed === undefined) return undefined;
    const stored = await this.collection.get(parsed.keyId);
    const valid = stored !== undefined && stored.revokedAt === undefined && sameHash(stored.secretHash, hashSecret(parsed.secret));
    const caller = valid ? { keyId: stored.id, name: stored.name, role: stored.role } : undefined;
    this.verdicts.set(cacheKey, { caller, keyId: parsed.keyId, until: now + VERDICT_MS });
    return caller;
  }

  /** Makes a key. The secret is in the answer and nowhere else. */
  async create(name: string, role: Role): Promise<{ readonly made: MadeKey; readonly stored: ApiKey }> {
    const made = makeKey();
    return { made, stored: await this.keep(made, name, role) };
  }

  list(limit: number, cursor?: string): Promise<Page<ApiKey>> {
    return this.collection.find({ sort: ['createdAt', -1], limit, ...(cursor === undefined ? {} : { after: cursor }) });
  }

  /** Whether the key still opens the API; asked for streams, which outlive the request that opened them. */
  async isActive(keyId: string): Promise<boolean> {
    const stored = await this.collection.get(keyId);
    return stored !== undefined && stored.revokedAt === undefined;
  }

  async revoke(keyId: string): Promise<ApiKey> {
    const stored = await this.collection.get(keyId);
    if (stored === undefined) throw notFound(`API key ${keyId}`);
    if (stored.revokedAt !== undefined) return stored;
    const revoked: ApiKey = { ...stored, revokedAt: isoTime(this.context.clock.now()), version: stored.version + 1 };
    await this.collection.upsert([{ doc: revoked }]);
    this.verdicts.deleteWhere((verdict) => verdict.keyId === keyId);
    return revoked;
  }

  private async keep(made: MadeKey, name: string, role: Role): Promise<ApiKey> {
    const stored: ApiKey = {
      id: made.keyId,
      name,
      role,
      secretHash: hashSecret(made.secret),
      createdAt: isoTime(this.context.clock.now()),
      version: 1,
    };
    await this.collection.upsert([{ doc: stored }]);
    return stored;
  }

  private get collection(): Collection<ApiKey> {
    if (this.keys === undefined) throw new Error('ApiKeys is used before onModuleInit');
    return this.keys;
  }
}
