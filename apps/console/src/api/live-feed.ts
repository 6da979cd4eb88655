import { type ApiError, problemOf } from './client.js';
import { SseParser } from './sse.js';
import type { LiveEvent } from './types.js';

export type LiveState = 'connecting' | 'live' | 'lost' | 'refused';

export interface LiveSnapshot {
  readonly state: LiveState;
  /** Newest first. */
  readonly events: readonly LiveEvent[];
}

/** Events kept for the panel. */
export const EVENTS_MAX = 300;
/** Milliseconds between two drawings of the page, however fast events come. */
const DRAW_MS = 200;
const RETRY_MS_MIN = 1_000;
const RETRY_MS_MAX = 4_000;
/** Milliseconds without a byte after which the line counts as dead; the gateway gives a sign of life every 15 s. */
const SILENCE_MS = 40_000;

export interface LiveListener {
  /** New events, oldest first. */
  onEvents(events: readonly LiveEvent[]): void;
  /** Events may have been missed: read everything again. */
  onGap(): void;
}

/** Follows the event stream, comes back by itself, and goes on where it was. */
export class LiveFeed {
  private snapshot: LiveSnapshot = { state: 'connecting', events: [] };
  private readonly watchers = new Set<() => void>();
  private readonly abort = new AbortController();
  private pending: LiveEvent[] = [];
  private drawing: ReturnType<typeof setTimeout> | undefined;
  private lastEventId: string | undefined;

  constructor(
    private readonly key: string,
    private readonly listener: LiveListener,
  ) {}

  readonly getSnapshot = (): LiveSnapshot => this.snapshot;
  readonly subscribe = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };

  start(): void {
    void this.follow();
  }

  stop(): void {
    this.abort.abort();
    clearTimeout(this.drawing);
  }

  private async follow(): Promise<void> {
    let retryMs = RETRY_MS_MIN;
    while (!this.abort.signal.aborted) {
      try {
        await this.read(() => {
          retryMs = RETRY_MS_MIN;
        });
      } catch (error) {
        if ((error as ApiError).status === 401) return this.show({ state: 'refused' });
      }
      if (this.abort.signal.aborted) return;
      this.show({ state: 'lost' });
      await new Promise((resolve) => setTimeout(resolve, retryMs));
      retryMs = Math.min(retryMs * 2, RETRY_MS_MAX);
    }
  }

  private async read(onReady: () => void): Promise<void> {
    const attempt = new AbortController();
    const headers: Record<string, string> = { authorization: `Bearer ${this.key}` };
    if (this.lastEventId !== undefined) headers['last-event-id'] = this.lastEventId;
    const response = await fetch('/v1/events', { headers, signal: AbortSignal.any([attempt.signal, this.abort.signal]) });
    if (!response.ok || response.body === null) throw await problemOf(response);
    const parser = new SseParser();
    const decoder = new TextDecoder();
    let watchdog: ReturnType<typeof setTimeout> | undefined;
    try {
      const reader = response.body.getReader();
      for (;;) {
        watchdog = setTimeout(() => attempt.abort(), SILENCE_MS);
        const { done, value } = await reader.read();
        clearTimeout(watchdog);
        if (done) return;
        for (const message of parser.push(decoder.decode(value, { stream: true })))
          this.take(message.event, message.id, message.data, onReady);
      }
    } finally {
      clearTimeout(watchdog);
    }
  }

  private take(event: string, id: string | undefined, data: string, onReady: () => void): void {
    if (event === 'ready') {
      onReady();
      this.show({ state: 'live' });
      this.listener.onGap();
    } else if (event === 'reset') this.listener.onGap();
    else if (event === 'message') {
      this.lastEventId = id ?? this.lastEventId;
      this.pending.push(JSON.parse(data) as LiveEvent);
      this.drawing ??= setTimeout(() => this.draw(), DRAW_MS);
    }
  }

  private draw(): void {
    this.drawing = undefined;
    const fresh = this.pending;
    this.pending = [];
    this.listener.onEvents(fresh);
    this.show({ events: [...fresh.toReversed(), ...this.snapshot.events].slice(0, EVENTS_MAX) });
  }

  private show(change: Partial<LiveSnapshot>): void {
    this.snapshot = { ...this.snapshot, ...change };
    for (const watcher of this.watchers) watcher();
  }
}
