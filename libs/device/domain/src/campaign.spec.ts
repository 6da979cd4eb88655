import type { CampaignAttributes, CampaignEvent } from '@voltlog/device-contract';
import { fold } from '@voltlog/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CampaignCommand, type CampaignState, campaignDecider } from './campaign.decider.js';
import { rollBackOf, rollBackTurn } from './campaign-roll-back.js';
import { isWindowOpen, windowProblem } from './maintenance-window.js';
import { waveSizes } from './waves.js';

const T0 = Date.parse('2026-11-26T01:00:00.000Z');
const MINUTE = 60_000;
const wave = (percent: number, pauseMinutes = 0, stations = 0) => ({ percent, stations, pauseMinutes });
const ATTRIBUTES: CampaignAttributes = {
  name: '',
  imageId: 'i',
  version: '2.0.0',
  selection: {},
  waves: [wave(10, 60), wave(100)],
  windows: [],
  timeZone: 'UTC',
  stationsPerMinute: 0,
  concurrency: 50,
  retrieveAt: '',
  installAt: '',
  proof: 'Boot',
  stopAtFailedPercent: 50,
  stopAtFailedMin: 2,
  attemptsMax: 1,
  retryMinutes: 0,
  noProgressMinutes: 60,
  expiresAt: '2026-12-03T01:00:00.000Z',
  rollBackImageId: '',
  rollBackOf: '',
  filesUrl: 'http://x',
  createdBy: '',
};
const create = (change: Partial<CampaignAttributes> = {}): CampaignCommand => ({
  kind: 'CreateCampaign',
  campaignId: 'c',
  attributes: { ...ATTRIBUTES, ...change },
  now: T0,
});
const planned: CampaignCommand = { kind: 'ReportPlanned', stationCounts: [1, 9], now: T0 };
const start = (number: number, now = T0): CampaignCommand => ({ kind: 'StartWave', wave: number, now });
const end = (number: number, now = T0): CampaignCommand => ({ kind: 'EndWave', wave: number, now });
const judge = (failed: number, ended: number): CampaignCommand => ({ kind: 'Judge', tally: { failed, ended }, now: T0 });

function run(...commands: readonly CampaignCommand[]): { state: CampaignState; refusals: string[] } {
  const events: CampaignEvent[] = [];
  const refusals: string[] = [];
  for (const command of commands) {
    const decision = campaignDecider.decide(command, fold(campaignDecider, events));
    if (decision.ok) events.push(...decision.events);
    else refusals.push(decision.refusal);
  }
  return { state: fold(campaignDecider, events), refusals };
}

