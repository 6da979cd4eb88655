import { z } from 'zod';
import { API_KEY_PATTERN } from './auth/api-key.js';

const port = (fallback: number) => z.coerce.number().int().min(0).max(65_535).default(fallback);
const address = (fallback: string) =>
  z
    .string()
    .regex(/^[^\s:]+:\d+(,[^\s:]+:\d+)*$/, 'must be host:port')
    .default(fallback);

/** The gateway's environment; every default is here. */
export const gatewayConfig = z
  .object({
    HTTP_PORT: port(8080),
    OCPP_PORT: port(9220),
    /** Where stations reach the platform from outside, e.g. `wss://ocpp.example.org/ocpp/`; empty: made of the host asked and OCPP_PORT. */
    OCPP_PUBLIC_URL: z.union([z.literal(''), z.url({ protocol: /^wss?$/ })]).default(''),
    CONNECTION_GRPC: address('127.0.0.1:9301'),
    DEVICE_GRPC: address('127.0.0.1:9302'),
    AUTHORIZATION_GRPC: address('127.0.0.1:9303'),
    SESSION_GRPC: address('127.0.0.1:9304'),
    RESERVATION_GRPC: address('127.0.0.1:9305'),
    NOTIFICATION_GRPC: address('127.0.0.1:9306'),
    /** An admin key that is always valid, for tests and for a person who lost theirs. */
    GATEWAY_ADMIN_KEY: z.union([z.literal(''), z.string().regex(API_KEY_PATTERN, 'must look like voltlog_live_<id>_<secret>')]).default(''),
    /** The built console; empty: looked for beside the program. */
    CONSOLE_DIR: z.string().default(''),
    /** The built driver page; empty: looked for beside the program. */
    DRIVER_DIR: z.string().default(''),
    /** Where drivers reach the gateway, e.g. `https://charge.example.org`: what QR codes and links open. Empty: the host that was asked. */
    GATEWAY_PUBLIC_URL: z
      .union([z.literal(''), z.url({ protocol: /^https?$/ })])
      .default('')
      .transform((url) => url.replace(/\/+$/, '')),
    /** Where stations reach the gateway, for firmware and logs, e.g. `https://stations.example.org`. Empty: GATEWAY_PUBLIC_URL, or the host that was asked. */
    GATEWAY_STATION_FILES_URL: z
      .union([z.literal(''), z.url({ protocol: /^https?$/ })])
      .default('')
      .transform((url) => url.replace(/\/+$/, '')),
    /** What a firmware image may have, MB. */
    GATEWAY_FIRMWARE_MB: z.coerce.number().int().min(1).max(100_000).default(1_000),
    /** What a log that a station uploads may have, MB. */
    GATEWAY_UPLOAD_MB: z.coerce.number().int().min(1).max(100_000).default(500),
    /** What all files together may have, MB. */
    GATEWAY_FILES_MB: z.coerce.number().int().min(1).max(100_000_000).default(20_000),
    /** A file that comes in is cut off when nothing came for so long. */
    GATEWAY_UPLOAD_IDLE_SECONDS: z.coerce.number().int().min(1).max(3_600).default(60),
    /** And a log when it is not there as a whole after so long. */
    GATEWAY_UPLOAD_SECONDS: z.coerce.number().int().min(1).max(86_400).default(3_600),
    /** Whether somebody without a contract may charge; `free-vend`: yes, and nobody is billed, since this version takes no payments. */
    GATEWAY_GUEST_CHARGING: z.enum(['off', 'free-vend']).default('off'),
    /** Characters that a key code has at least: shorter ones are neither made nor taken, since anybody may try codes at the driver page. */
    GATEWAY_KEY_CODE_LENGTH_MIN: z.coerce.number().int().min(4).max(36).default(8),
    /** Reverse proxies of our own in front; with them the driver's address is read from X-Forwarded-For, for the limits by address. */
    GATEWAY_TRUSTED_PROXIES: z.coerce.number().int().min(0).max(10).default(0),
    /** Requests a key may make at once, and how many come back each second. */
    RATE_LIMIT_BURST: z.coerce.number().int().min(1).default(200),
    RATE_LIMIT_PER_SECOND: z.coerce.number().min(0.1).default(50),
    /** Origins that browsers may call from, comma-separated; empty: none but the gateway's own. */
    CORS_ORIGINS: z.string().default(''),
  })
  .transform((env) => ({
    httpPort: env.HTTP_PORT,
    ocppPort: env.OCPP_PORT,
    ocppPublicUrl: env.OCPP_PUBLIC_URL,
    connectionGrpc: env.CONNECTION_GRPC,
    deviceGrpc: env.DEVICE_GRPC,
    authorizationGrpc: env.AUTHORIZATION_GRPC,
    sessionGrpc: env.SESSION_GRPC,
    reservationGrpc: env.RESERVATION_GRPC,
    notificationGrpc: env.NOTIFICATION_GRPC,
    adminKey: env.GATEWAY_ADMIN_KEY,
    consoleDir: env.CONSOLE_DIR,
    driverDir: env.DRIVER_DIR,
    publicUrl: env.GATEWAY_PUBLIC_URL,
    stationFilesUrl: env.GATEWAY_STATION_FILES_URL,
    firmwareMaxBytes: env.GATEWAY_FIRMWARE_MB * 1_000_000,
    uploadMaxBytes: env.GATEWAY_UPLOAD_MB * 1_000_000,
    filesMaxBytes: env.GATEWAY_FILES_MB * 1_000_000,
    uploadIdleMs: env.GATEWAY_UPLOAD_IDLE_SECONDS * 1_000,
    uploadTotalMs: env.GATEWAY_UPLOAD_SECONDS * 1_000,
    guestCharging: env.GATEWAY_GUEST_CHARGING,
    keyCodeLengthMin: env.GATEWAY_KEY_CODE_LENGTH_MIN,
    trustedProxies: env.GATEWAY_TRUSTED_PROXIES,
    rateLimitBurst: env.RATE_LIMIT_BURST,
    rateLimitPerSecond: env.RATE_LIMIT_PER_SECOND,
    corsOrigins: env.CORS_ORIGINS.split(',')
      .map((origin) => origin.trim())
      .filter((origin) => origin !== ''),
  }));

export type GatewayConfig = z.output<typeof gatewayConfig>;
