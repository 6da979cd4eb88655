import type { SessionEvent, SessionIdToken } from '@voltlog/session-contract';
import { type SessionClaims, sessionDecider } from '@voltlog/session-domain';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { sessionPacking } from './packed-sessions.js';
import type { SessionDocument } from './session-documents.js';

const at = (minute: number): string => `2026-11-26T10:${String(minute).padStart(2, '0')}:00.000Z`;
const identity = { sessionId: 's-1', stationId: 'CS-1', transactionId: '7', ocppVersion: 'ocpp1.6' };
const idToken: SessionIdToken = { idToken: 'CARD', type: 'Local' };

const document = (claims: SessionClaims): SessionDocument => ({
  id: 's-1',
  version: 2,
  stationId: 'CS-1',
  transactionId: '7',
  state: 'Active',
  startedAt: at(0),
  claims,
  updatedAt: at(9),
});

const stored = (doc: SessionDocument): unknown => JSON.parse(JSON.stringify(sessionPacking.pack(doc)));
const fold = (...events: readonly SessionEvent[]): SessionClaims => events.reduce(sessionDecider.evolve, sessionDecider.initialState);
const unpack = (text: unknown): SessionDocument => sessionPacking.unpack(text as never);

const started: SessionEvent = {
  type: 'voltlog.session.SessionStarted.v1',
  data: {
    ...identity,
    transactionKey: 'k',
    evseId: 1,
    connectorId: 1,
    startedAt: at(0),
    receivedAt: at(1),
    offline: false,
    idToken,
    authorization: { status: 'Accepted', source: 'authorization', decisionId: 'd' },
    meterStartWh: 100,
  },
};
const parked: SessionEvent = {
  type: 'voltlog.session.SessionMilestoneReached.v1',
  data: {
    ...identity,
    milestone: 'ParkingStarted',
    occurrence: 1,
    at: at(5),
    receivedAt: at(6),
    evseId: 1,
    connectorId: 1,
    idToken,
    energyWh: 50,
    stateOfChargePercent: 54,
  },
};
const ended: SessionEvent = {
  type: 'voltlog.session.SessionEnded.v1',
  data: {
    ...identity,
    corrects: false,
    end: { basis: 'Reported', endedAt: at(5), receivedAt: at(6), offline: false, stoppedReason: 'Local', meterStopWh: 150 },
    outcome: {
      state: 'Ended',
      startedAt: at(0),
      endedAt: at(5),
      energyWh: 50,
      meterStartWh: 100,
      meterStopWh: 150,
      stoppedReason: 'Local',
      idToken,
      authorizationStatus: 'Accepted',
      flags: [],
      incomplete: false,
    },
  },
};

it('says nothing twice that a session says', () => {
  const { start, reported } = fold(started, ended);
  expect(stored(document(fold(started, parked, ended)))).toEqual({
    ...document({}),
    claims: {
      identity: 'ocpp1.6',
      place: true,
      token: true,
      start,
      milestones: [['ParkingStarted', 1, at(5), at(6), 54]],
      rested: ['ParkingStarted'],
      reported,
      announced: ['Ended', true, true, 50, true, true, true, true, true, [], false],
    },
  });
});

it('keeps what differs', () => {
  const other = { idToken: 'OTHER', type: 'Local' };
  const claims: SessionClaims = {
    ...fold(started, ended),
    identity: { ...identity, stationId: 'CS-2' },
    place: { evseId: 1, connectorId: 0 },
    token: { purpose: 'Start', idToken: other, at: at(0), receivedAt: at(1) },
  };
  const text = stored(document(claims));
  expect(text).toMatchObject({ claims: { identity: claims.identity, place: claims.place, token: claims.token } });
  expect(unpack(text)).toEqual(document(claims));
});

it('reads what older programs wrote', () => {
  const milestone = {
    milestone: 'ChargingEnded',
    occurrence: 1,
    at: at(5),
    receivedAt: at(6),
    evseId: 1,
    connectorId: 1,
    energyWh: 50,
  } as const;
  const old = document({ ...fold(started, ended), milestones: [milestone] });
  expect(unpack(JSON.parse(JSON.stringify(old)))).toEqual(old);
});

