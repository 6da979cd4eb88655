import { RequestError } from '@voltlog/kernel';
import { sessionV1 } from '@voltlog/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { replaySessions } from './projections/replay.js';
import { openCollections } from './store/session-documents.js';
import { booted, ended, metered, register, started, statusAnswered, updated, values } from './testing/facts.js';
import { SessionHarness } from './testing/session-harness.js';

const { ACTIVE, ENDED } = sessionV1.SessionState;

let harness: SessionHarness;
beforeEach(async () => {
  harness = await new SessionHarness().start();
});
afterEach(() => harness.dispose());

const byConnector = async () => new Map((await harness.all()).map((session) => [session.evseId, session]));

describe('a 1.6 session', () => {
  it('goes from its start to its stop', async () => {
    await harness.given(started({ minute: 0 }), metered({ minute: 5, meterValues: [values(5, register(1500))] }));
    const active = await harness.only();
    expect(active).toMatchObject({
      state: ACTIVE,
      energyWh: 500,
      idToken: { idToken: 'TAG' },
      authorizationStatus: 'Accepted',
      flags: [],
      incomplete: false,
    });
    await harness.given(ended({ minute: 30, meterStopWh: 4000 }));
    const { session } = await harness.sessions.getSession({ sessionId: active.sessionId });
    expect(session).toMatchObject({
      state: ENDED,
      energyWh: 3000,
      meterStartWh: 1000,
      meterStopWh: 4000,
      stoppedReason: 'EVDisconnected',
      flags: [],
    });
    expect(await harness.events(active.sessionId)).toEqual(['SessionStarted', 'SessionEnded']);
  });

  it('is one when its StartTransaction is repeated under a new message id, also while the other connector charges', async () => {
    await harness.given(
      started({ minute: 0, evseId: 2, transactionId: '202', meterStartWh: 500 }),
      started({ minute: 1, messageId: 'm-1' }),
      started({ minute: 1, receivedMinute: 3, messageId: 'm-2' }),
      metered({ minute: 4, transactionId: '202', evseId: 2, meterValues: [values(4, register(900))] }),
      started({ minute: 1, receivedMinute: 5, messageId: 'm-3' }),
    );
    const sessions = await byConnector();
    expect(sessions.size).toBe(2);
    expect(sessions.get(1)).toMatchObject({ state: ACTIVE, flags: [] });
    expect(sessions.get(2)).toMatchObject({ state: ACTIVE, energyWh: 400, flags: [] });
    expect(await harness.events(sessions.get(1)?.sessionId ?? '')).toEqual(['SessionStarted']);
  });

  it('keeps the energy of an offline start with a blocked token', async () => {
    await harness.given(
      started({
        minute: 0,
        receivedMinute: 90,
        offline: true,
        authorization: { status: 'Blocked', reason: 'TokenBlocked', source: 'authorization' },
      }),
      ended({ minute: 60, receivedMinute: 91, offline: true, meterStopWh: 8000 }),
    );
    expect(await harness.only()).toMatchObject({
      state: ENDED,
      energyWh: 7000,
      authorizationStatus: 'Blocked',
      flags: ['OfflineStart', 'TokenBlocked'],
    });
  });

  it('ends once when its stop is repeated', async () => {
    await harness.given(
      started({ minute: 0 }),
      ended({ minute: 9, meterStopWh: 2000, messageId: 'a' }),
      ended({ minute: 9, receivedMinute: 12, meterStopWh: 2000, messageId: 'b' }),
    );
    const session = await harness.only();
    expect(session).toMatchObject({ energyWh: 1000, flags: [] });
    expect(await harness.events(session.sessionId)).toEqual(['SessionStarted', 'SessionEnded']);
  });

  it('says so when two stops differ, and keeps the earlier', async () => {
    await harness.given(started({ minute: 0 }), ended({ minute: 9, meterStopWh: 2000 }), ended({ minute: 11, meterStopWh: 2500 }));
    expect(await harness.only()).toMatchObject({ energyWh: 1000, meterStopWh: 2000, flags: ['ConflictingEnd'] });
  });

  it('takes in meter values and a stop that come before the start', async () => {
    await harness.given(metered({ minute: 5, meterValues: [values(5, register(1500))] }), ended({ minute: 9, meterStopWh: 2000 }));
    expect(await harness.all()).toEqual([]);
    expect(await harness.quarantined()).toHaveLength(2);
    await harness.given(started({ minute: 0, receivedMinute: 15 }));
    const session = await harness.only();
    expect(session).toMatchObject({ state: ENDED, energyWh: 1000, lastReadingAt: '2026-03-01T08:05:00.000Z', incomplete: false });
    const quarantined = await harness.quarantined();
    expect(quarantined.map((fact) => fact.matchedSessionId)).toEqual([session.sessionId, session.sessionId]);
  });

  it('counts the energy in pieces when the register falls, whatever the order, across a restart', async () => {
    const reading = (minute: number, wh: number) => metered({ minute, meterValues: [values(minute, register(wh))] });
    const all = [started({ minute: 0 }), reading(10, 2000), reading(20, 0), reading(30, 500), ended({ minute: 40, meterStopWh: 900 })];
    await harness.given(...all.slice(0, 3));
    expect(await harness.only()).toMatchObject({ energyWh: 1000, flags: ['RegisterFell'] });
    await harness.restart();
    await harness.given(...all.slice(3));
    expect(await harness.only()).toMatchObject({ state: ENDED, energyWh: 1900, meterStopWh: 900, flags: ['RegisterFell'] });
    await harness.given(...all.toReversed().map((fact) => ({ ...fact, id: `again-${fact.id}` })));
    expect(await harness.only()).toMatchObject({ energyWh: 1900 });
  });

  it('is flagged when the policy, not the authorization service, accepted the token', async () => {
    await harness.given(started({ minute: 0, authorization: { status: 'Accepted', source: 'policy' } }));
    expect(await harness.only()).toMatchObject({ flags: ['AuthorizedByPolicy'] });
  });

  it('is flagged when the clock of the station is wrong', async () => {
    await harness.given(started({ minute: 600, receivedMinute: 0, offline: false }));
    expect(await harness.only()).toMatchObject({ flags: ['ClockSkew'] });
  });
});

