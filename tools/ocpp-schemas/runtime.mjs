// What the compiled validators call. The text of this file is put in front of each version's validators, so that they need nothing
// from node_modules at run time. Plain functions of plain strings: they run for every field of every message.

/** Code points of a string; only asked when its UTF-16 length is over the limit already. */
export function ucs2length(text) {
  let length = text.length;
  for (let i = 0; i < text.length - 1; i++) {
    if ((text.charCodeAt(i) & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      length--;
      i++;
    }
  }
  return length;
}

const DAYS = [0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Two digits at `i`, or -1. */
function two(text, i) {
  const tens = text.charCodeAt(i) - 48;
  const ones = text.charCodeAt(i + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1;
}

/** Index after date, time and fraction of an RFC 3339 date-time, or -1. */
function localPart(text) {
  if (text.length < 19 || text[4] !== '-' || text[7] !== '-' || text[13] !== ':' || text[16] !== ':') return -1;
  if (text[10] !== 'T' && text[10] !== 't') return -1;
  const century = two(text, 0);
  const year = two(text, 2);
  const month = two(text, 5);
  const day = two(text, 8);
  if (century < 0 || year < 0 || month < 1 || month > 12 || day < 1 || day > DAYS[month]) return -1;
  if (month === 2 && day === 29 && (year === 0 ? century % 4 : year % 4) !== 0) return -1;
  const hour = two(text, 11);
  const minute = two(text, 14);
  const second = two(text, 17);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return -1;
  if (text[19] !== '.') return 19;
  let end = 20;
  while (end < text.length && text.charCodeAt(end) >= 48 && text.charCodeAt(end) <= 57) end++;
  return end === 20 ? -1 : end;
}

/** RFC 3339 §5.6, `Z` or an offset required. */
export function isDateTime(text) {
  const end = localPart(text);
  if (end < 0) return false;
  const zone = text[end];
  if (zone === 'Z' || zone === 'z') return text.length === end + 1;
  if ((zone !== '+' && zone !== '-') || text.length !== end + 6 || text[end + 3] !== ':') return false;
  const hour = two(text, end + 1);
  const minute = two(text, end + 4);
  return hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59;
}

/** Also without a zone: OCPP 1.6 took its dateTime from XML Schema, where the zone is optional (§3.13 asks for UTC, not for a zone). */
export function isDateTimeZoneOptional(text) {
  return text.length > 18 && (localPart(text) === text.length || isDateTime(text));
}

/** RFC 3986 in short: a scheme, then no space. Stations get these; what a URL may point to is not a matter of format. */
export function isUri(text) {
  return /^[A-Za-z][A-Za-z0-9+.-]*:[^\s]+$/.test(text);
}
