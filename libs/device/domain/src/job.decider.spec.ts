import type { JobAnswer, JobEndState, JobEvent, JobPartEvent } from '@voltlog/device-contract';
import { fold } from '@voltlog/kernel';
import { given } from '@voltlog/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type JobAttributes, jobDecider, tooManyFailed } from './job.decider.js';
import { type JobPartCommand, type JobPartState, jobPartDecider } from './job-part.decider.js';

const NOW = Date.parse('2026-11-02T08:00:00.000Z');
const at = '2026-11-02T08:00:00.000Z';
const jobId = 'j';
const attributes: JobAttributes = {
  name: 'Restart',
  command: { name: 'reset', parameters: {}, timeoutMs: 0 },
  selection: {},
  stationsPerMinute: 0,
  concurrency: 10,
  expiresAt: '2026-11-03T08:00:00.000Z',
  createdBy: 'ops',
};
const created: JobEvent = { type: 'voltlog.device.JobCreated.v1', data: { jobId, ...attributes, at } };
const planned: JobEvent = { type: 'voltlog.device.JobPlanned.v1', data: { jobId, partCount: 1, stationCount: 2, at } };
const cancelled: JobEvent = { type: 'voltlog.device.JobCancelled.v1', data: { jobId, by: 'ops', at } };
const ended: JobEvent = { type: 'voltlog.device.JobEnded.v1', data: { jobId, outcome: 'Completed', counts: { Accepted: 2 }, at } };
const retry = { kind: 'RetryJob' as const, states: ['Rejected'] as const, expiresAt: attributes.expiresAt, by: 'ops', now: NOW };

const retriedTo = (round: number, ...states: JobEndState[]): JobEvent => ({
  type: 'voltlog.device.JobRetried.v1',
  data: { jobId, round, states, expiresAt: attributes.expiresAt, by: 'ops', at },
});

