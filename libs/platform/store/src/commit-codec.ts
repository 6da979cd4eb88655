import { dataTextOf, type EventEnvelope } from '@voltlog/kernel';
import type { Commit } from './store.js';

type CommitHead = Pick<Commit, 'streamId' | 'causationId' | 'at'>;

/** Stands for what the commit's own columns say. */
const SAME = 0;
type Told = string | typeof SAME;

/** An event without the names of its attributes, and without what its commit says already: a third of the text of a small one. */
type EventRow = readonly [
  id: string,
  type: string,
  source: string,
  subject: Told,
  time: Told,
  causationId: Told | null,
  correlationId: Told | null,
  traceparent: string | null,
  data: unknown,
];

const told = (value: string, own: string): Told => (value === own ? SAME : value);

function rowText(event: EventEnvelope, dataText: string, { streamId, causationId, at }: CommitHead): string {
  const head = [
    event.id,
    event.type,
    event.source,
    told(event.subject, streamId),
    told(event.time, at),
    event.causationId === undefined ? null : told(event.causationId, causationId),
    event.correlationId === undefined ? null : told(event.correlationId, causationId),
    event.traceparent ?? null,
  ];
  return `${JSON.stringify(head).slice(0, -1)},${dataText}]`;
}

function toEvent(row: EventRow, { streamId, causationId, at }: CommitHead): EventEnvelope {
  const [id, type, source, subject, time, cause, correlation, traceparent, data] = row;
  return {
    id,
    type,
    source,
    subject: subject === SAME ? streamId : subject,
    time: time === SAME ? at : time,
    data,
    ...(cause === null ? {} : { causationId: cause === SAME ? causationId : cause }),
    ...(correlation === null ? {} : { correlationId: correlation === SAME ? causationId : correlation }),
    ...(traceparent === null ? {} : { traceparent }),
  };
}

/** The events of a commit as they are stored. */
export const encodeEvents = (commit: Pick<Commit, 'events' | 'dataTexts'> & CommitHead): string =>
  `[${commit.events.map((event, i) => rowText(event, commit.dataTexts?.[i] ?? dataTextOf(event), commit)).join(',')}]`;

/** The events of a stored commit; those of older programs are whole envelopes. */
export const decodeEvents = (head: CommitHead, text: string): readonly EventEnvelope[] =>
  (JSON.parse(text) as readonly (EventRow | EventEnvelope)[]).map((each) => (isRow(each) ? toEvent(each, head) : each));

const isRow = (each: EventRow | EventEnvelope): each is EventRow => Array.isArray(each);
