import type { MoveEvent, StationMoveEvent } from '@voltlog/device-contract';
import { fold } from '@voltlog/kernel';
import { given } from '@voltlog/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type MoveCommand, type MoveState, moveDecider } from './move.decider.js';
import { filled, type StationMoveCommand, type StationMoveState, stationMoveDecider } from './station-move.decider.js';
import { nextWaveAt, waveSizes } from './waves.js';

const at = '2026-11-02T08:00:00.000Z';
const NOW = Date.parse(at);
const moveId = 'm';
const attributes = {
  name: '',
  direction: 'Out' as const,
  selection: {},
  target: { csmsUrl: 'wss://new.example', securityProfile: 2, slot: 2, messageTimeoutSeconds: 30, keys: [] },
  waves: [
    { percent: 0, stations: 1, pauseMinutes: 10 },
    { percent: 100, stations: 0, pauseMinutes: 0 },
  ],
  atOnceMax: 5,
  healthMinutes: 10,
  confirm: false,
  stopAtFailedPercent: 50,
  stopAtFailedMin: 2,
  createdBy: 'ops',
};
const stationIds = [['A'], ['B', 'C']];
const event = <Name extends string>(name: Name, data: object = {}) =>
  ({ type: `voltlog.device.${name}.v1`, data: { moveId, ...data, at } }) as unknown as MoveEvent;
const created = event('MoveCreated', { ...attributes, stationIds });
const started = (wave: number) => event('MoveWaveStarted', { wave });
const through = (wave: number) => event('MoveWaveEnded', { wave });
const startWave = (wave: number, now = NOW): MoveCommand => ({ kind: 'StartWave', wave, now });
const judge = (failed: number, ended: number): MoveCommand => ({ kind: 'Judge', tally: { failed, ended }, now: NOW });
const end: MoveCommand = { kind: 'EndMove', now: NOW };
const by = 'ops';

