import { describe, expect, it } from 'vitest';
import type { CommandOutcome } from './dialect.js';
import { Display } from './display.js';
import type { Payload } from './protocol.js';

const set = (id: number, change: object = {}) => ({
  message: { id, priority: 'NormalCycle', message: { format: 'UTF8', language: 'en-GB', content: 'hi', ...change } },
});
const wordOf = (outcome: { readonly answer: object }): unknown => ('payload' in outcome.answer ? outcome.answer.payload : undefined);

const followed = ({ then: follow }: CommandOutcome): void => follow?.();

describe('the display of a simulated station', () => {
  it.each([
    [set(1), 'Accepted'],
    [set(1, { format: 'QRCODE' }), 'NotSupportedMessageFormat'],
    [set(1, { language: 'xx' }), 'LanguageNotSupported'],
  ])('is asked for %j: %s', (payload, status) => {
    expect(wordOf(new Display().set(payload))).toEqual({ status });
  });

  it('has room for 20 messages, and takes a change of one of them', () => {
    const display = new Display();
    for (let id = 1; id <= 20; id += 1) expect(wordOf(display.set(set(id)))).toEqual({ status: 'Accepted' });
    expect(wordOf(display.set(set(21)))).toEqual({ status: 'Rejected' });
    expect(wordOf(display.set(set(20)))).toEqual({ status: 'Accepted' });
  });

  it('reports what is asked for in parts, and says when there is nothing', () => {
    const display = new Display();
    const reports: Payload[] = [];
    const ask = (payload: Payload) => display.report({ requestId: 7, ...payload }, (report) => reports.push(report));
    expect(wordOf(ask({}))).toEqual({ status: 'Unknown' });
    for (let id = 1; id <= 6; id += 1) display.set(set(id));
    followed(ask({}));
    expect(reports.map((report) => [report['requestId'], (report['messageInfo'] as unknown[]).length, report['tbc']])).toEqual([
      [7, 5, true],
      [7, 1, false],
    ]);
    reports.length = 0;
    followed(ask({ id: [2, 9] }));
    expect(reports).toMatchObject([{ messageInfo: [{ id: 2 }], tbc: false }]);
    expect(wordOf(ask({ priority: 'InFront' }))).toEqual({ status: 'Unknown' });
    expect([wordOf(display.clear({ id: 2 })), wordOf(display.clear({ id: 2 }))]).toEqual([{ status: 'Accepted' }, { status: 'Unknown' }]);
  });
});
