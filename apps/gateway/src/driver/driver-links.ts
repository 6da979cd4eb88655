import { createHash, randomBytes } from 'node:crypto';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { isoTime, OperatingError } from '@voltlog/kernel';
import { SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import type { Collection } from '@voltlog/store';
import { Schema } from 'mongoose';
import { Problem } from '../problems/problem.js';

/** 256 bits of chance in base64url. */
export const LINK_KEY_PATTERN = /^[A-Za-z0-9_-]{43}$/;

/** Milliseconds between two cleanings. */
const CLEAN_EVERY_MS = 600_000;
const NOTE_TRIES = 5;

/** What a key opens: one charge from its start request on, one reservation, or charging with one ID token. */
export type LinkKind = 'Charge' | 'Reservation' | 'Contract';

/** A capability that was handed out; the key itself is not stored. */
export interface DriverLink {
  /** SHA-256 of the key, base64url. */
  readonly id: string;
  readonly kind: LinkKind;
  /** Of a charge or a reservation: where. */
  readonly stationId?: string;
  readonly evseId?: number;
  readonly startRequestId?: string;
  readonly reservationId?: string;
  /** Whose charge, reservation or contract it is. */
  readonly idToken?: string;
  readonly idTokenType?: string;
  /** What the driver calls it. */
  readonly label?: string;
  /** A guest's, whose ID token says nothing to anybody. */
  readonly guest?: boolean;
  /** Why the start could not be asked for. */
  readonly failure?: string;
  /** When the driver asked to stop. */
  readonly stopRequestedAt?: string;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly version: number;
}

const linkSchema = new Schema(
  {
    _id: String,
    kind: { type: String, required: true },
    stationId: String,
    evseId: Number,
    startRequestId: String,
    reservationId: String,
    idToken: String,
    idTokenType: String,
    label: String,
    guest: Boolean,
    failure: String,
    stopRequestedAt: String,
    createdAt: { type: String, required: true },
    expiresAt: { type: String, required: true },
    version: { type: Number, required: true },
  },
  { versionKey: false },
)
  .index({ expiresAt: 1 })
  .index({ idToken: 1, createdAt: 1 });

/** An ID token and its OCPP type. */
export interface LinkToken {
  readonly idToken: string;
  readonly type: string;
}

export type NewLink = Omit<DriverLink, 'id' | 'createdAt' | 'expiresAt' | 'version'>;

/** The unguessable keys by which drivers who have no account see and steer what is theirs. Whoever has the key may; that is what it is for. */
@Injectable()
export class DriverLinks implements OnModuleInit {
  private links: Collection<DriverLink> | undefined;
  private cleanedAt = 0;

  constructor(@Inject(SERVICE_CONTEXT) private readonly context: ServiceContext) {}

  async onModuleInit(): Promise<void> {
    this.links = await this.context.store.collection<DriverLink>('driverLinks', linkSchema);
  }

  /** Makes a key. It is in the answer and nowhere else. */
  async give(link: NewLink, validMs: number): Promise<{ readonly key: string; readonly link: DriverLink }> {
    const now = this.context.clock.now();
    await this.clean(now);
    const key = randomBytes(32).toString('base64url');
    const stored: DriverLink = { ...link, id: hashOf(key), createdAt: isoTime(now), expiresAt: isoTime(now + validMs), version: 1 };
    await this.collection.upsert([{ doc: stored, expectedVersion: 0 }]);
    return { key, link: stored };
  }

  now(): number {
    return this.context.clock.now();
  }

  /** What a key opens; `undefined` when it opens nothing of these kinds, or not any more. */
  async find(key: string, ...kinds: readonly LinkKind[]): Promise<DriverLink | undefined> {
    if (!LINK_KEY_PATTERN.test(key)) return undefined;
    const stored = await this.collection.get(hashOf(key));
    if (stored === undefined || !kinds.includes(stored.kind) || stored.expiresAt <= isoTime(this.context.clock.now())) return undefined;
    return stored;
  }

  /** @throws {Problem} 404, the same for a key that never was, has ended, or opens something else */
  async open(key: string, ...kinds: readonly LinkKind[]): Promise<DriverLink> {
    const link = await this.find(key, ...kinds);
    if (link === undefined) throw new Problem(404, 'link-unknown', 'This link opens nothing here: it may have ended, or be incomplete.');
    return link;
  }

  /** Writes more of what is known to a link; two writers at once both get theirs in. */
  async note(
    id: string,
    change: Partial<Pick<DriverLink, 'startRequestId' | 'reservationId' | 'stopRequestedAt' | 'failure'>>,
  ): Promise<void> {
    for (let tries = 0; tries < NOTE_TRIES; tries += 1) {
      const stored = await this.collection.get(id);
      if (stored === undefined) return;
      const doc = { ...stored, ...change, version: stored.version + 1 };
      const [written] = await this.collection.upsert([{ doc, expectedVersion: stored.version }]);
      if (written === true) return;
    }
    throw new OperatingError('StoreUnavailable', 'a link changed each time it was to be written');
  }

  /** By what is stored of its key. */
  byId(id: string): Promise<DriverLink | undefined> {
    return this.collection.get(id);
  }

  /** Links of an ID token, newest first. */
  async ofToken(token: LinkToken, limit: number): Promise<readonly DriverLink[]> {
    const { docs } = await this.collection.find({ where: { idToken: token.idToken }, sort: ['createdAt', -1], limit });
    const now = isoTime(this.context.clock.now());
    return docs.filter((link) => isContractOf(link, token) && link.expiresAt > now);
  }

  async revoke(token: LinkToken, id: string): Promise<boolean> {
    const stored = await this.collection.get(id);
    if (stored === undefined || !isContractOf(stored, token)) return false;
    await this.collection.delete([id]);
    return true;
  }

  private async clean(now: number): Promise<void> {
    if (now - this.cleanedAt < CLEAN_EVERY_MS) return;
    this.cleanedAt = now;
    await this.collection.deleteWhere({ expiresAt: { $lt: isoTime(now) } });
  }

  private get collection(): Collection<DriverLink> {
    if (this.links === undefined) throw new Error('DriverLinks is used before onModuleInit');
    return this.links;
  }
}

const isContractOf = (link: DriverLink, { idToken, type }: LinkToken): boolean =>
  link.kind === 'Contract' && link.idToken === idToken && link.idTokenType === type;

/** The key has 256 bits of its own, so a plain hash is enough. */
const hashOf = (key: string): string => createHash('sha256').update(key).digest('base64url');
