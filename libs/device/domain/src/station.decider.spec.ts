import { fold, isoTime } from '@voltlog/kernel';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RegisterStation, type StationCommand, stationDecider } from './station.decider.js';
import { connectorsPerEvse, type StationState, withConnectors } from './station.state.js';
import { isConnector, isPassword, isStationId } from './validation.js';

const now = Date.parse('2026-11-02T08:00:00.000Z');
const register = (more: Partial<RegisterStation> = {}): StationCommand => ({
  kind: 'RegisterStation',
  stationId: 'CP',
  siteId: '',
  name: '',
  evses: [],
  now,
  ...more,
});
const quarantine: StationCommand = { kind: 'QuarantineStation', stationId: 'CP', now };
const retire: StationCommand = { kind: 'RetireStation', now };
const change = (more: Partial<Extract<StationCommand, { kind: 'ChangeStation' }>> = {}): StationCommand => ({
  kind: 'ChangeStation',
  accept: false,
  expectedRevision: 0,
  now,
  ...more,
});
const identity = { vendor: 'V', model: 'M', serialNumber: '', firmwareVersion: '1', ocppVersion: 'ocpp1.6' };
const report: StationCommand = { kind: 'ReportIdentity', identity, receivedAt: isoTime(now) };
const connectors = (...pairs: readonly (readonly [number, number])[]): StationCommand => ({
  kind: 'ReportConnectors',
  connectors: pairs.map(([evseId, connectorId]) => ({ evseId, connectorId })),
  now,
});

const given = (...commands: readonly StationCommand[]) => {
  let state: StationState = stationDecider.initialState;
  for (const command of commands) {
    const decision = stationDecider.decide(command, state);
    if (decision.ok) state = fold(stationDecider, decision.events, state);
  }
  return {
    state,
    when: (command: StationCommand) => {
      const decision = stationDecider.decide(command, state);
      return {
        thenRefuses: (refusal: string) => expect(decision).toEqual({ ok: false, refusal }),
        thenHappens: (...types: readonly string[]) =>
          expect(decision.ok ? decision.events.map((event) => event.type.split('.')[2]) : decision.refusal).toEqual(types),
      };
    },
  };
};

describe('quirks of a station', () => {
  const choose = (choice: 'On' | 'Off' | 'ByMake'): StationCommand => ({ kind: 'ChooseQuirk', quirkId: 'extra-fields', choice, now });
  const quirksAfter = (...commands: readonly StationCommand[]) => {
    const state = given(register(), ...commands).state;
    return state.kind === 'station' ? state.quirks : undefined;
  };

  it('are switched on and off, and left to the make again', () => {
    expect(quirksAfter()).toBeUndefined();
    expect(quirksAfter(choose('On'))).toEqual({ on: ['extra-fields'], off: [] });
    expect(quirksAfter(choose('On'), choose('Off'))).toEqual({ on: [], off: ['extra-fields'] });
    expect(quirksAfter(choose('On'), choose('ByMake'))).toEqual({ on: [], off: [] });
  });

  it('what is so already is no event; a retired station has no choice', () => {
    given(register()).when(choose('ByMake')).thenHappens();
    given(register(), choose('On')).when(choose('On')).thenHappens();
    given(register(), choose('On')).when(choose('Off')).thenHappens('StationQuirkChosen');
    given(register(), retire).when(choose('On')).thenRefuses('StationRetired');
  });
});

