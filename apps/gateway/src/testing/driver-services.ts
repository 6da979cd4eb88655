import { OperatingError, RequestError } from '@voltlog/kernel';
import { authorizationV1, reservationV1, sessionV1 } from '@voltlog/proto';
import { FakeServices, session, station } from './fake-services.js';

/** Services as a driver meets them: one station with a free EVSE, tokens of two types, a session that can be moved by hand. */
export class DriverServices extends FakeServices {
  readonly tokens = new Map<string, authorizationV1.Token>();
  readonly startRequests = new Map<string, sessionV1.StartRequest>();
  readonly running = new Map<string, sessionV1.Session>();
  price: sessionV1.Price | undefined = sessionV1.Price.fromPartial({ scope: 'default', currency: 'EUR', perKwh: '0.49' });
  /** The price that holds now, where it is another. */
  priceNow: sessionV1.Price | undefined;
  /** Thrown by the next start. */
  startError: Error | undefined;
  /** The same, once the start was taken. */
  lostAnswer: Error | undefined;
  private readonly startKeys = new Map<string, string>();
  /** Awaited by each start. */
  startGate: Promise<void> = Promise.resolve();

  /** Thrown by the next reservation. */
  reserveError: Error | undefined;
  reservationsAway = false;
  readonly held = new Map<string, reservationV1.Reservation>();

  constructor() {
    super();
    this.stations.set('CP-1', station('CP-1', { name: 'By the door' }));
    this.token('CODE4242', 'KeyCode');
    this.token('RFID1', 'ISO14443');
  }

  token(idToken: string, type: string, change: Partial<authorizationV1.Token> = {}): void {
    this.tokens.set(
      idToken,
      authorizationV1.Token.fromPartial({ idToken: { idToken, type }, status: authorizationV1.TokenStatus.ACTIVE, ...change }),
    );
  }

  /** The car is plugged in: the start request becomes a session. */
  begin(startRequestId: string, change: Partial<sessionV1.Session> = {}): void {
    const request = this.startRequests.get(startRequestId);
    if (request === undefined) throw new Error(`no start request ${startRequestId}`);
    this.startRequests.set(startRequestId, { ...request, state: sessionV1.StartRequestState.STARTED, sessionId: 's-1' });
    this.move({ idToken: request.idToken, limit: request.limit, ...change });
  }

  move(change: Partial<sessionV1.Session>): void {
    this.running.set('s-1', { ...(this.running.get('s-1') ?? session('s-1')), ...change });
  }

  answer(startRequestId: string, change: Partial<sessionV1.StartRequest>): void {
    const request = this.startRequests.get(startRequestId);
    if (request !== undefined) this.startRequests.set(startRequestId, { ...request, ...change });
  }

  protected override authorization(): Partial<authorizationV1.AuthorizationService> {
    return {
      ...super.authorization(),
      getToken: (request) => {
        const token = this.tokens.get(request.idToken?.idToken ?? '');
        if (token === undefined) return Promise.reject(new RequestError('NOT_FOUND', 'not known', 'TokenUnknown'));
        return Promise.resolve({ token });
      },
      putToken: (request) => {
        this.calls.push({ method: 'putToken', request });
        this.token(request.idToken?.idToken ?? '', request.idToken?.type ?? '');
        return Promise.resolve({ token: this.tokens.get(request.idToken?.idToken ?? ''), created: true });
      },
    };
  }