describe('a move', () => {
  it('is made once, and only of stations', () => {
    const create: MoveCommand = { kind: 'CreateMove', moveId, attributes, stationIds, now: NOW };
    given(moveDecider).when(create).then(created);
    given(moveDecider, created).when(create).thenRefuses('MoveExists');
    given(moveDecider)
      .when({ ...create, stationIds: [[], []] })
      .thenRefuses('NoStations');
    given(moveDecider).when(startWave(1)).thenRefuses('MoveUnknown');
  });

  it('a wave begins when the one before is through and its pause is over', () => {
    given(moveDecider, created).when(startWave(1)).then(started(1));
    given(moveDecider, created).when(startWave(2)).thenNothing();
    given(moveDecider, created, started(1)).when(startWave(2)).thenNothing();
    given(moveDecider, created, started(1), through(1))
      .when(startWave(2, NOW + 599_999))
      .thenNothing();
    const state = fold(moveDecider, [created, started(1), through(1)]);
    expect(state.kind === 'move' && nextWaveAt(state)).toBe(NOW + 600_000);
    expect(moveDecider.decide(startWave(2, NOW + 600_000), state)).toMatchObject({ ok: true, events: [{ data: { wave: 2 } }] });
  });

  it('stops when as many failed as are too many, and what was before it went on does not count', () => {
    given(moveDecider, created, started(1)).when(judge(1, 1)).thenNothing();
    given(moveDecider, created, started(1)).when(judge(2, 5)).thenNothing();
    given(moveDecider, created, started(1))
      .when(judge(2, 4))
      .then(event('MoveStopped', { failed: 2, ended: 4 }));
    const resumed = event('MoveResumed', { by, failedBefore: 2, endedBefore: 4 });
    given(moveDecider, created, started(1), resumed).when(judge(3, 6)).thenNothing();
    given(moveDecider, created, started(1), resumed)
      .when(judge(4, 8))
      .then(event('MoveStopped', { failed: 2, ended: 4 }));
  });

  it('nothing begins while it is paused, stopped or cancelled', () => {
    for (const held of ['MovePaused', 'MoveCancelled', 'MoveStopped'])
      given(moveDecider, created, event(held, { by, failed: 1, ended: 1 }))
        .when(startWave(1))
        .thenNothing();
  });

  it('is paused, goes on, is cancelled; not once it has ended', () => {
    const pause: MoveCommand = { kind: 'PauseMove', by, now: NOW };
    const resume: MoveCommand = { kind: 'ResumeMove', by, tally: { failed: 1, ended: 3 }, now: NOW };
    given(moveDecider, created).when(pause).then(event('MovePaused', { by }));
    given(moveDecider, created, event('MovePaused', { by })).when(pause).thenNothing();
    given(moveDecider, created, event('MovePaused', { by }))
      .when(resume)
      .then(event('MoveResumed', { by, failedBefore: 1, endedBefore: 3 }));
    given(moveDecider, created).when(resume).thenNothing();
    const over = [created, started(1), through(1), started(2), through(2), event('MoveEnded', { outcome: 'Completed' })];
    given(moveDecider, ...over)
      .when(pause)
      .thenRefuses('MoveEnded');
    given(moveDecider, ...over)
      .when({ kind: 'CancelMove', by, now: NOW })
      .thenNothing();
    given(moveDecider, created, event('MoveCancelled', { by })).when(pause).thenRefuses('MoveNotRunning');
  });

  it('ends when the last wave is through, or it was cancelled', () => {
    given(moveDecider, created, started(1), through(1)).when(end).thenNothing();
    given(moveDecider, created, started(1), through(1), started(2), through(2))
      .when(end)
      .then(event('MoveEnded', { outcome: 'Completed' }));
    given(moveDecider, created, event('MoveCancelled', { by }))
      .when(end)
      .then(event('MoveEnded', { outcome: 'Cancelled' }));
  });

  it('whatever is asked for, waves begin in order and end once', () => {
    const commands = fc.array(
      fc.oneof(
        fc.record({
          kind: fc.constantFrom('StartWave', 'EndWave'),
          wave: fc.integer({ min: 1, max: 3 }),
          now: fc.integer({ min: NOW, max: NOW + 1e7 }),
        }),
        fc.record({ kind: fc.constant('Judge'), tally: fc.record({ failed: fc.nat(9), ended: fc.nat(9) }), now: fc.constant(NOW) }),
        fc.record({ kind: fc.constantFrom('PauseMove', 'CancelMove', 'EndMove'), by: fc.constant(by), now: fc.constant(NOW) }),
      ),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(commands, (list) => {
        let state: MoveState = fold(moveDecider, [created]);
        const events: MoveEvent[] = [created];
        for (const command of list as MoveCommand[]) {
          const decision = moveDecider.decide(command, state);
          if (!decision.ok) continue;
          events.push(...decision.events);
          state = fold(moveDecider, decision.events, state);
        }
        expect(fold(moveDecider, events)).toEqual(state);
        const waves = events.flatMap(({ type, data }) => (type === 'voltlog.device.MoveWaveStarted.v1' ? [data.wave] : []));
        expect(waves).toEqual(waves.map((_, index) => index + 1));
        expect(events.filter(({ type }) => type === 'voltlog.device.MoveEnded.v1').length).toBeLessThanOrEqual(1);
      }),
    );
  });
});

const stationEvent = (name: string, data: object = {}) =>
  ({ type: `voltlog.device.${name}.v1`, data: { moveId, stationId: 'A', ...data, at } }) as unknown as StationMoveEvent;
const begun = stationEvent('StationMoveStarted', { wave: 1, direction: 'Out' });
const before = { priority: '1,0', keys: [] };
const prepared = stationEvent('StationMovePrepared', { before });
const switched = stationEvent('StationMoveSwitched');
const ends = (outcome: 'Moved' | 'Failed'): StationMoveCommand => ({ kind: 'EndStation', outcome, reason: '', now: NOW });