describe('a job', () => {
  it('is made once, and not for a time that is over', () => {
    const create = { kind: 'CreateJob' as const, jobId, attributes, now: NOW };
    given(jobDecider).when(create).then(created);
    given(jobDecider, created).when(create).thenRefuses('JobExists');
    given(jobDecider)
      .when({ ...create, attributes: { ...attributes, expiresAt: at } })
      .thenRefuses('JobExpired');
  });

  it('is cancelled once, and not after it ended', () => {
    const cancel = { kind: 'CancelJob' as const, by: 'ops', now: NOW };
    given(jobDecider, created, planned).when(cancel).then(cancelled);
    given(jobDecider, created, planned, cancelled).when(cancel).thenNothing();
    given(jobDecider, created, planned, ended).when(cancel).thenNothing();
    given(jobDecider).when(cancel).thenRefuses('JobUnknown');
  });

  it('pauses while it runs, goes on, and does not end or begin by it', () => {
    const pause = { kind: 'PauseJob' as const, by: 'ops', reason: 'paused by ops', now: NOW };
    const resume = { kind: 'ResumeJob' as const, by: 'ops', through: 12, failed: 6, now: NOW };
    const paused: JobEvent = { type: 'voltlog.device.JobPaused.v1', data: { jobId, by: 'ops', reason: 'paused by ops', at } };
    const resumed: JobEvent = { type: 'voltlog.device.JobResumed.v1', data: { jobId, by: 'ops', through: 12, failed: 6, at } };
    given(jobDecider, created, planned).when(pause).then(paused);
    given(jobDecider, created, planned, paused).thenState({ state: 'Paused', pausedBecause: 'paused by ops' });
    given(jobDecider, created, planned, paused).when(pause).thenNothing();
    given(jobDecider, created).when(pause).thenRefuses('JobPlanning');
    given(jobDecider, created, planned, cancelled).when(pause).thenRefuses('JobCancelling');
    given(jobDecider, created, planned, ended).when(pause).thenRefuses('JobEnded');
    given(jobDecider, created, planned, paused).when(retry).thenRefuses('JobPaused');
    given(jobDecider, created, planned, paused).when(resume).then(resumed);
    given(jobDecider, created, planned).when(resume).thenNothing();
    given(jobDecider, created, planned, paused, resumed).thenState({ state: 'Running', pausedBecause: '' });
    given(jobDecider, created, planned, paused).when({ kind: 'CancelJob', by: 'ops', now: NOW }).then(cancelled);
  });

  it.each([
    [{ Accepted: 8, Rejected: 2 }, undefined, '2 of 10 stations failed'],
    [{ Accepted: 9, Rejected: 1 }, undefined, undefined],
    // Too few to tell.
    [{ Rejected: 9 }, undefined, undefined],
    [{ Failed: 4, Unknown: 3, NotSupported: 3, Pending: 90 }, undefined, '10 of 10 stations failed'],
    // What failed before it went on counts no more.
    [{ Accepted: 12, Rejected: 8 }, { through: 10, failed: 8 }, undefined],
    [{ Accepted: 10, Rejected: 10 }, { through: 10, failed: 8 }, '2 of 10 stations failed'],
  ])('that bears 20 percent of failures and has %j since %j: %s', (counts, resumed, reason) => {
    const job = { failureBound: { percent: 20, stations: 10 }, ...(resumed === undefined ? {} : { resumed }) };
    expect(tooManyFailed(job, counts)).toBe(reason);
    expect(tooManyFailed({}, counts)).toBeUndefined();
  });

  it('is retried while it runs and after it ended, not while it is planned or being cancelled', () => {
    const retried: JobEvent = {
      type: 'voltlog.device.JobRetried.v1',
      data: { jobId, round: 2, states: ['Rejected'], expiresAt: attributes.expiresAt, by: 'ops', at },
    };
    given(jobDecider, created, planned).when(retry).then(retried);
    const again = given(jobDecider, created, planned, ended);
    again.when(retry).then(retried);
    again.and(retried).thenState({ state: 'Running', round: 2, endedAt: '' });
    expect(again.and(retried).state).not.toHaveProperty('outcome');
    given(jobDecider, created).when(retry).thenRefuses('JobPlanning');
    given(jobDecider, created, planned, cancelled).when(retry).thenRefuses('JobCancelling');
    given(jobDecider, created, cancelled, ended).when(retry).thenRefuses('JobNeverPlanned');
    given(jobDecider, created, planned, cancelled, ended).when(retry).then(retried);
    given(jobDecider, created, planned)
      .when({ ...retry, expiresAt: at })
      .thenRefuses('JobExpired');
  });

  it('keeps a retry that is not queued yet when another one comes, until it ends', () => {
    const two = given(jobDecider, created, planned, retriedTo(2, 'Rejected'), retriedTo(3, 'Failed'));
    two.thenState({
      round: 3,
      retries: [
        { round: 2, states: ['Rejected'] },
        { round: 3, states: ['Failed'] },
      ],
    });
    two.and(retriedTo(4, 'Failed', 'Rejected')).thenState({ retries: [{ round: 4, states: ['Failed', 'Rejected'] }] });
    two.and(ended, retriedTo(4, 'Failed')).thenState({ retries: [{ round: 4, states: ['Failed'] }] });
  });

  it('ends as cancelled, expired or completed', () => {
    const end = (counts: Record<string, number>, now = NOW) => ({ kind: 'EndJob' as const, round: 1, counts, now });
    const outcome = (outcome: string) => ({ decision: { ok: true, events: [{ data: { outcome } }] } });
    const late = NOW + 86_400_000;
    const running = given(jobDecider, created, planned);
    expect(running.when(end({ Accepted: 2 }))).toMatchObject(outcome('Completed'));
    expect(running.when(end({ Accepted: 2 }, late))).toMatchObject(outcome('Completed'));
    expect(running.when(end({ Accepted: 1, Expired: 1 }, late))).toMatchObject(outcome('Expired'));
    expect(running.and(cancelled).when(end({ Cancelled: 2 }))).toMatchObject(outcome('Cancelled'));
    running.and(ended).when(end({})).thenNothing();
    given(jobDecider, created).when(end({})).thenNothing();
    const retried = running.and(retriedTo(2, 'Rejected'));
    retried.when(end({ Accepted: 2 })).thenNothing();
    expect(retried.when({ ...end({ Accepted: 2 }), round: 2 })).toMatchObject(outcome('Completed'));
  });
});

const IDS = ['A', 'B', 'C'];
const plannedPart: JobPartEvent = { type: 'voltlog.device.JobPartPlanned.v1', data: { jobId, part: 0, stationIds: IDS, at } };
const answer = (stationId: string, attempt: number, state: JobAnswer['state']): JobAnswer => ({
  stationId,
  attempt,
  state,
  stationStatus: '',
  reason: '',
  action: 'Reset',
  messageId: '',
  latencyMs: 1,
  responseJson: '',
});
const sent = (...stationIds: string[]): JobPartEvent => ({
  type: 'voltlog.device.JobStationsSent.v1',
  data: { jobId, part: 0, stations: stationIds.map((stationId) => ({ stationId, attempt: 1 })), at },
});
const answered = (...answers: JobAnswer[]): JobPartEvent => ({
  type: 'voltlog.device.JobStationsAnswered.v1',
  data: { jobId, part: 0, answers, at },
});

