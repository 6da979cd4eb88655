import type { EventEnvelope } from '@voltlog/kernel';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeEvents, encodeEvents } from './commit-codec.js';

const head = { streamId: 'session-1', causationId: 'fact-1', at: '2026-11-26T10:00:00.000Z' };
const event: EventEnvelope = {
  id: 'e-1',
  type: 'voltlog.test.Happened.v1',
  source: '/session/a',
  subject: 'session-1',
  time: '2026-11-26T10:00:00.000Z',
  data: { n: 1 },
  causationId: 'fact-1',
  correlationId: 'fact-1',
};

it('says nothing twice that the commit says already', () => {
  const text = encodeEvents({ ...head, events: [event] });
  expect(text).toBe('[["e-1","voltlog.test.Happened.v1","/session/a",0,0,0,0,null,{"n":1}]]');
  expect(decodeEvents(head, text)).toEqual([event]);
});

it('takes the text of the data that comes with the commit', () => {
  const text = encodeEvents({ ...head, events: [event, event], dataTexts: ['{"n":2}', undefined] });
  expect(decodeEvents(head, text).map(({ data }) => data)).toEqual([{ n: 2 }, { n: 1 }]);
});

it('reads what older programs wrote', () => {
  const envelope = { ...event, subject: 'other', traceparent: '00-a-b-01' };
  expect(decodeEvents(head, JSON.stringify([envelope, event]))).toEqual([envelope, event]);
});

it('gives back whatever was written (property)', () => {
  const text = fc.constantFrom('session-1', 'fact-1', '2026-11-26T10:00:00.000Z', '', '0', 'a"b\\c');
  const maybe = fc.option(text, { nil: undefined });
  const events = fc.array(
    fc.record(
      {
        id: text,
        type: text,
        source: text,
        subject: text,
        time: text,
        data: fc.jsonValue(),
        causationId: maybe,
        correlationId: maybe,
        traceparent: maybe,
      },
      { requiredKeys: ['id', 'type', 'source', 'subject', 'time', 'data'] },
    ),
  );
  fc.assert(
    fc.property(events, (written) => {
      const read = decodeEvents(head, encodeEvents({ ...head, events: written as EventEnvelope[] }));
      expect(JSON.parse(JSON.stringify(read))).toEqual(JSON.parse(JSON.stringify(written)));
    }),
  );
});
