import { z } from 'zod';

const DAY_SECONDS = 86_400;

/** The environment of the authorization service. */
export const authorizationConfig = z
  .object({
    /** How long a station may answer from its cache, seconds. */
    AUTHORIZATION_CACHE_SECONDS: z.coerce
      .number()
      .int()
      .min(60)
      .max(365 * DAY_SECONDS)
      .default(DAY_SECONDS),
    /** What a token that nobody registered is told. */
    AUTHORIZATION_UNKNOWN_TOKENS: z.enum(['reject', 'accept']).default('reject'),
    /** What a station that asks nobody (a start button, type NoAuthorization) is told. */
    AUTHORIZATION_NO_AUTHORIZATION: z.enum(['reject', 'accept']).default('accept'),
    /** Tokens kept in memory; some 500 bytes each. */
    AUTHORIZATION_TOKENS_IN_MEMORY: z.coerce.number().int().min(100).max(5_000_000).default(100_000),
    /** Contracts kept in memory; some 500 bytes each. */
    AUTHORIZATION_CONTRACTS_IN_MEMORY: z.coerce.number().int().min(100).max(5_000_000).default(50_000),
    /** Members of this group may stop any transaction and start none (OCPP 2.0.1 Part 2 C16). Empty: there is no such group. */
    AUTHORIZATION_MASTER_PASS_GROUP: z.string().max(255).default(''),
    /** What a payment at a station's terminal (type DirectPayment) that nobody registered is told. */
    AUTHORIZATION_DIRECT_PAYMENT: z.enum(['reject', 'accept']).default('accept'),
    /** How long the provider of a roaming token may take to answer, milliseconds: a station waits for it. */
    AUTHORIZATION_ROAMING_DEADLINE_MS: z.coerce.number().int().min(100).max(3_000).default(1_500),
    /** How long a provider's answer stands that does not say so itself, seconds. */
    AUTHORIZATION_ROAMING_CACHE_SECONDS: z.coerce.number().int().min(0).max(DAY_SECONDS).default(300),
    /** While the provider is away: let in whom it let in within a day, or nobody. */
    AUTHORIZATION_ROAMING_AWAY: z.enum(['reject', 'accept-known']).default('accept-known'),
    CONNECTION_GRPC: z.string().default('127.0.0.1:9301'),
    /** Where it is asked whose a transaction is that a token is to stop, when this instance did not hear of it. */
    SESSION_GRPC: z.string().default('127.0.0.1:9304'),
    /** How long a refused start waits for what stations told before it, milliseconds; for what reservations told, a quarter of it. */
    AUTHORIZATION_VERIFY_MS: z.coerce.number().int().min(50).max(10_000).default(1_500),
    /** After so long a permitted transaction that its station never reported gives its place back, seconds. */
    AUTHORIZATION_UNSTARTED_SECONDS: z.coerce.number().int().min(30).max(DAY_SECONDS).default(900),
    /** Days a decision can be listed; the log keeps it for ever. */
    AUTHORIZATION_DECISION_DAYS: z.coerce.number().int().min(1).max(3_650).default(90),
  })
  .transform((env) => ({
    policy: {
      cacheMs: env.AUTHORIZATION_CACHE_SECONDS * 1_000,
      unknownTokens: env.AUTHORIZATION_UNKNOWN_TOKENS,
      noAuthorization: env.AUTHORIZATION_NO_AUTHORIZATION,
      directPayment: env.AUTHORIZATION_DIRECT_PAYMENT,
      masterPassGroup: env.AUTHORIZATION_MASTER_PASS_GROUP || undefined,
    },
    roaming: {
      deadlineMs: env.AUTHORIZATION_ROAMING_DEADLINE_MS,
      cacheMs: env.AUTHORIZATION_ROAMING_CACHE_SECONDS * 1_000,
      away: env.AUTHORIZATION_ROAMING_AWAY,
      staleMs: DAY_SECONDS * 1_000,
    },
    connectionGrpc: env.CONNECTION_GRPC,
    sessionGrpc: env.SESSION_GRPC,
    tokensInMemoryMax: env.AUTHORIZATION_TOKENS_IN_MEMORY,
    contractsInMemoryMax: env.AUTHORIZATION_CONTRACTS_IN_MEMORY,
    verifyMs: env.AUTHORIZATION_VERIFY_MS,
    unstartedMs: env.AUTHORIZATION_UNSTARTED_SECONDS * 1_000,
    decisionDays: env.AUTHORIZATION_DECISION_DAYS,
  }));

export type AuthorizationConfig = z.output<typeof authorizationConfig>;