describe('a station of a move', () => {
  it('begins once, is prepared, goes, ends once', () => {
    const start: StationMoveCommand = { kind: 'StartStation', moveId, stationId: 'A', wave: 1, direction: 'Out', now: NOW };
    given(stationMoveDecider).when(start).then(begun);
    given(stationMoveDecider, begun).when(start).thenNothing();
    given(stationMoveDecider, begun).when({ kind: 'ReportSwitched', now: NOW }).thenNothing();
    given(stationMoveDecider, begun).when({ kind: 'ReportPrepared', before, now: NOW }).then(prepared);
    given(stationMoveDecider, begun, prepared).when({ kind: 'ReportSwitched', now: NOW }).then(switched);
    const moved = stationEvent('StationMoveEnded', { outcome: 'Moved', confirmed: false, reason: '' });
    given(stationMoveDecider, begun, prepared, switched).when(ends('Moved')).then(moved);
    given(stationMoveDecider, begun, prepared, switched, moved).when(ends('Failed')).thenNothing();
    given(stationMoveDecider).when(ends('Moved')).thenRefuses('StationNotInMove');
  });

  it('is confirmed only after it was told to go, and once', () => {
    const confirm: StationMoveCommand = { kind: 'ConfirmStation', by, now: NOW };
    const confirmed = stationEvent('StationMoveConfirmed', { by });
    given(stationMoveDecider, begun, prepared).when(confirm).thenRefuses('StationNotSwitched');
    given(stationMoveDecider, begun, prepared, switched).when(confirm).then(confirmed);
    given(stationMoveDecider, begun, prepared, switched, confirmed).when(confirm).thenNothing();
    // Whoever says so is told at once that it is known, and not only once the station has moved.
    const states = [[switched], [switched, confirmed]].map((more) => fold(stationMoveDecider, [begun, prepared, ...more]));
    expect(states).toMatchObject([{ confirmed: false }, { confirmed: true }]);
    given(stationMoveDecider, stationEvent('StationMoveStarted', { wave: 1, direction: 'In' }))
      .when(confirm)
      .thenRefuses('StationNotSwitched');
  });

  it('is set to what it was only where it was told something, and once', () => {
    const restore: StationMoveCommand = { kind: 'ReportRestored', reason: '', now: NOW };
    const restored = stationEvent('StationMoveRestored', { reason: '' });
    given(stationMoveDecider, begun).when(restore).thenNothing();
    given(stationMoveDecider, begun, prepared, switched).when(restore).then(restored);
    given(stationMoveDecider, begun, prepared, switched, restored).when(restore).thenNothing();
  });

  it('repeats of what is known change nothing', () => {
    const state: StationMoveState = fold(stationMoveDecider, [begun, prepared, switched]);
    for (const command of [
      { kind: 'ReportPrepared', before, now: NOW },
      { kind: 'ReportSwitched', now: NOW },
    ] as StationMoveCommand[])
      expect(stationMoveDecider.decide(command, state)).toEqual({ ok: true, events: [] });
  });

  it('a value is told with its own id', () => {
    expect(filled('wss://x/{stationId}?id={stationId}', 'CP 1')).toBe('wss://x/CP 1?id=CP 1');
    expect(filled('wss://x', 'CP')).toBe('wss://x');
  });
});

describe('the sizes of waves', () => {
  it('are as asked for, what is left over in the last', () => {
    expect(
      waveSizes(
        [
          { percent: 10, stations: 0 },
          { percent: 0, stations: 5 },
          { percent: 100, stations: 0 },
        ],
        100,
      ),
    ).toEqual([10, 5, 85]);
    expect(
      waveSizes(
        [
          { percent: 1, stations: 0 },
          { percent: 1, stations: 0 },
        ],
        3,
      ),
    ).toEqual([1, 2]);
    expect(
      waveSizes(
        [
          { percent: 0, stations: 9 },
          { percent: 0, stations: 9 },
        ],
        4,
      ),
    ).toEqual([4, 0]);
  });

  it('make up all stations, whatever is asked for', () => {
    const waves = fc.array(fc.record({ percent: fc.integer({ min: 0, max: 100 }), stations: fc.nat(50) }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(waves, fc.nat(500), (each, count) => {
        expect(waveSizes(each, count).reduce((sum, size) => sum + size, 0)).toBe(count);
      }),
    );
  });
});
