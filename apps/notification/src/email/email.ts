import type { Notification } from '@voltlog/notification-contract';
import { type Message, messageOf, type Reader, stationOf } from './message.js';

export interface Email {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/**
 * The e-mail that tells of a notification, as plain text and as HTML that loads nothing from anywhere.
 *
 * @param unsubscribe the link by which the reader wants no more of them
 */
export function emailOf(notification: Notification, reader: Reader, unsubscribe?: string): Email {
  const message = messageOf(notification, reader);
  const subject = oneLine(`${message.title} · ${stationOf(notification)}`);
  return { subject, text: textOf(message, unsubscribe), html: htmlOf(message, reader.language, unsubscribe) };
}

function textOf({ body, facts, footer, unsubscribe }: Message, link: string | undefined): string {
  const lines = facts.map(([label, value]) => `${label}: ${oneLine(value)}`).join('\n');
  return `${oneLine(body)}\n\n${lines}\n\n-- \n${footer}\n${link === undefined ? '' : `${unsubscribe}: ${link}\n`}`;
}

function htmlOf({ title, body, facts, footer, unsubscribe }: Message, language: string, link: string | undefined): string {
  const way = link === undefined ? '' : `<br><a href="${escape(link)}" style="color:#5c6470">${escape(unsubscribe)}</a>`;
  const rows = facts.map(
    ([label, value]) =>
      `<tr><td style="padding:4px 16px 4px 0;color:#5c6470">${escape(label)}</td><td style="padding:4px 0"><strong>${escape(value)}</strong></td></tr>`,
  );
  return `<!doctype html>
<html lang="${language}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escape(title)}</title></head>
<body style="margin:0;padding:24px;background:#f3f5f7;font-family:system-ui,-apple-system,'Segoe UI',sans-serif;color:#1b2026">
<div style="max-width:520px;margin:0 auto;padding:24px;background:#ffffff;border-radius:8px">
<h1 style="margin:0 0 12px;font-size:20px">${escape(title)}</h1>
<p style="margin:0 0 16px;font-size:16px;line-height:1.5">${escape(body)}</p>
<table role="presentation" style="border-collapse:collapse;font-size:15px">${rows.join('')}</table>
<p style="margin:20px 0 0;font-size:12px;color:#5c6470">${escape(footer)}${way}</p>
</div>
</body>
</html>
`;
}

const ESCAPED: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text as it may stand in HTML, in an element or a quoted attribute. */
export const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => ESCAPED[character] ?? character);

/** What stations and others name is shown on one line, whatever is in it. */
const oneLine = (text: string): string => text.replace(/\p{Cc}+/gu, ' ').trim();
