import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import type { LogRecord, Subscription } from '@voltlog/event-log';
import { SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import { ApiKeys } from '../auth/api-keys.js';
import { Problem } from '../problems/problem.js';
import { maskedJson } from './mask.js';

/** What the stream shows. */
export const LIVE_TOPICS = [
  'connection.station.v1',
  'device.station.v1',
  'device.job.v1',
  'device.model.v1',
  'device.firmware.v1',
  'device.move.v1',
  'device.upload.v1',
  'authorization.token.v1',
  'authorization.contract.v1',
  'authorization.decision.v1',
  'session.session.v1',
  'reservation.reservation.v1',
] as const;
/** Records kept for a client that comes back; some seconds of a busy fleet, about 4 MB. */
export const RING_MAX = 2_048;
/** Clients at once on one instance. */
export const CLIENTS_MAX = 200;
/** Bytes that may wait for a client; one that reads slower is let go and comes back with its last event id. */
export const WAITING_BYTES_MAX = 1024 * 1024;
/** Milliseconds between signs of life; proxies close what is silent for 30 s or more. */
const HEARTBEAT_MS = 15_000;
/** Milliseconds the stream goes on without clients, so that one that comes back finds what it missed. */
const LINGER_MS = 30_000;

/** Where a client's text goes. */
export interface Sink {
  write(text: string): void;
  /** Bytes written that the client has not taken yet. */
  waitingBytes(): number;
  end(): void;
}

export interface LiveFilter {
  /** Full types or bare names, e.g. `TransactionStarted`; absent: all. */
  readonly types?: ReadonlySet<string>;
  readonly stationId?: string;
}

interface Client {
  readonly keyId: string;
  readonly sink: Sink;
  readonly filter: LiveFilter;
}

/**
 * Tells everybody who listens what happens on the platform. Without listeners there is no subscription at all, so it costs the
 * platform nothing; with listeners an event is written to text once, whatever their number.
 */
@Injectable()
export class LiveHub implements BeforeApplicationShutdown {
  private readonly clients = new Set<Client>();
  /** By station: who wants to know that something happened there, not what. */
  private readonly watchers = new Map<string, Set<() => void>>();
  private readonly ring: LogRecord[] = [];
  private ringStart = 0;
  private subscription: Promise<Subscription> | undefined;
  private subscriptions = 0;
  private heartbeat: NodeJS.Timeout | undefined;
  private linger: NodeJS.Timeout | undefined;

  constructor(
    private readonly keys: ApiKeys,
    @Inject(SERVICE_CONTEXT) private readonly context: ServiceContext,
  ) {
    context.metrics.gauge('voltlog_gateway_live_clients', 'Clients of the event stream', () => this.clients.size);
  }

  /**
   * Adds a client; it gets `event: ready` once events flow, and before that what it missed since `lastEventId`, or `event: reset`
   * when that is not known any more.
   *
   * @returns takes the client away again
   */
  async join(keyId: string, sink: Sink, filter: LiveFilter, lastEventId?: string): Promise<() => void> {
    if (this.clients.size >= CLIENTS_MAX)
      throw new Problem(503, 'too-many-listeners', 'Too many clients listen on this instance.', { headers: { 'retry-after': '5' } });
    clearTimeout(this.linger);
    const client: Client = { keyId, sink, filter };
    await this.start();
    if (lastEventId !== undefined) this.resume(client, lastEventId);
    this.clients.add(client);
    sink.write('event: ready\ndata: {}\n\n');
    return () => this.leave(client);
  }

  /**
   * Calls `hear` whenever something happens at a station.
   *
   * @returns ends it
   */
  async watch(stationId: string, hear: () => void): Promise<() => void> {
    clearTimeout(this.linger);
    await this.start();
    const watching = this.watchers.get(stationId) ?? new Set();
    this.watchers.set(stationId, watching.add(hear));
    return () => {
      if (watching.delete(hear) && watching.size === 0) this.watchers.delete(stationId);
      this.rest();
    };
  }

  async beforeApplicationShutdown(): Promise<void> {
    for (const client of this.clients) client.sink.end();
    this.clients.clear();
    clearTimeout(this.linger);
    await this.stop();
  }

  private start(): Promise<Subscription> {
    this.heartbeat ??= setInterval(() => {
      this.beat().catch((error: unknown) => this.context.logger.warn({ err: error }, 'a heartbeat of the event stream failed'));
    }, HEARTBEAT_MS).unref();
    this.subscriptions += this.subscription === undefined ? 1 : 0;
    this.subscription ??= this.context.log
      .subscribe({
        group: `gateway-live-${this.context.instanceId}-${this.subscriptions}`,
        topics: LIVE_TOPICS,
        startFrom: 'latest',
        temporary: true,
        handle: (batch) => {
          this.deliver(batch);
          return Promise.resolve();
        },
      })
      .catch((error: unknown) => {
        this.subscription = undefined;
        throw error;
      });
    return this.subscription;
  }

  private async stop(): Promise<void> {
    const subscription = this.subscription;
    this.subscription = undefined;
    this.ring.length = 0;
    this.ringStart = 0;
    clearInterval(this.heartbeat);
    this.heartbeat = undefined;
    await (await subscription)?.stop();
  }

  private leave(client: Client): void {
    if (this.clients.delete(client)) this.rest();
  }

  /** Stops a while after the last one left. */
  private rest(): void {
    if (this.clients.size > 0 || this.watchers.size > 0) return;
    clearTimeout(this.linger);
    this.linger = setTimeout(() => {
      this.stop().catch((error: unknown) => this.context.logger.warn({ err: error }, 'the live subscription did not stop'));
    }, LINGER_MS).unref();
  }

  private letGo(client: Client): void {
    this.leave(client);
    client.sink.end();
  }

  private deliver(batch: readonly LogRecord[]): void {
    for (const record of batch) this.remember(record);
    this.alert(batch);
    if (this.clients.size === 0) return;
    const texts = new Map<Client, string>();
    for (const record of batch) {
      const stationId = stationIdOf(record);
      let text: string | undefined;
      for (const client of this.clients) {
        if (!passes(client.filter, record, stationId)) continue;
        text ??= messageOf(record, stationId);
        texts.set(client, (texts.get(client) ?? '') + text);
      }
    }
    for (const [client, text] of texts) this.send(client, text);
  }

  private alert(batch: readonly LogRecord[]): void {
    if (this.watchers.size === 0) return;
    const stations = new Set(batch.map(stationIdOf));
    for (const stationId of stations) if (stationId !== undefined) for (const hear of this.watchers.get(stationId) ?? []) hear();
  }

  private send(client: Client, text: string): void {
    if (client.sink.waitingBytes() > WAITING_BYTES_MAX) {
      this.letGo(client);
      return;
    }
    client.sink.write(text);
  }

  private remember(record: LogRecord): void {
    if (this.ring.length < RING_MAX) {
      this.ring.push(record);
      return;
    }
    this.ring[this.ringStart] = record;
    this.ringStart = (this.ringStart + 1) % RING_MAX;
  }

  private resume(client: Client, lastEventId: string): void {
    const inOrder = [...this.ring.slice(this.ringStart), ...this.ring.slice(0, this.ringStart)];
    const seen = inOrder.findIndex((record) => record.event.id === lastEventId);
    if (seen === -1) {
      client.sink.write('event: reset\ndata: {}\n\n');
      return;
    }
    let text = '';
    for (const record of inOrder.slice(seen + 1)) {
      const stationId = stationIdOf(record);
      if (passes(client.filter, record, stationId)) text += messageOf(record, stationId);
    }
    if (text !== '') client.sink.write(text);
  }

  /** Gives every client a sign of life, and lets those go whose key was revoked, on whatever instance. */
  async beat(): Promise<void> {
    for (const client of this.clients) this.send(client, ': still here\n\n');
    for (const keyId of new Set([...this.clients].map((client) => client.keyId))) {
      if (await this.keys.isActive(keyId)) continue;
      for (const client of this.clients) if (client.keyId === keyId) this.letGo(client);
    }
  }
}

function passes(filter: LiveFilter, record: LogRecord, stationId: string | undefined): boolean {
  if (filter.stationId !== undefined && filter.stationId !== stationId) return false;
  return filter.types === undefined || filter.types.has(record.event.type) || filter.types.has(nameOf(record.event.type));
}

/** `voltlog.connection.TransactionStarted.v1` -> `TransactionStarted` */
const nameOf = (type: string): string => type.split('.')[2] ?? type;

function stationIdOf(record: LogRecord): string | undefined {
  if (record.topic === 'connection.station.v1') return record.key;
  const { data } = record.event;
  if (typeof data !== 'object' || data === null) return undefined;
  if ('stationId' in data && typeof data.stationId === 'string') return data.stationId;
  const request = 'request' in data ? data.request : undefined;
  return typeof request === 'object' && request !== null && 'stationId' in request && typeof request.stationId === 'string'
    ? request.stationId
    : undefined;
}

/** One event as server-sent event text, tokens masked. Source: HTML Living Standard §9.2. */
function messageOf(record: LogRecord, stationId: string | undefined): string {
  const { id, type, time, subject, data, correlationId, causationId } = record.event;
  // Streams of tokens are keyed and named by the token itself.
  const shownSubject = record.topic.startsWith('authorization.') ? null : subject;
  const body = {
    id,
    type,
    topic: record.topic,
    time,
    subject: shownSubject,
    stationId: stationId ?? null,
    correlationId,
    causationId,
    data,
  };
  return `id: ${id}\ndata: ${maskedJson(body)}\n\n`;
}
