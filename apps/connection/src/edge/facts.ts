import { STATION_TOPIC, type StationFacts, type StationFactType } from '@voltlog/connection-contract';
import type { DataTexts, EventLog } from '@voltlog/event-log';
import { type Clock, type EventEnvelope, type IdSource, isoTime, OperatingError } from '@voltlog/kernel';
import type { Count, Logger, Metrics } from '@voltlog/telemetry';

const BACKOFF_MS_MIN = 50;
const BACKOFF_MS_MAX = 2_000;
/** Facts nobody waits for that are kept in memory while the log is away: two for each of 10 000 stations, and some. */
const PENDING_MAX = 50_000;

/** Puts station facts on the log, and waits for it when it is away. */
export class FactRecorder {
  private readonly source: string;
  private failures = 0;
  private timeMs = Number.NaN;
  private time = '';
  private pending = 0;
  private readonly appended: Count;
  private readonly failed: Count;
  private readonly dropped: Count;

  constructor(
    private readonly log: EventLog,
    private readonly ids: IdSource,
    private readonly clock: Clock,
    private readonly logger: Logger,
    options: { readonly instanceId: string; readonly metrics: Metrics },
  ) {
    this.source = `/connection/${options.instanceId}`;
    this.appended = options.metrics.counter('voltlog_events_published_total', 'Facts made durable on the log');
    this.failed = options.metrics.counter('voltlog_log_append_failures_total', 'Appends the log could not take');
    this.dropped = options.metrics.counter('voltlog_facts_dropped_total', 'Presence facts given up while the log was away');
  }

  /** Whether the last append failed. */
  get logIsAway(): boolean {
    return this.failures > 0;
  }

  envelope<Type extends StationFactType>(
    type: Type,
    data: StationFacts[Type],
    correlationId: string | undefined,
    traceparent: string | undefined,
  ): EventEnvelope {
    const id = this.ids.next();
    const now = this.clock.now();
    // Its own copy of the last text: the shared one flips between this and the time messages were received.
    if (now !== this.timeMs) {
      this.timeMs = now;
      this.time = isoTime(now);
    }
    const envelope = { id, type, source: this.source, subject: data.stationId, time: this.time, data, correlationId: correlationId ?? id };
    return traceparent === undefined ? envelope : { ...envelope, traceparent };
  }

  /**
   * Durable when it resolves true. Repeats, under the same event ids, until it is or nobody wants it any more.
   *
   * @returns false when it was given up: the events may or may not be on the log
   */
  async append(
    stationId: string,
    events: readonly EventEnvelope[],
    wanted: { readonly closed: boolean },
    dataTexts?: DataTexts,
  ): Promise<boolean> {
    for (;;) {
      try {
        await this.log.append(STATION_TOPIC, stationId, events, dataTexts);
        this.appended.value += events.length;
        if (this.failures > 0) {
          this.failures = 0;
          this.logger.info('the log takes facts again');
        }
        return true;
      } catch (error) {
        this.failed.value += 1;
        if (!(error instanceof OperatingError)) throw error;
        if (this.failures++ === 0) this.logger.error({ err: error }, 'the log is away; stations wait for their answers');
        if (wanted.closed) return false;
        await new Promise((resolve) => setTimeout(resolve, Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** Math.min(8, this.failures))));
        if (wanted.closed) return false;
      }
    }
  }

  /** For facts that no answer waits for. */
  appendLater(stationId: string, event: EventEnvelope): void {
    if (this.pending >= PENDING_MAX) {
      this.dropped.value += 1;
      return;
    }
    this.pending += 1;
    this.append(stationId, [event], this.stopping).then(
      () => {
        this.pending -= 1;
      },
      (error: unknown) => {
        this.pending -= 1;
        this.logger.error({ err: error, type: event.type }, 'a fact could not be recorded');
      },
    );
  }

  private readonly stopping = { closed: false };

  /** Waits until what no answer waits for is on the log, at most so long, and gives up the rest. */
  async settle(timeoutMs: number): Promise<void> {
    const deadline = this.clock.now() + timeoutMs;
    while (this.pending > 0 && this.clock.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
    this.stopping.closed = true;
  }
}
