import { afterEach, describe, expect, it, vi } from 'vitest';
import { ApiClient, wordsOf } from './client.js';
import { nameOf, tell } from './event-words.js';
import { duration, energy, moment, power, text, words } from './format.js';
import { readingsOf } from './readings.js';
import { SseParser } from './sse.js';
import type { LiveEvent } from './types.js';

const event = (type: string, data: Record<string, unknown>): LiveEvent => ({
  id: '1',
  type,
  time: '2026-11-23T10:00:00.000Z',
  stationId: 'CP-1',
  subject: 'CP-1',
  data,
});
const said = (name: string, data: Record<string, unknown>, service = 'connection') =>
  tell(event(`voltlog.${service}.${name}.v1`, data)).sentence.replaceAll('\u00a0', ' ');

describe('the event stream', () => {
  it('is read the same however it is cut', () => {
    const whole = ': hello\n\nid: 7\ndata: {"a":1}\n\nevent: ready\ndata: {}\r\n\r\ndata: one\ndata: two\n\ndata: unfinished';
    const expected = [
      { event: 'message', id: '7', data: '{"a":1}' },
      { event: 'ready', id: undefined, data: '{}' },
      { event: 'message', id: undefined, data: 'one\ntwo' },
    ];
    for (let cut = 0; cut <= whole.length; cut += 1) {
      const parser = new SseParser();
      expect([...parser.push(whole.slice(0, cut)), ...parser.push(whole.slice(cut))]).toEqual(expected);
    }
  });
});

describe('a write', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('says which version was read, and is told plainly when another one is there', async () => {
    const problem = { type: 'version-mismatch', detail: 'another version' };
    const fetched = vi.fn(async (_path: string, _init: RequestInit) => new Response(JSON.stringify(problem), { status: 412 }));
    vi.stubGlobal('fetch', fetched);
    const refused = await new ApiClient('key').put('/v1/contracts/C-1', {}, 3).catch((error: unknown) => error);
    expect(fetched.mock.calls[0]?.[1].headers).toMatchObject({ 'if-match': '"3"' });
    expect(wordsOf(refused)).toMatch(/^Somebody else changed it/);
    await new ApiClient('key').put('/v1/contracts/C-2', {}).catch(() => undefined);
    expect(fetched.mock.calls[1]?.[1].headers).not.toHaveProperty('if-match');
    await new ApiClient('key').patch('/v1/sites/S-1', {}, 2).catch(() => undefined);
    expect(fetched.mock.calls[2]?.[1].headers).toMatchObject({ 'if-match': '"2"' });
  });

  it('says that it makes something new, and tells what is there already in the words of the API', async () => {
    const problem = { type: 'urn:voltlog:problem:template-exists', detail: 'it is there already' };
    const fetched = vi.fn(async (_path: string, _init: RequestInit) => new Response(JSON.stringify(problem), { status: 412 }));
    vi.stubGlobal('fetch', fetched);
    const refused = await new ApiClient('key').put('/v1/configuration-templates/T', {}, 'new').catch((error: unknown) => error);
    expect(fetched.mock.calls[0]?.[1].headers).toMatchObject({ 'if-none-match': '*' });
    expect(wordsOf(refused)).toBe('it is there already');
  });
});

