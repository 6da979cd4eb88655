import { type Clock, type IdSource, isoTime } from '@voltlog/kernel';
import type { Collection } from '@voltlog/store';
import type { Count, Logger, Metrics } from '@voltlog/telemetry';
import type { FrameChunk, StoredFrame } from './frame.schema.js';
import { masked } from './mask.js';

/** Frames are stored at the latest so long after they were seen. */
const FLUSH_MS = 10_000;
/** ... or once so many wait: few enough to die young in the garbage collector. */
const FLUSH_FRAMES = 4_096;
/** Characters kept in memory at most; beyond it frames are dropped and counted, for they are diagnostics and not facts. */
const PENDING_CHARS_MAX = 64 * 1_048_576;
/**
 * Frames kept of one station in the time between two flushes; the rest is left out. Twenty times what a busy station says, and the
 * reason why a station gone mad cannot fill the disk: the full record of what was reported is on the event log.
 */
export const STATION_FRAMES_MAX = 100;
const LEFT_OUT = '(more frames came in these seconds than are kept)';
/** Characters masked and written at once, about: some milliseconds of work, so that no answer waits for long. */
const CHARS_PER_WRITE = 65_536;
/** ... but more when much waits: the embedded store rests between small writes, and the log must not fall behind for that. */
const WRITES_MAX = 16;
const FRAME_CHARS_MAX = 65_536;
const RETENTION_SWEEP_MS = 3_600_000;

/** Whose frame it is, and how many of it were kept lately. */
export interface FrameSource {
  readonly stationId: string;
  frameWindow: number;
  framesKept: number;
}

interface PendingFrame {
  readonly stationId: string;
  readonly atMs: number;
  readonly direction: 'in' | 'out';
  readonly text: string;
}

export interface FrameLogOptions {
  readonly enabled: boolean;
  readonly retentionMs: number;
}

/**
 * The message log of stations: what went over the wire, for people. The hot path pushes a reference; masking and storing come later, in
 * chunks per station. Heartbeats are not kept.
 */
export class FrameLog {
  private pending: PendingFrame[] = [];
  private writing: readonly PendingFrame[] = [];
  private chars = 0;
  private flushing: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private sweptAtMs: number;
  private window = 1;
  private readonly dropped: Count;

  constructor(
    private readonly chunks: Collection<FrameChunk>,
    private readonly clock: Clock,
    private readonly ids: IdSource,
    private readonly logger: Logger,
    private readonly options: FrameLogOptions & { readonly metrics: Metrics },
  ) {
    this.sweptAtMs = clock.now();
    this.dropped = options.metrics.counter('voltlog_frames_dropped_total', 'Frames left out of the message log');
  }

  start(): void {
    if (!this.options.enabled) return;
    this.timer = setInterval(() => {
      this.window += 1;
      void this.flush();
    }, FLUSH_MS);
    this.timer.unref();
  }

  received(source: FrameSource, atMs: number, text: string, action: string): void {
    if (action !== 'Heartbeat') this.keep(source, atMs, 'in', text);
  }

  sent(source: FrameSource, atMs: number, text: string): void {
    this.keep(source, atMs, 'out', text);
  }

  /** Frames of a station that are not stored yet, oldest first. */
  recent(stationId: string): readonly StoredFrame[] {
    const of = (frame: PendingFrame): boolean => frame.stationId === stationId;
    return [...this.writing.filter(of), ...this.pending.filter(of)].map(stored);
  }

  /** Stores what waits. Never rejects: what cannot be stored is dropped, and counted. */
  flush(): Promise<void> {
    this.flushing ??= this.write().finally(() => {
      this.flushing = undefined;
    });
    return this.flushing;
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.flush();
    await this.flush();
  }

  private keep(source: FrameSource, atMs: number, direction: 'in' | 'out', text: string): void {
    if (!this.options.enabled) return;
    if (source.frameWindow !== this.window) {
      source.frameWindow = this.window;
      source.framesKept = 0;
    }
    source.framesKept += 1;
    if (source.framesKept > STATION_FRAMES_MAX || this.chars > PENDING_CHARS_MAX) {
      this.dropped.value += 1;
      return;
    }
    const kept = source.framesKept === STATION_FRAMES_MAX ? LEFT_OUT : text;
    this.chars += kept.length;
    if (this.pending.push({ stationId: source.stationId, atMs, direction, text: kept }) >= FLUSH_FRAMES && this.flushing === undefined)
      void this.flush();
  }

  private async write(): Promise<void> {
    const frames = this.pending;
    this.pending = [];
    this.writing = frames;
    const charsPerWrite = Math.max(CHARS_PER_WRITE, this.chars / WRITES_MAX);
    try {
      let chunks: FrameChunk[] = [];
      let chars = 0;
      for (const chunk of this.chunked(frames)) {
        chunks.push(chunk);
        for (const { text } of chunk.frames) chars += text.length;
        if (chars < charsPerWrite) continue;
        await this.chunks.upsert(chunks.map((doc) => ({ doc, likelyNew: true })));
        chunks = [];
        chars = 0;
        await new Promise((resolve) => setImmediate(resolve));
      }
      if (chunks.length > 0) await this.chunks.upsert(chunks.map((doc) => ({ doc, likelyNew: true })));
      await this.sweep();
    } catch (error) {
      this.dropped.value += frames.length;
      this.logger.warn({ err: error, frames: frames.length }, 'frames could not be stored');
    } finally {
      for (const frame of frames) this.chars -= frame.text.length;
      this.writing = [];
    }
  }

  private *chunked(frames: readonly PendingFrame[]): Generator<FrameChunk> {
    const byStation = Map.groupBy(frames, (frame) => frame.stationId);
    for (const [stationId, own] of byStation) {
      const frames = own.map(stored);
      const first = frames[0];
      if (first !== undefined) yield { id: this.ids.next(), stationId, at: isoTime(first.atMs), frames };
    }
  }

  private async sweep(): Promise<void> {
    const now = this.clock.now();
    if (now - this.sweptAtMs < RETENTION_SWEEP_MS) return;
    this.sweptAtMs = now;
    await this.chunks.deleteWhere({ at: { $lt: isoTime(now - this.options.retentionMs) } });
  }
}

const stored = (frame: PendingFrame): StoredFrame => ({
  atMs: frame.atMs,
  direction: frame.direction,
  text: masked(frame.text.length > FRAME_CHARS_MAX ? `${frame.text.slice(0, FRAME_CHARS_MAX)}...` : frame.text),
});
