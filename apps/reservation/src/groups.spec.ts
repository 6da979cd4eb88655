import { OperatingError, type RequestError } from '@voltlog/kernel';
import { connectionV1, reservationV1 } from '@voltlog/proto';
import { until } from '@voltlog/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ReservationDoc, reservationSchema } from './store/documents.js';
import { World } from './testing/world.js';

const { CommandStatus } = connectionV1;
const { ReservationState: State, StationHold: Hold } = reservationV1;
const MINUTE = 60_000;

describe('a reservation for a group alone', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
    world.members.set('Fleet', ['VAN-1', 'VAN-2']);
  });
  afterEach(() => world.close());

  const reserve = async (change: Partial<reservationV1.ReserveRequest> = {}) => {
    const request = reservationV1.ReserveRequest.fromPartial({ stationId: 'S1', evseId: 1, groupId: 'Fleet', ...change });
    const { reservation } = await world.app.grpc.reserve(request);
    if (reservation === undefined) throw new Error('no reservation');
    return reservation;
  };
  const get = async (reservationId: string) => (await world.app.grpc.getReservation({ reservationId })).reservation;
  const list = async (change: Partial<reservationV1.ListReservationsRequest>) =>
    (await world.app.grpc.listReservations(reservationV1.ListReservationsRequest.fromPartial(change))).reservations;
  const why = (work: Promise<unknown>) => work.then(String, (error: RequestError) => error.reason);
  const ofGroup = (groupId: string) => ({ authorization: { status: 'Accepted', source: 'authorization', groupId } }) as const;

  it('has no token, and is told to the station by the id of the group, in both its fields', async () => {
    const station = world.add('S1');
    const { reservationId, idToken, groupId } = await reserve();
    expect([idToken, groupId]).toEqual([undefined, 'Fleet']);
    await world.untilStory(reservationId, 'Confirmed', 'StationHoldChanged Held Accepted');
    expect(station.asked[0]).toMatchObject({
      $case: 'reserveNow',
      value: { idToken: { idToken: 'Fleet', type: 'Central' }, groupId: 'Fleet' },
    });
    expect(world.events.every(({ data }) => data.forGroup === true)).toBe(true);
    expect(await get(reservationId)).toMatchObject({ idToken: undefined, stationHold: Hold.HELD });
  });

  it.each(['VAN-1', 'A-NEW-VAN'])('is used by whichever token of the group comes: %s', async (idToken) => {
    world.add('S1');
    const { reservationId } = await reserve();
    await world.begin('S1', 1, idToken, { transactionId: 'T7', ...ofGroup('FLEET') });
    await world.untilStory(reservationId, 'Used');
    expect(await get(reservationId)).toMatchObject({ state: State.USED, transactionId: 'T7' });
  });

  it('is not used on another EVSE, where the group may charge as well, nor by another group', async () => {
    world.add('S1');
    const { reservationId } = await reserve();
    await world.begin('S1', 2, 'VAN-1', ofGroup('FLEET'));
    await world.begin('S1', 1, 'CAB-1', { transactionId: 'T2', ...ofGroup('TAXI') });
    await world.untilStory(reservationId, 'Cancelled TakenByOther', 'StationHoldChanged Released Accepted');
    expect(world.story(reservationId)).not.toContain('Used');
  });

  it('counts for the group as one for a token does for the token, and not for its tokens', async () => {
    world.add('S1', 3);
    const first = await reserve();
    expect(await why(reserve({ evseId: 2, groupId: 'FLEET' }))).toBe('GroupUnknown');
    world.members.set('FLEET', ['VAN-1']);
    expect(await why(reserve({ evseId: 2, groupId: 'FLEET' }))).toBe('TokenHasReservation');
    // A token that is called like the group has its own count; so have the group's tokens.
    await reserve({ evseId: 2, idToken: { idToken: 'Fleet', type: 'Local' }, groupId: '' });
    await reserve({ evseId: 3, idToken: { idToken: 'VAN-1', type: 'Local' } });
    await world.app.grpc.cancelReservation({ reservationId: first.reservationId, reason: 'ByOperator', idempotencyKey: '' });
    await reserve();
  });

  it('is found by its group, as those with a token beside are, and by no token', async () => {
    world.add('S1');
    const { reservationId: alone } = await reserve();
    const { reservationId: beside } = await reserve({ evseId: 2, idToken: { idToken: 'VAN-1', type: 'Local' } });
    expect((await list({ groupId: 'fleet' })).map((each) => each.reservationId)).toEqual([beside, alone]);
    expect((await list({ idToken: 'VAN-1' })).map((each) => each.reservationId)).toEqual([beside]);
    expect(await list({ idToken: 'Fleet' })).toEqual([]);
    expect(await list({ groupId: 'TAXI' })).toEqual([]);
  });

  it('is found by its group also when it is from before groups had keys, once the service was started anew', async () => {
    world.add('S1');
    const { reservationId } = await reserve({ idToken: { idToken: 'VAN-1', type: 'Local' } });
    await reserve({ evseId: 2, idToken: { idToken: 'CARD', type: 'Local' }, groupId: '' });
    await world.untilStory(reservationId, 'Confirmed', 'StationHoldChanged Held Accepted');
    await world.stopAll();
    const docs = await world.context.store.collection<ReservationDoc>('reservations', reservationSchema);
    const now = await docs.get(reservationId);
    const { groupKey: _, ...before } = now as ReservationDoc;
    await docs.upsert([{ doc: before }]);
    await world.start();
    expect((await list({ groupId: 'fleet' })).map((each) => each.reservationId)).toEqual([reservationId]);
    expect(await docs.get(reservationId)).toEqual(now);
  });

  it('needs one token of the group that may charge there; which of them comes is judged then', async () => {
    world.add('S1');
    world.unwanted = (idToken) => (idToken === 'VAN-1' ? 'TokenExpired' : undefined);
    await reserve();
    expect(world.judged.map(({ idToken }) => idToken?.idToken)).toEqual(['VAN-1', 'VAN-2']);
    world.members.set('TAXI', ['CAB-1']);
    world.unwanted = () => 'BudgetExhausted';
    expect(await why(reserve({ evseId: 2, groupId: 'TAXI' }))).toBe('BudgetExhausted');
    expect(await why(reserve({ evseId: 2, groupId: 'NOBODY' }))).toBe('GroupUnknown');
    world.members.set('CREW', ['C-1', 'C-2']);
    await expect(reserve({ evseId: 2, groupId: 'CREW' })).rejects.toThrow('no token of the group may charge there then');
  });

  it('takes the station of a site where some token of it may charge', async () => {
    world.sites.set('depot', 'Europe/Amsterdam');
    for (const id of ['S1', 'S2', 'S3']) world.add(id, 1, { siteId: 'depot' });
    world.unwanted = (idToken, stationId) => {
      if (idToken === 'VAN-1') return 'TokenBlocked';
      return stationId === 'S2' ? undefined : 'TokenNotHere';
    };
    expect(await reserve({ stationId: '', evseId: 0, siteId: 'depot' })).toMatchObject({ stationId: 'S2' });
    // What is the same everywhere was asked once.
    expect(world.judged.filter(({ idToken }) => idToken?.idToken === 'VAN-1')).toHaveLength(1);
  });

  it('is asked about so often over a large site, and then a station is to be named', async () => {
    world.sites.set('depot', 'Europe/Amsterdam');
    for (let number = 1; number <= 30; number += 1) world.add(`S${number}`, 1, { siteId: 'depot' });
    world.unwanted = () => 'TokenNotHere';
    const wish = { stationId: '', evseId: 0, siteId: 'depot' };
    await expect(reserve(wish)).rejects.toMatchObject({
      reason: 'TokenNotHere',
      message: expect.stringContaining('asked at 25 stations of the site, not at all of them: name the station'),
    });
    expect(world.judged).toHaveLength(50);
    // With one of the two left, all stations are asked: there is none to name.
    world.unwanted = (idToken) => (idToken === 'VAN-1' ? 'TokenBlocked' : 'TokenNotHere');
    await expect(reserve(wish)).rejects.toMatchObject({ message: expect.not.stringContaining('name the station') });
    expect(world.judged).toHaveLength(50 + 31);
    world.unwanted = () => 'TokenBlocked';
    expect(await why(reserve(wish))).toBe('TokenBlocked');
    expect(world.judged).toHaveLength(81 + 2);
  });

  it('is not made without a group or a token, nor while nobody can say who is of the group', async () => {
    world.add('S1');
    await expect(reserve({ groupId: '' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    world.tokensAway = true;
    await expect(reserve()).rejects.toBeInstanceOf(OperatingError);
    world.tokensAway = false;
    await reserve();
  });

  it('keeps its EVSE free of others, and lets its own charge on', async () => {
    world.add('S1');
    world.run('other', 1, 'OTHER');
    world.run('mate', 1, 'VAN-2', 'FLEET');
    await reserve({
      startsAt: new Date(world.now + 60 * MINUTE).toISOString(),
      expiresAt: new Date(world.now + 90 * MINUTE).toISOString(),
    });
    world.pass(45 * MINUTE);
    await until(() => world.stopped.length > 0, 'the other is stopped');
    world.pass(15 * MINUTE);
    expect(world.stopped).toEqual(['other']);
  });

  it('stays one for the group where it is moved', async () => {
    const station = world.add('S1');
    station.answer = (command) =>
      command.$case === 'reserveNow' && command.value.evseId === 1
        ? { status: CommandStatus.REJECTED, stationStatus: 'Occupied' }
        : { status: CommandStatus.ACCEPTED, stationStatus: 'Accepted' };
    const { reservationId } = await reserve({ evseId: 0 });
    await world.untilStory(reservationId, 'Cancelled Moved');
    const moved = await get((await get(reservationId))?.movedTo ?? '');
    expect(moved).toMatchObject({ idToken: undefined, groupId: 'Fleet', evseId: 2 });
    await world.begin('S1', 2, 'VAN-2', ofGroup('Fleet'));
    await world.untilStory(moved?.reservationId ?? '', 'Used');
  });
});
