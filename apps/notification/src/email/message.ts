import type { Notification, NotificationLanguage } from '@voltlog/notification-contract';
import { type Text, WORDS, type Words } from './words.js';

/** Who reads it. */
export interface Reader {
  readonly language: NotificationLanguage;
  /** IANA name. */
  readonly timeZone: string;
}

/** A notification in a reader's words. */
export interface Message {
  readonly title: string;
  readonly body: string;
  /** Label and value, in the order they are shown. */
  readonly facts: readonly (readonly [string, string])[];
  readonly footer: string;
  /** What the link says by which the reader wants no more. */
  readonly unsubscribe: string;
}

/** Says a notification in the reader's language, with numbers, money and times as they are written there. */
export function messageOf(notification: Notification, { language, timeZone }: Reader): Message {
  const words = WORDS[language];
  const time = (iso: string | undefined): string => (iso === undefined ? '' : timeText(iso, words.locale, timeZone));
  const { evseId } = notification;
  const station = stationOf(notification);
  const { subject = '', detail = '', times = notification.times } = notification.alert ?? {};
  const percent = percentText(notification.percent ?? notification.stateOfChargePercent, words.locale);
  const values = {
    place: evseId > 0 ? `${station} (${words.labels.evse} ${evseId})` : station,
    percent,
    from: time(notification.startsAt),
    until: time(notification.expiresAt),
    subject,
    detail,
  };
  const { title, body } = words.kinds[notification.kind](values);
  const reason = notification.kind === 'ReservationCancelled' ? words.reasons[notification.reason ?? ''] : undefined;
  return {
    title,
    body: [body, reason, times === undefined ? undefined : words.repeated(times)].filter(Boolean).join(' '),
    facts: factsOf(notification, words, time),
    footer: words.footer,
    unsubscribe: words.unsubscribe,
  };
}

/** What stands above several notifications that are told at once. */
export const digestText = (count: number, { language }: Reader): Text => WORDS[language].digest(count);

/** As people call it; of what is about no station: what it is about. */
export const stationOf = ({ stationName, stationId, alert }: Notification): string => stationName ?? (stationId || (alert?.subject ?? ''));

function factsOf(notification: Notification, { labels, locale, dimensions }: Words, time: (iso: string) => string): Message['facts'] {
  const { stationId, stationName, energyWh, cost, stateOfChargePercent, dimension, errorCode, expiresAt, evseId } = notification;
  const facts: [string, string][] = [];
  if (stationId !== '') facts.push([labels.station, stationName === undefined ? stationId : `${stationName} (${stationId})`]);
  if (evseId > 0) facts.push([labels.evse, String(evseId)]);
  facts.push([labels.time, time(notification.at)]);
  if (expiresAt !== undefined) facts.push([labels.reserved, `${time(notification.startsAt ?? notification.at)} – ${time(expiresAt)}`]);
  if (stateOfChargePercent !== undefined) facts.push([labels.battery, percentText(stateOfChargePercent, locale)]);
  if (energyWh !== undefined) facts.push([labels.energy, energyText(energyWh, locale)]);
  if (cost !== undefined) facts.push([labels.cost, moneyText(cost, locale)]);
  if (dimension !== undefined) facts.push([labels.limit, dimensions[dimension] ?? dimension]);
  if (errorCode !== undefined) facts.push([labels.errorCode, errorCode]);
  return facts;
}

const percentText = (percent: number | undefined, locale: string): string =>
  percent === undefined ? '' : new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 }).format(percent / 100);

const energyText = (wh: number, locale: string): string =>
  `${new Intl.NumberFormat(locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(wh / 1_000)} kWh`;

function moneyText({ amount, currency }: { readonly amount: string; readonly currency: string }, locale: string): string {
  if (!/^[A-Z]{3}$/.test(currency)) return `${amount} ${currency}`;
  return new Intl.NumberFormat(locale, { style: 'currency', currency }).format(Number(amount));
}

/** A station's clock may say what is no time at all: then it is shown as it is. */
function timeText(iso: string, locale: string, timeZone: string): string {
  const ms = Date.parse(iso);
  return Number.isNaN(ms) ? iso : new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short', timeZone }).format(ms);
}
