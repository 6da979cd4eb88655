import { deviceV1 } from '@voltlog/proto';
import { describe, expect, it } from 'vitest';
import type { SoapDialect } from '../edge/actions.js';
import type { AdmittedStation } from '../edge/parts.js';
import { ANY_INSTANCE, type PresenceRow } from '../presence/presence.schema.js';
import { SoapStations, type SoapStationsParts } from './soap-stations.js';

const AT = '2026-01-01T00:00:00.000Z';
const DIALECT = { version: 'ocpp1.6', name: '1.6S', edition: '1.6' } as SoapDialect;
const ROW: PresenceRow = {
  id: 'CP1',
  version: 3,
  epoch: 3,
  instanceId: ANY_INSTANCE,
  address: '',
  ocppVersion: 'ocpp1.6',
  connectedAt: AT,
  lastSeenAt: AT,
  remoteAddress: '127.0.0.1',
  securityProfile: 0,
  registered: true,
  clockBehindMs: 0,
  dialect: '1.6S',
  callback: 'http://127.0.0.1/cp',
};
const ADMITTED: AdmittedStation = {
  stationId: 'CP1',
  remoteAddress: '127.0.0.1',
  securityProfile: 0,
  registered: true,
  quarantined: false,
  boot: { status: 'Accepted', intervalSeconds: 0 },
  connectorsPerEvse: undefined,
  quirks: undefined,
  certificateSerial: undefined,
  offeredChangeId: undefined,
};
const ACTIVE = {
  lifecycle: deviceV1.StationLifecycle.ACTIVE,
  connectorsPerEvse: [],
  quirksOn: [],
  quirksOff: [],
} as unknown as deviceV1.StationAccess;

/** An instance that has not heard of the station; reads of what is known of it, and of its row, wait until they are let go. */
function instance(kept = ROW) {
  const access = Promise.withResolvers<deviceV1.StationAccess | undefined>();
  const row = Promise.withResolvers<PresenceRow>();
  const parts = {
    clock: { now: () => Date.parse(AT) + 1_000 },
    logger: { warn: () => {} },
    access: { get: () => access.promise },
    dialects: { soap: async () => DIALECT },
    presence: { holder: () => row.promise, row: () => ROW, touch: async () => [], claim: async () => ({ epoch: kept.epoch + 1 }) },
    facts: { record: async () => {} },
    edge: { recorder: { tapeOf: () => undefined }, limits: { rate: { callsPerSecond: 1, callsBurst: 1 } } },
    calling: { ca: undefined, credentials: { shownTo: async () => ({ nothing: 'NoneSet' }) } },
    closeSocket: () => {},
    silentMs: 60_000,
  };
  const stations = new SoapStations(parts as unknown as SoapStationsParts);
  return { stations, access: () => access.resolve(ACTIVE), row: () => row.resolve(kept), away: () => row.reject(new Error('away')) };
}

describe('a station that is commanded while it is first heard', () => {
  it('is the one that was opened meanwhile', async () => {
    const { stations, access, row } = instance();
    const commanded = stations.commanded(ROW);
    row();
    const heard = await stations.heard(DIALECT, ADMITTED, 'http://127.0.0.1/new');
    access();
    expect(await commanded).toBe(heard);
    expect(await stations.heard(DIALECT, ADMITTED, '')).toBe(heard);
    expect(heard).toMatchObject({ epoch: 3, callback: 'http://127.0.0.1/new' });
  });

  it('is the one that is just opening', async () => {
    const { stations, access, row } = instance();
    const heard = stations.heard(DIALECT, ADMITTED, '');
    const commanded = stations.commanded(ROW);
    access();
    row();
    expect(await commanded).toBe(await heard);
    expect(await commanded).toMatchObject({ epoch: 3, callback: 'http://127.0.0.1/cp' });
  });

  it('is one for commands that come at once', async () => {
    const { stations, access } = instance();
    const commanded = [stations.commanded(ROW), stations.commanded(ROW)];
    access();
    const [one, other] = await Promise.all(commanded);
    expect(one).toBe(other);
  });

  it('is made from its row when it was not heard, and kept', async () => {
    const { stations, access, row } = instance();
    access();
    row();
    const commanded = await stations.commanded(ROW);
    expect(await stations.heard(DIALECT, ADMITTED, '')).toBe(commanded);
    const anew = await stations.commanded({ ...ROW, epoch: 4, version: 4 });
    expect(anew).not.toBe(commanded);
    expect(anew.epoch).toBe(4);
  });
});

describe('a station that is proven', () => {
  const PROVEN = { ...ADMITTED, securityProfile: 1 };
  const UNPROVEN = { ...PROVEN, registered: false };
  const THEIRS = 'http://10.0.0.1/theirs';

  it('is not taken for who is just opening in its name', async () => {
    const { stations, access, row } = instance({ ...ROW, securityProfile: 1, registered: false });
    access();
    const anybody = stations.heard(DIALECT, UNPROVEN, THEIRS);
    const itself = stations.heard(DIALECT, PROVEN, '');
    row();
    expect(await itself).not.toBe(await anybody);
    expect(await itself).toMatchObject({ callback: '', station: PROVEN });
    expect(await anybody).toMatchObject({ callback: THEIRS, station: UNPROVEN });
    expect(stations.get('CP1')).toBe(await itself);
  });

  it('is not called at the address of who came before in its name, while it could not claim its own row', async () => {
    const theirs = { ...ROW, securityProfile: 1, registered: false, callback: THEIRS };
    const { stations, access, away } = instance(theirs);
    access();
    away();
    const itself = await stations.heard(DIALECT, PROVEN, '');
    expect(await stations.commanded(theirs)).toBe(itself);
    expect(itself).toMatchObject({ epoch: 0, callback: '' });
  });
});
