import { OperatingError } from '@voltlog/kernel';
import { connectionV1, sessionV1 } from '@voltlog/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { started } from './testing/facts.js';
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
    expect(commits.map(({ events }) => events.length)).toEqual([1, 2]);
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
