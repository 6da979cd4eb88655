import type { Logger } from 'pino';

/** A count that the hot path raises by a plain addition; read out when metrics are collected. */
export interface Count {
  value: number;
}

/** Metrics of one service, served by `/metrics`. Names are `voltlog_*` with base units; labels are bounded sets, never ids. */
export interface Metrics {
  /** The count for one set of labels; keep it, do not look it up per message. */
  counter(name: string, help: string, labels?: Readonly<Record<string, string>>): Count;
  /** A value read when metrics are collected. */
  gauge(name: string, help: string, read: () => number, labels?: Readonly<Record<string, string>>): void;
  /** Seconds; buckets from 1 ms to 60 s. */
  histogram(name: string, help: string, labels?: Readonly<Record<string, string>>): { record(seconds: number): void };
}

/** Traces of one service. `undefined` spans cost nothing: most messages are not sampled. */
export interface Tracing {
  /** Starts a trace for a message from outside, or nothing when it is not sampled. */
  start(name: string, attributes?: Readonly<Record<string, string | number>>): Span | undefined;
  /** Goes on with the trace of a `traceparent`, or nothing when there is none or it is not sampled. */
  continue(name: string, traceparent: string | undefined, attributes?: Readonly<Record<string, string | number>>): Span | undefined;
}

export interface Span {
  /** W3C `traceparent` of this span, to hand on. */
  readonly traceparent: string;
  /** Tells more about it; the name is one of `ATTRIBUTE`. */
  set(attribute: string, value: string | number): void;
  /** Runs with this span as the active one. */
  run<T>(work: () => T): T;
  fail(error: unknown): void;
  end(): void;
}

export type { Logger };
