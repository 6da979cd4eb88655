import { RETRY_SECONDS } from '@voltlog/notification-domain';
import { isSecretKey } from '@voltlog/outbound';
import { z } from 'zod';

const DAY_SECONDS = 86_400;

const isSchedule = (text: string): boolean =>
  /^\d+(,\d+){0,19}$/.test(text) && text.split(',').every((seconds) => Number(seconds) <= 7 * DAY_SECONDS);

/** The environment of the notification service. */
export const notificationConfig = z
  .object({
    /** Keys that encrypt signing secrets and push keys at rest: base64 of 32 bytes, comma-separated; the first encrypts, all decrypt. Empty: one is made at the first start and kept in the store, beside what it protects; `voltlog start` takes the `secret.key` of its data folder. */
    NOTIFICATION_SECRET_KEY: z
      .string()
      .refine((text) => text.split(',').every(isSecretKey), 'must be base64 of 32 bytes, several comma-separated')
      .optional(),
    /** `true`: webhooks and push services may be at private, loopback and link-local addresses, and may be plain http. For development alone. `voltlog start` sets it when it listens on a loopback address. */
    NOTIFICATION_ALLOW_PRIVATE_TARGETS: z.enum(['true', 'false']).default('false'),
    /** How long one try may last, from the look-up of the name to the last byte, seconds. */
    NOTIFICATION_TIMEOUT_SECONDS: z.coerce.number().min(0.1).max(45).default(15),
    /** Seconds between the tries of one delivery, comma-separated; one more try than numbers. */
    NOTIFICATION_RETRY_SECONDS: z.string().refine(isSchedule, 'must be 1 to 20 numbers of seconds, comma-separated').optional(),
    /** Deliveries on their way at once, over all targets. */
    NOTIFICATION_CONCURRENCY: z.coerce.number().int().min(1).max(1_000).default(64),
    /** Deliveries on their way to one host at once. */
    NOTIFICATION_TARGET_CONCURRENCY: z.coerce.number().int().min(1).max(1_000).default(8),
    /** Where e-mails are handed over, `smtp://user:password@host:587` or `smtps://...`; empty: they are kept in the outbox instead of sent. */
    NOTIFICATION_SMTP_URL: z.url({ protocol: /^smtps?$/, error: 'must be smtp://... or smtps://...' }).optional(),
    /** Where drivers reach the gateway, e.g. `https://charge.example.org`: what the link in an e-mail opens by which one wants no more of them. Empty: e-mails have no such link. `voltlog start` takes `GATEWAY_PUBLIC_URL`, else its own address. */
    NOTIFICATION_PUBLIC_URL: z
      .union([z.literal(''), z.url({ protocol: /^https?$/ })])
      .default('')
      .transform((url) => url.replace(/\/+$/, '')),
    /** Sender of e-mails. */
    NOTIFICATION_EMAIL_FROM: z.string().min(3).max(320).default('Voltlog <voltlog@localhost>'),
    /** Whom a push service may write to when it has a complaint: `mailto:` or `https:`. */
    NOTIFICATION_VAPID_SUBJECT: z
      .string()
      .regex(/^(mailto:\S+@\S+|https:\/\/\S+)$/, 'must begin with mailto: or https:')
      .default('mailto:voltlog@example.org'),
    /** While this lasts, an alert or a fault of a station that was told is not told each time that it comes again, but once at its end, with how often it came, seconds; 0: each time. */
    NOTIFICATION_ALERT_REPEAT_SECONDS: z.coerce.number().int().min(0).max(DAY_SECONDS).default(900),
    /** Days that what was told, and what came of it, can be listed, sent again and replayed. */
    NOTIFICATION_DAYS: z.coerce.number().int().min(1).max(3_650).default(90),
  })
  .transform((env) => ({
    secretKeys: env.NOTIFICATION_SECRET_KEY?.split(',') ?? [],
    allowPrivateTargets: env.NOTIFICATION_ALLOW_PRIVATE_TARGETS === 'true',
    timeoutMs: env.NOTIFICATION_TIMEOUT_SECONDS * 1_000,
    retrySeconds: env.NOTIFICATION_RETRY_SECONDS?.split(',').map(Number) ?? RETRY_SECONDS,
    concurrency: env.NOTIFICATION_CONCURRENCY,
    targetConcurrency: env.NOTIFICATION_TARGET_CONCURRENCY,
    smtpUrl: env.NOTIFICATION_SMTP_URL,
    publicUrl: env.NOTIFICATION_PUBLIC_URL,
    emailFrom: env.NOTIFICATION_EMAIL_FROM,
    vapidSubject: env.NOTIFICATION_VAPID_SUBJECT,
    alertRepeatMs: env.NOTIFICATION_ALERT_REPEAT_SECONDS * 1_000,
    days: env.NOTIFICATION_DAYS,
  }));

export type NotificationConfig = z.output<typeof notificationConfig>;
