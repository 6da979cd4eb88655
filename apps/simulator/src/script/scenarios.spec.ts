import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OcppVersion } from '../station/protocol.js';
import { noteWrongFrames } from '../testing/checked.js';
import { type FakeCsms, startFakeCsms } from '../testing/fake-csms.js';
import { VirtualClock } from '../time/clock.js';
import { FILE_SCENARIOS } from './file-scenarios.js';
import { runScenario } from './run-scenario.js';
import { JOURNEY_SCENARIOS, SCENARIOS, type Scenario } from './scenarios.js';

const TOKENS = { token: 'CARD-1', otherToken: 'CARD-2', blockedToken: 'CARD-X' };
/** Frames of this scenario are wrong on purpose. */
const WRONG_ON_PURPOSE = new Set(['malformed-frames']);

let csms: FakeCsms;

beforeEach(async () => {
  csms = await startFakeCsms();
});

afterEach(() => csms.close());

/** Those about files need one: file-scenarios.spec.ts. */
const cases = SCENARIOS.filter((scenario) => scenario.needsApi !== true && !FILE_SCENARIOS.includes(scenario)).flatMap((scenario) =>
  scenario.versions.map((version): [string, OcppVersion, Scenario] => [scenario.name, version, scenario]),
);

/** What a command of a scenario asks for; what is not here needs no more than its name. */
function commandOf(version: OcppVersion, action: string, now: number): Record<string, unknown> {
  const until = new Date(now + 60_000).toISOString();
  if (action === 'CancelReservation') return { reservationId: 7 };
  if (action === 'SendLocalList') {
    return version === '1.6'
      ? { listVersion: 1, updateType: 'Full', localAuthorizationList: [{ idTag: 'card-1', idTagInfo: { status: 'Accepted' } }] }
      : {
          versionNumber: 1,
          updateType: 'Full',
          localAuthorizationList: [{ idToken: { idToken: 'card-1', type: 'ISO14443' }, idTokenInfo: { status: 'Accepted' } }],
        };
  }
  if (action !== 'ReserveNow') return {};
  return version === '1.6'
    ? { connectorId: 1, expiryDate: until, idTag: 'card-1', reservationId: 7 }
    : { id: 7, expiryDateTime: until, idToken: { idToken: 'card-1', type: 'ISO14443' }, evseId: 1 };
}

const isSecondCard = (token: string): boolean => token.includes('CARD-2');
/** Whom the CSMS refuses besides the blocked card; `starts`: so many charges began, with this one. */
const REFUSES: Readonly<Record<string, (token: string, starts: number) => boolean>> = {
  'budget-exhausted': (_, starts) => starts > 1,
  'free-vend-refused': () => true,
  'unknown-card': (token) => token.includes('-U'),
  'card-not-here': isSecondCard,
  'card-not-yet': isSecondCard,
  'card-no-more': isSecondCard,
  'one-at-a-time': (token, starts) => isSecondCard(token) && starts === 2,
};

/** What a scenario needs the CSMS to know about its tokens. */
function decideTokens(scenario: string, version: OcppVersion): void {
  // A start that is told again is the same one.
  const starts = new Map<string, number>();
  const began = (start: string): number => starts.get(start) ?? starts.set(start, starts.size + 1).size;
  const statusOf = (token: string, start = starts.size): string =>
    token.includes('CARD-X') || REFUSES[scenario]?.(token, start) === true ? 'Blocked' : 'Accepted';
  const groupOf = (token: string): string | undefined =>
    scenario === 'group-stop' ? 'FLEET' : scenario === 'master-pass' && isSecondCard(token) ? 'MASTER-PASS' : undefined;
  csms.reply('Authorize', ({ payload }) => {
    const token = JSON.stringify(payload);
    const [status, group] = [statusOf(token), groupOf(token)];
    if (version === '1.6') return { idTagInfo: { status, ...(group === undefined ? {} : { parentIdTag: group }) } };
    return { idTokenInfo: { status, ...(group === undefined ? {} : { groupIdToken: { idToken: group, type: 'Central' } }) } };
  });
  csms.reply('StartTransaction', ({ payload }) => {
    const transactionId = began(JSON.stringify(payload));
    return { transactionId, idTagInfo: { status: statusOf(JSON.stringify(payload['idTag']), transactionId) } };
  });
  csms.reply('TransactionEvent', ({ payload }) => {
    const { idToken, eventType, transactionInfo } = payload;
    if (idToken === undefined) return {};
    const start = eventType === 'Started' ? began(JSON.stringify(transactionInfo)) : undefined;
    return { idTokenInfo: { status: statusOf(JSON.stringify(idToken), start) } };
  });
}

/** When somebody at the CSMS would send the command that a scenario waits for. */
function isReadyFor(scenario: string): boolean {
  const statuses = csms.of('StatusNotification').map((call) => call.payload['connectorStatus'] ?? call.payload['status']);
  if (scenario === 'messages-queued') return statuses.includes('Occupied') && statuses.at(-1) === 'Available';
  return statuses.length > 0;
}

it.each(JOURNEY_SCENARIOS)("$name of the driver's journey needs nobody's hands", ({ commands, asksByApi, needsApi, needs, prepare }) => {
  expect(commands === undefined || asksByApi === true || needsApi === true).toBe(true);
  expect(needs === undefined || prepare !== undefined).toBe(true);
});

describe('scenarios', () => {
  it.each(cases)('%s of OCPP %s: every frame is valid and every message answered', async (_name, version, scenario) => {
    const wrong: string[] = [];
    const clock = new VirtualClock();
    decideTokens(scenario.name, version);
    for (const action of scenario.commands ?? []) {
      void csms.until(() => isReadyFor(scenario.name)).then(() => csms.command('SC-1', action, commandOf(version, action, clock.now())));
    }
    const entries = await runScenario(scenario, {
      id: 'SC-1',
      version,
      url: csms.url,
      clock,
      tokens: TOKENS,
      reconnectMs: [2, 20],
      stepMs: 5_000,
      onEvent: noteWrongFrames(version, wrong),
    });
    clock.dispose();
    if (!WRONG_ON_PURPOSE.has(scenario.name)) expect(wrong).toEqual([]);
    if (scenario.name !== 'command-while-calling') expect(entries.length).toBeGreaterThan(0);
    for (const entry of entries) {
      expect(entry).toMatchObject({ start: 'answered', stop: 'answered', abandonedMessages: 0 });
      if (entry.stopReason !== 'DeAuthorized') expect(entry.deliveredWh).toBeGreaterThan(0);
    }
  });
});
