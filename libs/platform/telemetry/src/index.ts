export { ATTRIBUTE } from './attributes.js';
export { createTelemetry, type Telemetry, type TelemetryOptions } from './create-telemetry.js';
export type { Count, Logger, Metrics, Span, Tracing } from './telemetry.js';
