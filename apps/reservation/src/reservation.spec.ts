import { OperatingError, type RequestError } from '@voltlog/kernel';
import { connectionV1, reservationV1, sessionV1 } from '@voltlog/proto';
import { until } from '@voltlog/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ReservationApp } from './reservation.js';
import { type TokenClaimsDoc, tokenClaimsSchema } from './store/documents.js';
import { World } from './testing/world.js';

const { CommandStatus } = connectionV1;
const { ReservationState: State, StationHold: Hold } = reservationV1;
const MINUTE = 60_000;

describe('the reservation service', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
  });
  afterEach(() => world.close());

  const request = (change: Partial<reservationV1.ReserveRequest> = {}): reservationV1.ReserveRequest => ({
    stationId: 'S1',
    evseId: 1,
    siteId: '',
    connectorType: '',
    idToken: { idToken: 'CARD', type: 'ISO14443' },
    groupId: '',
    startsAt: undefined,
    expiresAt: undefined,
    idempotencyKey: '',
    ...change,
  });
  const token = (idToken: string) => ({ idToken: { idToken, type: 'ISO14443' } });
  const reserve = async (change: Partial<reservationV1.ReserveRequest> = {}, app: ReservationApp = world.app) => {
    const { reservation } = await app.grpc.reserve(request(change));
    if (reservation === undefined) throw new Error('no reservation');
    return reservation;
  };
  const get = async (reservationId: string) => (await world.app.grpc.getReservation({ reservationId })).reservation;
  const cancel = (reservationId: string, reason = 'ByDriver') =>
    world.app.grpc.cancelReservation({ reservationId, reason, idempotencyKey: '' });
  const failure = (work: Promise<unknown>) =>
    work.then(
      () => 'it did not fail',
      (error: RequestError) => `${error.code} ${error.reason}`,
    );
  const session = (sessionId: string, evseId: number, idToken: string, groupId = '') =>
    sessionV1.Session.fromPartial({ sessionId, stationId: 'S1', evseId, idToken: { idToken, type: 'Local' }, groupId });
  const at = (ms: number): string => new Date(world.now + ms).toISOString();

  it('has whoever charges stopped in time for a later reservation, and nobody else', async () => {
    world.add('S1');
    world.sessions.push(session('other', 1, 'OTHER'), session('slow', 1, 'SLOW'), session('own', 1, 'card'), session('next', 2, 'OTHER'));
    world.sessions.push(session('mate', 1, 'MATE', 'FLEET'));
    // Begun with the cable: whose it is will be told, and a stranger is refused then.
    world.sessions.push(sessionV1.Session.fromPartial({ sessionId: 'cable', stationId: 'S1', evseId: 1 }));
    const later = { startsAt: at(60 * MINUTE), expiresAt: at(90 * MINUTE), groupId: 'fleet' };
    const { keptFrom } = await reserve(later);
    expect(keptFrom).toBe(at(45 * MINUTE));
    const { reservationId: cancelled } = await reserve({ ...later, ...token('B'), evseId: 2 });
    await cancel(cancelled);
    world.pass(45 * MINUTE - 1);
    world.sessionsAway = true;
    world.pass(1);
    await until(async () => {
      world.pass(1_000);
      world.sessionsAway = false;
      return world.stopped.length >= 2;
    }, 'they are stopped');
    expect(new Set(world.stopped)).toEqual(new Set(['other', 'slow']));
  });

  it.each(['is still active', 'was used'])('leaves who has it before alone to the end of their own slot, when that %s', async (how) => {
    world.add('S1');
    world.sessions.push(session('before', 1, 'CARD'), session('witness', 2, 'OTHER'));
    // The later one is made first: it was promised more time than the one before leaves.
    const { keptFrom } = await reserve({ startsAt: at(60 * MINUTE), expiresAt: at(90 * MINUTE), ...token('NEXT') });
    expect(keptFrom).toBe(at(45 * MINUTE));
    await reserve({ startsAt: at(61 * MINUTE), expiresAt: at(90 * MINUTE), ...token('THIRD'), evseId: 2 });
    const end = world.now + 50 * MINUTE;
    const { reservationId } = await reserve({ startsAt: at(30 * MINUTE), expiresAt: at(50 * MINUTE) });
    world.pass(30 * MINUTE);
    await world.untilStory(reservationId, 'Confirmed', 'StationHoldChanged Held Accepted');
    if (how === 'was used') {
      await world.begin('S1', 1, 'CARD');
      await world.untilStory(reservationId, 'Used');
    }
    world.pass(15 * MINUTE);
    world.pass(MINUTE);
    await until(() => world.stopped.includes('witness'), 'the other EVSE is freed');
    world.pass(4 * MINUTE);
    await until(() => world.stopped.includes('before'), 'the slot is over');
    expect(world.stoppedAt.get('before')).toBe(end);
  });

  it('finds a reservation whose commit only seemed to fail, and has it held', async () => {
    const station = world.add('S1');
    const { reservationId: first } = await reserve();
    const { streams } = world.context.store;
    const append = streams.append.bind(streams);
    streams.append = async (commits) => {
      await append(commits);
      throw new OperatingError('StoreUnavailable', 'the answer was lost');
    };
    await expect(reserve({ evseId: 2, ...token('OTHER') })).rejects.toBeInstanceOf(OperatingError);
    streams.append = append;
    // What is written next at the station is of another reservation.
    await cancel(first);
    const listed = async () =>
      (await world.app.grpc.listReservations(reservationV1.ListReservationsRequest.fromPartial({ stationId: 'S1' }))).reservations;
    await until(async () => (await listed()).some(({ idToken }) => idToken?.idToken === 'OTHER'), 'it is in the read model');
    await until(() => station.commands('reserveNow').length === 2, 'the station is asked for it too');
  });

  describe('asks whether the token may charge there then', () => {
    it('and refuses at once whom it may not, with the word of the decision', async () => {
      world.add('S1');
      world.unwanted = (idToken) => (idToken === 'LOST' ? 'TokenBlocked' : undefined);
      expect(await failure(reserve(token('LOST')))).toBe('FAILED_PRECONDITION TokenBlocked');
      const startsAt = at(10 * MINUTE);
      const { reservationId } = await reserve({ evseId: 2, startsAt, expiresAt: at(30 * MINUTE), idempotencyKey: 'k' });
      expect(world.judged.at(-1)).toEqual({ stationId: 'S1', evseId: 2, ...token('CARD'), use: connectionV1.TokenUse.RESERVE, startsAt });
      // The same again is what it is, whatever became of the token.
      world.unwanted = () => 'TokenBlocked';
      expect(await reserve({ evseId: 2, idempotencyKey: 'k' })).toMatchObject({ reservationId });
      expect(await world.context.store.collection<TokenClaimsDoc>('token_claims', tokenClaimsSchema).then((all) => all.get('LOST'))).toBe(
        undefined,
      );
    });

    it('and takes the station of a site where it may', async () => {
      world.sites.set('depot', 'Europe/Amsterdam');
      for (const id of ['S1', 'S2', 'S3']) world.add(id, 1, { siteId: 'depot' });
      world.unwanted = (_, stationId) => (stationId === 'S3' ? undefined : 'TokenNotHere');
      const wish = { stationId: '', evseId: 0, siteId: 'depot' };
      expect(await reserve(wish)).toMatchObject({ stationId: 'S3', evseId: 1 });
      expect(await failure(reserve({ ...wish, ...token('B') }))).toBe('FAILED_PRECONDITION TokenNotHere');
      world.unwanted = () => undefined;
      expect((await reserve({ ...wish, ...token('C') })).stationId).toMatch(/S[12]/);
    });

    it('and tells whoever may charge at few stations of a large site, if at any, to name one', async () => {
      world.sites.set('depot', 'Europe/Amsterdam');
      for (let number = 1; number <= 51; number += 1) world.add(`S${number}`, 1, { siteId: 'depot' });
      world.unwanted = () => 'TokenNotHere';
      const wish = { stationId: '', evseId: 0, siteId: 'depot' };
      await expect(reserve(wish)).rejects.toMatchObject({ reason: 'TokenNotHere', message: expect.stringContaining('name the station') });
      expect(world.judged).toHaveLength(50);
      const [named] = [...world.stations.keys()].filter((id) => world.judged.every(({ stationId }) => stationId !== id));
      world.unwanted = (_, stationId) => (stationId === named ? undefined : 'TokenNotHere');
      expect(await reserve({ evseId: 0, stationId: String(named) })).toMatchObject({ stationId: named });
      // All were asked: there is none to name.
      world.unwanted = () => 'TokenNotHere';
      world.stations.delete(String(named));
      await expect(reserve({ ...wish, ...token('B') })).rejects.toMatchObject({ message: expect.not.stringContaining('name the station') });
    });

    it('and holds nothing while nobody can say', async () => {
      world.add('S1');
      world.tokensAway = true;
      await expect(reserve({ idempotencyKey: 'k' })).rejects.toBeInstanceOf(OperatingError);
      world.tokensAway = false;
      expect(await reserve({ idempotencyKey: 'k' })).toMatchObject({ stationId: 'S1', state: State.ACTIVE });
    });
  });

  describe('holds on the spot', () => {
    it('what the station agrees to', async () => {
      const station = world.add('S1');
      const { reservationId, number, stationHold } = await reserve({ groupId: 'FLEET' });
      expect([number, stationHold]).toEqual([1, Hold.PENDING]);
      await world.untilStory(reservationId, 'Confirmed', 'StationHoldChanged Held Accepted');
      expect(station.asked).toEqual([
        {
          $case: 'reserveNow',
          value: {
            reservationId: 1,
            evseId: 1,
            connectorId: 1,
            idToken: { idToken: 'CARD', type: 'ISO14443' },
            groupId: 'FLEET',
            expiresAt: at(30 * MINUTE),
            connectorType: '',
          },
        },
      ]);
      expect(await get(reservationId)).toMatchObject({ state: State.ACTIVE, stationHold: Hold.HELD, stationStatus: 'Accepted' });
    });

    it('a later one once it begins, not before', async () => {
      const station = world.add('S1');
      const { reservationId } = await reserve({ startsAt: at(10 * MINUTE), expiresAt: at(20 * MINUTE) });
      world.pass(10 * MINUTE - 1);
      expect(station.asked).toEqual([]);
      world.pass(1);
      await world.untilStory(reservationId, 'StationHoldChanged Held Accepted');
    });

    it('nothing at a station that cannot: the reserver is told', async () => {
      world.add('S1').answer = () => ({ status: CommandStatus.NOT_SUPPORTED, stationStatus: 'NotSupported' });
      const { reservationId } = await reserve();
      await world.untilStory(reservationId, 'StationHoldChanged NotSupported NotSupported');
      expect(await get(reservationId)).toMatchObject({ state: State.ACTIVE, stationHold: Hold.NOT_SUPPORTED });
    });

    it('at a station that was offline as soon as it is back', async () => {
      const station = world.add('S1', 1, { connected: false });
      const { reservationId } = await reserve();
      await world.untilStory(reservationId, 'StationHoldChanged Pending Offline');
      station.connected = true;
      await world.tell('S1', 'voltlog.connection.StationConnected.v1', { epoch: 2 });
      await world.untilStory(reservationId, 'StationHoldChanged Held Accepted');
    });

    it('once whoever was there has left', async () => {
      const station = world.add('S1');
      station.answer = () => ({ status: CommandStatus.REJECTED, stationStatus: 'Occupied' });
      const { reservationId } = await reserve();
      await world.untilStory(reservationId, 'StationHoldChanged Refused Occupied');
      station.answer = () => ({ status: CommandStatus.ACCEPTED, stationStatus: 'Accepted' });
      await world.status('S1', 1, 'Available');
      await world.untilStory(reservationId, 'StationHoldChanged Held Accepted');
    });

    it.each([
      ['CARD', '', 'OwnSession'],
      ['MATE', 'FLEET', 'OwnSession'],
      ['OTHER', '', 'Occupied'],
    ])('not where %s (group "%s") charges: %s', async (idToken, groupId, reason) => {
      const station = world.add('S1');
      station.answer = () => ({ status: CommandStatus.REJECTED, stationStatus: 'Occupied' });
      world.sessions.push(session('elsewhere', 2, 'CARD'), session('there', 1, idToken, groupId));
      const { reservationId } = await reserve({ groupId: 'FLEET' });
      await world.untilStory(reservationId, `StationHoldChanged Refused ${reason}`);
    });

    it('not, and says why once it is known who charges there', async () => {
      const station = world.add('S1');
      station.answer = () => ({ status: CommandStatus.REJECTED, stationStatus: 'Occupied' });
      world.sessions.push(session('there', 1, 'CARD'));
      world.sessionsAway = true;
      const { reservationId } = await reserve();
      await until(() => world.sessionsMissed > 0, 'it is asked who charges');
      world.sessionsAway = false;
      await until(() => {
        world.pass(1_000);
        return world.story(reservationId).includes('StationHoldChanged Refused OwnSession');
      }, 'it is known');
      expect(world.story(reservationId).filter((each) => each.startsWith('StationHoldChanged'))).toHaveLength(1);
    });

    it.each([
      [1, 'StationHoldChanged Held Accepted'],
      [Number.POSITIVE_INFINITY, 'StationHoldChanged Refused Occupied'],
    ])('back to back with one who did not come: %d times the station says that it is occupied', async (times, outcome) => {
      const station = world.add('S1');
      const before = await reserve({ evseId: 1, expiresAt: at(30 * MINUTE) });
      await world.untilStory(before.reservationId, 'StationHoldChanged Held Accepted');
      const next = await reserve({ evseId: 1, ...token('NEXT'), startsAt: at(30 * MINUTE), expiresAt: at(60 * MINUTE) });
      let asked = 0;
      station.answer = ({ $case }) => {
        if ($case === 'reserveNow') asked += 1;
        const isOccupied = $case === 'reserveNow' && asked <= times;
        return isOccupied
          ? { status: CommandStatus.REJECTED, stationStatus: 'Occupied' }
          : { status: CommandStatus.ACCEPTED, stationStatus: 'Accepted' };
      };
      world.pass(30 * MINUTE);
      await world.untilStory(next.reservationId, outcome);
      expect(asked).toBe(times === 1 ? 2 : 5);
      expect(world.story(next.reservationId).filter((each) => each.startsWith('StationHoldChanged'))).toEqual([outcome]);
    });

    it('again after the station lost it, and gives up on one that always forgets', async () => {
      const station = world.add('S1');
      const { reservationId } = await reserve({ expiresAt: at(60 * MINUTE) });
      await world.untilStory(reservationId, 'StationHoldChanged Held Accepted');
      for (let round = 1; round <= 3; round += 1) {
        world.pass(5_000);
        await world.status('S1', 1, 'Available');
        await until(() => station.commands('reserveNow').length === 1 + round, `asked again, round ${round}`);
        // From the first on: the story of the round before ends like that of this one.
        const rounds = Array.from({ length: round }, () => ['StationHoldChanged Lost', 'StationHoldChanged Held Accepted']);
        await world.untilStory(reservationId, 'StationHoldChanged Held Accepted', ...rounds.flat());
      }
      world.pass(5_000);
      await world.status('S1', 1, 'Available');
      await world.untilStory(reservationId, 'StationHoldChanged Refused Forgotten');
      expect(await get(reservationId)).toMatchObject({ state: State.ACTIVE });
    });

    it('through a boot: the station is asked again, and a status from before the hold is no loss', async () => {
      const station = world.add('S1');
      const { reservationId } = await reserve();
      await world.untilStory(reservationId, 'StationHoldChanged Held Accepted');
      await world.status('S1', 1, 'Available');
      await world.tell('S1', 'voltlog.connection.StationBooted.v1', { vendor: 'V', model: 'M', reason: 'PowerUp' });
      await until(() => station.commands('reserveNow').length === 2, 'asked again');
      expect(world.story(reservationId)).toEqual(['Confirmed', 'StationHoldChanged Held Accepted']);
    });

    it('after a 2.x station told that it let go, unless that was the end', async () => {
      const station = world.add('S1');
      const { reservationId, number } = await reserve();
      await world.untilStory(reservationId, 'StationHoldChanged Held Accepted');
      const told = (status: 'Expired' | 'Removed') =>
        world.tell('S1', 'voltlog.connection.ReservationStatusReported.v1', { reservationId: number, status });
      await told('Removed');
      await world.untilStory(reservationId, 'StationHoldChanged Lost', 'StationHoldChanged Held Accepted');
      world.pass(29 * MINUTE + 1);
      await told('Expired');
      world.pass(MINUTE);
      await world.untilStory(reservationId, 'Expired NoShow', 'StationHoldChanged Released Accepted');
      expect(station.commands('reserveNow')).toHaveLength(2);
    });

    it('with as many tries as allowed at a station that does not answer, then in the backend alone', async () => {
      const station = world.add('S1');
      station.answer = () => ({ status: CommandStatus.TIMED_OUT });
      const { reservationId } = await reserve({ expiresAt: at(60 * MINUTE) });
      for (let tries = 1; tries <= 5; tries += 1) {
        await until(() => station.asked.length === tries, `try ${tries}`);
        world.pass(60_000);
      }
      await world.untilStory(reservationId, 'Confirmed', 'StationHoldChanged Refused NoAnswer');
      station.answer = () => ({ status: CommandStatus.ACCEPTED, stationStatus: 'Accepted' });
      await world.tell('S1', 'voltlog.connection.StationConnected.v1', { epoch: 2 });
      await world.untilStory(reservationId, 'StationHoldChanged Held Accepted');
    });
  });

  describe('ends', () => {
    it('when the right token comes, whatever its case; the station needs no word', async () => {
      const station = world.add('S1');
      const { reservationId } = await reserve();
      await world.untilStory(reservationId, 'StationHoldChanged Held Accepted');
      await world.begin('S1', 1, 'card', { transactionId: 'T7' });
      await world.untilStory(reservationId, 'Used');
      expect(await get(reservationId)).toMatchObject({ state: State.USED, endReason: 'Used', transactionId: 'T7' });
      expect(station.commands('cancelReservation')).toEqual([]);
    });

    it('when a token of its group comes, or the station tells its number', async () => {
      world.add('S1');
      const group = await reserve({ groupId: 'FLEET' });
      await world.begin('S1', 1, 'OTHER', { authorization: { status: 'Accepted', source: 'authorization', groupId: 'FLEET' } });
      await world.untilStory(group.reservationId, 'Used');
      const numbered = await reserve({ evseId: 2 });
      await world.begin('S1', 2, 'OTHER', { reservationId: numbered.number, transactionId: 'T2' });
      await world.untilStory(numbered.reservationId, 'Used');
    });

    it('when its driver takes another plug: the station is told to let go', async () => {
      const station = world.add('S1');
      const { reservationId } = await reserve();
      await world.untilStory(reservationId, 'StationHoldChanged Held Accepted');
      await world.begin('S1', 2, 'CARD');
      await world.untilStory(reservationId, 'Used', 'StationHoldChanged Released Accepted');
      expect(station.commands('cancelReservation')).toEqual([{ $case: 'cancelReservation', value: { reservationId: 1 } }]);
    });

    it('when somebody else charges there after all; whoever was refused does not', async () => {
      world.add('S1');
      const { reservationId } = await reserve();
      await world.begin('S1', 1, 'OTHER', { authorization: { status: 'NotAtThisTime', source: 'authorization' } });
      await world.begin('S1', 1, 'THIRD', { transactionId: 'T2' });
      await world.untilStory(reservationId, 'Cancelled TakenByOther', 'StationHoldChanged Released Accepted');
      expect(world.story(reservationId).filter((word) => word.startsWith('Cancelled'))).toHaveLength(1);
    });

    it('by its driver or an operator, once; the EVSE is free at once', async () => {
      const station = world.add('S1');
      const { reservationId } = await reserve();
      await world.untilStory(reservationId, 'StationHoldChanged Held Accepted');
      expect((await cancel(reservationId)).reservation).toMatchObject({ state: State.CANCELLED, endReason: 'ByDriver' });
      expect((await cancel(reservationId, 'ByOperator')).reservation).toMatchObject({ endReason: 'ByDriver' });
      const next = await reserve(token('OTHER'));
      expect(next.number).toBe(2);
      await world.untilStory(reservationId, 'Cancelled ByDriver', 'StationHoldChanged Released Accepted');
      expect(station.commands('cancelReservation')).toHaveLength(1);
    });

    it('by a cancel that a station did not answer: it is told again', async () => {
      const station = world.add('S1');
      const { reservationId } = await reserve();
      await world.untilStory(reservationId, 'StationHoldChanged Held Accepted');
      station.answer = () => ({ status: CommandStatus.TIMED_OUT });
      await cancel(reservationId);
      await until(() => station.commands('cancelReservation').length === 1, 'the first try');
      station.answer = () => ({ status: CommandStatus.REJECTED, stationStatus: 'Rejected' });
      world.pass(1_000);
      await world.untilStory(reservationId, 'StationHoldChanged Released Rejected');
    });

    it('by a cancel while the station is asked for the hold: it does not keep it', async () => {
      const station = world.add('S1');
      let reservationId = '';
      station.answer = () => ({ status: CommandStatus.ACCEPTED, stationStatus: 'Accepted' });
      const made = await reserve({ startsAt: at(MINUTE), expiresAt: at(20 * MINUTE) });
      ({ reservationId } = made);
      let cancelling: Promise<unknown> = Promise.resolve();
      station.answer = ({ $case }) => {
        if ($case === 'reserveNow') cancelling = cancel(reservationId);
        return { status: CommandStatus.ACCEPTED, stationStatus: 'Accepted' };
      };
      world.pass(MINUTE);
      await until(() => station.commands('reserveNow').length === 1, 'asked');
      await cancelling;
      await world.untilStory(reservationId, 'Cancelled ByDriver', 'StationHoldChanged Released Accepted');
    });

    it('as a no-show, with a notice before; the station lets go', async () => {
      const station = world.add('S1');
      const { reservationId } = await reserve();
      await world.untilStory(reservationId, 'StationHoldChanged Held Accepted');
      world.pass(25 * MINUTE);
      await world.untilStory(reservationId, 'Expiring');
      world.pass(5 * MINUTE - 1);
      expect((await get(reservationId))?.state).toBe(State.ACTIVE);
      world.pass(1);
      await world.untilStory(reservationId, 'Expired NoShow', 'StationHoldChanged Released Accepted');
      expect(station.commands('cancelReservation')).toHaveLength(1);
      expect(await failure(cancel(reservationId))).toBe('FAILED_PRECONDITION ReservationEnded');
    });

    it('not as a no-show while the station is offline, and may turn out to have been used', async () => {
      const station = world.add('S1');
      const { reservationId, expiresAt } = await reserve();
      await world.untilStory(reservationId, 'StationHoldChanged Held Accepted');
      station.connected = false;
      world.pass(30 * MINUTE);
      await world.untilStory(reservationId, 'Expired StationOffline');
      const before = new Date(Date.parse(expiresAt ?? '') - MINUTE).toISOString();
      world.pass(60 * MINUTE);
      await world.begin('S1', 1, 'CARD', { offline: true, occurredAt: before });
      await world.untilStory(reservationId, 'Used');
      expect(await get(reservationId)).toMatchObject({ state: State.USED });
    });

    it('when its EVSE stays out of service, not when it only restarts', async () => {
      world.add('S1');
      const { reservationId } = await reserve();
      await world.untilStory(reservationId, 'StationHoldChanged Held Accepted');
      await world.status('S1', 1, 'Unavailable');
      await world.status('S1', 1, 'Reserved');
      await until(
        async () =>
          (await world.context.log.caughtUp({ group: 'reservation', topic: 'connection.station.v1', deadlineMs: 2_000 })) === true,
        'followed',
      );
      world.pass(60_000);
      await world.context.log.caughtUp({ group: 'reservation', topic: 'connection.station.v1', deadlineMs: 2_000 });
      expect((await get(reservationId))?.state).toBe(State.ACTIVE);
      await world.status('S1', 1, 'Faulted');
      await world.context.log.caughtUp({ group: 'reservation', topic: 'connection.station.v1', deadlineMs: 2_000 });
      world.pass(60_000);
      await world.untilStory(reservationId, 'Cancelled EvseOutOfService', 'StationHoldChanged Released Accepted');
    });

    it('when its EVSE does not work as it begins, though its station cannot hold it', async () => {
      world.add('S1', 2, { answer: () => ({ status: CommandStatus.NOT_SUPPORTED, stationStatus: 'NotImplemented' }) });
      const one = await reserve({ startsAt: at(10 * MINUTE), expiresAt: at(30 * MINUTE) });
      const two = await reserve({ evseId: 2, startsAt: at(10 * MINUTE), expiresAt: at(30 * MINUTE), ...token('B') });
      await world.status('S1', 1, 'Faulted');
      await world.context.log.caughtUp({ group: 'reservation', topic: 'connection.station.v1', deadlineMs: 2_000 });
      world.pass(10 * MINUTE);
      await world.untilStory(one.reservationId, 'StationHoldChanged NotSupported NotImplemented');
      await world.untilStory(two.reservationId, 'StationHoldChanged NotSupported NotImplemented');
      world.pass(MINUTE);
      await world.untilStory(one.reservationId, 'Cancelled EvseOutOfService');
      expect((await get(two.reservationId))?.state).toBe(State.ACTIVE);
    });

    it('when its EVSE is to be out of service then, as soon as that is known', async () => {
      world.add('S1');
      const later = { startsAt: at(60 * MINUTE), expiresAt: at(90 * MINUTE) };
      const one = await reserve(later);
      const two = await reserve({ ...later, evseId: 2, ...token('B') });
      await world.outage('S1', 1, at(90 * MINUTE), at(120 * MINUTE));
      await world.outage('S1', 1, at(80 * MINUTE), at(90 * MINUTE));
      await world.untilStory(one.reservationId, 'Confirmed', 'Cancelled EvseOutOfService');
      expect((await get(two.reservationId))?.state).toBe(State.ACTIVE);
      await world.outage('S1', 0, at(30 * MINUTE), at(61 * MINUTE));
      await world.untilStory(two.reservationId, 'Confirmed', 'Cancelled EvseOutOfService');
    });

    it('with its station, or its EVSE', async () => {
      world.add('S1');
      world.add('S2');
      const one = await reserve();
      await world.tellDevice('S1', 'voltlog.device.StationRetired.v1', {});
      await world.untilStory(one.reservationId, 'Cancelled StationRetired', 'StationHoldChanged Released Accepted');
      const two = await reserve({ stationId: 'S2', evseId: 2 });
      await world.tellDevice('S2', 'voltlog.device.StationChanged.v1', {
        siteId: '',
        name: '',
        evses: [{ evseId: 1, powerWMax: 0, connectors: [] }],
      });
      await world.untilStory(two.reservationId, 'Cancelled EvseOutOfService', 'StationHoldChanged Released Accepted');
    });
  });

  describe('decides', () => {
    it('for any EVSE of a station, of a type, and of a site', async () => {
      world.sites.set('depot', 'Europe/Amsterdam');
      world.add('S1', 2, { siteId: 'depot', statuses: ['Occupied', 'Available'], connectorTypes: ['cCCS2', 'sType2'] });
      world.add('S2', 1, { siteId: 'depot', connectorTypes: ['cCCS2'] });
      expect(await reserve({ evseId: 0, ...token('A') })).toMatchObject({ stationId: 'S1', evseId: 2, siteId: 'depot' });
      const ccs = { stationId: '', siteId: 'depot', evseId: 0, connectorType: 'cCCS2' };
      expect(await reserve({ ...ccs, ...token('B') })).toMatchObject({ stationId: 'S2', evseId: 1 });
      expect(await failure(reserve({ ...ccs, ...token('C') }))).toBe('FAILED_PRECONDITION NoEvseFree');
      expect(await failure(reserve({ ...ccs, connectorType: 'cTesla', ...token('C') }))).toBe('FAILED_PRECONDITION ConnectorTypeUnknown');
    });

    it('against what cannot be, with a word for each', async () => {
      world.add('S1');
      for (const [change, expected] of [
        [{ startsAt: at(-2 * MINUTE) }, 'INVALID_ARGUMENT StartsInPast'],
        [{ expiresAt: at(121 * MINUTE) }, 'INVALID_ARGUMENT TooLong'],
        [{ startsAt: at(MINUTE), expiresAt: at(0) }, 'INVALID_ARGUMENT TooShort'],
        [{ startsAt: at(8 * 24 * 60 * MINUTE) }, 'INVALID_ARGUMENT TooFarAhead'],
        [{ evseId: 3 }, 'NOT_FOUND EvseUnknown'],
        [{ stationId: 'S9' }, 'NOT_FOUND StationUnknown'],
        [{ stationId: '', siteId: 'nowhere', evseId: 0 }, 'NOT_FOUND SiteUnknown'],
        [{ siteId: 'depot' }, 'INVALID_ARGUMENT StationElsewhere'],
        [{ stationId: '' }, 'INVALID_ARGUMENT undefined'],
        [{ stationId: '', siteId: 'depot' }, 'INVALID_ARGUMENT undefined'],
        [{ idToken: undefined }, 'INVALID_ARGUMENT undefined'],
        [{ idToken: { idToken: ' CARD', type: '' } }, 'INVALID_ARGUMENT undefined'],
        [{ startsAt: 'soon' }, 'INVALID_ARGUMENT undefined'],
        [{ idempotencyKey: 'x'.repeat(256) }, 'INVALID_ARGUMENT undefined'],
      ] as const)
        expect(await failure(reserve(change)), JSON.stringify(change)).toBe(expected);
      await expect(reserve({ expiresAt: at(121 * MINUTE) })).rejects.toThrow('7200 s at most');
      await expect(reserve({ startsAt: at(8 * 24 * 60 * MINUTE) })).rejects.toThrow('604800 s at most');
      expect(await failure(cancel('R9'))).toBe('NOT_FOUND ReservationUnknown');
      expect(world.events).toEqual([]);
    });

    it('none for a time in which the EVSE is to be out of service, and another EVSE where any would do', async () => {
      world.sites.set('depot', '');
      world.add('S1', 2, { siteId: 'depot', outages: [[1, at(60 * MINUTE), at(120 * MINUTE)]] });
      const during = { startsAt: at(90 * MINUTE), expiresAt: at(100 * MINUTE) };
      expect(await failure(reserve(during))).toBe('FAILED_PRECONDITION EvseOutOfService');
      expect(await reserve({ ...during, evseId: 0 })).toMatchObject({ evseId: 2 });
      expect(await reserve({ startsAt: at(120 * MINUTE), expiresAt: at(130 * MINUTE), ...token('B') })).toMatchObject({ evseId: 1 });
      expect(await reserve({ startsAt: at(30 * MINUTE), expiresAt: at(60 * MINUTE), ...token('C') })).toMatchObject({ evseId: 1 });
      world.add('S2', 1, { siteId: 'depot', outages: [[0, at(-MINUTE), at(180 * MINUTE)]] });
      world.add('S3', 1, { siteId: 'depot', inoperative: [1] });
      world.add('S4', 1, { siteId: 'depot' });
      const anywhere = { stationId: '', siteId: 'depot', evseId: 0, startsAt: at(0), expiresAt: at(10 * MINUTE) };
      const stations = await Promise.all(['D', 'E', 'F'].map((id) => reserve({ ...anywhere, ...token(id) })));
      expect(stations.map(({ stationId, evseId }) => `${stationId} ${evseId}`).toSorted()).toEqual(['S1 1', 'S1 2', 'S4 1']);
      expect(await failure(reserve({ stationId: 'S3', ...token('G') }))).toBe('FAILED_PRECONDITION EvseOutOfService');
    });

    it('one reservation per token over all stations, unless the site allows more', async () => {
      world.add('S1');
      world.add('S2');
      const first = await reserve();
      expect(await failure(reserve({ stationId: 'S2', ...token('card') }))).toBe('FAILED_PRECONDITION TokenHasReservation');
      await cancel(first.reservationId);
      const second = await reserve({ stationId: 'S2' });
      await world.begin('S2', 1, 'CARD');
      await world.untilStory(second.reservationId, 'Used');
      await reserve();
      const policy = (await world.app.grpc.getPolicy({ siteId: '' })).policy;
      if (policy === undefined) throw new Error('no policy');
      await world.app.grpc.putPolicy({ policy: { ...policy, activePerTokenMax: 2 }, expectedVersion: 0, idempotencyKey: '' });
      await reserve({ stationId: 'S2', evseId: 2 });
      expect(await failure(reserve({ evseId: 2 }))).toBe('FAILED_PRECONDITION TokenHasReservation');
    });

    it('without telling of a reservation that a crash kept from coming to be: that counts for a short time, and nobody knows yet', async () => {
      world.add('S1');
      const claims = await world.context.store.collection<TokenClaimsDoc>('token_claims', tokenClaimsSchema);
      const orphan = { reservationId: 'R-died', stationId: 'S1', expiresAt: at(60 * MINUTE), at: at(0) };
      await claims.upsert([{ doc: { id: 'CARD', version: 1, claims: [orphan] } }]);
      expect(await failure(reserve())).toBe('TokenContended undefined');
      world.context.clock.ms += 20_000;
      await reserve();
    });

    it('without counting a reservation that was refused', async () => {
      world.add('S1');
      await reserve(token('OTHER'));
      expect(await failure(reserve())).toBe('FAILED_PRECONDITION EvseReserved');
      await reserve({ evseId: 2 });
    });

    it('by the opening hours of the site, in its own time zone, also over a change of clocks', async () => {
      world.sites.set('depot', 'Europe/Amsterdam');
      world.add('S1', 1, { siteId: 'depot' });
      const policy = (await world.app.grpc.getPolicy({ siteId: 'depot' })).policy;
      if (policy === undefined) throw new Error('no policy');
      const openingHours = [1, 2, 3, 4, 5].map((weekday) => ({ weekday, from: '10:00', until: '20:00' }));
      const put = await world.app.grpc.putPolicy({
        policy: { ...policy, siteId: 'depot', openingHours },
        expectedVersion: 0,
        idempotencyKey: '',
      });
      expect(put.policy?.version).toBe(1);
      expect(await world.app.grpc.getPolicy({ siteId: 'depot' })).toMatchObject({ own: true, policy: { openingHours } });
      // It is Monday 09:00 in Amsterdam.
      expect(await failure(reserve())).toBe('FAILED_PRECONDITION Closed');
      await reserve({ startsAt: at(60 * MINUTE), expiresAt: at(90 * MINUTE) });
    });

    it('the same request once, whatever comes in between', async () => {
      world.add('S1');
      const first = await reserve({ idempotencyKey: 'key-1' });
      expect(first.reservationId).toMatch(/^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-a[\da-f]{3}-[\da-f]{12}$/);
      expect((await reserve({ idempotencyKey: 'key-1', evseId: 2 })).reservationId).toBe(first.reservationId);
      await cancel(first.reservationId);
      expect(await reserve({ idempotencyKey: 'key-1' })).toMatchObject({ reservationId: first.reservationId, state: State.CANCELLED });
    });

    it('and lists them, newest first', async () => {
      world.add('S1', 3);
      for (const [index, name] of ['A', 'B', 'C'].entries()) {
        world.pass(1_000);
        await reserve({ evseId: index + 1, ...token(name) });
      }
      const list = async (change: Partial<reservationV1.ListReservationsRequest>) => {
        const all = {
          pageSize: 0,
          pageToken: '',
          stationId: '',
          siteId: '',
          idToken: '',
          groupId: '',
          state: State.UNSPECIFIED,
          ...change,
        };
        const page = await world.app.grpc.listReservations(all);
        return { tokens: page.reservations.map(({ idToken }) => idToken?.idToken), next: page.nextPageToken };
      };
      expect((await list({ stationId: 'S1' })).tokens).toEqual(['C', 'B', 'A']);
      const page = await list({ pageSize: 2, state: State.ACTIVE });
      expect(page.tokens).toEqual(['C', 'B']);
      expect((await list({ pageSize: 2, state: State.ACTIVE, pageToken: page.next })).tokens).toEqual(['A']);
      expect((await list({ idToken: 'b' })).tokens).toEqual(['B']);
      expect((await list({ siteId: 'depot' })).tokens).toEqual([]);
    });
  });

  it('is one at one station, though its request is repeated, at another instance too, before the first is answered', async () => {
    world.sites.set('depot', '');
    for (const stationId of ['S1', 'S2', 'S3']) world.add(stationId, 1, { siteId: 'depot' });
    const [first] = world.all;
    const other = await world.start();
    const ask = (app = first) => reserve({ stationId: '', evseId: 0, siteId: 'depot', idempotencyKey: 'k' }, app);
    let list = (): void => undefined;
    world.listing = new Promise((resolve) => {
      list = resolve;
    });
    // It has looked for what is known of the key, and found nothing.
    const slow = ask(other);
    await until(() => world.listed > 0, 'it asks for the stations');
    world.listing = undefined;
    const [one, two] = await Promise.all([ask(), ask()]);
    list();
    const answers = [one, two, await slow].map(({ stationId }) => stationId);
    expect(new Set(answers).size).toBe(1);
    const streams = await world.context.store.streams.load(['S1', 'S2', 'S3'].map((stationId) => `station:${stationId}`));
    expect([...streams.values()].filter((commits) => commits.length > 0)).toHaveLength(1);
  });

  it('asks again while the connection service is away, which is not counted against the station', async () => {
    const station = world.add('S1');
    let away = 10;
    station.answer = () =>
      away-- > 0
        ? new OperatingError('ServiceUnreachable', 'nobody listens')
        : { status: CommandStatus.ACCEPTED, stationStatus: 'Accepted' };
    const { reservationId } = await reserve();
    for (let asked = 1; asked <= 10; asked += 1) {
      await until(() => station.asked.length >= asked, 'it is asked again');
      world.pass(1_000);
    }
    await world.untilStory(reservationId, 'Confirmed', 'StationHoldChanged Held Accepted');
  });

  it('loses nothing in a restart: what was confirmed begins, is asked for and expires', async () => {
    const station = world.add('S1');
    const later = await reserve({ startsAt: at(10 * MINUTE), expiresAt: at(20 * MINUTE) });
    await world.stopAll();
    world.pass(10 * MINUTE);
    await world.start();
    await world.untilStory(later.reservationId, 'StationHoldChanged Held Accepted');
    station.answer = () => new OperatingError('Unavailable', 'the connection service is away');
    await world.stopAll();
    world.pass(10 * MINUTE);
    await world.start();
    await world.untilStory(later.reservationId, 'Expired NoShow');
  });
});
