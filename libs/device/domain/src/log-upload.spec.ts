import type { UploadEvent } from '@voltlog/device-contract';
import { fold, isoTime } from '@voltlog/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LogUploadCommand, logUploadDecider, UPLOAD_ATTEMPTS_MAX, UPLOAD_LOST_MS, type UploadHeard } from './log-upload.decider.js';

const T0 = Date.parse('2026-11-26T01:00:00.000Z');
const HOUR = 3_600_000;
const request: LogUploadCommand = {
  kind: 'RequestUpload',
  request: {
    uploadId: 'u',
    stationId: 'CP-1',
    logType: 'DiagnosticsLog',
    requestId: 7,
    expiresAt: '2026-11-27T01:00:00.000Z',
    requestedBy: 'ops',
  },
  now: T0,
};
const begin = (now = T0, heard?: UploadHeard): LogUploadCommand => ({ kind: 'BeginUpload', heard, now });
const progress = (receivedBytes: number, now: number, attempt = 1): LogUploadCommand => ({
  kind: 'ReportProgress',
  attempt,
  receivedBytes,
  now,
});
const broken = (now: number, attempt = 1): LogUploadCommand => ({
  kind: 'BreakUpload',
  attempt,
  reason: 'it broke off',
  receivedBytes: 0,
  final: false,
  now,
});
const file = { fileName: 'a.log', contentType: 'text/plain', sizeBytes: 9, sha256: 'a'.repeat(64), keptUntil: '2026-12-26T01:00:00.000Z' };
const receive = (attempt: number, now: number): LogUploadCommand => ({ kind: 'ReceiveUpload', attempt, file, now });

function run(...commands: readonly LogUploadCommand[]) {
  const events: UploadEvent[] = [];
  const refusals: string[] = [];
  for (const command of commands) {
    const decision = logUploadDecider.decide(command, fold(logUploadDecider, events));
    if (decision.ok) events.push(...decision.events);
    else refusals.push(decision.refusal);
  }
  return { state: fold(logUploadDecider, events), events, refusals };
}
const told = (events: readonly UploadEvent[]) => events.filter(({ type }) => type === 'voltlog.device.LogUploadProgressed.v1').length;

