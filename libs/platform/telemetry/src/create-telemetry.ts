import { performance } from 'node:perf_hooks';
import {
  type Context,
  context,
  type Span as OtelSpan,
  propagation,
  ROOT_CONTEXT,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { AlwaysOnSampler, BatchSpanProcessor, type SpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { type DestinationStream, type Logger, pino } from 'pino';
import { Histograms } from './histograms.js';
import type { Count, Metrics, Span, Tracing } from './telemetry.js';

export interface TelemetryOptions {
  readonly instanceId: string;
  /** `service.name` of metrics and traces. Default: `voltlog`. */
  readonly serviceName?: string;
  /** pino's levels; `silent` for none. */
  readonly logLevel: string;
  /** OTLP/HTTP endpoint for traces; absent: no traces are made. */
  readonly otlpEndpoint?: string;
  /** Share of the messages from outside that are traced, 0 to 1. */
  readonly traceRatio: number;
  /** Where log lines go; absent: standard output. */
  readonly logTo?: DestinationStream;
  /** Instead of OTLP, for tests. */
  readonly spanProcessor?: SpanProcessor;
}

/** Logs, metrics and traces of one process, shared out to its services. */
export interface Telemetry {
  readonly logger: Logger;
  metrics(service: string): Metrics;
  tracing(service: string): Tracing;
  /** `traceparent` of the active span, if there is one. */
  activeTraceparent(): string | undefined;
  /** The Prometheus text of all services of the process. */
  metricsText(): Promise<string>;
  close(): Promise<void>;
}

/** Paths whose values never reach a log line. */
const REDACTED = [
  'idToken',
  '*.idToken',
  'idTag',
  '*.idTag',
  'password',
  '*.password',
  'authorization',
  '*.authorization',
  'certificate',
  '*.certificate',
];

export function createTelemetry(options: TelemetryOptions): Telemetry {
  const resource = resourceFromAttributes({
    'service.name': options.serviceName ?? 'voltlog',
    'service.namespace': 'voltlog',
    'service.instance.id': options.instanceId,
  });
  const exporter = new PrometheusExporter({ preventServerStart: true });
  const serializer = new PrometheusSerializer(undefined, false, undefined, true, true);
  const meters = new MeterProvider({ resource, readers: [exporter] });
  const histograms = new Histograms();
  registerProcessMetrics(meters);
  const processor =
    options.spanProcessor ??
    (options.otlpEndpoint === undefined
      ? undefined
      : new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url: options.otlpEndpoint }) }));
  const tracers =
    processor === undefined ? undefined : new TracerProvider({ resource, sampler: new AlwaysOnSampler(), spanProcessors: [processor] });
  if (tracers !== undefined) context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const pinoOptions = {
    level: options.logLevel,
    base: { instance: options.instanceId },
    messageKey: 'msg',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: REDACTED, censor: '***' },
    mixin: () => logTrace(trace.getActiveSpan()),
  };
  return {
    logger: options.logTo === undefined ? pino(pinoOptions) : pino(pinoOptions, options.logTo),
    metrics: (service) => serviceMetrics(meters, histograms, service),
    tracing: (service) => (tracers === undefined ? NO_TRACING : serviceTracing(tracers.getTracer(service), options.traceRatio)),
    activeTraceparent: () => {
      const span = trace.getActiveSpan();
      return span === undefined ? undefined : traceparentOf(span);
    },
    async metricsText() {
      const { resourceMetrics } = await exporter.collect();
      return serializer.serialize({ ...resourceMetrics, scopeMetrics: [...resourceMetrics.scopeMetrics, histograms.collect()] });
    },
    async close() {
      await Promise.allSettled([meters.shutdown(), tracers?.shutdown()]);
      propagation.disable();
    },
  };
}

type Series = Map<string, { readonly labels: Readonly<Record<string, string>>; readonly count: Count }>;

function serviceMetrics(meters: MeterProvider, histograms: Histograms, service: string): Metrics {
  const meter = meters.getMeter(`voltlog.${service}`);
  const counters = new Map<string, Series>();
  return {
    counter(name, help, labels = {}) {
      let series = counters.get(name);
      if (series === undefined) {
        const made: Series = new Map();
        series = made;
        counters.set(name, made);
        // Prometheus' exporter adds `_total` itself.
        meter.createObservableCounter(name.replace(/_total$/, ''), { description: help }).addCallback((result) => {
          for (const { labels: each, count } of made.values()) result.observe(count.value, { ...each, service });
        });
      }
      const key = JSON.stringify(labels);
      const known = series.get(key);
      if (known !== undefined) return known.count;
      const count = { value: 0 };
      series.set(key, { labels, count });
      return count;
    },
    gauge(name, help, read, labels = {}) {
      meter.createObservableGauge(name, { description: help }).addCallback((result) => result.observe(read(), { ...labels, service }));
    },
    histogram: (name, help, labels = {}) => histograms.series(name, help, { ...labels, service }),
  };
}

function registerProcessMetrics(meters: MeterProvider): void {
  const meter = meters.getMeter('voltlog.process');
  meter
    .createObservableGauge('process_resident_memory_bytes', { description: 'Resident memory.' })
    .addCallback((result) => result.observe(process.memoryUsage.rss()));
  meter.createObservableCounter('process_cpu_seconds', { description: 'User and system CPU time.' }).addCallback((result) => {
    const { user, system } = process.cpuUsage();
    result.observe((user + system) / 1e6);
  });
  let last = performance.eventLoopUtilization();
  meter
    .createObservableGauge('nodejs_eventloop_utilization', {
      description: 'Share of time the event loop was busy since the last collection.',
    })
    .addCallback((result) => {
      const now = performance.eventLoopUtilization();
      result.observe(performance.eventLoopUtilization(now, last).utilization);
      last = now;
    });
}

const NO_TRACING: Tracing = { start: () => undefined, continue: () => undefined };

function serviceTracing(tracer: Tracer, ratio: number): Tracing {
  return {
    start: (name, attributes) => {
      if (ratio < 1 && Math.random() >= ratio) return undefined;
      return wrap(tracer.startSpan(name, attributes === undefined ? {} : { attributes }, ROOT_CONTEXT), ROOT_CONTEXT);
    },
    continue: (name, traceparent, attributes) => {
      const parent = parentContext(traceparent);
      return parent === undefined
        ? undefined
        : wrap(tracer.startSpan(name, attributes === undefined ? {} : { attributes }, parent), parent);
    },
  };
}

function wrap(span: OtelSpan, parent: Context): Span {
  const active = trace.setSpan(parent, span);
  return {
    traceparent: traceparentOf(span),
    set: (attribute, value) => void span.setAttribute(attribute, value),
    run: (work) => context.with(active, work),
    fail(error) {
      span.recordException(error instanceof Error ? error : String(error));
      span.setStatus({ code: SpanStatusCode.ERROR });
    },
    end: () => span.end(),
  };
}

function traceparentOf(span: OtelSpan): string {
  const { traceId, spanId } = span.spanContext();
  return `00-${traceId}-${spanId}-01`;
}

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** Source: W3C Trace Context §3.2; a trace that is not sampled is not continued. */
function parentContext(traceparent: string | undefined): Context | undefined {
  const match = traceparent === undefined ? null : TRACEPARENT.exec(traceparent);
  const [, traceId, spanId, flags] = match ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined || (Number.parseInt(flags, 16) & TraceFlags.SAMPLED) === 0)
    return undefined;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true });
}

function logTrace(span: OtelSpan | undefined): object {
  if (span === undefined) return {};
  const { traceId, spanId } = span.spanContext();
  return { trace_id: traceId, span_id: spanId };
}