  protected override reservations(): Partial<reservationV1.ReservationService> {
    const known = (reservationId: string): reservationV1.Reservation => {
      const found = this.held.get(reservationId);
      if (found === undefined) throw new RequestError('NOT_FOUND', 'not known', 'ReservationUnknown');
      return found;
    };
    return {
      getPolicy: () => {
        if (this.reservationsAway) return Promise.reject(new OperatingError('ServiceUnavailable', 'away'));
        const policy = { enabled: true, lengthSecondsDefault: 1_800, lengthSecondsMax: 7_200 };
        return Promise.resolve({ policy: reservationV1.ReservationPolicy.fromPartial(policy), own: false });
      },
      listReservations: ({ state }) => {
        if (this.reservationsAway) return Promise.reject(new OperatingError('ServiceUnavailable', 'away'));
        return Promise.resolve({ reservations: [...this.held.values()].filter((each) => each.state === state), nextPageToken: '' });
      },
      getReservation: ({ reservationId }) => Promise.resolve({ reservation: known(reservationId) }),
      reserve: (request) => {
        this.calls.push({ method: 'reserve', request });
        if (this.reserveError !== undefined) return Promise.reject(this.reserveError);
        const reservation: reservationV1.Reservation = {
          ...reservationV1.Reservation.fromPartial({ reservationId: `R-${this.held.size + 1}`, startsAt: '2026-11-23T10:00:00.000Z' }),
          state: reservationV1.ReservationState.ACTIVE,
          stationId: request.stationId,
          evseId: request.evseId,
          idToken: request.idToken,
          expiresAt: request.expiresAt,
        };
        this.held.set(reservation.reservationId, reservation);
        return Promise.resolve({ reservation });
      },
      cancelReservation: ({ reservationId, reason }) => {
        const reservation = { ...known(reservationId), state: reservationV1.ReservationState.CANCELLED, endReason: reason };
        this.held.set(reservationId, reservation);
        return Promise.resolve({ reservation });
      },
    };
  }

  protected override sessions(): Partial<sessionV1.SessionService> {
    const running = (sessionId: string): sessionV1.Session => {
      const found = this.running.get(sessionId);
      if (found === undefined) throw new RequestError('NOT_FOUND', `session ${sessionId} is not known`);
      return found;
    };
    return {
      ...super.sessions(),
      listSessions: ({ stationId, state }) => {
        const sessions = [...this.running.values()].filter((each) => each.stationId === stationId && each.state === state);
        return Promise.resolve({ sessions, nextPageToken: '' });
      },
      getSession: ({ sessionId }) => Promise.resolve({ session: running(sessionId) }),
      requestStart: async (request) => {
        this.calls.push({ method: 'requestStart', request });
        await this.startGate;
        if (this.startError !== undefined) throw this.startError;
        const startRequestId = `sr-${this.startRequests.size + 1}`;
        const startRequest: sessionV1.StartRequest = {
          ...sessionV1.StartRequest.fromPartial({ startRequestId, state: sessionV1.StartRequestState.ACCEPTED }),
          stationId: request.stationId,
          evseId: request.evseId,
          idToken: request.idToken,
          limit: request.limit,
        };
        this.startRequests.set(startRequestId, startRequest);
        this.startKeys.set(request.idempotencyKey, startRequestId);
        if (this.lostAnswer !== undefined) throw this.lostAnswer;
        return { startRequest };
      },
      getStartRequest: ({ startRequestId, idempotencyKey }) =>
        Promise.resolve({ startRequest: this.startRequests.get(startRequestId || (this.startKeys.get(idempotencyKey) ?? '')) }),
      cancelStart: (request) => {
        this.calls.push({ method: 'cancelStart', request });
        const id = request.startRequestId || (this.startKeys.get(request.idempotencyKey) ?? '');
        const known = this.startRequests.get(id);
        if (known === undefined) return Promise.reject(new RequestError('NOT_FOUND', 'not known', 'UnknownStartRequest'));
        const { ACCEPTED, CANCELLED } = sessionV1.StartRequestState;
        if (known.state === ACCEPTED) this.answer(id, { state: CANCELLED });
        return Promise.resolve({ startRequest: this.startRequests.get(id) });
      },
      requestStop: (request) => {
        this.calls.push({ method: 'requestStop', request });
        return Promise.resolve({ session: running(request.sessionId), stationStatus: 'Accepted' });
      },
      setLimit: (request) => {
        this.calls.push({ method: 'setLimit', request });
        this.move({ limit: request.limit });
        return Promise.resolve({ session: running(request.sessionId) });
      },
      getPrice: () => Promise.resolve({ price: this.priceNow ?? this.price }),
      getReceipt: ({ sessionId }) =>
        Promise.resolve({
          receipt: sessionV1.Receipt.fromPartial({
            session: running(sessionId),
            ...(this.price === undefined ? {} : { price: this.price }),
            energyCost: { amount: '0.60', currency: 'EUR' },
            total: { amount: '0.60', currency: 'EUR' },
            curve: [{ at: '2026-11-23T10:00:00.000Z', energyWh: 0, powerW: 11_000 }],
          }),
        }),
    };
  }
}
