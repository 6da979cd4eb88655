import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CAR_MODELS, Car } from '../car/car.js';
import { noteWrongFrames } from '../testing/checked.js';
import { type FakeCsms, startFakeCsms } from '../testing/fake-csms.js';
import { VirtualClock } from '../time/clock.js';
import { SimulatedStation } from './station.js';
import type { StationOptions } from './station-options.js';

describe.each(['1.6', '2.0.1'] as const)('a connector that a station of OCPP %s holds', (version) => {
  let csms: FakeCsms;
  let station: SimulatedStation;
  const wrong: string[] = [];
  const open = async (options: Partial<StationOptions> = {}): Promise<void> => {
    csms = await startFakeCsms();
    const clock = new VirtualClock();
    station = new SimulatedStation({
      id: 'CS-1',
      version,
      url: csms.url,
      clock,
      reconnectMs: [5, 50],
      onEvent: noteWrongFrames(version, wrong),
      ...options,
    });
    await station.connect();
  };
  beforeEach(() => open());
  afterEach(async () => {
    await station.stop();
    station.clock.dispose();
    await csms.close();
    expect(wrong.splice(0)).toEqual([]);
  });

  const reserve = async (id = 7, evse = 1, group?: string): Promise<unknown> => {
    const until = new Date(station.now() + 60_000).toISOString();
    const payload =
      version === '1.6'
        ? { connectorId: evse, expiryDate: until, idTag: 'CARD', reservationId: id, ...(group === undefined ? {} : { parentIdTag: group }) }
        : {
            id,
            expiryDateTime: until,
            idToken: { idToken: 'CARD', type: 'ISO14443' },
            evseId: evse,
            ...(group === undefined ? {} : { groupIdToken: { idToken: group, type: 'Central' } }),
          };
    const answer = await csms.command('CS-1', 'ReserveNow', payload);
    await station.idle();
    return answer.kind === 'result' ? answer.payload['status'] : answer.kind;
  };
  const lastStatus = (): unknown => {
    const payload = csms.of('StatusNotification').at(-1)?.payload;
    return payload?.[version === '1.6' ? 'status' : 'connectorStatus'];
  };

  it('is reported Reserved, refuses strangers and is used by its card, with its number', async () => {
    expect(await reserve()).toBe('Accepted');
    expect(lastStatus()).toBe('Reserved');
    station.plugIn(1, new Car(CAR_MODELS.family, 0.2));
    expect(station.swipe(1, 'OTHER')).toBeUndefined();
    expect(station.swipe(1, 'card')).toBeDefined();
    await station.idle();
    expect(csms.of(version === '1.6' ? 'StartTransaction' : 'TransactionEvent')[0]?.payload).toMatchObject({ reservationId: 7 });
    expect(await reserve(8)).toBe('Occupied');
  });

  it('lets nobody begin who was let in from outside before it was held for somebody else', async () => {
    station.remoteStart(1, 'OTHER', 3);
    expect(await reserve()).toBe('Accepted');
    station.plugIn(1, new Car(CAR_MODELS.family, 0.2));
    expect(station.evse(1)).toMatchObject({ transaction: undefined, pendingStart: undefined });
    expect(station.swipe(1, 'CARD')).toBeDefined();
    await station.idle();
  });

  it('is held for one, until the same number replaces it, a cancel ends it, or its time is over', async () => {
    await reserve();
    expect(await reserve(8)).toBe('Occupied');
    expect(await reserve(7)).toBe('Accepted');
    expect(await csms.command('CS-1', 'CancelReservation', { reservationId: 7 })).toMatchObject({ payload: { status: 'Accepted' } });
    await station.idle();
    expect(lastStatus()).toBe('Available');
    await reserve(9);
    await station.clock.pass(60_000);
    await station.idle();
    expect(lastStatus()).toBe('Available');
    const told = csms.of('ReservationStatusUpdate').map((call) => call.payload);
    expect(told).toEqual(version === '1.6' ? [] : [{ reservationId: 9, reservationUpdateStatus: 'Expired' }]);
  });

  it('is for the group of a card too, once the CSMS has told it', async () => {
    const info =
      version === '1.6'
        ? { idTagInfo: { status: 'Accepted', parentIdTag: 'FLEET' } }
        : { idTokenInfo: { status: 'Accepted', groupIdToken: { idToken: 'FLEET', type: 'Central' } } };
    csms.reply('Authorize', () => info);
    await reserve(7, 1, 'FLEET');
    station.plugIn(1, new Car(CAR_MODELS.family, 0.2));
    expect(station.swipe(1, 'MATE')).toBeUndefined();
    await station.authorize('MATE');
    expect(station.swipe(1, 'MATE')).toBeDefined();
  });

  it('is kept over a reboot, or forgotten by a station that is told to', async () => {
    await reserve();
    await station.reboot();
    await station.idle();
    expect(lastStatus()).toBe('Reserved');
    await station.stop();
    await csms.close();
    await open({ forgetsHolds: true });
    await reserve();
    await station.reboot();
    await station.idle();
    expect(lastStatus()).toBe('Available');
  });

  it('is nothing that a station without reservations knows', async () => {
    await station.stop();
    await csms.close();
    await open({ canReserve: false });
    expect(await reserve()).toBe('error');
  });
});
