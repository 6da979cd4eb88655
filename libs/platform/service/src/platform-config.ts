import { z } from 'zod';

/** What every service process is told, whatever the service. */
export const platformConfig = z.object({
  /** pino's levels. */
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  /** `host:port`, comma-separated. */
  KAFKA_BROKERS: z.string({ error: 'is required: host:port of the Kafka brokers, comma-separated' }).min(1),
  /** A replica set or `directConnection` URL; each service uses its own database on it. */
  MONGO_URL: z.string({ error: 'is required: mongodb://...' }).startsWith('mongodb', 'is not a mongodb:// or mongodb+srv:// URL'),
  /** Databases are named `<prefix>_<service>`. */
  MONGO_DATABASE_PREFIX: z
    .string()
    .regex(/^[a-zA-Z0-9_-]{1,30}$/)
    .default('voltlog'),
  /** Where the gRPC server listens, `host:port`. */
  GRPC_LISTEN: z.string().regex(/:\d+$/, 'is host:port').default('0.0.0.0:50051'),
  /** Where other processes reach this one by gRPC; by default the address it listens on. */
  GRPC_ADVERTISE: z.string().optional(),
  /** Probes, metrics, and for the gateway the API. */
  HTTP_PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  HTTP_HOST: z.string().default('0.0.0.0'),
  /** OTLP/HTTP endpoint for traces, e.g. http://collector:4318/v1/traces; none: no traces. */
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: z.url().optional(),
  /** Share of the messages from stations that are traced. */
  TRACE_RATIO: z.coerce.number().min(0).max(1).default(0.01),
});

export type PlatformConfig = z.infer<typeof platformConfig>;
