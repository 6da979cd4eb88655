import { readdirSync, readFileSync } from 'node:fs';
import type { SessionEvent, SessionEvents } from '@voltlog/session-contract';
import { outcomeOf, sessionDecider } from '@voltlog/session-domain';
import { describe, expect, it } from 'vitest';

const FOLDER = new URL('../../../libs/session/contract/samples/', import.meta.url);
/** Start requests and prices have topics of their own. */
const OTHER_TOPICS = /^voltlog\.session\.(Start|Price)/;
const samples = readdirSync(FOLDER)
  .filter((name) => !OTHER_TOPICS.test(name))
  .map((name) => ({
    name,
    type: name.replace(/(?:\.\d+)?\.json$/, ''),
    data: JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as unknown,
  }));

/** Every type of the topic; the compiler holds it complete. */
const TYPES: { readonly [Type in keyof SessionEvents]: true } = {
  'voltlog.session.SessionDetected.v1': true,
  'voltlog.session.SessionStarted.v1': true,
  'voltlog.session.SessionIdTokenPresented.v1': true,
  'voltlog.session.SessionChargingStateChanged.v1': true,
  'voltlog.session.SessionInterrupted.v1': true,
  'voltlog.session.SessionQueueReported.v1': true,
  'voltlog.session.SessionEnded.v1': true,
  'voltlog.session.SessionEndRetracted.v1': true,
  'voltlog.session.SessionCorrected.v1': true,
  'voltlog.session.SessionReopened.v1': true,
  'voltlog.session.SessionAnomalyFound.v1': true,
  'voltlog.session.SessionFactQuarantined.v1': true,
  'voltlog.session.SessionMilestoneReached.v1': true,
  'voltlog.session.SessionLimitSet.v1': true,
  'voltlog.session.SessionStartRequestMatched.v1': true,
  'voltlog.session.SessionConnectorFreed.v1': true,
  'voltlog.session.SessionStopRequested.v1': true,
  'voltlog.session.SessionStopAnswered.v1': true,
  'voltlog.session.SessionStopEscalated.v1': true,
  'voltlog.session.SessionLimitOvershot.v1': true,
  'voltlog.session.SessionPriced.v1': true,
};

describe('every event ever published', () => {
  it('has a sample', () => expect([...new Set(samples.map((sample) => sample.type))].sort()).toEqual(Object.keys(TYPES).sort()));

  it.each(samples.filter((sample) => sample.type !== 'voltlog.session.SessionFactQuarantined.v1'))(
    '$type still folds',
    ({ type, data }) => {
      const state = sessionDecider.evolve(sessionDecider.initialState, { type, data } as SessionEvent);
      expect(state.identity?.sessionId).toMatch(/^[0-9a-f-]{36}$/);
      expect(['Active', 'Ended']).toContain(outcomeOf(state, {}).state);
      if (type === 'voltlog.session.SessionStarted.v1')
        expect(outcomeOf(state, {})).toMatchObject({ state: 'Active', meterStartWh: 1000, idToken: { idToken: 'TAG' } });
      if (type === 'voltlog.session.SessionEnded.v1') expect(outcomeOf(state, {}).state).toBe('Ended');
    },
  );
});
