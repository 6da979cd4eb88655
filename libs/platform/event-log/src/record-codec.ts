import { dataTextOf, type EventEnvelope } from '@voltlog/kernel';
import type { DeadLetterCause, LogRecord } from './event-log.js';

/** A record of the log whose text is not what the log writes: another program wrote it, or it is damaged. */
export class UnreadableRecord extends Error {
  override readonly name = 'UnreadableRecord';
}

/** The attributes of a record that travel outside its data. */
export interface RecordHead {
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly subject: string;
  readonly time: string;
  readonly traceparent?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly causationId?: string | undefined;
}

/**
 * An event whose `data` is parsed when it is first asked for. `data` is a property of the object itself, so that a spread and
 * `JSON.stringify` see it.
 *
 * @throws {UnreadableRecord} from `data`, when the text is not JSON
 */
export function lazyEvent(head: RecordHead, text: string | Buffer): EventEnvelope {
  let parsed = false;
  let value: unknown;
  const event: EventEnvelope & { traceparent?: string; correlationId?: string; causationId?: string } = {
    id: head.id,
    type: head.type,
    source: head.source,
    subject: head.subject,
    time: head.time,
    get data() {
      if (!parsed) {
        value = parseData(text, head.id);
        parsed = true;
      }
      return value;
    },
  };
  if (typeof head.traceparent === 'string') event.traceparent = head.traceparent;
  if (typeof head.correlationId === 'string') event.correlationId = head.correlationId;
  if (typeof head.causationId === 'string') event.causationId = head.causationId;
  return event;
}

function parseData(text: string | Buffer, id: string): unknown {
  try {
    return JSON.parse(typeof text === 'string' ? text : text.toString());
  } catch (cause) {
    throw new UnreadableRecord(`the data of event ${id} is not JSON`, { cause });
  }
}

/** Two lines of text for one record: `[type, key, ...]`, then the data. Neither holds a raw newline, so lines cannot be torn. */
export function encodeRecord(key: string, event: EventEnvelope, deadLetter?: DeadLetterCause, dataText = dataTextOf(event)): string {
  const head = [
    event.type,
    key,
    event.id,
    event.source,
    event.subject,
    event.time,
    event.traceparent,
    event.correlationId,
    event.causationId,
    deadLetter,
  ];
  return `${JSON.stringify(head)}\n${dataText}\n`;
}

/** A type as it stands at the front of a record's first line. */
export const encodedType = (type: string): string => frontOf(`[${JSON.stringify(type)},`);

/** Whether a record's first line is of one of the encoded types; nothing is parsed. */
export const isWanted = (line: string, wanted: ReadonlySet<string>): boolean => wanted.has(frontOf(line));

const frontOf = (line: string): string => line.slice(0, line.indexOf(',', line.indexOf('"', 2)) + 1);

type HeadLine = readonly [
  type: string,
  key: string,
  id: string,
  source: string,
  subject: string,
  time: string,
  traceparent: string | null,
  correlationId: string | null,
  causationId: string | null,
  deadLetter: DeadLetterCause | null,
];

/**
 * The record of two lines.
 *
 * @throws {UnreadableRecord} when the first line is not one that `encodeRecord` wrote
 */
export function decodeRecord(place: { topic: string; partition: number; offset: number }, headLine: string, dataLine: string): LogRecord {
  const [type, key, id, source, subject, time, traceparent, correlationId, causationId, deadLetter] = parseHead(headLine, place);
  const head = {
    id,
    type,
    source,
    subject,
    time,
    traceparent: traceparent ?? undefined,
    correlationId: correlationId ?? undefined,
    causationId: causationId ?? undefined,
  };
  const record = { topic: place.topic, partition: place.partition, offset: place.offset, key, event: lazyEvent(head, dataLine) };
  return deadLetter === null ? record : { ...record, deadLetter };
}

function parseHead(line: string, place: { topic: string; partition: number; offset: number }): HeadLine {
  let head: unknown;
  try {
    head = JSON.parse(line);
  } catch (cause) {
    throw new UnreadableRecord(`record ${place.topic}/${place.partition}/${place.offset} has no readable head`, { cause });
  }
  if (!Array.isArray(head) || head.length !== 10)
    throw new UnreadableRecord(`record ${place.topic}/${place.partition}/${place.offset} has no readable head`);
  return head as unknown as HeadLine;
}
