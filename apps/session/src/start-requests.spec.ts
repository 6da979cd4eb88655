import { OperatingError } from '@voltlog/kernel';
import { connectionV1, sessionV1 } from '@voltlog/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { at, ended, started, updated } from './testing/facts.js';
import { SessionHarness } from './testing/session-harness.js';

let harness: SessionHarness;
beforeEach(async () => {
  harness = await new SessionHarness({ SESSION_START_LAPSE_SECONDS: '120' }).start();
});
afterEach(() => harness.dispose());

const { StartRequestState } = sessionV1;
const order = (more: Partial<sessionV1.RequestStartRequest> = {}): sessionV1.RequestStartRequest => ({
  stationId: 'CS-1',
  evseId: 1,
  idToken: { idToken: 'TAG', type: 'Central' },
  groupId: '',
  limit: { energyWh: 5_000, durationSeconds: undefined, cost: undefined, stateOfChargePercent: undefined },
  idempotencyKey: '',
  ...more,
});

const request = async (more: Partial<sessionV1.RequestStartRequest> = {}) => {
  const { startRequest } = await harness.sessions.requestStart(order(more));
  if (startRequest === undefined) throw new Error('no start request');
  return startRequest;
};
const become = (startRequestId: string, state: sessionV1.StartRequestState) =>
  harness.until(async () => {
    const { startRequest } = await harness.sessions.getStartRequest({ startRequestId, idempotencyKey: '' });
    return startRequest?.state === state ? startRequest : undefined;
  });
const remoteStartId = (): number => {
  const { command } = harness.stations.sent.at(-1) ?? {};
  return command?.$case === 'requestStartTransaction' ? command.value.remoteStartId : 0;
};

