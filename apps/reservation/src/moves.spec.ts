import { OperatingError } from '@voltlog/kernel';
import { connectionV1, reservationV1, sessionV1 } from '@voltlog/proto';
import { until } from '@voltlog/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeStation, World } from './testing/world.js';

const { CommandStatus } = connectionV1;
const { ReservationState: State } = reservationV1;
const MINUTE = 60_000;
const YES = { status: CommandStatus.ACCEPTED, stationStatus: 'Accepted' };
const NOT_THERE = { status: CommandStatus.NOT_SUPPORTED, stationStatus: 'NotImplemented' };

describe('a reservation for any EVSE whose own stays blocked', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
  });
  afterEach(() => world.close());

  const reserve = async (change: Partial<reservationV1.ReserveRequest> = {}) => {
    const wish = { stationId: 'S1', idToken: { idToken: 'CARD', type: 'ISO14443' }, ...change };
    const { reservation } = await world.app.grpc.reserve(reservationV1.ReserveRequest.fromPartial(wish));
    if (reservation === undefined) throw new Error('no reservation');
    return reservation;
  };
  const get = async (reservationId: string) => {
    const { reservation } = await world.app.grpc.getReservation({ reservationId });
    if (reservation === undefined) throw new Error('no reservation');
    return reservation;
  };
  const blocked = (station: FakeStation, evseIds: readonly number[], stationStatus = 'Occupied'): void => {
    station.answer = (command) =>
      command.$case === 'reserveNow' && evseIds.includes(command.value.evseId) ? { status: CommandStatus.REJECTED, stationStatus } : YES;
  };
  const movedFrom = async (reservationId: string) => get((await get(reservationId)).movedTo);
  const active = async () =>
    (await world.app.grpc.listReservations(reservationV1.ListReservationsRequest.fromPartial({ state: State.ACTIVE }))).reservations;

  it.each(['Occupied', 'Faulted', 'Unavailable'])('(%s) is held at another of its station; the first ends as moved', async (status) => {
    blocked(world.add('S1'), [1], status);
    const { reservationId, evseId, chosenFrom, expiresAt } = await reserve();
    expect([evseId, chosenFrom]).toEqual([1, 'Station']);
    await world.untilStory(reservationId, 'Confirmed', 'Cancelled Moved', 'StationHoldChanged Released Accepted');
    const other = await movedFrom(reservationId);
    expect(other).toMatchObject({ stationId: 'S1', evseId: 2, expiresAt, movedFrom: reservationId, state: State.ACTIVE });
    await world.untilStory(other.reservationId, 'Confirmed', 'StationHoldChanged Held Accepted');
    const [confirmed] = world.events.filter(({ data }) => data.reservationId === other.reservationId);
    expect(confirmed?.data.movedFrom).toEqual({ reservationId, stationId: 'S1', evseId: 1, reason: status });
  });

  it('is held at another station of its site, with a plug that fits, where its token may charge', async () => {
    world.sites.set('depot', '');
    const connectorTypes = ['cCCS2'];
    for (const id of ['S1', 'S2', 'S3', 'S4'])
      world.add(id, 1, { siteId: 'depot', connectorTypes: id === 'S2' ? ['sType2'] : connectorTypes });
    world.unwanted = (_, stationId) => (stationId === 'S3' ? 'TokenNotHere' : undefined);
    for (const id of ['S1', 'S4']) blocked(world.stations.get(id) as FakeStation, [1]);
    const first = await reserve({ stationId: '', siteId: 'depot', connectorType: 'cCCS2' });
    await world.untilStory(first.reservationId, 'Cancelled Moved', 'StationHoldChanged Released Accepted');
    const other = await movedFrom(first.reservationId);
    expect([first.stationId, other.stationId].toSorted()).toEqual(['S1', 'S4']);
    // Once: where the other is blocked as well, its reserver is told.
    await world.untilStory(other.reservationId, 'Confirmed', 'StationHoldChanged Refused Occupied');
    world.pass(2 * MINUTE);
    await world.status('S1', 1, 'Available');
    expect((await active()).map(({ reservationId }) => reservationId)).toEqual([other.reservationId]);
  });

  it('waits for one where none is free, and is told of that meanwhile', async () => {
    blocked(world.add('S1'), [1]);
    await world.status('S1', 2, 'Occupied');
    const { reservationId } = await reserve();
    await world.untilStory(reservationId, 'Confirmed', 'StationHoldChanged Refused Occupied');
    await world.status('S1', 2, 'Available');
    world.pass(MINUTE);
    await world.untilStory(reservationId, 'StationHoldChanged Refused Occupied', 'Cancelled Moved', 'StationHoldChanged Released Accepted');
    expect(await movedFrom(reservationId)).toMatchObject({ evseId: 2, state: State.ACTIVE });
  });

  it('that was named stays, and so does one whose reserver charges there', async () => {
    blocked(world.add('S1', 3), [1, 2]);
    const named = await reserve({ evseId: 1 });
    await world.untilStory(named.reservationId, 'Confirmed', 'StationHoldChanged Refused Occupied');
    const idToken = { idToken: 'MINE', type: 'Local' };
    world.sessions.push(sessionV1.Session.fromPartial({ sessionId: 's', stationId: 'S1', evseId: 2, idToken }));
    const own = await reserve({ idToken });
    expect([named.chosenFrom, own.evseId]).toEqual(['', 2]);
    await world.untilStory(own.reservationId, 'Confirmed', 'StationHoldChanged Refused OwnSession');
    world.pass(2 * MINUTE);
    expect(await active()).toHaveLength(2);
  });

  it('is moved by what its EVSE reports where the station cannot hold it; one that was named is told', async () => {
    world.add('S1', 3, { answer: () => NOT_THERE });
    const later = { startsAt: new Date(world.now + 20 * MINUTE).toISOString() };
    const any = await reserve(later);
    const named = await reserve({ ...later, evseId: 2, idToken: { idToken: 'B', type: 'Local' } });
    await world.status('S1', 1, 'Occupied');
    await world.status('S1', 2, 'Occupied');
    world.pass(20 * MINUTE);
    await world.untilStory(any.reservationId, 'Confirmed', 'Cancelled Moved', 'StationHoldChanged Released NotImplemented');
    await world.untilStory(named.reservationId, 'Confirmed', 'StationHoldChanged NotSupported Occupied');
    expect(await movedFrom(any.reservationId)).toMatchObject({ evseId: 3 });
    await world.status('S1', 2, 'Available');
    await world.untilStory(named.reservationId, 'StationHoldChanged NotSupported NotImplemented');
  });

  describe('by a car that came shortly before, and that no card was shown for,', () => {
    /** It begins in 20 minutes; a car comes so many before. */
    const withCar = async (minutesBefore: number, answer?: FakeStation['answer']) => {
      const station = world.add('S1');
      if (answer === undefined) blocked(station, [1]);
      else station.answer = answer;
      const { reservationId } = await reserve({ startsAt: new Date(world.now + 20 * MINUTE).toISOString() });
      world.pass((20 - minutesBefore) * MINUTE);
      await world.status('S1', 1, 'Occupied');
      await world.context.log.caughtUp({ group: 'reservation', topic: 'connection.station.v1', deadlineMs: 2_000 });
      world.pass(minutesBefore * MINUTE);
      return reservationId;
    };

    it.each([
      ['Refused', undefined],
      ['NotSupported', () => NOT_THERE],
    ] as const)('stays (%s), since it may be its driver, who then shows the card', async (hold, answer) => {
      const reservationId = await withCar(5, answer);
      await world.untilStory(reservationId, 'Confirmed', `StationHoldChanged ${hold} Unidentified`);
      world.pass(2 * MINUTE);
      await world.begin('S1', 1, 'CARD');
      await world.untilStory(reservationId, 'Used');
      world.pass(5 * MINUTE);
      expect(await active()).toEqual([]);
      expect((await get(reservationId)).evseId).toBe(1);
    });

    it('is moved after three minutes without a card', async () => {
      const reservationId = await withCar(5);
      await world.untilStory(reservationId, 'StationHoldChanged Refused Unidentified');
      world.pass(3 * MINUTE - 1);
      expect((await get(reservationId)).state).toBe(State.ACTIVE);
      world.pass(1);
      await world.untilStory(reservationId, 'Cancelled Moved', 'StationHoldChanged Released Accepted');
      expect(await movedFrom(reservationId)).toMatchObject({ evseId: 2, state: State.ACTIVE });
    });

    it('is held on the spot once that car has left', async () => {
      const reservationId = await withCar(5);
      await world.untilStory(reservationId, 'StationHoldChanged Refused Unidentified');
      blocked(world.stations.get('S1') as FakeStation, []);
      await world.status('S1', 1, 'Available');
      await world.untilStory(reservationId, 'StationHoldChanged Held Accepted');
    });

    it('is moved at once where the car came longer before', async () => {
      const reservationId = await withCar(16);
      await world.untilStory(reservationId, 'Confirmed', 'Cancelled Moved', 'StationHoldChanged Released Accepted');
    });

    it.each([
      ['charges', sessionV1.SessionState.ACTIVE, undefined, 'Cancelled Moved'],
      ['charged, and did not leave,', sessionV1.SessionState.ENDED, undefined, 'Cancelled Moved'],
      ['charged, and left,', sessionV1.SessionState.ENDED, '2026-01-01T00:00:00.000Z', 'StationHoldChanged Refused Unidentified'],
    ])('where a stranger %s there: %#', async (_, state, unpluggedAt, outcome) => {
      const idToken = { idToken: 'OTHER', type: 'Local' };
      world.sessions.push(sessionV1.Session.fromPartial({ sessionId: 's', stationId: 'S1', evseId: 1, idToken, state, unpluggedAt }));
      const reservationId = await withCar(5);
      await until(() => world.story(reservationId).includes(outcome), `the story is: ${world.story(reservationId).join(', ')}`);
    });
  });

  it('is moved, not given up, when its EVSE stays out of service after it was held', async () => {
    world.add('S1');
    const { reservationId } = await reserve();
    await world.untilStory(reservationId, 'StationHoldChanged Held Accepted');
    await world.status('S1', 1, 'Faulted');
    await world.context.log.caughtUp({ group: 'reservation', topic: 'connection.station.v1', deadlineMs: 2_000 });
    world.pass(MINUTE);
    await world.untilStory(reservationId, 'Cancelled Moved', 'StationHoldChanged Released Accepted');
    const other = await movedFrom(reservationId);
    await world.untilStory(other.reservationId, 'Confirmed', 'StationHoldChanged Held Accepted');
    expect(other.evseId).toBe(2);
  });

  it('is moved, not taken away, when a stranger charges there', async () => {
    world.add('S1', 2);
    const { reservationId } = await reserve();
    await world.untilStory(reservationId, 'StationHoldChanged Held Accepted');
    await world.begin('S1', 1, 'OTHER');
    await world.untilStory(reservationId, 'Cancelled Moved', 'StationHoldChanged Released Accepted');
    const other = await movedFrom(reservationId);
    expect(other).toMatchObject({ evseId: 2, state: State.ACTIVE });
    // Once.
    await world.untilStory(other.reservationId, 'StationHoldChanged Held Accepted');
    await world.begin('S1', 2, 'ANOTHER', { transactionId: 'T2', transactionKey: 'T2' });
    await world.untilStory(other.reservationId, 'Cancelled TakenByOther', 'StationHoldChanged Released Accepted');
  });

  describe('while nobody can say whether its token may charge elsewhere', () => {
    /** Begun and held; from now on nobody can say. */
    const held = async (): Promise<string> => {
      world.add('S1', 2);
      const { reservationId } = await reserve();
      await world.untilStory(reservationId, 'StationHoldChanged Held Accepted');
      world.tokensAway = true;
      world.judged.length = 0;
      return reservationId;
    };
    const movedOnceKnown = async (reservationId: string): Promise<void> => {
      await until(() => world.judged.length > 0 || world.story(reservationId).length > 2, 'it is asked in vain');
      world.tokensAway = false;
      await until(() => {
        world.pass(1_000);
        return world.story(reservationId).some((each) => each.startsWith('Cancelled'));
      }, 'it ends');
      expect(world.story(reservationId)).toContain('Cancelled Moved');
      expect(await movedFrom(reservationId)).toMatchObject({ evseId: 2, state: State.ACTIVE });
    };

    it('is not given up for its EVSE that stays out of service', async () => {
      const reservationId = await held();
      await world.status('S1', 1, 'Faulted');
      await world.context.log.caughtUp({ group: 'reservation', topic: 'connection.station.v1', deadlineMs: 2_000 });
      world.pass(MINUTE);
      await movedOnceKnown(reservationId);
    });

    it('is not given up for a stranger who charges there', async () => {
      const reservationId = await held();
      await world.begin('S1', 1, 'OTHER');
      await movedOnceKnown(reservationId);
    });

    it.each(['a stranger', 'an outage'])('holds up nobody else where %s is in its way', async (what) => {
      const reservationId = await held();
      world.add('S2', 1);
      world.tokensAway = false;
      const other = await reserve({ stationId: 'S2', evseId: 1, idToken: { idToken: 'OTHER-CARD', type: 'ISO14443' } });
      await world.untilStory(other.reservationId, 'StationHoldChanged Held Accepted');
      world.tokensAway = true;
      world.judged.length = 0;
      if (what === 'a stranger') await world.begin('S1', 1, 'OTHER');
      else await world.outage('S1', 1, new Date(world.now).toISOString(), new Date(world.now + 90 * MINUTE).toISOString());
      await until(() => world.judged.length > 0, 'it is asked in vain');
      if (what === 'a stranger') await world.begin('S2', 1, 'OTHER-CARD');
      else await world.outage('S2', 1, new Date(world.now).toISOString(), new Date(world.now + 90 * MINUTE).toISOString());
      const ends = what === 'a stranger' ? 'Used' : 'Cancelled EvseOutOfService';
      await until(() => world.story(other.reservationId).some((each) => each.startsWith(ends)), 'that station is followed');
      expect((await get(reservationId)).state).toBe(State.ACTIVE);
    });

    it('is not given up for an outage', async () => {
      const reservationId = await held();
      await world.outage('S1', 1, new Date(world.now).toISOString(), new Date(world.now + 90 * MINUTE).toISOString());
      await movedOnceKnown(reservationId);
    });

    it('is told of the car in its way, and looked at again', async () => {
      blocked(world.add('S1'), [1]);
      const { reservationId } = await reserve({ startsAt: new Date(world.now + 20 * MINUTE).toISOString() });
      world.tokensAway = true;
      world.pass(20 * MINUTE);
      await world.untilStory(reservationId, 'Confirmed', 'StationHoldChanged Refused Occupied');
      await movedOnceKnown(reservationId);
    });
  });

  it('ends for an EVSE that stays out of service, however often it is looked for another meanwhile', async () => {
    await world.close();
    world = await World.open({ RESERVATION_OUT_OF_SERVICE_SECONDS: '150' });
    const station = world.add('S1');
    blocked(station, [1], 'Faulted');
    await world.status('S1', 2, 'Occupied');
    const { reservationId } = await reserve();
    await world.untilStory(reservationId, 'Confirmed', 'StationHoldChanged Refused Faulted');
    station.statuses[0] = 'Faulted';
    const asked = station.commands('reserveNow').length;
    await until(() => {
      world.pass(2_000);
      return world.story(reservationId).some((each) => each.startsWith('Cancelled'));
    }, 'it ends');
    expect(world.story(reservationId)).toContain('Cancelled EvseOutOfService');
    expect(station.commands('reserveNow').length).toBeGreaterThan(asked);
  });

  it('ends for an EVSE that says again and again that it is out of service; one that works in between has its whole time', async () => {
    world.add('S1', 1);
    const { reservationId } = await reserve({ evseId: 1 });
    await world.untilStory(reservationId, 'StationHoldChanged Held Accepted');
    const says = async (status: 'Available' | 'Faulted'): Promise<void> => {
      await world.status('S1', 1, status);
      expect(await world.context.log.caughtUp({ group: 'reservation', topic: 'connection.station.v1', deadlineMs: 5_000 })).toBe(true);
    };
    await says('Faulted');
    world.pass(50_000);
    await says('Available');
    await says('Faulted');
    world.pass(30_000);
    await says('Faulted');
    expect((await get(reservationId)).state).toBe(State.ACTIVE);
    world.pass(29_000);
    await says('Faulted');
    world.pass(2_000);
    await until(() => world.story(reservationId).includes('Cancelled EvseOutOfService'), 'it ends');
  });

  it('is moved before it begins when its EVSE will be out of service then', async () => {
    world.add('S1', 2);
    const span = { startsAt: new Date(world.now + 60 * MINUTE).toISOString(), expiresAt: new Date(world.now + 90 * MINUTE).toISOString() };
    const any = await reserve(span);
    const named = await reserve({ ...span, evseId: 2, idToken: { idToken: 'B', type: 'Local' } });
    await world.app.grpc.cancelReservation({ reservationId: named.reservationId, reason: 'ByDriver', idempotencyKey: '' });
    await world.outage('S1', 1, span.startsAt, span.expiresAt);
    await world.untilStory(any.reservationId, 'Confirmed', 'Cancelled Moved');
    expect(await movedFrom(any.reservationId)).toMatchObject({ evseId: 2, ...span });
    await world.outage('S1', 2, span.startsAt, span.expiresAt);
    await until(async () => (await active()).length === 0, 'the other ends');
  });

  it('races with another for the last that is free: one has it', async () => {
    blocked(world.add('S1', 3), [1, 2]);
    const startsAt = new Date(world.now + 20 * MINUTE).toISOString();
    const two = [await reserve({ startsAt }), await reserve({ startsAt, idToken: { idToken: 'B', type: 'Local' } })];
    for (const evseId of [1, 2]) await world.status('S1', evseId, 'Occupied');
    await world.start();
    world.pass(20 * MINUTE);
    // Two instances may each tell the same.
    const ends = () => two.map(({ reservationId }) => world.story(reservationId).find((each) => each !== 'Confirmed')).toSorted();
    await until(() => ends().every((each) => each !== undefined), 'both are looked at');
    expect(ends()).toEqual(['Cancelled Moved', 'StationHoldChanged Refused Occupied']);
    expect((await active()).map(({ evseId }) => evseId).filter((evseId) => evseId === 3)).toHaveLength(1);
  });

  it('is given back by the id that its reserver knows', async () => {
    blocked(world.add('S1'), [1]);
    const { reservationId } = await reserve();
    await world.untilStory(reservationId, 'Cancelled Moved', 'StationHoldChanged Released Accepted');
    const { reservation } = await world.app.grpc.cancelReservation({ reservationId, reason: 'ByDriver', idempotencyKey: '' });
    expect(reservation).toMatchObject({ movedFrom: reservationId, state: State.CANCELLED, endReason: 'ByDriver' });
    expect(await active()).toEqual([]);
  });

  it('is given back also while it is moved', async () => {
    blocked(world.add('S1'), [1]);
    const { reservationId } = await reserve({ startsAt: new Date(world.now + 20 * MINUTE).toISOString() });
    const { repository } = world.app;
    const execute = repository.execute.bind(repository);
    repository.execute = async (input) => {
      if (input.command.kind === 'Cancel' && input.command.reason === 'ByDriver') {
        repository.execute = execute;
        world.pass(20 * MINUTE);
        await world.untilStory(reservationId, 'Cancelled Moved', 'StationHoldChanged Released Accepted');
      }
      return execute(input);
    };
    const { reservation } = await world.app.grpc.cancelReservation({ reservationId, reason: 'ByDriver', idempotencyKey: 'key' });
    expect(reservation).toMatchObject({ movedFrom: reservationId, state: State.CANCELLED, endReason: 'ByDriver' });
    expect(await active()).toEqual([]);
  });

  describe('and whose move is cut short (kill -9) between the two', () => {
    /** The first cannot be ended, as if the process died before; the other is held. */
    const cutShort = async (): Promise<{ readonly first: string; readonly mend: () => void }> => {
      const { streams } = world.context.store;
      const append = streams.append.bind(streams);
      streams.append = async (commits) => {
        if (commits.some(({ causationId }) => causationId.startsWith('moved:'))) throw new OperatingError('StoreUnavailable', 'it dies');
        return append(commits);
      };
      const { reservationId: first } = await reserve();
      await until(async () => (await active()).length === 2, 'the other is held, the first not ended');
      return { first, mend: () => void (streams.append = append) };
    };

    it('is moved once when the service is back', async () => {
      const station = world.add('S1', 4);
      blocked(station, [1]);
      const { first, mend } = await cutShort();
      await world.stopAll();
      // The car leaves meanwhile: the first could be held by now.
      station.answer = () => YES;
      mend();
      await world.start();
      await until(async () => {
        world.pass(1_000);
        return (await active()).length === 1;
      }, 'one is left');
      const other = await movedFrom(first);
      expect(other).toMatchObject({ evseId: 2, state: State.ACTIVE });
      await world.untilStory(other.reservationId, 'Confirmed', 'StationHoldChanged Held Accepted');
      expect(world.events.filter(({ type }) => type === 'voltlog.reservation.ReservationConfirmed.v1')).toHaveLength(2);
    });

    it('keeps the first where its driver came meanwhile', async () => {
      blocked(world.add('S1', 4), [1]);
      const { first, mend } = await cutShort();
      await world.begin('S1', 1, 'CARD');
      await world.untilStory(first, 'Used');
      mend();
      await until(async () => {
        world.pass(1_000);
        return (await active()).length === 0;
      }, 'the other is given up');
      await until(() => world.events.some(({ data }) => (data as { reason?: string }).reason === 'NotNeeded'), 'that is told');
      expect(world.story(first)).not.toContain('Cancelled Moved');
    });
  });
});