describe('a stop whose transaction nobody knows', () => {
  it('ends the only session it fits', async () => {
    await harness.given(started({ minute: 0 }), ended({ minute: 20, transactionId: '-1', meterStopWh: 3000 }));
    const session = await harness.only();
    expect(session).toMatchObject({ state: ENDED, energyWh: 2000, flags: ['MatchedEnd'] });
    expect(await harness.quarantined()).toMatchObject([{ matchedSessionId: session.sessionId }]);
  });

  it('is told apart by the register when two connectors charge', async () => {
    await harness.given(
      started({ minute: 0, evseId: 1, transactionId: '101', meterStartWh: 1_000_000 }),
      started({ minute: 0, evseId: 2, transactionId: '202', meterStartWh: 5_000 }),
      ended({ minute: 20, transactionId: '999', meterStopWh: 8_000 }),
    );
    const sessions = await byConnector();
    expect(sessions.get(1)).toMatchObject({ state: ACTIVE });
    expect(sessions.get(2)).toMatchObject({ state: ENDED, energyWh: 3_000 });
  });

  it('stays in quarantine while it fits two, and is matched when one of them ends by itself', async () => {
    await harness.given(
      started({ minute: 0, evseId: 1, transactionId: '101' }),
      started({ minute: 0, evseId: 2, transactionId: '202' }),
      ended({ minute: 20, transactionId: '-1', meterStopWh: 3000 }),
    );
    expect((await harness.all()).map((session) => session.state)).toEqual([ACTIVE, ACTIVE]);
    expect(await harness.quarantined()).toMatchObject([{ reason: 'UnknownTransaction', matchedSessionId: '' }]);
    await harness.given(ended({ minute: 25, transactionId: '101', meterStopWh: 4000 }));
    const sessions = await byConnector();
    expect(sessions.get(1)).toMatchObject({ energyWh: 3000, flags: [] });
    expect(sessions.get(2)).toMatchObject({ energyWh: 2000, flags: ['MatchedEnd'] });
  });

  it('is taken back from a session whose own stop arrives, across a restart', async () => {
    await harness.given(started({ minute: 0 }), ended({ minute: 20, transactionId: '-1', meterStopWh: 3000 }));
    await harness.restart();
    await harness.given(ended({ minute: 30, meterStopWh: 5000 }));
    const session = await harness.only();
    expect(session).toMatchObject({ energyWh: 4000, meterStopWh: 5000, flags: [] });
    expect(await harness.quarantined()).toMatchObject([{ matchedSessionId: '' }]);
    expect(await harness.events(session.sessionId)).toEqual(['SessionStarted', 'SessionEnded', 'SessionEnded', 'SessionEndRetracted']);
  });

  it('is one when it is repeated, and tells the topic', async () => {
    const told: string[] = [];
    const subscription = await harness.parts.log.subscribe({
      group: 'alerts',
      topics: ['session.session.v1'],
      types: ['voltlog.session.SessionFactQuarantined.v1'],
      handle: async (batch) => {
        told.push(...batch.map((record) => record.event.id));
      },
    });
    await harness.given(
      ended({ minute: 20, transactionId: '-1', meterStopWh: 3000, messageId: 'a' }),
      ended({ minute: 20, receivedMinute: 30, transactionId: '-1', meterStopWh: 3000, messageId: 'b' }),
    );
    expect(await harness.quarantined()).toHaveLength(1);
    expect(await harness.parts.log.caughtUp({ group: 'alerts', topic: 'session.session.v1', key: 'CS-1', deadlineMs: 5_000 })).toBe(true);
    await subscription.stop();
    expect(told).toHaveLength(1);
  });
});

