import { isSecretKey } from '@voltlog/outbound';
import { z } from 'zod';
import { callbackPolicy } from './soap/callback.js';

const flag = z.enum(['true', 'false', '1', '0', 'on', 'off']).transform((text) => text === 'true' || text === '1' || text === 'on');
const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);

/** The environment of the connection service. Every default is here. */
export const connectionConfig = z
  .object({
    OCPP_HOST: z.string().default('0.0.0.0'),
    /** 0 picks one. */
    OCPP_PORT: whole(0, 65_535).default(9220),
    /** Security profile 2: TLS with basic authentication. Not set: off; 0 picks one. */
    OCPP_TLS_PORT: whole(0, 65_535).optional(),
    /** Security profile 3: TLS with a certificate of the station. Not set: off; 0 picks one. */
    OCPP_MTLS_PORT: whole(0, 65_535).optional(),
    /** File with the certificate chain (PEM) that both TLS listeners show; two, comma-separated, for one of ECDSA and one of RSA. Read anew when it changes. */
    OCPP_TLS_CERT_PATH: z.string().default(''),
    /** File with the key (PEM) of the certificate; as many as there are certificates, in their order. */
    OCPP_TLS_KEY_PATH: z.string().default(''),
    /** File with the roots (PEM) of stations' certificates on profile 3; empty: the certificate authority of the device service. */
    OCPP_MTLS_CA_PATH: z.string().default(''),
    /**
     * Whether certificates under OCPP_MTLS_CA_PATH are revoked is asked of the responder or list that they name. Nobody can say: `soft` lets the
     * station in, `hard` answers 403. `off`: nobody is asked. Certificates of the device service's own authority are always looked up.
     */
    OCPP_MTLS_REVOCATION: z.enum(['off', 'soft', 'hard']).default('soft'),
    /** The organization (O) that stations' certificates must name; empty: any under a trusted root. */
    OCPP_MTLS_ORGANIZATION: z.string().max(64).default(''),
    /** How often certificate files are looked at; SIGHUP does it at once. */
    OCPP_TLS_RELOAD_SECONDS: whole(1, 86_400).default(30),
    /** TLS handshakes under way at once, for each listener; with more, the oldest is given up. */
    OCPP_TLS_HANDSHAKES_MAX: whole(1, 1_000_000).default(4_096),
    /** How long a TLS handshake may take, and the request that follows. */
    OCPP_TLS_HANDSHAKE_SECONDS: whole(1, 600).default(15),
    /** Security profile 0 (no credentials, no TLS): development only. */
    OCPP_ALLOW_INSECURE: flag.default(false),
    /**
     * Stations that are not registered: `refuse` answers 404; `quarantine` lets them in but answers Pending (and a 2.x station SecurityError to all else) and authorizes nothing; `accept`
     * lets them in. Nobody can check their password; one must be shown all the same unless OCPP_ALLOW_INSECURE is on.
     */
    UNKNOWN_STATIONS: z.enum(['refuse', 'quarantine', 'accept']).default('refuse'),
    /** Told to every station that boots. */
    HEARTBEAT_INTERVAL_SECONDS: whole(1, 86_400).default(300),
    /** A ping is sent when nothing was heard for this long. */
    PING_SECONDS: whole(1, 3_600).default(60),
    /** A socket is dead when nothing, not even a pong, was heard for this long. */
    DEAD_SECONDS: whole(2, 7_200).default(150),
    /** Stations that may wait for their credentials to be checked at once; more get 503 and come back. */
    HANDSHAKES_MAX: whole(1, 1_000_000).default(16_384),
    /** Calls per second and station before its socket is read more slowly. */
    CALLS_PER_SECOND_MAX: whole(1, 100_000).default(100),
    FRAME_BYTES_MAX: whole(1_024, 16_777_216).default(262_144),
    /** OCPP 1.6, 1.5 and 1.2 over SOAP: `POST /ocpp/soap` on every listener. */
    OCPP_SOAP: flag.default(true),
    /**
     * Hosts and networks (CIDR), comma-separated, at which stations may ask to be called over SOAP; `*`: any; empty: only the address their
     * request came from, unless it is link-local (`169.254.0.0/16`, `fe80::/10`), which must be listed.
     */
    OCPP_SOAP_CALLBACK_HOSTS: z.string().default(''),
    /** How long a message that carries money waits for the log before its socket is closed, so that the station keeps and repeats it. */
    LOG_WAIT_SECONDS: whole(1, 600).default(20),
    /** The answer about a token when neither the authorization service nor the cache knows. */
    AUTHORIZATION_FALLBACK: z.enum(['accept-known', 'accept-unknown', 'reject']).default('accept-known'),
    AUTHORIZATION_TIMEOUT_MS: whole(50, 60_000).default(2_000),
    /** How long a token that cache and policy would refuse waits for an authorization service that has just gone away; stations wait 30 s or more. */
    AUTHORIZATION_WAIT_MS: whole(0, 25_000).default(8_000),
    /** How long a decision stands in for the authorization service while that is away. */
    AUTHORIZATION_CACHE_SECONDS: whole(0, 31_536_000).default(86_400),
    /** How long the device service may take to find out about certificates, for which it asks others; stations wait 30 s or more. */
    CERTIFICATES_TIMEOUT_MS: whole(100, 60_000).default(15_000),
    /** How long the handler of a vendor's DataTransfer may take, from the look-up of its name to the last byte; the station waits for it. */
    DATA_TRANSFER_TIMEOUT_MS: whole(100, 20_000).default(3_000),
    /** `true`: handlers of DataTransfer may be at private, loopback and link-local addresses, and may be plain http. For development or a closed network alone. `voltlog start` sets it when it listens on a loopback address. */
    CONNECTION_ALLOW_PRIVATE_TARGETS: z.enum(['true', 'false']).default('false'),
    /** Keys that encrypt the signing secrets of handlers and the passwords for calls to SOAP stations at rest: base64 of 32 bytes, comma-separated; the first encrypts, all decrypt. Empty: one is made at the first start and kept in the store, beside what it protects; `voltlog start` takes the `secret.key` of its data folder. */
    CONNECTION_SECRET_KEY: z
      .string()
      .refine((text) => text.split(',').every(isSecretKey), 'must be base64 of 32 bytes, several comma-separated')
      .optional(),
    /** How long what the device service said about a station is used without asking again. */
    ACCESS_CACHE_SECONDS: whole(1, 86_400).default(300),
    COMMAND_TIMEOUT_MS: whole(100, 600_000).default(30_000),
    /** Sockets are closed in waves over this time when the process stops. */
    OCPP_DRAIN_SECONDS: whole(0, 3_600).default(10),
    /** Whether the message log of each station is kept. */
    FRAME_LOG: flag.default(true),
    FRAME_LOG_RETENTION_HOURS: whole(1, 8_760).default(168),
    DEVICE_GRPC: z.string().default(''),
    AUTHORIZATION_GRPC: z.string().default(''),
    /** Where it is asked what a transaction comes to, for the answer to its end. */
    SESSION_GRPC: z.string().default(''),
    GRPC_LISTEN: z.string().default('0.0.0.0:50051'),
    /** Where the other connection instances reach this one; empty: this host's name and the port of GRPC_LISTEN. */
    GRPC_ADVERTISE: z.string().default(''),
  })
  .superRefine((env, context) => {
    try {
      callbackPolicy(env.OCPP_SOAP_CALLBACK_HOSTS);
    } catch (error) {
      context.addIssue({
        code: 'custom',
        path: ['OCPP_SOAP_CALLBACK_HOSTS'],
        message: error instanceof Error ? error.message : String(error),
      });
    }
    if (env.OCPP_TLS_PORT === undefined && env.OCPP_MTLS_PORT === undefined) return;
    for (const name of ['OCPP_TLS_CERT_PATH', 'OCPP_TLS_KEY_PATH'] as const)
      if (env[name] === '') context.addIssue({ code: 'custom', path: [name], message: 'is needed for a TLS listener' });
  });

export type ConnectionConfig = z.infer<typeof connectionConfig>;
