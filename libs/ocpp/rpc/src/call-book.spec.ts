import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CallBook, type OutgoingCall } from './call-book.js';
import { LIMITS } from './limits.js';

const call = (messageId: string, deadlineMs = 1000): OutgoingCall<string> => ({
  messageId,
  action: 'Reset',
  payload: {},
  deadlineMs,
  context: `context of ${messageId}`,
});

describe('CallBook', () => {
  it('sends the first call and queues the next until the first is answered', () => {
    const book = new CallBook<string>();
    expect(book.offer(call('a'))).toBe('send');
    expect(book.offer(call('b'))).toBe('queued');
    expect(book.next()).toBeUndefined();
    expect(book.settle('a')).toMatchObject({ call: { messageId: 'a', context: 'context of a' } });
    expect(book.next()?.messageId).toBe('b');
    expect(book.inFlight?.messageId).toBe('b');
    expect(book.settle('b')).toMatchObject({ call: { messageId: 'b' } });
    expect(book.next()).toBeUndefined();
  });

  it('ignores results nobody waits for, and says why', () => {
    const book = new CallBook<string>();
    expect(book.settle('a')).toEqual({ ignored: 'NoCallInFlight' });
    book.offer(call('a'));
    book.offer(call('b'));
    expect(book.settle('b')).toEqual({ ignored: 'UnknownMessageId' });
    expect(book.inFlight?.messageId).toBe('a');
  });

  it('expires what reached its deadline, and tells sent from never sent', () => {
    const book = new CallBook<string>();
    book.offer(call('a', 100));
    book.offer(call('b', 50));
    book.offer(call('c', 200));
    expect(book.expire(49)).toEqual([]);
    expect(book.expire(100)).toMatchObject([
      { call: { messageId: 'a' }, sent: true },
      { call: { messageId: 'b' }, sent: false },
    ]);
    expect(book.settle('a')).toEqual({ ignored: 'NoCallInFlight' });
    expect(book.next()?.messageId).toBe('c');
  });

  it('gives all back when the socket closes', () => {
    const book = new CallBook<string>();
    book.offer(call('a'));
    book.offer(call('b'));
    expect(book.drain().map(({ call: { messageId }, sent }) => [messageId, sent])).toEqual([
      ['a', true],
      ['b', false],
    ]);
    expect(book.inFlight).toBeUndefined();
    expect(book.queued).toBe(0);
  });

  it('limits: one in flight, and so many waiting', () => {
    const book = new CallBook<string>();
    for (let i = 0; i < LIMITS.callsInFlight; i++) expect(book.offer(call(`flying ${i}`))).toBe('send');
    for (let i = 0; i < LIMITS.callsQueued; i++) expect(book.offer(call(`waiting ${i}`))).toBe('queued');
    expect(book.offer(call('one too many'))).toBe('full');
    expect(book.queued).toBe(LIMITS.callsQueued);
  });

  it('settles each call exactly once, whatever happens in whatever order', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('offer' as const), deadlineMs: fc.nat(100) }),
      fc.record({ do: fc.constant('settle' as const), id: fc.nat(20) }),
      fc.record({ do: fc.constant('expire' as const), nowMs: fc.nat(100) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const book = new CallBook<string>(5);
        const taken: string[] = [];
        const done: string[] = [];
        for (const [i, one] of steps.entries()) {
          if (one.do === 'offer') {
            if (book.offer(call(`${i}`, one.deadlineMs)) !== 'full') taken.push(`${i}`);
          } else if (one.do === 'settle') {
            const settled = book.settle(`${one.id}`);
            if ('call' in settled) done.push(settled.call.messageId);
          } else done.push(...book.expire(one.nowMs).map((expired) => expired.call.messageId));
          book.next();
        }
        done.push(...book.drain().map((expired) => expired.call.messageId));
        expect(done.sort()).toEqual(taken.sort());
      }),
    );
  });
});
