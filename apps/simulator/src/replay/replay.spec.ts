import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeCsms, startFakeCsms } from '../testing/fake-csms.js';
import { differences } from './compare.js';
import { acceptedTokens } from './prepare.js';
import { readRecording } from './recording.js';
import { type ReplayOptions, replay } from './replay.js';

const HEAD = { format: 'voltlog-recording', version: 1, stationId: 'STATION', startedAt: '2026-11-23T10:00:00.000Z' };
const file = (...lines: readonly object[]): string =>
  [HEAD, { ms: 0, do: 'connect', ocppVersion: 'ocpp1.6' }, ...lines].map((line) => JSON.stringify(line)).join('\n');
const said = (ms: number, ...frame: readonly unknown[]) => ({ ms, from: 'station', frame });
const answered = (ms: number, ...frame: readonly unknown[]) => ({ ms, from: 'csms', frame });

const START = { connectorId: 1, idTag: 'XAAAAAAA', meterStart: 0, timestamp: '2026-11-23T10:00:01.000Z' };
const VISIT = [
  said(1, 2, 'a', 'Authorize', { idTag: 'XAAAAAAA' }),
  answered(2, 3, 'a', { idTagInfo: { status: 'Accepted' } }),
  said(1_000, 2, 'b', 'StartTransaction', START),
  answered(1_001, 3, 'b', { transactionId: 17, idTagInfo: { status: 'Accepted' } }),
  said(2_000, 2, 'c', 'StopTransaction', { transactionId: 17, meterStop: 900, timestamp: '2026-11-23T10:00:02.000Z' }),
  answered(2_001, 3, 'c', {}),
];

describe('replaying a recording', () => {
  let csms: FakeCsms;
  beforeEach(async () => {
    csms = await startFakeCsms();
    csms.reply('Authorize', () => ({ idTagInfo: { status: 'Accepted' } }));
    csms.reply('StartTransaction', () => ({ transactionId: 4_711, idTagInfo: { status: 'Accepted' } }));
    csms.reply('StopTransaction', () => ({}));
  });
  afterEach(() => csms.close());

  const play = (lines: readonly object[], options: Partial<ReplayOptions> = {}) =>
    replay(readRecording(file(...lines)), { url: csms.url, stationId: 'R1', ...options });

  it('says the same in the same order, with the ids and the times of today', async () => {
    const before = Date.now();
    expect(await play(VISIT)).toEqual({ said: 3, differences: [], unexpected: [], notAsked: [] });
    expect(csms.calls.map(({ action }) => action)).toEqual(['Authorize', 'StartTransaction', 'StopTransaction']);
    const [, start, stop] = csms.calls;
    expect(stop?.payload['transactionId']).toBe(4_711);
    const at = Date.parse(String(start?.payload['timestamp']));
    expect(at - before).toBeGreaterThanOrEqual(1_000);
    expect(Date.parse(String(stop?.payload['timestamp'])) - at).toBe(1_000);
  });

  it('reports where the CSMS answers otherwise', async () => {
    csms.reply('Authorize', () => ({ idTagInfo: { status: 'Blocked', parentIdTag: 'G' } }));
    csms.reply('StopTransaction', () => 'InternalError');
    const { differences: found } = await play(VISIT);
    expect(found).toEqual([
      { line: 2, action: 'Authorize', difference: '/idTagInfo/status: was "Accepted", is "Blocked"' },
      { line: 2, action: 'Authorize', difference: '/idTagInfo/parentIdTag: is new, "G"' },
      { line: 6, action: 'StopTransaction', difference: 'was a CALLRESULT, is CALLERROR InternalError' },
    ]);
  });

  it('answers what the CSMS asks for as the station did, and says what was not asked for', async () => {
    const recorded = [
      ...VISIT,
      answered(2_100, 2, 'x', 'Reset', { type: 'Soft' }),
      said(2_101, 3, 'x', { status: 'Rejected' }),
      answered(2_200, 2, 'y', 'ClearCache', {}),
      said(2_201, 3, 'y', { status: 'Accepted' }),
    ];
    const answers: unknown[] = [];
    csms.reply('StopTransaction', () => {
      void csms.command('R1', 'Reset', { type: 'Soft' }).then((answer) => answers.push(answer));
      void csms.command('R1', 'GetConfiguration', {}).then((answer) => answers.push(answer));
      return {};
    });
    const result = await play(recorded);
    expect(result).toMatchObject({ differences: [], unexpected: ['GetConfiguration'], notAsked: ['ClearCache'] });
    expect(answers).toMatchObject([
      { kind: 'result', payload: { status: 'Rejected' } },
      { kind: 'error', code: 'NotSupported' },
    ]);
  });

  it('connects and goes when the station did', async () => {
    const [authorize, answer] = VISIT;
    const lines = [
      authorize,
      answer,
      { ms: 10, do: 'close', code: 1006 },
      { ms: 20, do: 'connect', ocppVersion: 'ocpp1.6' },
      said(30, 2, 'd', 'Heartbeat', {}),
    ];
    expect(await play(lines as object[])).toMatchObject({ said: 2, differences: [] });
  });

  it('takes the time that the station took, or so many times less', async () => {
    const began = performance.now();
    await play(VISIT, { speed: 20 });
    expect(performance.now() - began).toBeGreaterThanOrEqual(95);
  });

  it('a transaction that the station named is another one with each replay', async () => {
    const event = { eventType: 'Started', transactionInfo: { transactionId: 'T-1' } };
    csms.reply('TransactionEvent', () => ({}));
    const lines = [said(1, 2, 'a', 'TransactionEvent', event), said(2, 2, 'b', 'TransactionEvent', event)];
    await play(lines);
    await play(lines);
    const ids = csms.of('TransactionEvent').map(({ payload }) => (payload['transactionInfo'] as { transactionId: string }).transactionId);
    expect(ids[0]).toBe(ids[1]);
    expect(ids[2]).toBe(ids[3]);
    expect(new Set([...ids, 'T-1']).size).toBe(3);
  });

  it('a CSMS that does not let the station in is told of plainly', async () => {
    await csms.close();
    await expect(play(VISIT)).rejects.toThrow();
  });
});

