import { type Clock, isoTime } from '@voltlog/kernel';
import type { KnownDelivery, KnownSubscription } from '@voltlog/notification-domain';
import type { Collection } from '@voltlog/store';
import nodemailer from 'nodemailer';
import { emailOf } from '../email/email.js';
import type { OutboxEmailDoc } from '../store/documents.js';
import type { UnsubscribeLinks } from '../subscriptions/unsubscribe-links.js';
import type { Channel, Sent } from './channel.js';

/** The mail server is one, whatever the address. */
const LANE = 'smtp';
/** SMTP: the command was done. */
const OK = 250;

/** E-mails handed over to a mail server. */
export class SmtpChannel implements Channel {
  private readonly transport;

  constructor(
    url: string,
    private readonly from: string,
    private readonly timeoutMs: number,
    private readonly links: UnsubscribeLinks,
  ) {
    const timeouts = { connectionTimeout: timeoutMs, greetingTimeout: timeoutMs, socketTimeout: timeoutMs, dnsTimeout: timeoutMs };
    this.transport = nodemailer.createTransport({ url, disableFileAccess: true, disableUrlAccess: true, ...timeouts });
  }

  laneOf(): string {
    return LANE;
  }

  async send({ deliveryId, notification }: KnownDelivery, subscription: KnownSubscription): Promise<Sent> {
    const unsubscribe = this.links.of(subscription);
    const { subject, text, html } = emailOf(notification, subscription, unsubscribe);
    const sending = this.transport.sendMail({
      from: this.from,
      to: { name: '', address: subscription.target },
      subject,
      text,
      html,
      // The same over all tries, so that a mail server or a reader can tell that it is one.
      messageId: `<${deliveryId}@voltlog>`,
      headers: { 'Auto-Submitted': 'auto-generated', 'Content-Language': subscription.language, ...listHeaders(unsubscribe) },
    });
    try {
      const { response } = await bounded(sending, this.timeoutMs);
      return { outcome: 'Delivered', status: Number(/^\d{3}/.exec(response)?.[0] ?? OK) };
    } catch (error) {
      return failureOf(error);
    }
  }
}

/** Keeps e-mails instead of sending them: what runs on a laptop has no mail server, and its drivers can be read about all the same. */
export class OutboxChannel implements Channel {
  constructor(
    private readonly outbox: Collection<OutboxEmailDoc>,
    private readonly clock: Clock,
    private readonly links: UnsubscribeLinks,
  ) {}

  laneOf(): string {
    return LANE;
  }

  async send({ deliveryId, notification }: KnownDelivery, subscription: KnownSubscription): Promise<Sent> {
    const at = isoTime(this.clock.now());
    const { language, target } = subscription;
    const email = emailOf(notification, subscription, this.links.of(subscription));
    await this.outbox.upsert([{ doc: { id: deliveryId, to: target, ...email, language, at } }]);
    return { outcome: 'Delivered', status: OK };
  }
}

/** What a mail reader makes a button of. One click is for https alone. Source: RFC 2369 §3.2, RFC 8058 §3.1. */
function listHeaders(unsubscribe: string | undefined): Record<string, string> {
  if (unsubscribe === undefined) return {};
  const oneClick: Record<string, string> = unsubscribe.startsWith('https:')
    ? { 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' }
    : {};
  return { 'List-Unsubscribe': `<${unsubscribe}>`, ...oneClick };
}

/** 5xx about the address or the message is for ever (RFC 5321 §4.2.1); about ourselves, e.g. a wrong password, it may be mended. */
function failureOf(error: unknown): Sent {
  if (!(error instanceof Error)) throw error;
  const status = 'responseCode' in error && typeof error.responseCode === 'number' ? error.responseCode : 0;
  const code = 'code' in error ? error.code : undefined;
  const isFinal = status >= 500 && (code === 'EENVELOPE' || code === 'EMESSAGE');
  return { outcome: isFinal ? 'Refused' : 'Failed', status, error: error.message };
}

async function bounded<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the mail server gave no answer within ${ms / 1_000} s`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