describe('a campaign', () => {
  it('begins one wave after the other, each after the pause behind the one before', () => {
    expect(run(create(), planned, start(2)).state).toMatchObject({ wave: 0 });
    expect(run(create(), planned, start(1), start(2)).state).toMatchObject({ wave: 1 });
    const through = [create(), planned, start(1), end(1)] as const;
    expect(run(...through, start(2, T0 + 60 * MINUTE - 1)).state).toMatchObject({ wave: 1, wavesEnded: 1 });
    expect(run(...through, start(2, T0 + 60 * MINUTE)).state).toMatchObject({ wave: 2 });
    expect(run(...through, start(2, T0 + 60 * MINUTE), end(2), start(3)).state).toMatchObject({ wave: 2 });
  });

  it('stops when the share and the number of failures are reached, not before', () => {
    const running = [create(), planned, start(1)] as const;
    expect(run(...running, judge(1, 1)).state).toMatchObject({ state: 'Running' });
    expect(run(...running, judge(2, 5)).state).toMatchObject({ state: 'Running' });
    expect(run(...running, judge(2, 4)).state).toMatchObject({ state: 'Stopped' });
    expect(run(create({ stopAtFailedPercent: 0 }), planned, judge(9, 9)).state).toMatchObject({ state: 'Running' });
  });

  it('goes on after a stop, and what failed until then counts no more', () => {
    const resumed = [create(), planned, judge(2, 2), { kind: 'ResumeCampaign', by: '', tally: { failed: 2, ended: 2 }, now: T0 }] as const;
    expect(run(...resumed, judge(3, 3)).state).toMatchObject({ state: 'Running' });
    expect(run(...resumed, judge(4, 4)).state).toMatchObject({ state: 'Stopped' });
  });

  it('starts no wave while it is paused, and says what it refuses', () => {
    const pause: CampaignCommand = { kind: 'PauseCampaign', by: '', now: T0 };
    expect(run(create(), planned, pause, start(1)).state).toMatchObject({ state: 'Paused', wave: 0 });
    expect(run(create(), pause).refusals).toEqual(['CampaignNotRunning']);
    const over: CampaignCommand = { kind: 'EndCampaign', expired: false, now: T0 };
    expect(run(create(), planned, over, pause).refusals).toEqual(['CampaignEnded']);
    expect(run(create({ expiresAt: '2026-11-26T01:00:00.000Z' })).refusals).toEqual(['CampaignExpired']);
    expect(run(create(), create()).refusals).toEqual(['CampaignExists']);
  });

  it('says how it ended', () => {
    const over = (expired: boolean): CampaignCommand => ({ kind: 'EndCampaign', expired, now: T0 });
    expect(run(create(), over(false)).state).toMatchObject({ state: 'Planning' });
    expect(run(create(), planned, over(false)).state).toMatchObject({ outcome: 'Completed' });
    expect(run(create(), planned, over(true)).state).toMatchObject({ outcome: 'Expired' });
    expect(run(create(), planned, { kind: 'CancelCampaign', by: '', now: T0 }, over(true)).state).toMatchObject({ outcome: 'Cancelled' });
  });

  it('goes back by itself only where it is to, from the stop until somebody resumes it', () => {
    const automatic = [create({ rollBack: 'Automatic', rollBackImageId: 'old' }), planned, start(1)] as const;
    expect(run(...automatic).state).toMatchObject({ goingBack: false });
    expect(run(create({ rollBackImageId: 'old' }), planned, judge(2, 4)).state).toMatchObject({ state: 'Stopped', goingBack: false });
    const stopped = [...automatic, judge(2, 4)] as const;
    expect(run(...stopped).state).toMatchObject({ state: 'Stopped', goingBack: true });
    const over: CampaignCommand = { kind: 'EndCampaign', expired: false, now: T0 };
    expect(run(...stopped, over).state).toMatchObject({ state: 'Ended', goingBack: true });
    const resume: CampaignCommand = { kind: 'ResumeCampaign', by: '', tally: { failed: 2, ended: 4 }, now: T0 };
    expect(run(...stopped, resume).state).toMatchObject({ state: 'Running', goingBack: false });
  });

  it('notes each campaign that brings stations back once, and counts what the platform began from each stop anew', () => {
    const note = (rollBackId: string, automatic = true): CampaignCommand => ({
      kind: 'NoteRollBack',
      rollBackId,
      stationCount: 3,
      automatic,
      by: '',
      now: T0,
    });
    const stopped = [create({ rollBack: 'Automatic', rollBackImageId: 'old' }), planned, start(1), judge(2, 4)] as const;
    expect(run(...stopped, note('a'), note('a'), note('b', false)).state).toMatchObject({
      rollBacks: [{ rollBackId: 'a' }, { rollBackId: 'b' }],
      lastRollBackId: 'a',
    });
    const resume: CampaignCommand = { kind: 'ResumeCampaign', by: '', tally: { failed: 2, ended: 4 }, now: T0 };
    expect(run(...stopped, note('a'), resume, judge(6, 8)).state).toMatchObject({ rollBacks: [{}], lastRollBackId: '' });
  });

  it('brings back at once; then what ended meanwhile, together; never what a person called off', () => {
    expect(rollBackTurn(undefined, 5)).toBe('Begin');
    expect(rollBackTurn({ state: 'Running' }, 5)).toBe('Wait');
    expect(rollBackTurn({ state: 'Running' }, 0)).toBe('Begin');
    expect(rollBackTurn({ state: 'Ended', outcome: 'Completed' }, 5)).toBe('Begin');
    expect(rollBackTurn({ state: 'Stopped' }, 0)).toBe('Wait');
    expect(rollBackTurn({ state: 'Cancelling' }, 0)).toBe('Never');
    expect(rollBackTurn({ state: 'Ended', outcome: 'Cancelled' }, 0)).toBe('Never');
  });

  it('goes back in the same waves without their pauses, at once, and no further', () => {
    const { state } = run(create({ windows: [{ from: '22:00', until: '05:00', days: [] }], stationsPerMinute: 7 }), planned);
    if (state.kind === 'none') throw new Error('it is known');
    const how = { stationIds: ['CP-1'], automatic: true, by: '', now: T0 };
    const back = rollBackOf(state, { imageId: 'old', version: '1.0.0' }, how);
    expect(back).toMatchObject({ version: '1.0.0', waves: [wave(10), wave(100)], windows: [], stationsPerMinute: 7, rollBackOf: 'c' });
    expect(back).toMatchObject({ rollBackImageId: '' });
    expect(rollBackOf(state, { imageId: 'old', version: '1.0.0' }, { ...how, automatic: false }).waves).toEqual([wave(100)]);
  });

  it('never runs on while it goes back, whatever happens in whatever order', () => {
    const commands: readonly CampaignCommand[] = [
      judge(2, 4),
      { kind: 'NoteRollBack', rollBackId: 'a', stationCount: 1, automatic: true, by: '', now: T0 },
      { kind: 'NoteRollBack', rollBackId: 'b', stationCount: 1, automatic: false, by: 'ops', now: T0 },
      { kind: 'ResumeCampaign', by: '', tally: { failed: 2, ended: 4 }, now: T0 },
      { kind: 'PauseCampaign', by: '', now: T0 },
      { kind: 'CancelCampaign', by: '', now: T0 },
      { kind: 'EndCampaign', expired: false, now: T0 },
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...commands), { maxLength: 30 }), (some) => {
        const { state } = run(create({ rollBack: 'Automatic', rollBackImageId: 'old' }), planned, start(1), ...some);
        if (state.kind === 'none') throw new Error('it is known');
        // It goes back only where it stopped, and each way back is there once.
        if (state.goingBack) expect(some.some(({ kind }) => kind === 'Judge')).toBe(true);
        expect(state.state === 'Running' && state.goingBack).toBe(false);
        expect(new Set(state.rollBacks.map(({ rollBackId }) => rollBackId)).size).toBe(state.rollBacks.length);
      }),
    );
  });

  it('gives each station one wave, whatever the sizes say', () => {
    expect(waveSizes([wave(5), wave(25), wave(0)], 1_000)).toEqual([50, 250, 700]);
    expect(waveSizes([wave(1), wave(0)], 10)).toEqual([1, 9]);
    expect(waveSizes([wave(0, 0, 20), wave(0)], 7)).toEqual([7, 0]);
    const one = fc.record({ percent: fc.integer({ min: 0, max: 100 }), stations: fc.nat(50), pauseMinutes: fc.constant(0) });
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 6 }), fc.nat(2_000), (waves, count) => {
        const sizes = waveSizes(waves, count);
        expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(count);
        expect(sizes.every((size) => size >= 0)).toBe(true);
      }),
    );
  });
});

