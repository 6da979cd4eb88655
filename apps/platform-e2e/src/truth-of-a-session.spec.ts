import {
  type LedgerEntry,
  type OcppVersion,
  runScenario,
  runScript,
  SCENARIOS,
  type Scenario,
  type ScenarioTokens,
  SimulatedStation,
  type StationOptions,
  scenarioNamed,
  VirtualClock,
} from '@voltlog/simulator-app';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AllInOne } from './harness/all-in-one.js';
import { eventually } from './harness/eventually.js';
import { agrees, quarantineOf, registerStation, registerTokens, STATION_PASSWORD, sessionsOf } from './harness/fleet.js';
import { RawStation } from './harness/raw-station.js';
import { sorted, type Truth, toldOf, truthOf } from './harness/truth.js';

const HOUR_MS = 3_600_000;
const BY_HAND = new Set(['out-of-order', 'messages-queued', 'command-while-calling']);

/** What is odd about the sessions of a scenario, and when its virtual time begins: offline messages have to be old when they come. */
interface Odd {
  readonly status?: string;
  readonly flags?: readonly string[];
  readonly hoursAgo?: number;
}
const ODD: Readonly<Record<string, Odd>> = {
  'offline-session': { flags: ['OfflineStart'], hoursAgo: 4 },
  'offline-blocked-token': { status: 'Blocked', flags: ['OfflineStart', 'TokenBlocked'], hoursAgo: 1 },
  'stop-minus-one': { flags: ['MatchedEnd'] },
  'stop-unknown-id': { flags: ['MatchedEnd'] },
};
/** 1.6 does not say that a message is from an offline queue; it is taken for one when it is old. */
const ODD_16: Readonly<Record<string, Odd>> = {
  'wrong-clock': { flags: ['OfflineStart'] },
  'same-id-other-body': { flags: ['ConflictingEnd'] },
};

let platform: AllInOne;
let tokens: ScenarioTokens;
/** What the API has to say for ever, by station. */
const told = new Map<string, Truth[]>();

beforeAll(async () => {
  platform = await AllInOne.start({ RATE_LIMIT_BURST: '100000', RATE_LIMIT_PER_SECOND: '100000', CALLS_PER_SECOND_MAX: '10000' });
  tokens = await registerTokens(platform.api);
});
afterAll(() => platform?.stop());

const isTrue = async (stationId: string, expected: readonly Truth[]): Promise<void> => {
  told.set(stationId, sorted(expected));
  await agrees(async () => sorted((await sessionsOf(platform.api, stationId)).map(toldOf)), sorted(expected));
};

const settled = (entries: readonly LedgerEntry[]): void => {
  for (const entry of entries) {
    expect(entry).toMatchObject({ start: 'answered', stop: 'answered', abandonedMessages: 0 });
    expect(entry.deliveredWh).toBeGreaterThan(0);
  }
};

/** A station of the scenario, registered, in virtual time. */
async function prepare(scenario: Scenario, version: OcppVersion, hoursAgo = 0): Promise<StationOptions & { clock: VirtualClock }> {
  const id = `${scenario.name}-${version}`;
  await registerStation(platform.api, id, scenario.station?.evses);
  const clock = new VirtualClock(Date.now() - hoursAgo * HOUR_MS);
  return { id, version, url: platform.ocppUrl, password: STATION_PASSWORD, clock, reconnectMs: [5, 200], ...scenario.station };
}

async function connected(options: StationOptions): Promise<SimulatedStation> {
  const station = new SimulatedStation(options);
  await station.connect();
  await station.idle();
  return station;
}

/** Those of firmware have no session, and wait for a campaign: firmware.spec.ts. */
const isPlain = ({ name, needs, needsApi }: Scenario): boolean =>
  !BY_HAND.has(name) && !/^(reserve|firmware|publish)-/.test(name) && needs === undefined && needsApi !== true;

const play = SCENARIOS.filter(isPlain).flatMap((scenario) =>
  scenario.versions.map((version): [OcppVersion, string, string, Scenario] => [version, scenario.name, scenario.title, scenario]),
);

