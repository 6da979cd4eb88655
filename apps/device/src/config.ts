import { z } from 'zod';
import { KEY_BYTES } from './pki/sealing.js';

const url = z
  .string()
  .regex(/^(wss?:\/\/\S+)?$/, 'must be a ws:// or wss:// URL')
  .default('');

const estUrl = z
  .string()
  .regex(/^(https:\/\/\S{1,500}[^/\s])?$/, 'must be an https:// URL without a slash at its end')
  .default('');

/** The environment of the device service. */
export const deviceConfig = z
  .object({
    /** Stations whose access data are kept in memory; some 400 bytes each. */
    DEVICE_STATIONS_IN_MEMORY: z.coerce.number().int().min(100).max(5_000_000).default(50_000),
    /** Cost of scrypt for passwords that people choose; a power of two. */
    DEVICE_SCRYPT_N: z.coerce
      .number()
      .int()
      .min(1_024)
      .max(131_072)
      .refine((n) => Number.isInteger(Math.log2(n)), 'must be a power of two')
      .default(16_384),
    /** 32 bytes in base64 (`openssl rand -base64 32`): seals the key of the certificate authority and passwords on their way. Not set: there is no certificate authority; `npm start` makes one in the data folder. */
    DEVICE_SECRET_KEY: z
      .string()
      .refine((text) => Buffer.from(text, 'base64').length === KEY_BYTES, `must be ${KEY_BYTES} bytes in base64`)
      .optional(),
    /** O of the built-in certificate authority, of the certificates it makes, and of the CSRs it takes. */
    DEVICE_CA_ORGANIZATION: z.string().min(1).max(64).default('Voltlog'),
    /** How long a station's certificate is good. */
    DEVICE_CERTIFICATE_DAYS: z.coerce.number().int().min(1).max(3_650).default(397),
    /** How long before it expires a certificate is renewed, at the latest. */
    DEVICE_CERTIFICATE_RENEW_DAYS: z.coerce.number().int().min(1).max(365).default(30),
    /** Stations asked for a renewal in one minute. */
    DEVICE_RENEWALS_PER_MINUTE: z.coerce.number().int().min(1).max(10_000).default(60),
    /** A station that was sent to another security profile and is back on the old one for this long has given up. */
    DEVICE_PROFILE_FALLBACK_SECONDS: z.coerce.number().int().min(1).max(86_400).default(60),
    /** How often intents that are due are looked for. */
    DEVICE_INTENT_LOOK_MS: z.coerce.number().int().min(10).max(60_000).default(1_000),
    /** Where stations connect on security profile 1, `ws://host:port/ocpp`; told to 2.x stations that are sent there. */
    DEVICE_STATION_URL: url,
    /** The same of profile 2, `wss://host:port/ocpp`. */
    DEVICE_STATION_TLS_URL: url,
    /** The same of profile 3. */
    DEVICE_STATION_MTLS_URL: url,
    /** How often jobs that are due are looked for. */
    DEVICE_JOB_LOOK_MS: z.coerce.number().int().min(10).max(60_000).default(1_000),
    /** How long a job that has ended is listed, with what came of each station; its events stay. */
    DEVICE_JOB_KEEP_DAYS: z.coerce.number().int().min(1).max(3_650).default(180),
    /** How long what stations report (security events, uploads of logs, alarms, ...) is kept to be looked at; it stays on the log. */
    DEVICE_REPORT_DAYS: z.coerce.number().int().min(1).max(3_650).default(90),
    /** Where stations reach this platform's OCSP responder, `https://host/ocsp` (the gateway serves it); named in certificates that are made from then on. Empty: they name none. */
    DEVICE_OCSP_URL: z
      .string()
      .regex(/^(https?:\/\/\S{1,240})?$/, 'must be an http:// or https:// URL')
      .default(''),
    /** Where the revocation lists of this platform's authorities are fetched, `http://host/crl` (the gateway serves them); named in certificates that are made from then on. Empty: they name none. */
    DEVICE_CRL_URL: z
      .string()
      .regex(/^(https?:\/\/\S{1,240}[^/\s])?$/, 'must be an http:// or https:// URL without a slash at its end')
      .default(''),
    /** How long the OCSP responders of one certificate may take together; a station waits for it. */
    DEVICE_OCSP_TIMEOUT_MS: z.coerce.number().int().min(100).max(20_000).default(8_000),
    /** `true`: OCSP responders, revocation lists and the health addresses of moves may be at private, loopback and link-local addresses. Stations name the first two, so for development or a closed network alone. `voltlog start` sets it when it listens on a loopback address. */
    DEVICE_ALLOW_PRIVATE_TARGETS: z.enum(['true', 'false']).default('false'),
    /** How long the address of a firmware image is good that a station is told; counted from when it is to fetch it. */
    DEVICE_FIRMWARE_LINK_HOURS: z.coerce.number().int().min(1).max(8_760).default(72),
    /** How long logs that stations uploaded are kept. */
    DEVICE_UPLOAD_DAYS: z.coerce.number().int().min(1).max(3_650).default(30),
    /** A certificate authority outside by EST (RFC 7030): `https://host/.well-known/est`, with a label behind it or without. It makes stations' certificates then. Empty: the built-in one does. */
    DEVICE_EST_URL: estUrl,
    /** The same for stations' certificates towards cars (V2GCertificate). */
    DEVICE_EST_V2G_URL: estUrl,
    /** Basic authentication at it; empty: none. */
    DEVICE_EST_USER: z.string().default(''),
    DEVICE_EST_PASSWORD: z.string().default(''),
    /** File (PEM) with the roots of its server certificate; empty: the system's. */
    DEVICE_EST_CA_PATH: z.string().default(''),
    /** Files (PEM) with the certificate and key that it is shown; empty: none. */
    DEVICE_EST_CERT_PATH: z.string().default(''),
    DEVICE_EST_KEY_PATH: z.string().default(''),
    /** `true`: there is a PKI for Plug & Charge to try it with: V2G, mobility operator's and car maker's roots that no real car knows. */
    DEVICE_TEST_PKI: z.enum(['true', 'false']).default('false'),
    /** Files (PEM, comma-separated) with the roots under which contract certificates of cars are good. */
    DEVICE_CONTRACT_ROOTS_PATH: z.string().default(''),
    /** Files (PEM, comma-separated) with authorities of car makers (roots and those below) whose cars get contract certificates of the test PKI. */
    DEVICE_MAKER_CERTIFICATES_PATH: z.string().default(''),
    /** A contract certificate nobody can say of whether it is revoked: charging with it is refused, or let be. */
    DEVICE_REVOCATION_UNKNOWN: z.enum(['refuse', 'accept']).default('refuse'),
    CONNECTION_GRPC: z.string().default(''),
  })
  .transform((env) => ({
    stationsInMemoryMax: env.DEVICE_STATIONS_IN_MEMORY,
    reportDays: env.DEVICE_REPORT_DAYS,
    scryptN: env.DEVICE_SCRYPT_N,
    jobs: { lookMs: env.DEVICE_JOB_LOOK_MS, keepDays: env.DEVICE_JOB_KEEP_DAYS },
    pki: {
      ocspUrl: env.DEVICE_OCSP_URL,
      crlUrl: env.DEVICE_CRL_URL,
      ocspTimeoutMs: env.DEVICE_OCSP_TIMEOUT_MS,
      est: {
        url: env.DEVICE_EST_URL,
        v2gUrl: env.DEVICE_EST_V2G_URL,
        user: env.DEVICE_EST_USER,
        password: env.DEVICE_EST_PASSWORD,
        caPath: env.DEVICE_EST_CA_PATH,
        certPath: env.DEVICE_EST_CERT_PATH,
        keyPath: env.DEVICE_EST_KEY_PATH,
      },
      testPki: env.DEVICE_TEST_PKI === 'true',
      contractRootsPath: env.DEVICE_CONTRACT_ROOTS_PATH,
      makersPath: env.DEVICE_MAKER_CERTIFICATES_PATH,
      unknownRevocation: env.DEVICE_REVOCATION_UNKNOWN,
      allowPrivateTargets: env.DEVICE_ALLOW_PRIVATE_TARGETS === 'true',
    },
    files: { linkMs: env.DEVICE_FIRMWARE_LINK_HOURS * 3_600_000, uploadMs: env.DEVICE_UPLOAD_DAYS * 86_400_000 },
    security: {
      secretKey: env.DEVICE_SECRET_KEY === undefined ? undefined : Buffer.from(env.DEVICE_SECRET_KEY, 'base64'),
      organization: env.DEVICE_CA_ORGANIZATION,
      validityDays: env.DEVICE_CERTIFICATE_DAYS,
      renewDays: env.DEVICE_CERTIFICATE_RENEW_DAYS,
      perMinute: env.DEVICE_RENEWALS_PER_MINUTE,
      fallbackMs: env.DEVICE_PROFILE_FALLBACK_SECONDS * 1_000,
      lookMs: env.DEVICE_INTENT_LOOK_MS,
      urls: { 1: env.DEVICE_STATION_URL, 2: env.DEVICE_STATION_TLS_URL, 3: env.DEVICE_STATION_MTLS_URL },
      connectionGrpc: env.CONNECTION_GRPC,
    },
  }));

export type DeviceConfig = z.output<typeof deviceConfig>;