describe('events in words', () => {
  it('tells what a person wants to know', () => {
    expect(said('TransactionStarted', { evseId: 2, transactionId: '77' })).toBe('Transaction 77 began on EVSE 2');
    expect(said('TransactionEnded', { evseId: 0, transactionId: '77', stoppedReason: 'EVDisconnected' })).toBe(
      'Transaction 77 ended (EV disconnected)',
    );
    expect(
      said('MeterValuesReported', {
        evseId: 1,
        meterValues: [
          {
            at: '2026-11-23T10:00:00.000Z',
            samples: [
              { measurand: 'Power.Active.Import', value: 11_000 },
              { measurand: 'SoC', value: 42 },
            ],
          },
        ],
      }),
    ).toBe('EVSE 1 at 11.0 kW, 42 %');
    expect(said('SessionEnded', { outcome: { energyWh: 18_234 } }, 'session')).toBe('Session closed with 18.23 kWh');
    expect(said('CommandAnswered', { action: 'RemoteStopTransaction', status: 'TimedOut' })).toBe(
      'Remote stop transaction: no answer in time',
    );
  });

  it('keeps abbreviations and cuts long ids', () => {
    expect(said('SessionChargingStateChanged', { chargingState: 'EVConnected' }, 'session')).toBe('Session: EV connected');
    expect(said('ConnectorStatusReported', { evseId: 1, status: 'Occupied', detail: 'SuspendedEV' })).toBe('EVSE 1 is suspended EV');
    expect(said('TransactionStarted', { evseId: 1, transactionId: '06c6908a-0ad1-4a89-bfa4-57e5493a8467' })).toBe(
      'Transaction 06c6908a… began on EVSE 1',
    );
  });

  it('marks what needs an eye', () => {
    expect(
      tell(event('voltlog.connection.ConnectorStatusReported.v1', { evseId: 1, status: 'Faulted', errorCode: 'GroundFailure' })),
    ).toMatchObject({ tone: 'bad', sentence: 'EVSE 1 is faulted (Ground failure)' });
    expect(
      tell(event('voltlog.authorization.AuthorizationDecided.v1', { idToken: '••42', status: 'Blocked', reason: 'TokenBlocked' })),
    ).toMatchObject({ tone: 'bad', kind: 'Tokens' });
  });

  it('tells an event it does not know by its name, and survives an empty one', () => {
    expect(tell(event('voltlog.device.SiteRegistered.v1', {}))).toEqual({ kind: 'Stations', sentence: 'Site registered', tone: 'plain' });
    expect(said('MeterValuesReported', {})).toBe('The station at a meter reading');
    expect(nameOf('odd')).toBe('odd');
  });
});

describe('readings', () => {
  it('takes the whole before the phases, adds phases up, sorts, and leaves out what says nothing', () => {
    const at = (seconds: number) => new Date(seconds * 1000).toISOString();
    const power = (value: number, phase?: string) => ({
      measurand: 'Power.Active.Import',
      value,
      ...(phase === undefined ? {} : { phase }),
    });
    expect(
      readingsOf([
        { at: at(20), samples: [power(3_000, 'L1'), power(4_000, 'L2')] },
        { at: at(10), samples: [power(9_000), power(3_000, 'L1'), { measurand: 'SoC', value: 40, phase: null }] },
        { at: at(30), samples: [{ measurand: 'Voltage', value: 230 }] },
        { at: null, samples: [power(1)] },
      ]),
    ).toEqual([
      { at: 10_000, powerW: 9_000, socPercent: 40 },
      { at: 20_000, powerW: 7_000, socPercent: undefined },
    ]);
  });
});

describe('figures', () => {
  it('changes its unit where the number would get too long', () => {
    expect([power(0), power(999_949), power(999_950)]).toEqual([
      { value: '0.0', unit: 'kW' },
      { value: '999.9', unit: 'kW' },
      { value: '1.00', unit: 'MW' },
    ]);
    expect([text(energy(4_213)), text(energy(99_949)), text(energy(99_950)), text(energy(2_500_000))]).toEqual([
      '4.21\u00a0kWh',
      '99.95\u00a0kWh',
      '100.0\u00a0kWh',
      '2.50\u00a0MWh',
    ]);
  });

  it('says how long in the words of a person', () => {
    expect([duration(-5), duration(59_000), duration(60_000), duration(3_725_000), duration(49 * 3_600_000)]).toEqual([
      '0 s',
      '59 s',
      '1 min',
      '1 h 02 min',
      '2 d 1 h',
    ]);
  });

  it('names the day only when it is another one', () => {
    const noon = new Date(2026, 10, 23, 12, 0).getTime();
    expect(moment(new Date(2026, 10, 23, 8, 5).toISOString(), noon)).toBe('08:05');
    expect(moment(new Date(2026, 10, 22, 8, 5).toISOString(), noon)).toBe('22 Nov, 08:05');
  });

  it('takes words apart and leaves abbreviations', () => {
    expect([words('EVDisconnected'), words('SuspendedEV'), words('GroundFailure'), words('Accepted')]).toEqual([
      'EV disconnected',
      'Suspended EV',
      'Ground failure',
      'Accepted',
    ]);
  });
});