describe('a 2.0.1 session', () => {
  const v201 = { ocppVersion: 'ocpp2.0.1', transactionId: 'tx-1' } as const;
  const begin = started({
    ...v201,
    minute: 0,
    receivedMinute: 600,
    offline: true,
    seqNo: 0,
    meterValues: [values(0, register(1000, { context: 'Transaction.Begin' }))],
  });
  const middle = updated({
    ...v201,
    minute: 30,
    receivedMinute: 300,
    offline: true,
    seqNo: 1,
    chargingState: 'Charging',
    meterValues: [values(30, register(2000))],
  });
  const end = ended({
    ...v201,
    minute: 60,
    receivedMinute: 61,
    offline: true,
    seqNo: 2,
    chargingState: 'Idle',
    meterValues: [values(60, register(4000, { context: 'Transaction.End' }))],
  });

  it('is the same when Ended, Updated and Started arrive in that order, hours apart, across restarts', async () => {
    await harness.given(end);
    expect(await harness.only()).toMatchObject({ state: ENDED, incomplete: true, flags: ['MissingStart'], idToken: undefined });
    await harness.restart();
    await harness.given(middle);
    expect(await harness.only()).toMatchObject({ energyWh: 2000, incomplete: true });
    await harness.restart();
    await harness.given(begin);
    const session = await harness.only();
    expect(session).toMatchObject({
      state: ENDED,
      energyWh: 3000,
      incomplete: false,
      flags: ['OfflineStart'],
      chargingState: 'Idle',
      idToken: { idToken: 'TAG' },
    });
    expect((await harness.events(session.sessionId)).at(-1)).toBe('SessionCorrected');
  });

  it('is incomplete while a sequence number is missing', async () => {
    await harness.given(begin, end);
    expect(await harness.only()).toMatchObject({ incomplete: true, flags: ['GapInSeqNo', 'OfflineStart'] });
    await harness.given(middle);
    expect(await harness.only()).toMatchObject({ incomplete: false, flags: ['OfflineStart'] });
  });

  it('is incomplete while the station says that messages are queued, also after it says that the transaction is over', async () => {
    await harness.given(started({ ...v201, minute: 0, seqNo: 0 }));
    expect(await harness.only()).toMatchObject({ incomplete: false });
    await harness.given(statusAnswered({ minute: 10, transactionId: 'tx-1', ongoingIndicator: false, messagesInQueue: true }));
    expect(await harness.only()).toMatchObject({ state: ACTIVE, incomplete: true, flags: ['MessagesQueued'] });
    await harness.given(ended({ ...v201, minute: 12, seqNo: 1 }));
    expect(await harness.only()).toMatchObject({ state: ENDED, incomplete: false, flags: [] });
  });

  it('is not made by a status that was asked of an id nobody knows', async () => {
    await harness.given(statusAnswered({ minute: 10, transactionId: 'typo', messagesInQueue: false }));
    expect(await harness.all()).toEqual([]);
  });

  it('begins anew when the station uses the transaction id again', async () => {
    await harness.given(
      started({ ...v201, minute: 0, seqNo: 0, meterValues: [values(0, register(0, { context: 'Transaction.Begin' }))] }),
      ended({ ...v201, minute: 10, seqNo: 1, meterValues: [values(10, register(500, { context: 'Transaction.End' }))] }),
      started({ ...v201, minute: 20, seqNo: 0, meterValues: [values(20, register(500, { context: 'Transaction.Begin' }))] }),
      ended({ ...v201, minute: 30, seqNo: 1, meterValues: [values(30, register(1200, { context: 'Transaction.End' }))] }),
    );
    expect((await harness.all()).map((session) => session.energyWh)).toEqual([700, 500]);
  });
});

