import { z } from 'zod';

const positive = (fallback: number) => z.coerce.number().positive().default(fallback);

/** The session service's environment. */
export const sessionConfig = z.object({
  /** Stations whose open sessions are kept in memory; the least recently heard of go first. */
  SESSION_CACHE_STATIONS: z.coerce.number().int().min(1).default(20_000),
  /** Hours without a word of an active session before it is flagged `Stale`. */
  SESSION_STALE_HOURS: positive(6),
  /** Hours after a station's boot without a word of a session that was open before it until it is closed as `StationRebooted`. */
  SESSION_REBOOT_GRACE_HOURS: positive(2),
  /** Minutes between two looks for stale sessions. */
  SESSION_SWEEP_MINUTES: positive(5),
  /** Facts without a session that are kept per station. */
  SESSION_QUARANTINE_MAX: z.coerce.number().int().min(1).default(1_000),
  /** Where stations are asked to start and stop. */
  CONNECTION_GRPC: z.string().default('127.0.0.1:9301'),
  /** Seconds from a station's answer to a start request until nobody waits any more for its session. */
  SESSION_START_LAPSE_SECONDS: z.coerce.number().int().min(10).max(3_600).default(180),
  /** Seconds between two looks whether what a session costs has changed; its 2.x station is then told (CostUpdated). 0: never. */
  SESSION_COST_UPDATE_SECONDS: z.coerce.number().int().min(0).max(3_600).default(60),
  /** Percent of the battery at which a driver is told that it is nearly full. */
  SESSION_BATTERY_PERCENT: z.coerce.number().int().min(1).max(99).default(90),
});

export type SessionConfig = z.infer<typeof sessionConfig>;
