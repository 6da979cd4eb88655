import { createHash, randomBytes } from 'node:crypto';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { isoTime } from '@voltlog/kernel';
import { SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import type { Collection } from '@voltlog/store';
import { Schema } from 'mongoose';
import { ROLES } from '../auth/api-key.js';
import type { Caller } from '../auth/api-keys.js';

/** Milliseconds a ticket may wait to be used: a browser uses it at once. */
export const TICKET_MS = 30_000;

interface Ticket {
  readonly id: string;
  readonly keyId: string;
  readonly name: string;
  readonly role: string;
  readonly expiresAt: string;
  /** 1: waiting; 2: used. */
  readonly version: number;
}

const ticketSchema = new Schema(
  {
    _id: String,
    keyId: { type: String, required: true },
    name: { type: String, required: true },
    role: { type: String, required: true },
    expiresAt: { type: String, required: true },
    version: { type: Number, required: true },
  },
  { versionKey: false },
).index({ expiresAt: 1 });

/** One-time tickets for the event stream: an `EventSource` cannot send headers, and a key does not belong into an address. */
@Injectable()
export class EventTickets implements OnModuleInit {
  private tickets: Collection<Ticket> | undefined;

  constructor(@Inject(SERVICE_CONTEXT) private readonly context: ServiceContext) {}

  async onModuleInit(): Promise<void> {
    this.tickets = await this.context.store.collection<Ticket>('eventTickets', ticketSchema);
  }

  async give(caller: Caller): Promise<{ readonly ticket: string; readonly expiresAt: string }> {
    const now = this.context.clock.now();
    const ticket = randomBytes(24).toString('base64url');
    const expiresAt = isoTime(now + TICKET_MS);
    await this.collection.deleteWhere({ expiresAt: { $lt: isoTime(now - TICKET_MS) } });
    await this.collection.upsert([{ doc: { id: hash(ticket), ...caller, expiresAt, version: 1 }, expectedVersion: 0 }]);
    return { ticket, expiresAt };
  }

  /** Whose ticket it is; only the first asker gets an answer. */
  async use(ticket: string): Promise<Caller | undefined> {
    const stored = await this.collection.get(hash(ticket));
    const role = ROLES.find((known) => known === stored?.role);
    if (stored === undefined || role === undefined || stored.version !== 1 || stored.expiresAt <= isoTime(this.context.clock.now()))
      return undefined;
    const [mine] = await this.collection.upsert([{ doc: { ...stored, version: 2 }, expectedVersion: 1 }]);
    return mine === true ? { keyId: stored.keyId, name: stored.name, role } : undefined;
  }

  private get collection(): Collection<Ticket> {
    if (this.tickets === undefined) throw new Error('EventTickets is used before onModuleInit');
    return this.tickets;
  }
}

const hash = (ticket: string): string => createHash('sha256').update(ticket).digest('hex');
