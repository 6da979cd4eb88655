import type { Notification } from '@voltlog/notification-contract';
import { toldBy } from '@voltlog/notification-domain';
import { digestText, type Message, messageOf, type Reader, stationOf } from './message.js';

export interface Email {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/**
 * The e-mail that tells of a notification, or of all that waited for the end of quiet hours, as plain text and as HTML that loads nothing
 * from anywhere.
 *
 * @param unsubscribe the link by which the reader wants no more of them
 */
export function emailOf(notification: Notification, reader: Reader, unsubscribe?: string): Email {
  const [first, ...others] = toldBy(notification).map((each) => ({ ...messageOf(each, reader), station: stationOf(each) }));
  if (first === undefined) throw new Error('a digest tells of something');
  const { footer, unsubscribe: link } = first;
  const foot = { footer, link: unsubscribe === undefined ? undefined : { text: link, url: unsubscribe } };
  if (others.length === 0) {
    const { title, body, facts, station } = first;
    const page = { title, body, sections: [{ facts }], ...foot };
    return {
      subject: oneLine(title.endsWith(station) ? title : `${title} · ${station}`),
      text: textOf(page),
      html: htmlOf(page, reader.language),
    };
  }
  const page = { ...digestText(others.length + 1, reader), sections: [first, ...others], ...foot };
  return { subject: page.title, text: textOf(page), html: htmlOf(page, reader.language) };
}

interface Page {
  readonly title: string;
  readonly body: string;
  /** Of a digest each has a title and a text of its own. */
  readonly sections: readonly (Pick<Message, 'facts'> & Partial<Pick<Message, 'title' | 'body'>>)[];
  readonly footer: string;
  readonly link: { readonly text: string; readonly url: string } | undefined;
}

function textOf({ body, sections, footer, link }: Page): string {
  const parts = sections.map(({ title, body: own, facts }) => {
    const head = title === undefined || own === undefined ? '' : `${oneLine(title)}\n${oneLine(own)}\n`;
    return head + facts.map(([label, value]) => `${label}: ${oneLine(value)}`).join('\n');
  });
  return `${oneLine(body)}\n\n${parts.join('\n\n')}\n\n-- \n${footer}\n${link === undefined ? '' : `${link.text}: ${link.url}\n`}`;
}

function htmlOf({ title, body, sections, footer, link }: Page, language: string): string {
  const way = link === undefined ? '' : `<br><a href="${escape(link.url)}" style="color:#5c6470">${escape(link.text)}</a>`;
  return `<!doctype html>
<html lang="${language}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escape(title)}</title></head>
<body style="margin:0;padding:24px;background:#f3f5f7;font-family:system-ui,-apple-system,'Segoe UI',sans-serif;color:#1b2026">
<div style="max-width:520px;margin:0 auto;padding:24px;background:#ffffff;border-radius:8px">
<h1 style="margin:0 0 12px;font-size:20px">${escape(title)}</h1>
<p style="margin:0 0 16px;font-size:16px;line-height:1.5">${escape(body)}</p>
${sections.map(sectionOf).join('\n')}
<p style="margin:20px 0 0;font-size:12px;color:#5c6470">${escape(footer)}${way}</p>
</div>
</body>
</html>
`;
}

function sectionOf({ title, body, facts }: Page['sections'][number]): string {
  const rows = facts.map(
    ([label, value]) =>
      `<tr><td style="padding:4px 16px 4px 0;color:#5c6470">${escape(label)}</td><td style="padding:4px 0"><strong>${escape(value)}</strong></td></tr>`,
  );
  const head =
    title === undefined || body === undefined
      ? ''
      : `<h2 style="margin:20px 0 4px;font-size:16px">${escape(title)}</h2>
<p style="margin:0 0 8px;font-size:15px;line-height:1.5">${escape(body)}</p>
`;
  return `${head}<table role="presentation" style="border-collapse:collapse;font-size:15px">${rows.join('')}</table>`;
}

const ESCAPED: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text as it may stand in HTML, in an element or a quoted attribute. */
export const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => ESCAPED[character] ?? character);

/** What stations and others name is shown on one line, whatever is in it. */
const oneLine = (text: string): string => text.replace(/\p{Cc}+/gu, ' ').trim();
