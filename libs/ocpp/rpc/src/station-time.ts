/**
 * A station's date-time as ISO 8601 UTC with milliseconds, the platform's form.
 *
 * @param text a date-time that passed its schema. Without a zone it is UTC: 1.6 allows that and asks for UTC (OCPP 1.6 §3.13)
 * @returns undefined when it is no time after all; a leap second (`:60`) becomes the second after
 */
export function utcTime(text: string): string | undefined {
  // The two forms nearly all stations send need no Date.
  const length = text.length;
  if (length === 24 && text.charCodeAt(23) === 90 && text.charCodeAt(17) !== 54 && text.charCodeAt(10) === 84) return text;
  if (length === 20 && text.charCodeAt(19) === 90 && text.charCodeAt(17) !== 54 && text.charCodeAt(10) === 84)
    return `${text.slice(0, 19)}.000Z`;
  return parsed(text.toUpperCase());
}

const ZONE = /(?:Z|[+-]\d\d:\d\d)$/;

function parsed(text: string): string | undefined {
  const zoned = ZONE.test(text) ? text : `${text}Z`;
  const leap = zoned.slice(17, 19) === '60';
  const ms = Date.parse(leap ? `${zoned.slice(0, 17)}59${zoned.slice(19)}` : zoned);
  return Number.isNaN(ms) ? undefined : new Date(leap ? ms + 1000 : ms).toISOString();
}