describe('a ghost session', () => {
  it('is closed when a later one begins on its EVSE, and corrected when its own end arrives', async () => {
    const old = [started({ minute: 0 }), metered({ minute: 10, meterValues: [values(10, register(2500))] })];
    const stop = ended({ minute: 15, receivedMinute: 200, offline: true, meterStopWh: 3000 });
    await harness.given(...old, started({ minute: 60, transactionId: '301', meterStartWh: 3000 }));
    const [next, ghost] = await harness.all();
    expect(next).toMatchObject({ state: ACTIVE, transactionId: '301' });
    expect(ghost).toMatchObject({
      state: ENDED,
      stoppedReason: 'Superseded',
      energyWh: 1500,
      endedAt: '2026-03-01T09:00:00.000Z',
      flags: ['AssumedEnd'],
      incomplete: true,
    });
    await harness.given(stop);
    const [, corrected] = await harness.all();
    expect(corrected).toMatchObject({
      state: ENDED,
      stoppedReason: 'EVDisconnected',
      energyWh: 2000,
      endedAt: '2026-03-01T08:15:00.000Z',
      flags: [],
      incomplete: false,
    });
  });

  it('is let go of when its station never ends one, but still corrected by its own end', async () => {
    const starts = Array.from({ length: 30 }, (_, i) => started({ minute: i * 10, transactionId: `${500 + i}` }));
    await harness.given(...starts.slice(0, 15));
    await harness.given(...starts.slice(15));
    // Whoever asks the service is told of what it has not written yet, too.
    await harness.all();
    const { sessions } = await openCollections(harness.parts.store);
    expect(await sessions.count({ openOn: 'CS-1' })).toBe(17);
    await harness.given(ended({ minute: 5, receivedMinute: 400, offline: true, transactionId: '500', meterStopWh: 1800 }));
    const oldest = (await harness.all()).at(-1);
    expect(oldest).toMatchObject({ transactionId: '500', energyWh: 800, stoppedReason: 'EVDisconnected', flags: [] });
  });

  it('is told by our clock when the station has none: each boot sets it back to 1970', async () => {
    const unset = (minute: number): number => minute - 56 * 365 * 24 * 60;
    await harness.given(
      started({ minute: unset(50), receivedMinute: 0, offline: true }),
      started({ minute: unset(5), receivedMinute: 90, offline: true, transactionId: '301', meterStartWh: 1200 }),
    );
    const sessions = new Map((await harness.all()).map((session) => [session.transactionId, session]));
    expect(sessions.get('301')).toMatchObject({ state: ACTIVE, flags: ['ClockSkew', 'OfflineStart'] });
    expect(sessions.get('101')).toMatchObject({ state: ENDED, stoppedReason: 'Superseded' });
  });

  it('is closed when its station was replaced while charging', async () => {
    await harness.given(
      started({ minute: 0, meterStartWh: 900_000 }),
      metered({ minute: 10, meterValues: [values(10, register(905_000))] }),
      booted({ minute: 20, serialNumber: 'new' }),
      started({ minute: 30, transactionId: '301', meterStartWh: 12 }),
      ended({ minute: 50, transactionId: '301', meterStopWh: 4_012 }),
    );
    const [next, ghost] = await harness.all();
    expect(ghost).toMatchObject({ stoppedReason: 'Superseded', energyWh: 5_000 });
    expect(next).toMatchObject({ energyWh: 4_000, flags: [] });
  });
});

describe('a session nobody hears of', () => {
  const sweep = async (minute: number): Promise<void> => {
    await harness.stop();
    harness = harness.at(minute);
    await harness.start();
    await harness.swept();
  };

  it('is flagged, until it is heard of again', async () => {
    await harness.given(started({ minute: 0 }), metered({ minute: 5, meterValues: [values(5, register(1500))] }));
    await sweep(60);
    expect(await harness.only()).toMatchObject({ state: ACTIVE, flags: [] });
    await sweep(5 + 6 * 60 + 1);
    expect(await harness.only()).toMatchObject({ state: ACTIVE, flags: ['Stale'] });
    await harness.given(metered({ minute: 400, meterValues: [values(400, register(1600))] }));
    expect(await harness.only()).toMatchObject({ state: ACTIVE, flags: [] });
  });

  it('is closed after its station booted, and goes on when it is heard of after all', async () => {
    await harness.given(started({ minute: 0 }), booted({ minute: 10 }));
    await sweep(100);
    expect(await harness.only()).toMatchObject({ state: ACTIVE });
    await sweep(10 + 2 * 60 + 1);
    const ghost = await harness.only();
    expect(ghost).toMatchObject({ state: ENDED, stoppedReason: 'StationRebooted', flags: ['AssumedEnd'] });
    await harness.given(metered({ minute: 140, meterValues: [values(140, register(1600))] }));
    expect(await harness.only()).toMatchObject({ state: ACTIVE, stoppedReason: '', energyWh: 600 });
    expect(await harness.events(ghost.sessionId)).toEqual(['SessionStarted', 'SessionInterrupted', 'SessionEnded', 'SessionReopened']);
  });
});