describe('a maintenance window', () => {
  const open = (from: string, until: string, days: number[], at: string, timeZone = 'Europe/Amsterdam') =>
    isWindowOpen([{ from, until, days }], timeZone, Date.parse(at));

  it('is open from its first minute to before its last, by the clock of the site', () => {
    // Amsterdam is an hour ahead of UTC in winter, two in summer.
    expect(open('22:00', '23:00', [], '2026-11-26T20:59:59Z')).toBe(false);
    expect(open('22:00', '23:00', [], '2026-11-26T21:00:00Z')).toBe(true);
    expect(open('22:00', '23:00', [], '2026-11-26T21:59:59Z')).toBe(true);
    expect(open('22:00', '23:00', [], '2026-11-26T22:00:00Z')).toBe(false);
    expect(open('22:00', '23:00', [], '2026-07-26T20:00:00Z')).toBe(true);
  });

  it('goes over midnight, and belongs to the day on which it begins', () => {
    // 2026-11-27 is a Friday.
    expect(open('22:00', '05:00', [5], '2026-11-27T21:30:00Z')).toBe(true);
    expect(open('22:00', '05:00', [5], '2026-11-28T03:59:00Z')).toBe(true);
    expect(open('22:00', '05:00', [5], '2026-11-28T04:00:00Z')).toBe(false);
    expect(open('22:00', '05:00', [5], '2026-11-27T03:00:00Z')).toBe(false);
    // From Sunday into Monday.
    expect(open('22:00', '05:00', [7], '2026-11-30T03:00:00Z')).toBe(true);
  });

  it('is always open where there is none, and refused when it could never be', () => {
    expect(isWindowOpen([], 'UTC', T0)).toBe(true);
    expect(windowProblem({ from: '22:00', until: '05:00', days: [1, 7] })).toBeUndefined();
    for (const wrong of [
      { from: '24:00', until: '05:00', days: [] },
      { from: '5:00', until: '06:00', days: [] },
      { from: '05:00', until: '05:00', days: [] },
      { from: '05:00', until: '06:00', days: [0] },
      { from: '05:00', until: '06:00', days: [8] },
    ])
      expect(windowProblem(wrong)).toBeTypeOf('string');
  });
});