describe('a station', () => {
  it('is registered once, also out of quarantine, never after it retired', () => {
    given().when(register()).thenHappens('StationRegistered');
    given()
      .when(register({ passwordHash: 'h' }))
      .thenHappens('StationRegistered', 'StationCredentialSet');
    given(quarantine).when(register()).thenHappens('StationRegistered');
    given(register()).when(register()).thenRefuses('StationExists');
    given(register(), retire).when(register()).thenRefuses('StationRetired');
  });

  it('is registered out of quarantine with a password beside the one that is on its way to it', () => {
    const { state, when } = given(quarantine, { kind: 'OfferCredential', changeId: 'c1', passwordHash: 'sent', now });
    when(register({ passwordHash: 'h' })).thenHappens('StationRegistered', 'StationCredentialSet', 'StationCredentialOffered');
    expect(state).toMatchObject({ security: { offered: { changeId: 'c1' } } });
    const after = given(
      quarantine,
      { kind: 'OfferCredential', changeId: 'c1', passwordHash: 'sent', now },
      register({ passwordHash: 'h' }),
    );
    expect(after.state).toMatchObject({ passwordHash: 'sent', security: { offered: { passwordHash: 'h', byHand: true } } });
  });

  it('goes to quarantine only when nothing is known of it', () => {
    given().when(quarantine).thenHappens('StationQuarantined');
    given(quarantine).when(quarantine).thenHappens();
    given(register(), retire).when(quarantine).thenHappens();
  });

  it('is accepted out of quarantine, and keeps what it told of itself', () => {
    const { state, when } = given(quarantine, report, connectors([2, 1]));
    expect(state).toMatchObject({ lifecycle: 'Quarantined', vendor: 'V', evses: [{ evseId: 2 }] });
    when(change({ accept: true })).thenHappens('StationAccepted');
    when(change({ accept: true, name: 'x' })).thenHappens('StationChanged', 'StationAccepted');
    given(register())
      .when(change({ accept: true }))
      .thenHappens();
    expect(given(quarantine, report, connectors([2, 1]), register({ name: 'n' })).state).toMatchObject({
      lifecycle: 'Active',
      name: 'n',
      vendor: 'V',
      evses: [{ evseId: 2 }],
    });
  });

  it('is accepted with its password in one step; one that is in service is given none by that', () => {
    const credential = { changeId: 'c1', passwordHash: 'h' };
    const offer: StationCommand = { kind: 'OfferCredential', ...credential, now };
    given(quarantine)
      .when(change({ accept: true, credential }))
      .thenHappens('StationAccepted', 'StationCredentialOffered');
    expect(given(quarantine, change({ accept: true, credential })).state).toMatchObject({ security: { offered: credential } });
    given(quarantine, offer)
      .when(change({ accept: true, credential }))
      .thenRefuses('PasswordChangeUnderWay');
    given(register())
      .when(change({ accept: true, credential }))
      .thenHappens();
  });

  it('takes changes of the version they were made for', () => {
    given(register())
      .when(change({ name: 'x', expectedRevision: 1 }))
      .thenHappens('StationChanged');
    given(register(), report)
      .when(change({ name: 'x', expectedRevision: 1 }))
      .thenRefuses('RevisionMismatch');
    given(register({ name: 'x' }))
      .when(change({ name: 'x' }))
      .thenHappens();
    given(register(), retire)
      .when(change({ name: 'x' }))
      .thenRefuses('StationRetired');
    given()
      .when(change({ name: 'x' }))
      .thenRefuses('StationUnknown');
  });

  it('says something new once', () => {
    given(register()).when(report).thenHappens('StationIdentityReported');
    given(register(), report).when(report).thenHappens();
    const updated = (ms: number): StationCommand => ({
      kind: 'ReportIdentity',
      identity: { ...identity, firmwareVersion: '2' },
      receivedAt: isoTime(now + ms),
    });
    given(register(), report).when(updated(1)).thenHappens('StationIdentityReported');
    given(register(), report).when(updated(0)).thenHappens();
    given(register(), report, updated(1)).when(report).thenHappens();
    given(register())
      .when(connectors([1, 1], [2, 1]))
      .thenHappens('ConnectorsLearnt');
    given(register(), connectors([1, 1], [2, 1]))
      .when(connectors([2, 1]))
      .thenHappens();
    given().when(report).thenRefuses('StationUnknown');
  });

  it('retires once and takes no credential then', () => {
    given(register()).when(retire).thenHappens('StationRetired');
    given(register(), retire).when(retire).thenHappens();
    given(register(), retire).when({ kind: 'SetCredential', changeId: 'c1', passwordHash: 'h', now }).thenRefuses('StationRetired');
    given(quarantine).when({ kind: 'SetCredential', changeId: 'c1', passwordHash: 'h', now }).thenHappens('StationCredentialSet');
  });

  it('has the same connectors in whatever order it told of them', () => {
    const pair = fc.record({ evseId: fc.integer({ min: 1, max: 4 }), connectorId: fc.integer({ min: 1, max: 3 }) });
    fc.assert(
      fc.property(fc.array(pair), fc.nat(), (pairs, at) => {
        const cut = at % (pairs.length + 1);
        const whole = withConnectors([], pairs);
        expect(withConnectors(withConnectors([], pairs.slice(cut)), pairs.slice(0, cut))).toEqual(whole);
        expect(withConnectors(whole, pairs)).toBe(whole);
      }),
    );
  });

  it('is numbered for OCPP 1.6 without gaps', () => {
    expect(connectorsPerEvse([])).toEqual([]);
    expect(
      connectorsPerEvse(
        withConnectors(
          [],
          [
            { evseId: 3, connectorId: 2 },
            { evseId: 1, connectorId: 1 },
          ],
        ),
      ),
    ).toEqual([1, 1, 2]);
  });
});

describe('what can be', () => {
  it.each([
    ['CP-1', true],
    ['x'.repeat(48), true],
    ['x'.repeat(49), false],
    ['', false],
    ['a/b', false],
    ['a b', false],
    ['*-_=+|@.', true],
    ['a:b', false],
    ['é', false],
    ['..', false],
    ['.', false],
    ['...', true],
  ])('a station id: %j %s', (id, is) => {
    expect(isStationId(id)).toBe(is);
  });

  it.each([
    ['x'.repeat(15), false],
    ['x'.repeat(16), true],
    ['x'.repeat(40), true],
    ['x'.repeat(41), false],
    ['0123456789abcde é', false],
    [`${'x'.repeat(16)}:~!`, true],
  ])('a password: %j %s', (password, is) => {
    expect(isPassword(password)).toBe(is);
  });

  it.each([
    [1, 1, true],
    [0, 1, false],
    [1, 0, false],
    [256, 32, true],
    [257, 1, false],
    [1, 33, false],
    [1.5, 1, false],
  ])('EVSE %d, connector %d: %s', (evseId, connectorId, is) => {
    expect(isConnector(evseId, connectorId)).toBe(is);
  });
});
