import { sessionV1 } from '@voltlog/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ended, metered, register, started, values } from './testing/facts.js';
import { SessionHarness } from './testing/session-harness.js';

let harness: SessionHarness;
beforeEach(async () => {
  harness = await new SessionHarness().start();
});
afterEach(() => harness.dispose());

describe('a 1.6 session', () => {
  it('goes from its start to its stop', async () => {
    await harness.given(started({ minute: 0 }), metered({ minute: 5, meterValues: [values(5, register(1500))] }));
    const active = await harness.only();
    expect(active).toMatchObject({ state: sessionV1.SessionState.ACTIVE, energyWh: 500, idToken: { idToken: 'TAG' }, authorizationStatus: 'Accepted', flags: [], incomplete: false });
    await harness.given(ended({ minute: 30, meterStopWh: 4000 }));
    const { session } = await harness.sessions.getSession({ sessionId: active.sessionId });
    expect(session).toMatchObject({ state: sessionV1.SessionState.ENDED, energyWh: 3000, meterStartWh: 1000, meterStopWh: 4000, stoppedReason: 'EVDisconnected', flags: [] });
    expect(await harness.events(active.sessionId)).toEqual(['SessionStarted', 'SessionEnded']);
  });
});