describe('a log that a station uploads', () => {
  it('tells how much has come while it comes, not before its time, and of the try under way alone', () => {
    expect(told(run(request, progress(5, T0 + 10_000)).events)).toBe(0);
    expect(told(run(request, begin(), progress(5, T0 + 1_499)).events)).toBe(0);
    expect(run(request, begin(), progress(5, T0 + 1_500)).state).toMatchObject({ receivedBytes: 5 });
    expect(told(run(request, begin(), progress(5, T0 + 2_000, 2)).events)).toBe(0);
    expect(told(run(request, begin(), progress(5, T0 + 2_000), progress(5, T0 + 9_000), progress(4, T0 + 9_000)).events)).toBe(1);
    expect(told(run(request, begin(), progress(5, T0 + 2_000), receive(1, T0 + 3_000), progress(9, T0 + 9_000)).events)).toBe(1);
    expect(run(request, begin(), progress(5, T0 + 2_000), broken(T0 + 3_000), begin(T0 + 4_000)).state).toMatchObject({
      attempt: 2,
      receivedBytes: 0,
    });
  });

  it('fills no log with an upload that takes hours, however often its progress is reported', () => {
    fc.assert(
      fc.property(fc.integer({ min: 50, max: 30_000 }), (everyMs) => {
        const reports: LogUploadCommand[] = [];
        for (let ms = everyMs; ms <= HOUR && reports.length < 2_000; ms += everyMs) reports.push(progress(ms, T0 + ms));
        const { events } = run(request, begin(), ...reports);
        expect(told(events)).toBeLessThanOrEqual(40);
        expect(told(events)).toBeGreaterThan(0);
      }),
      { numRuns: 20 },
    );
  });

  it('says of every event whose log it is, and reads those that did not', () => {
    const { events } = run(
      request,
      { kind: 'ReportAnswer', state: 'Accepted', stationStatus: 'Accepted', reason: '', fileName: 'a.log', now: T0 },
      begin(),
      { kind: 'ReportStatus', status: 'Uploading', requestId: 7, now: T0 },
      progress(5, T0 + 2_000),
      broken(T0 + 3_000),
      begin(T0 + 4_000),
      receive(2, T0 + 5_000),
      { kind: 'DeleteUpload', by: 'ops', now: T0 + 6_000 },
    );
    const failed = run(request, { kind: 'ExpireUpload', now: T0 + 24 * HOUR }).events;
    const all = [...events, ...failed.slice(1)];
    expect(new Set(all.map(({ type }) => type)).size).toBe(9);
    expect(all.map(({ data }) => data.stationId)).toEqual(all.map(() => 'CP-1'));
    const before = events.map(({ type, data }, at) => ({ type, data: at === 0 ? data : { ...data, stationId: undefined } }) as UploadEvent);
    expect(fold(logUploadDecider, before)).toEqual(fold(logUploadDecider, events));
    expect(fold(logUploadDecider, events)).toMatchObject({ stationId: 'CP-1', file });
  });

  it('takes one file and ten tries', () => {
    const tries = Array.from({ length: UPLOAD_ATTEMPTS_MAX }, (_, at) => [begin(), broken(T0, at + 1)] as const).flat();
    expect(run(request, ...tries, begin()).refusals).toEqual(['UploadOver']);
    expect(run(request, ...tries).state).toMatchObject({ state: 'Failed', reason: 'it broke off' });
    expect(run(request, begin(), receive(1, T0), begin()).refusals).toEqual(['UploadUsed']);
    expect(run(request, begin(), receive(2, T0)).refusals).toEqual(['UploadOver']);
    expect(run(request, begin(), begin()).refusals).toEqual(['UploadUnderWay']);
  });

  it('lets a try in once the one under way has been silent for too long, whatever is heard of those before it', () => {
    const later = T0 + UPLOAD_LOST_MS;
    const heard = (attempt: number, at: number): UploadHeard => ({ attempt, at: isoTime(at) });
    expect(run(request, begin(), begin(later)).refusals).toEqual(['UploadUnderWay']);
    expect(run(request, begin(), begin(later + 1)).state).toMatchObject({ state: 'Receiving', attempt: 2 });
    expect(run(request, begin(), begin(later + 1, heard(1, T0 + 1))).refusals).toEqual(['UploadUnderWay']);
    expect(run(request, begin(), begin(later + 2, heard(1, T0 + 1))).state).toMatchObject({ attempt: 2 });
    const second = [request, begin(T0 - 1), broken(T0 - 1), begin(T0)] as const;
    expect(run(...second, begin(later + 1, heard(1, later))).state).toMatchObject({ attempt: 3 });
    // Whoever comes at the same time read what was before the first of them was let in.
    expect(run(...second, begin(later + 1), begin(later + 1), begin(later + 1, heard(2, T0))).refusals).toEqual([
      'UploadUnderWay',
      'UploadUnderWay',
    ]);
  });

  it('takes the file of a try that was thought to be lost, unless another has begun', () => {
    expect(run(request, begin(), broken(T0), receive(1, T0)).state).toMatchObject({ state: 'Received', reason: '', file });
    expect(run(request, begin(), broken(T0), begin(T0), receive(1, T0)).refusals).toEqual(['UploadOver']);
    expect(run(request, begin(), broken(T0), begin(T0), broken(T0, 2), receive(1, T0)).refusals).toEqual(['UploadOver']);
    expect(run(request, receive(0, T0)).refusals).toEqual(['UploadOver']);
    const expired: LogUploadCommand = { kind: 'ExpireUpload', now: T0 + 24 * HOUR };
    expect(run(request, begin(), broken(T0), expired, receive(1, T0 + 24 * HOUR)).refusals).toEqual(['UploadOver']);
  });
});