describe('a session is true', () => {
  it.each(play)('OCPP %s, %s: %s', async (version, name, _title, scenario) => {
    const odd = { ...ODD[name], ...(version === '1.6' ? ODD_16[name] : {}) };
    const options = await prepare(scenario, version, odd.hoursAgo);
    const entries = await runScenario(scenario, { ...options, tokens });
    options.clock.dispose();
    settled(entries);
    await isTrue(
      options.id,
      entries.map((entry) => truthOf(entry, odd)),
    );
    const aside = await quarantineOf(platform.api, options.id);
    if (!name.startsWith('stop-')) expect(aside).toEqual([]);
    else {
      const [session] = await sessionsOf(platform.api, options.id);
      expect(aside).toMatchObject([{ matchedSessionId: session?.sessionId, data: { meterStopWh: entries[0]?.meterStopWh } }]);
    }
  });

  it('OCPP 2.0.1, out-of-order: Ended, Updated, Started in that order, hours apart, across a restart (kill -9) between each', async () => {
    const scenario = scenarioNamed('out-of-order');
    const options = await prepare(scenario, '2.0.1');
    const station = await connected(options);
    const steps = scenario.steps('2.0.1', tokens);
    let from = 0;
    for (const [index, step] of steps.entries()) {
      if (step.do !== 'wait') continue;
      await runScript(station, steps.slice(from, index));
      await platform.child.kill9();
      await platform.restart();
      from = index;
    }
    await runScript(station, steps.slice(from));
    await station.stop();
    options.clock.dispose();
    const entries = station.ledger.of(options.id);
    settled(entries);
    await isTrue(
      options.id,
      entries.map((entry) => truthOf(entry)),
    );
  });

  it('OCPP 2.0.1, messages-queued: messages queued after a non-ongoing status; incomplete until they come', async () => {
    const scenario = scenarioNamed('messages-queued');
    const options = await prepare(scenario, '2.0.1');
    const station = await connected(options);
    const steps = scenario.steps('2.0.1', tokens);
    const asked = steps.findIndex((step) => step.do === 'awaitCommand');
    await runScript(station, steps.slice(0, asked));
    const [entry] = station.ledger.of(options.id);
    if (entry === undefined) throw new Error('nothing was started');
    const answer = await platform.api.ok('POST', `/v1/stations/${options.id}/commands/raw`, {
      action: 'GetTransactionStatus',
      payload: { transactionId: entry.transactionId },
    });
    expect(answer).toMatchObject({ response: { ongoingIndicator: false, messagesInQueue: true } });
    await eventually('the session is marked', async () => {
      const [session] = await sessionsOf(platform.api, options.id);
      expect(session).toMatchObject({ state: 'Active', incomplete: true });
      expect(session?.flags).toContain('MessagesQueued');
      return true;
    });
    await runScript(station, steps.slice(asked + 1));
    await station.stop();
    options.clock.dispose();
    settled([entry]);
    await isTrue(options.id, [truthOf(entry)]);
  });

  it.each(['1.6', '2.0.1'] as const)(
    'OCPP %s, command-while-calling: a command while the station has its own call open',
    async (version) => {
      const scenario = scenarioNamed('command-while-calling');
      const options = await prepare(scenario, version);
      const station = await connected(options);
      const played = runScript(station, scenario.steps(version, tokens));
      const answer = await platform.api.ok('POST', `/v1/stations/${encodeURIComponent(options.id)}/commands/clear-cache`, {});
      expect(answer).toMatchObject({ status: 'Accepted', action: 'ClearCache' });
      await played;
      expect(station.line.last('DataTransfer')?.answer).toMatchObject({ kind: 'result', payload: { status: 'UnknownVendorId' } });
      await station.stop();
      options.clock.dispose();
      await isTrue(options.id, []);
    },
  );

  describe('OCPP 1.6, by hand', () => {
    const start = (connectorId: number, meterStart: number) => ({
      connectorId,
      idTag: tokens.token,
      meterStart,
      timestamp: new Date().toISOString(),
    });
    const stop = (transactionId: number, meterStop: number) => ({ transactionId, meterStop, timestamp: new Date().toISOString() });
    const boot = async (stationId: string, outlets: number): Promise<RawStation> => {
      await registerStation(
        platform.api,
        stationId,
        Array.from({ length: outlets }, () => ({ powerWMax: 22_000 })),
      );
      const station = await RawStation.connect({ url: platform.ocppUrl, stationId });
      await station.result('BootNotification', { chargePointVendor: 'e2e', chargePointModel: 'raw' });
      return station;
    };
    const energies = async (stationId: string) =>
      (await sessionsOf(platform.api, stationId))
        .map(({ evseId, state, energyWh }) => ({ evseId, state, energyWh }))
        .sort((a, b) => a.evseId - b.evseId);

    it('the same message id twice with the same body: the same answer, one effect', async () => {
      const station = await boot('same-body', 1);
      const body = start(1, 100);
      const first = await station.ask('StartTransaction', body, 'same-1');
      expect(first).toMatchObject([3, 'same-1', { idTagInfo: { status: 'Accepted' } }]);
      station.received.length = 0;
      expect(await station.ask('StartTransaction', body, 'same-1')).toEqual(first);
      const { transactionId } = first[2] as { transactionId: number };
      await station.result('StopTransaction', stop(transactionId, 700));
      await agrees(() => energies('same-body'), [{ evseId: 1, state: 'Ended', energyWh: 600 }]);
      await station.close();
    });

    it('the same message id twice with another body: another message, two effects', async () => {
      const station = await boot('other-body', 2);
      const first = await station.result<{ transactionId: number }>('StartTransaction', start(1, 100), 'same-1');
      station.received.length = 0;
      const second = await station.result<{ transactionId: number }>('StartTransaction', start(2, 5_000), 'same-1');
      expect(second.transactionId).not.toBe(first.transactionId);
      await station.result('StopTransaction', stop(second.transactionId, 5_250));
      await station.result('StopTransaction', stop(first.transactionId, 180));
      await agrees(
        () => energies('other-body'),
        [
          { evseId: 1, state: 'Ended', energyWh: 80 },
          { evseId: 2, state: 'Ended', energyWh: 250 },
        ],
      );
      await station.close();
    });

    it('a second stop with a lower register does not take energy away', async () => {
      const station = await boot('second-stop', 1);
      const { transactionId } = await station.result<{ transactionId: number }>('StartTransaction', start(1, 100));
      const at = new Date().toISOString();
      await station.result('StopTransaction', { transactionId, meterStop: 900, timestamp: at });
      await agrees(() => energies('second-stop'), [{ evseId: 1, state: 'Ended', energyWh: 800 }]);
      await station.result('StopTransaction', { transactionId, meterStop: 150, timestamp: at });
      await eventually('the conflict is flagged', async () =>
        (await sessionsOf(platform.api, 'second-stop'))[0]?.flags.includes('ConflictingEnd'),
      );
      expect(await energies('second-stop')).toEqual([{ evseId: 1, state: 'Ended', energyWh: 800 }]);
      await station.close();
    });

    it('a stop with an unknown id while both connectors charge goes to the one whose register it fits', async () => {
      const station = await boot('stop-two-open', 2);
      await station.result('StartTransaction', start(1, 1_000));
      const other = await station.result<{ transactionId: number }>('StartTransaction', start(2, 900_000));
      await station.result('StopTransaction', stop(-1, 900_500));
      await agrees(
        () => energies('stop-two-open'),
        [
          { evseId: 1, state: 'Active', energyWh: 0 },
          { evseId: 2, state: 'Ended', energyWh: 500 },
        ],
      );
      const [fact] = await quarantineOf(platform.api, 'stop-two-open');
      const ended = (await sessionsOf(platform.api, 'stop-two-open')).find(
        (session) => session.transactionId === String(other.transactionId),
      );
      expect(fact).toMatchObject({ type: 'voltlog.connection.TransactionEnded.v1', matchedSessionId: ended?.sessionId });
      await station.close();
    });

    it.each([-1, 424_242])(
      'a stop with the id %s that fits no session is accepted, kept and visible in quarantine',
      async (transactionId) => {
        const stationId = `stray-stop${transactionId}`;
        const station = await boot(stationId, 1);
        await station.result('StopTransaction', stop(transactionId, 7_000));
        await eventually('it is quarantined', async () => {
          const facts = await quarantineOf(platform.api, stationId);
          expect(facts).toMatchObject([{ stationId, reason: 'UnknownTransaction', matchedSessionId: null, data: { meterStopWh: 7_000 } }]);
          return true;
        });
        expect(await sessionsOf(platform.api, stationId)).toEqual([]);
        await station.close();
      },
    );
  });

  it('all of it is still so after kill -9 and another start', async () => {
    await platform.child.kill9();
    await platform.restart();
    for (const [stationId, expected] of told) await isTrue(stationId, expected);
  });
});