describe('a recording', () => {
  it('says which line is none', () => {
    expect(() => readRecording('')).toThrow('line 1');
    expect(() => readRecording(JSON.stringify({ ...HEAD, version: 2 }))).toThrow('version 2');
    expect(() => readRecording(JSON.stringify(HEAD))).toThrow('never connected');
    expect(() => readRecording(file({ from: 'station' }))).toThrow('line 3');
    expect(() => readRecording(file({ ms: 1, from: 'nobody' }))).toThrow('line 3');
    expect(() => readRecording(`${file()}\n{`)).toThrow('line 3: not JSON');
  });

  it('knows which tokens were accepted', () => {
    const refused = [said(3, 2, 'z', 'Authorize', { idTag: 'XBBBBBBB' }), answered(4, 3, 'z', { idTagInfo: { status: 'Invalid' } })];
    expect(acceptedTokens(readRecording(file(...VISIT, ...refused)))).toEqual([{ idToken: 'XAAAAAAA', type: 'Local' }]);
  });

  it('times and made-up ids may differ, all else not', () => {
    const result = (payload: Record<string, unknown>) => ({ kind: 'result', payload }) as const;
    const differ = (a: Record<string, unknown>, b: Record<string, unknown>) => differences(result(a), result(b));
    expect(
      differ({ currentTime: '2026-01-01T00:00:00Z', transactionId: 1 }, { currentTime: '2027-01-01T00:00:00.000Z', transactionId: 2 }),
    ).toEqual([]);
    expect(differ({ transactionId: 1 }, { transactionId: '1' })).toHaveLength(1);
    expect(differ({ interval: 300 }, { interval: 60 })).toEqual(['/interval: was 300, is 60']);
    expect(differ({ list: [1, 2] }, { list: [1] })).toEqual(['/list: had 2 elements, has 1']);
    expect(differ({ a: { b: 1 } }, { a: {} })).toEqual(['/a/b: is gone, was 1']);
  });
});