describe('a start request', () => {
  it('for a token that may not charge there is refused at once: no station is asked, nothing is kept', async () => {
    harness.stations.refused.set('LOST', 'TokenBlocked');
    const lost = request({ idToken: { idToken: 'LOST', type: 'Central' }, idempotencyKey: 'k' });
    await expect(lost).rejects.toMatchObject({ code: 'FAILED_PRECONDITION', reason: 'TokenBlocked' });
    await expect(lost).rejects.toThrow('the token may not charge there: the token is blocked');
    harness.stations.authorizationAway = true;
    await expect(request({ idempotencyKey: 'away' })).rejects.toBeInstanceOf(OperatingError);
    harness.stations.authorizationAway = false;
    expect(harness.stations.sent).toEqual([]);
    expect((await request({ idempotencyKey: 'away' })).state).toBe(StartRequestState.ACCEPTED);
    // What was begun is told as it is, whatever became of the token.
    harness.stations.refused.set('TAG', 'TokenBlocked');
    expect((await request({ idempotencyKey: 'away' })).state).toBe(StartRequestState.ACCEPTED);
    expect(harness.stations.count('requestStartTransaction')).toBe(1);
  });

  it('becomes the session whose start names it, with its limit', async () => {
    const { startRequestId, state } = await request();
    expect(state).toBe(StartRequestState.ACCEPTED);
    await harness.given(started({ minute: 0.5, ocppVersion: 'ocpp2.0.1', transactionId: 'other', remoteStartId: 7, evseId: 1 }));
    await harness.given(started({ minute: 1, ocppVersion: 'ocpp2.0.1', transactionId: 'tx-1', remoteStartId: remoteStartId(), evseId: 1 }));
    const { sessionId } = await become(startRequestId, StartRequestState.STARTED);
    const { session } = await harness.sessions.getSession({ sessionId });
    expect(session).toMatchObject({ transactionId: 'tx-1', startRequestId, limit: { energyWh: 5_000 } });
    expect(await harness.events(sessionId)).toEqual(['SessionStarted', 'SessionStartRequestMatched', 'SessionLimitSet']);
    // No crash can come between the two.
    const commits = (await harness.parts.store.streams.load([sessionId])).get(sessionId) ?? [];
    expect(commits.map(({ events }) => events.length)).toEqual([3]);
  });

  it.each(['ocpp1.6', 'ocpp2.0.1'] as const)('of %s is told with the first milestone of its session', async (ocppVersion) => {
    const { startRequestId } = await request();
    const told = ocppVersion === 'ocpp1.6' ? {} : { remoteStartId: remoteStartId() };
    await harness.given(started({ minute: 1, ocppVersion, transactionId: '1', chargingState: 'Charging', ...told }));
    const { sessionId } = await harness.only();
    const [first] = await harness.milestones(sessionId);
    expect(first).toMatchObject({ milestone: 'ChargingStarted', startRequestId });
  });

  it('becomes the 2.x session that began with the cable, once that names it', async () => {
    await harness.given(
      started({ minute: -1, ocppVersion: 'ocpp2.0.1', transactionId: 'tx-1', idToken: { idToken: '', type: 'NoAuthorization' } }),
    );
    const { startRequestId } = await request();
    const fact = { ocppVersion: 'ocpp2.0.1', transactionId: 'tx-1', evseId: 1, triggerReason: 'RemoteStart' } as const;
    await harness.given(updated({ minute: 1, ...fact, remoteStartId: remoteStartId(), chargingState: 'Charging' }));
    const { sessionId } = await become(startRequestId, StartRequestState.STARTED);
    expect(await harness.only()).toMatchObject({ sessionId, startRequestId, limit: { energyWh: 5_000 } });
    expect((await harness.milestones(sessionId))[0]).toMatchObject({ milestone: 'ChargingStarted', startRequestId });
  });

  it('becomes the 1.6 session of the same EVSE and token, and no other', async () => {
    const { startRequestId } = await request({ idToken: { idToken: 'tag', type: '' } });
    await harness.given(
      started({ minute: 1, transactionId: '1', evseId: 2 }),
      started({ minute: 1, transactionId: '2', idToken: { idToken: 'OTHER', type: 'Local' } }),
    );
    harness.later(1.5);
    await harness.settled();
    expect((await harness.sessions.getStartRequest({ startRequestId, idempotencyKey: '' })).startRequest).toMatchObject({ sessionId: '' });
    await harness.given(started({ minute: 1.6, transactionId: '3' }));
    harness.later(1.7);
    const { sessionId } = await become(startRequestId, StartRequestState.STARTED);
    expect((await harness.sessions.getSession({ sessionId })).session).toMatchObject({ transactionId: '3', startRequestId });
  });

  it('of two for the same 1.6 EVSE and token the newest becomes the session, whoever looks first; the other lapses', async () => {
    const { startRequestId: first } = await request({ limit: undefined });
    harness.later(0.2);
    const { startRequestId: second } = await request();
    await harness.restart();
    await harness.given(started({ minute: 1 }));
    harness.later(1.1);
    await become(second, StartRequestState.STARTED);
    expect(await harness.only()).toMatchObject({ startRequestId: second, limit: { energyWh: 5_000 } });
    harness.later(4);
    await become(first, StartRequestState.LAPSED);
  });

  it('that is older is not outdone by one that was made after the session began', async () => {
    const { startRequestId: first } = await request();
    harness.stations.answers = [{ status: connectionV1.CommandStatus.TIMED_OUT }];
    await harness.given(started({ minute: 0.1 }));
    harness.later(0.2);
    const { startRequestId: second } = await request({ limit: undefined });
    await become(first, StartRequestState.STARTED);
    harness.later(4);
    await become(second, StartRequestState.LAPSED);
  });

  it('becomes the session of a station whose clock was never set', async () => {
    const { startRequestId } = await request();
    const occurredAt = '1970-01-01T00:00:10.000Z';
    await harness.given(
      started({ minute: 1, occurredAt, ocppVersion: 'ocpp2.0.1', transactionId: 'tx-1', remoteStartId: remoteStartId(), evseId: 1 }),
    );
    harness.later(1.1);
    const { sessionId } = await become(startRequestId, StartRequestState.STARTED);
    expect(await harness.only()).toMatchObject({ sessionId, limit: { energyWh: 5_000 } });
  });

  it('lapses when nobody plugs in, over a restart too; a later session is not it', async () => {
    const { startRequestId } = await request();
    await harness.restart();
    harness.later(1.9);
    await harness.settled();
    expect((await harness.sessions.getStartRequest({ startRequestId, idempotencyKey: '' })).startRequest?.state).toBe(
      StartRequestState.ACCEPTED,
    );
    harness.later(2.1);
    await become(startRequestId, StartRequestState.LAPSED);
    await harness.given(started({ minute: 3 }));
    expect(await harness.only()).toMatchObject({ startRequestId: '', limit: undefined });
  });

  it.each([
    [{ status: connectionV1.CommandStatus.REJECTED, stationStatus: 'Rejected' }, 'Rejected'],
    [{ status: connectionV1.CommandStatus.OFFLINE }, 'Offline'],
    [{ status: connectionV1.CommandStatus.NOT_SUPPORTED, stationStatus: 'NotSupported' }, 'NotSupported'],
  ])('is refused by %j', async (answer, reason) => {
    harness.stations.answers = [answer];
    expect(await request()).toMatchObject({ state: StartRequestState.REFUSED, reason, sessionId: '' });
  });

  it('is refused when nobody can be asked, and is asked again before that, since nothing was sent', async () => {
    const away = new OperatingError('ServiceUnreachable', 'nobody listens');
    harness.stations.answers = [away, away];
    expect(await request()).toMatchObject({ state: StartRequestState.ACCEPTED });
    harness.stations.answers = [away, away, away, away];
    expect(await request()).toMatchObject({ state: StartRequestState.REFUSED, reason: 'Offline' });
    expect(harness.stations.sent).toHaveLength(7);
  });

  it.each([
    { status: connectionV1.CommandStatus.TIMED_OUT },
    new OperatingError('DeadlineExceeded', 'late'),
    new OperatingError('ServiceUnavailable', 'the connection service died meanwhile'),
  ])('whose answer was lost may still become a session: %s', async (lost) => {
    harness.stations.answers = [lost];
    const { startRequestId } = await request();
    await harness.given(started({ minute: 0.1 }));
    await become(startRequestId, StartRequestState.STARTED);
  });

  it('was made later than what comes from the queue of its station', async () => {
    harness.later(10);
    const { startRequestId } = await request();
    await harness.given(started({ minute: 1, receivedMinute: 10.1, offline: true }));
    expect(await harness.only()).toMatchObject({ startRequestId: '', limit: undefined });
    await harness.given(started({ minute: 10.2, transactionId: '2', receivedMinute: 16, offline: true }));
    expect(await become(startRequestId, StartRequestState.STARTED)).toMatchObject({ startRequestId });
  });

  it('is sent once under one key', async () => {
    const first = await request({ idempotencyKey: 'k' });
    expect(await request({ idempotencyKey: 'k' })).toEqual(first);
    expect(harness.stations.sent).toHaveLength(1);
  });

  it('is found by its key, for whoever never got its id', async () => {
    const made = await request({ idempotencyKey: 'k' });
    const by = (idempotencyKey: string) => harness.sessions.getStartRequest({ startRequestId: '', idempotencyKey });
    expect((await by('k')).startRequest).toEqual(made);
    await expect(by('other')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(by('')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('needs a station and a token', async () => {
    await expect(request({ stationId: '' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(request({ idToken: { idToken: '', type: '' } })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(harness.sessions.getStartRequest({ startRequestId: 'nobody', idempotencyKey: '' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});

describe('a start that is taken back', () => {
  const cancel = async (startRequestId: string) => {
    const { startRequest } = await harness.sessions.cancelStart({ startRequestId, idempotencyKey: '', requestedBy: 'Driver' });
    return startRequest;
  };

  it('is never the one that the next session with the same card came of', async () => {
    const { startRequestId: first } = await request();
    expect(await cancel(first)).toMatchObject({ state: StartRequestState.CANCELLED, sessionId: '' });
    harness.later(0.2);
    const { startRequestId: second } = await request({ limit: undefined });
    await harness.given(started({ minute: 1, chargingState: 'Charging' }));
    const { sessionId } = await become(second, StartRequestState.STARTED);
    expect(await harness.only()).toMatchObject({ sessionId, startRequestId: second, limit: undefined });
    expect((await harness.milestones(sessionId))[0]).toMatchObject({ startRequestId: second });
    // Nor is the one after: the station waits for one start only.
    await harness.given(ended({ minute: 1.2 }), started({ minute: 1.4, transactionId: '102', meterStartWh: 2_000 }));
    harness.later(1.6);
    await harness.settled();
    expect(harness.stations.count('requestStopTransaction')).toBe(0);
    expect(await harness.sessions.getStartRequest({ startRequestId: first, idempotencyKey: '' })).toMatchObject({
      startRequest: { state: StartRequestState.CANCELLED, sessionId: '' },
    });
  });

  it('is not the one either when both are asked of another instance that died', async () => {
    const { startRequestId: first } = await request();
    await cancel(first);
    harness.later(0.2);
    const { startRequestId: second } = await request();
    await harness.restart();
    await harness.given(started({ minute: 1 }));
    await become(second, StartRequestState.STARTED);
  });

  it.each(['ocpp1.6', 'ocpp2.0.1'] as const)('and begins at a station of %s all the same is stopped, and told', async (ocppVersion) => {
    const { startRequestId } = await request();
    await cancel(startRequestId);
    const told = ocppVersion === 'ocpp1.6' ? {} : { remoteStartId: remoteStartId() };
    await harness.given(started({ minute: 1, ocppVersion, transactionId: '1', ...told }));
    await harness.until(() => harness.stations.count('requestStopTransaction') === 1);
    const { sessionId } = await harness.only();
    expect(await cancel(startRequestId)).toMatchObject({ state: StartRequestState.CANCELLED, sessionId });
  });

  it('at a station of 1.6 is not what begins when its driver shows the card there after that, but is when it was shown before', async () => {
    const { startRequestId } = await request();
    harness.later(0.2);
    await cancel(startRequestId);
    await harness.given(started({ minute: 0.5, idTokenShownAt: at(0.4) }));
    harness.later(1);
    await harness.settled();
    expect(harness.stations.count('requestStopTransaction')).toBe(0);
    expect(await cancel(startRequestId)).toMatchObject({ state: StartRequestState.CANCELLED, sessionId: '' });
    await harness.given(ended({ minute: 1.2 }), started({ minute: 1.4, transactionId: '102', idTokenShownAt: at(0.1) }));
    await harness.until(() => harness.stations.count('requestStopTransaction') === 1);
  });

  it.each([{ status: connectionV1.CommandStatus.OFFLINE }, { status: connectionV1.CommandStatus.REJECTED, stationStatus: 'Rejected' }])(
    'while it is asked for, and then refused, stops nothing that begins there: %o',
    async (refusal) => {
      let answer: (refused: typeof refusal) => void = () => undefined;
      harness.stations.answers = [new Promise<typeof refusal>((resolve) => (answer = resolve))];
      const asked = request({ idempotencyKey: 'k' });
      await harness.until(() => harness.stations.sent.length === 1);
      const { startRequest } = await harness.sessions.getStartRequest({ startRequestId: '', idempotencyKey: 'k' });
      await cancel(startRequest?.startRequestId ?? '');
      answer(refusal);
      expect(await asked).toMatchObject({ state: StartRequestState.CANCELLED });
      await harness.given(started({ minute: 0.5 }));
      harness.later(1);
      await harness.settled();
      expect(harness.stations.count('requestStopTransaction')).toBe(0);
    },
  );

  it('leaves alone what begins once the station waits no more', async () => {
    const { startRequestId } = await request();
    await cancel(startRequestId);
    harness.later(4);
    await harness.settled();
    await harness.given(started({ minute: 4.1 }));
    harness.later(4.5);
    await harness.settled();
    expect(harness.stations.count('requestStopTransaction')).toBe(0);
  });

  it('after it became a session stops that', async () => {
    const { startRequestId } = await request();
    await harness.given(started({ minute: 0.1 }));
    await become(startRequestId, StartRequestState.STARTED);
    expect(await cancel(startRequestId)).toMatchObject({ state: StartRequestState.STARTED });
    await harness.until(() => harness.stations.count('requestStopTransaction') === 1);
  });

  it('stays what it is when it was refused, and is not known before it was made', async () => {
    harness.stations.answers = [{ status: connectionV1.CommandStatus.OFFLINE }];
    const { startRequestId } = await request();
    expect(await cancel(startRequestId)).toMatchObject({ state: StartRequestState.REFUSED });
    await expect(cancel('nobody')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('stays taken back when the same start is asked for again', async () => {
    const { startRequestId } = await request({ idempotencyKey: 'k' });
    await cancel(startRequestId);
    expect(await request({ idempotencyKey: 'k' })).toMatchObject({ startRequestId, state: StartRequestState.CANCELLED });
    expect(harness.stations.sent).toHaveLength(1);
  });
});