it('gives back what its events fold to, for any of them (property)', () => {
  const minute = fc.integer({ min: 0, max: 59 }).map(at);
  const token = fc.option(fc.record({ idToken: fc.constantFrom('CARD', 'true', ''), type: fc.constantFrom('Local', 'eMAID') }), {
    nil: undefined,
  });
  const wh = fc.option(fc.constantFrom(0, 100, 150), { nil: undefined });
  const reason = fc.option(fc.constantFrom('Local', '', 'true'), { nil: undefined });
  const authorization = fc.option(fc.constantFrom({ status: 'Accepted', source: 'cache' }, { status: 'Blocked', source: 'policy' }), {
    nil: undefined,
  });
  const flags = fc.constantFrom([], ['Stale']);
  const outcome = fc.record({
    state: fc.constantFrom('Active', 'Ended'),
    startedAt: fc.option(minute, { nil: undefined }),
    endedAt: fc.option(minute, { nil: undefined }),
    energyWh: fc.nat(),
    meterStartWh: wh,
    meterStopWh: wh,
    stoppedReason: reason,
    idToken: token,
    authorizationStatus: fc.option(fc.constantFrom('Accepted', 'Blocked'), { nil: undefined }),
    flags,
    incomplete: fc.boolean(),
  });
  const place = { evseId: fc.integer({ min: 0, max: 2 }), connectorId: fc.integer({ min: 0, max: 1 }) };
  const times = { startedAt: minute, receivedAt: minute };
  const event = fc
    .oneof(
      fc
        .record({
          ...place,
          ...times,
          idToken: token,
          authorization,
          meterStartWh: wh,
          offline: fc.boolean(),
          transactionKey: fc.constant('k'),
        })
        .map((data) => ['SessionStarted', data]),
      fc.record({ ...place, at: minute, receivedAt: minute }).map((data) => ['SessionDetected', data]),
      token
        .chain((idToken) =>
          fc.record({
            purpose: fc.constantFrom('Start', 'Stop'),
            idToken: fc.constant(idToken ?? { idToken: 'X', type: 'Local' }),
            at: minute,
            receivedAt: minute,
            authorization,
          }),
        )
        .map((data) => ['SessionIdTokenPresented', data]),
      fc
        .record({
          ...place,
          milestone: fc.constantFrom('ChargingStarted', 'BatteryAt', 'Faulted', 'LimitReached'),
          occurrence: fc.integer({ min: 1, max: 3 }),
          at: minute,
          receivedAt: minute,
          energyWh: fc.nat(),
          stateOfChargePercent: wh,
          percent: wh,
          dimension: fc.option(fc.constant('energy'), { nil: undefined }),
        })
        .map((data) => ['SessionMilestoneReached', data]),
      fc
        .record({
          end: fc.record({
            basis: fc.constantFrom('Reported', 'Superseded', 'Matched'),
            endedAt: minute,
            receivedAt: minute,
            offline: fc.boolean(),
            stoppedReason: reason,
            meterStopWh: wh,
            factId: fc.constantFrom('f', 'g'),
          }),
          outcome,
        })
        .map((data) => ['SessionEnded', data]),
      outcome.map((outcome) => ['SessionCorrected', { outcome }]),
    )
    .map(
      ([type, data]) =>
        JSON.parse(
          JSON.stringify({ type: `voltlog.session.${String(type)}.v1`, data: { ...identity, ...(data as object) } }),
        ) as SessionEvent,
    );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 8 }), fc.constantFrom('CS-1', 'CS-2'), (events, stationId) => {
      const doc = { ...document(fold(...events)), stationId };
      const once = unpack(stored(doc));
      expect(once).toEqual(doc);
      // What was read is folded on, and written again.
      expect(unpack(stored(once))).toEqual(doc);
    }),
    { numRuns: 500 },
  );
});
