export type { Count, Logger, Metrics, Span, Tracing } from './telemetry.js';