describe('a part of a job', () => {
  const part = given(jobPartDecider, plannedPart);

  it('is planned once', () => {
    const plan = { kind: 'PlanPart' as const, jobId, part: 0, stationIds: IDS, now: NOW };
    given(jobPartDecider).when(plan).then(plannedPart);
    part.when({ ...plan, stationIds: ['Z'] }).thenNothing();
  });

  it('sends to those whose turn it is, and to nobody twice', () => {
    const send = { kind: 'SendToStations' as const, stationIds: ['A', 'B', 'nobody'], now: NOW };
    part.when(send).then(sent('A', 'B'));
    part.and(sent('A')).when(send).then(sent('B'));
    part.and(sent('A', 'B')).when(send).thenNothing();
    part
      .and(sent('A', 'B'), answered(answer('A', 1, 'Accepted')))
      .when(send)
      .thenNothing();
  });

  it('takes the answer to the last attempt, even when it was given up on', () => {
    const report = (...answers: JobAnswer[]) => ({ kind: 'ReportAnswers' as const, answers, now: NOW });
    const yes = answer('A', 1, 'Accepted');
    part
      .and(sent('A'))
      .when(report(yes, answer('B', 1, 'Accepted')))
      .then(answered(yes));
    part
      .and(sent('A'), answered(answer('A', 1, 'Unknown')))
      .when(report(yes))
      .then(answered(yes));
    part
      .and(sent('A'), answered(yes))
      .when(report(answer('A', 1, 'Rejected')))
      .thenNothing();
    part
      .and(sent('A'))
      .when(report(answer('A', 2, 'Accepted')))
      .thenNothing();
  });

  it('takes one answer of a station out of several, not the one that tells nothing', () => {
    const [yes, unknown] = [answer('A', 1, 'Accepted'), answer('A', 1, 'Unknown')];
    for (const answers of [
      [yes, unknown],
      [unknown, yes],
    ])
      part.and(sent('A')).when({ kind: 'ReportAnswers', answers, now: NOW }).then(answered(yes));
  });

  it('gives up on what was sent before, and on nothing younger', () => {
    const giveUp = (sentBefore: string) => ({ kind: 'GiveUpOn' as const, sentBefore, reason: 'lost', now: NOW });
    part
      .and(sent('A'))
      .when(giveUp('2026-11-02T08:00:00.001Z'))
      .then(answered({ ...answer('A', 1, 'Unknown'), reason: 'lost', action: '', latencyMs: 0 }));
    part.and(sent('A')).when(giveUp(at)).thenNothing();
  });

  it('is never asked to send to a station whose outcome is open, whatever happens in whatever order', () => {
    const ids = fc.subarray(IDS, { minLength: 1 });
    const now = fc.integer({ min: NOW, max: NOW + 100_000 });
    const states = fc.constantFrom('Accepted', 'Rejected', 'Failed', 'Unknown' as const);
    const command: fc.Arbitrary<JobPartCommand> = fc.oneof(
      fc.record({ kind: fc.constant('SendToStations' as const), stationIds: ids, now }),
      fc.record({ kind: fc.constant('LetWait' as const), stationIds: ids, reason: fc.constant(''), now }),
      fc.record({ kind: fc.constant('ReportBack' as const), stationIds: ids, now }),
      fc.record({ kind: fc.constant('DropStations' as const), state: fc.constantFrom('Expired', 'Cancelled' as const), now }),
      fc.record({
        kind: fc.constant('QueueAgain' as const),
        states: fc.constant(['Rejected', 'Expired'] as const),
        round: fc.integer({ min: 2, max: 4 }),
        now,
      }),
      fc.record({
        kind: fc.constant('ReportAnswers' as const),
        answers: fc.array(
          fc
            .tuple(fc.constantFrom(...IDS), fc.integer({ min: 1, max: 3 }), states)
            .map(([id, attempt, state]) => answer(id, attempt, state)),
        ),
        now,
      }),
      fc.record({
        kind: fc.constant('ReportNotSent' as const),
        stations: fc.array(fc.record({ stationId: fc.constantFrom(...IDS), attempt: fc.integer({ min: 1, max: 3 }) })),
        reason: fc.constant(''),
        now,
      }),
      fc.record({
        kind: fc.constant('GiveUpOn' as const),
        sentBefore: fc.constant('2026-11-02T08:01:00.000Z'),
        reason: fc.constant(''),
        now,
      }),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
        let state: JobPartState = fold<JobPartState, JobPartEvent>(jobPartDecider, [plannedPart]);
        for (const each of commands) {
          const decision = jobPartDecider.decide(each, state);
          if (!decision.ok) throw new Error('a part refuses nothing');
          for (const event of decision.events) {
            if (event.type === 'voltlog.device.JobStationsSent.v1')
              for (const { stationId, attempt } of event.data.stations) {
                expect(state?.stations[stationId]?.state).toBe('Pending');
                expect(attempt).toBe((state?.stations[stationId]?.attempt ?? 0) + 1);
              }
            state = jobPartDecider.evolve(state, event);
          }
          expect(Object.keys(state?.stations ?? {})).toEqual(IDS);
          // Once more changes nothing, but for what sends: its turn is over.
          expect(jobPartDecider.decide(each, state)).toEqual({ ok: true, events: [] });
        }
      }),
    );
  });
});