describe('the answers', () => {
  it('tell meter values oldest first, once each, in pages', async () => {
    const reading = (minute: number) => metered({ minute, meterValues: [values(minute, register(1000 + minute))] });
    await harness.given(started({ minute: 0 }), reading(10), reading(5), reading(10), reading(7));
    const { sessionId } = await harness.only();
    const first = await harness.sessions.listMeterValues({ sessionId, pageSize: 2, pageToken: '' });
    expect(first.meterValues.map((value) => value.samples[0]?.value)).toEqual([1005, 1007]);
    const second = await harness.sessions.listMeterValues({ sessionId, pageSize: 2, pageToken: first.nextPageToken });
    expect(second.meterValues.map((value) => value.samples[0]?.value)).toEqual([1010]);
    expect(second.nextPageToken).toBe('');
  });

  it('list sessions newest first, by station, token, transaction and state, in pages', async () => {
    await harness.given(
      started({ minute: 0 }),
      ended({ minute: 5, meterStopWh: 2000 }),
      started({ minute: 10, transactionId: '102', idToken: { idToken: 'OTHER', type: 'Local' } }),
      started({ minute: 20, stationId: 'CS-2', transactionId: '103' }),
    );
    const request = {
      pageSize: 0,
      pageToken: '',
      stationId: '',
      state: sessionV1.SessionState.UNSPECIFIED,
      idToken: '',
      transactionId: '',
    };
    const ids = async (more: Partial<sessionV1.ListSessionsRequest>) =>
      (await harness.sessions.listSessions({ ...request, ...more })).sessions.map((session) => session.transactionId);
    expect(await ids({})).toEqual(['103', '102', '101']);
    expect(await ids({ stationId: 'CS-1' })).toEqual(['102', '101']);
    expect(await ids({ idToken: 'OTHER' })).toEqual(['102']);
    expect(await ids({ transactionId: '101' })).toEqual(['101']);
    expect(await ids({ state: ACTIVE, stationId: 'CS-1' })).toEqual(['102']);
    expect(await ids({ state: ENDED })).toEqual(['101']);
    const first = await harness.sessions.listSessions({ ...request, pageSize: 2 });
    expect(await ids({ pageSize: 2, pageToken: first.nextPageToken })).toEqual(['101']);
  });

  it.each([
    ['NOT_FOUND', () => harness.sessions.getSession({ sessionId: 'nobody' })],
    ['NOT_FOUND', () => harness.sessions.listMeterValues({ sessionId: 'nobody', pageSize: 1, pageToken: '' })],
    ['NOT_FOUND', () => harness.sessions.listSessionEvents({ sessionId: 'nobody' })],
    ['INVALID_ARGUMENT', () => harness.sessions.getSession({ sessionId: '' })],
    ['INVALID_ARGUMENT', () => harness.sessions.getSession({ sessionId: 'x'.repeat(256) })],
    ['INVALID_ARGUMENT', () => harness.sessions.listQuarantined({ pageSize: 1, pageToken: 'not a token', stationId: '' })],
    ['INVALID_ARGUMENT', () => harness.sessions.listQuarantined({ pageSize: -1, pageToken: '', stationId: '' })],
  ] as const)('refuse a bad question with %s', async (code, ask) => {
    const error = await ask().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(RequestError);
    expect(error).toMatchObject({ code });
  });
});

it('a replay of the streams gives the projection that was live', async () => {
  await harness.given(
    started({ minute: 0 }),
    metered({ minute: 5, meterValues: [values(5, register(0))] }),
    ended({ minute: 9, meterStopWh: 2000 }),
    started({ minute: 10, transactionId: '102' }),
    ended({ minute: 12, transactionId: '-1', meterStopWh: 2500 }),
  );
  const live = await harness.all();
  expect(await replaySessions(harness.parts.store)).toBeGreaterThan(0);
  const replayed = await harness.all();
  expect(replayed.map((session) => ({ ...session, updatedAt: '' }))).toEqual(live.map((session) => ({ ...session, updatedAt: '' })));
});
