import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CAR_MODELS, Car } from '../car/car.js';
import { noteWrongFrames } from '../testing/checked.js';
import { type FakeCsms, startFakeCsms } from '../testing/fake-csms.js';
import { VirtualClock } from '../time/clock.js';
import { SimulatedStation } from './station.js';
import type { StationOptions } from './station-options.js';

describe.each(['1.6', '2.0.1'] as const)('the local list of a station of OCPP %s', (version) => {
  let csms: FakeCsms;
  let station: SimulatedStation;
  const wrong: string[] = [];
  const open = async (options: Partial<StationOptions> = {}): Promise<void> => {
    csms = await startFakeCsms();
    const clock = new VirtualClock();
    const onEvent = noteWrongFrames(version, wrong);
    station = new SimulatedStation({ id: 'CS-1', version, url: csms.url, clock, reconnectMs: [5, 50], onEvent, ...options });
    await station.connect();
  };
  beforeEach(() => open({ localList: { entriesMax: 3, itemsPerMessage: 2 } }));
  afterEach(async () => {
    await station.stop();
    station.clock.dispose();
    await csms.close();
    expect(wrong.splice(0)).toEqual([]);
  });

  const entry = (idToken: string, info: { until?: string; group?: string } | undefined = {}): object => {
    if (version === '1.6') {
      const { until: expiryDate, group: parentIdTag } = info;
      return { idTag: idToken, idTagInfo: JSON.parse(JSON.stringify({ status: 'Accepted', expiryDate, parentIdTag })) as object };
    }
    const groupIdToken = info.group === undefined ? undefined : { idToken: info.group, type: 'Central' };
    const idTokenInfo = JSON.parse(JSON.stringify({ status: 'Accepted', cacheExpiryDateTime: info.until, groupIdToken })) as object;
    return { idToken: { idToken, type: 'ISO14443' }, idTokenInfo };
  };
  const off = (idToken: string): object => (version === '1.6' ? { idTag: idToken } : { idToken: { idToken, type: 'ISO14443' } });
  const send = async (number: number, updateType: 'Full' | 'Differential', entries: readonly object[]): Promise<unknown> => {
    const list = entries.length === 0 ? {} : { localAuthorizationList: entries };
    const payload = { [version === '1.6' ? 'listVersion' : 'versionNumber']: number, updateType, ...list };
    const answer = await csms.command('CS-1', 'SendLocalList', payload);
    return answer.kind === 'result' ? answer.payload['status'] : answer.kind;
  };
  const versionNow = async (): Promise<unknown> => {
    const answer = await csms.command('CS-1', 'GetLocalListVersion', {});
    return answer.kind === 'result' ? (answer.payload['listVersion'] ?? answer.payload['versionNumber']) : answer.kind;
  };

  it('is replaced in whole, changed by newer differences, and says its version; empty it is 0', async () => {
    expect(await versionNow()).toBe(0);
    expect(await send(5, 'Full', [entry('A'), entry('B')])).toBe('Accepted');
    expect(await versionNow()).toBe(5);
    expect(await send(5, 'Differential', [entry('C')])).toBe('VersionMismatch');
    expect(await send(4, 'Differential', [entry('C')])).toBe('VersionMismatch');
    expect(station.localList?.find('C', 0)).toBeUndefined();
    expect(await send(6, 'Differential', [entry('C'), off('a')])).toBe('Accepted');
    expect(['A', 'b', 'C'].map((token) => station.localList?.find(token, 0)?.idToken)).toEqual([undefined, 'B', 'C']);
    expect(await send(2, 'Full', [])).toBe('Accepted');
    expect(await versionNow()).toBe(0);
  });

  it('has limits, in a message and in all, and stays as it was when it cannot take an update', async () => {
    expect(await send(1, 'Full', [entry('A'), entry('B'), entry('C')])).toBe('Failed');
    expect(await send(1, 'Full', [entry('A'), entry('B')])).toBe('Accepted');
    expect(await send(2, 'Differential', [entry('C'), entry('D')])).toBe('Failed');
    expect(await versionNow()).toBe(1);
    expect(await send(2, 'Differential', [entry('C')])).toBe('Accepted');
    const asked = version === '1.6' ? { key: ['LocalAuthListMaxLength', 'SendLocalListMaxLength'] } : undefined;
    const variable = (name: string, more = {}) => ({ component: { name: 'LocalAuthListCtrlr' }, variable: { name }, ...more });
    const answer =
      asked === undefined
        ? await csms.command('CS-1', 'GetVariables', {
            getVariableData: [variable('ItemsPerMessage'), variable('Entries', { attributeType: 'MaxSet' }), variable('Entries')],
          })
        : await csms.command('CS-1', 'GetConfiguration', asked);
    const told = JSON.stringify(answer);
    const values = [...told.matchAll(/"(?:value|attributeValue)":"(\d+)"/g)].map(([, value]) => value);
    expect(values).toEqual(version === '1.6' ? ['3', '2'] : ['2', '3', '3']);
  });

  it('lets its cards in while the station is offline, until they expire, and nobody else; their group stops', async () => {
    await station.stop();
    await csms.close();
    const settings = { AllowOfflineTxForUnknownId: 'false', 'AuthCtrlr.OfflineTxForUnknownIdEnabled': 'false' };
    await open({ settings });
    const until = new Date(station.now() + 60_000).toISOString();
    await send(1, 'Full', [entry('A', { group: 'G' }), entry('MATE', { group: 'G' }), entry('SHORT', { until })]);
    await station.goOffline();
    station.plugIn(1, new Car(CAR_MODELS.family, 0.2));
    expect(await station.tap(1, 'OTHER')).toBe('Refused');
    expect(await station.tap(1, 'SHORT')).toBe('Started');
    expect(await station.tap(1, 'A')).toBe('Refused');
    expect(await station.tap(1, 'SHORT')).toBe('Stopped');
    await station.clock.pass(61_000);
    expect(await station.tap(1, 'SHORT')).toBe('Refused');
    expect(await station.tap(1, 'A')).toBe('Started');
    expect(await station.tap(1, 'MATE')).toBe('Stopped');
    await station.connect();
    await station.idle();
    expect(csms.of('Authorize')).toEqual([]);
  });

  it('is kept over a reboot, or forgotten by a station that is told to', async () => {
    await send(3, 'Full', [entry('A')]);
    await station.reboot();
    expect(await versionNow()).toBe(3);
    await station.stop();
    await csms.close();
    await open({ forgetsList: true });
    await send(3, 'Full', [entry('A')]);
    await station.reboot();
    expect(await versionNow()).toBe(0);
  });

  it('is nothing that a station without lists knows', async () => {
    await station.stop();
    await csms.close();
    await open({ localList: false });
    expect(await versionNow()).toBe('error');
    expect(await send(1, 'Full', [entry('A')])).toBe('error');
  });

  it('answers before the CSMS where the station is set so', async () => {
    await station.stop();
    await csms.close();
    await open({ settings: { LocalPreAuthorize: 'true', 'AuthCtrlr.LocalPreAuthorize': 'true' } });
    await send(1, 'Full', [entry('A')]);
    station.plugIn(1, new Car(CAR_MODELS.family, 0.2));
    expect(await station.tap(1, 'A')).toBe('Started');
    expect(csms.of('Authorize')).toEqual([]);
    expect(await station.tap(1, 'B')).toBe('Refused');
    expect(csms.of('Authorize')).toHaveLength(1);
  });
});
