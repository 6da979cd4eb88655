import type { LedgerEntry, OcppVersion } from '@voltlog/simulator-app';
import { Decimal } from 'decimal.js';
import { expect } from 'vitest';
import type { Api } from './api.js';
import { eventually } from './eventually.js';
import { registerStation, type SessionView } from './fleet.js';
import { DEADLINE_MS, InsistentApp, type StartRequest } from './insistent-app.js';
import { RawStation } from './raw-station.js';
import { type ReservationView, untilReservation } from './reservations.js';
import { VirtualStation } from './virtual-station.js';
import type { WebhookReceiver } from './webhook-receiver.js';

/** Amounts that have to be rounded. */
export const PRICE = { currency: 'EUR', perKwh: '0.4937', perMinute: '0.0711', perSession: '0.35' } as const;
const LIMIT_WH = 2_000;
/** The family car passes 90 % before the limit, which takes it four minutes. */
const SOC = 0.885;
const DC = { kind: 'DC', powerWMax: 50_000 } as const;
const SAMPLE_SECONDS = 15;
/** What the car takes at most between two readings. */
const OVERSHOOT_WH_MAX = 170;
const IDLE_SECONDS = 60;
/** What a driver who asked for all of it is told, in any order: those of a charge overtake each other on the way. */
const TOLD = ['BatteryAt', 'ChargingEnded', 'ChargingStarted', 'LimitReached', 'ParkingStarted', 'ReservationConfirmed', 'SessionEnded'];

export const STEPS = [
  'reserve',
  'hold',
  'take back',
  'ask',
  'plug in',
  'be refused elsewhere',
  'charge',
  'reach the limit',
  'unplug',
  'be told',
  'read the receipt',
] as const;
export type JourneyStep = (typeof STEPS)[number];

interface Session extends SessionView {
  readonly overshootWh: number | null;
  readonly idleSeconds: number | null;
}

interface Receipt {
  readonly session: Session;
  readonly energyCost: Money;
  readonly timeCost: Money;
  readonly sessionCost: Money;
  readonly total: Money;
  readonly curve: readonly { readonly energyWh: number }[];
}
interface Money {
  readonly amount: string;
  readonly currency: string;
}

export interface JourneyPlace {
  readonly api: Api;
  readonly ocppUrl: string | readonly [string, ...string[]];
  readonly receiver: WebhookReceiver;
}

/**
 * A driver on the way from a reservation to a receipt, at a simulated station in virtual time. Each step insists like a person and an app
 * do: what got no answer is asked again. So a platform may die during any of them.
 */
export class Journey {
  private readonly starts: string[] = [];
  private readonly takenBack: string[] = [];
  private readonly app: InsistentApp;
  private reservationId = '';
  private entry: LedgerEntry | undefined;

  private constructor(
    private readonly place: JourneyPlace,
    readonly version: OcppVersion,
    readonly stationId: string,
    private readonly idToken: string,
    private readonly station: VirtualStation,
  ) {
    this.app = new InsistentApp(place.api);
  }

  static async begin(place: JourneyPlace, version: OcppVersion, name: string): Promise<Journey> {
    const stationId = `journey-${name}-${version}`;
    const idToken = `J-${name}-${version}`.toUpperCase().slice(0, 20);
    await registerStation(place.api, stationId, [DC]);
    await registerStation(place.api, elsewhere(stationId));
    await place.api.ok('PUT', `/v1/tokens/${idToken}`, { status: 'Active', budget: { sessionsPerDay: 1, timeZone: whereItIsNoon() } });
    const station = await VirtualStation.connect({ id: stationId, version, url: place.ocppUrl, evse: DC, sampleSeconds: SAMPLE_SECONDS });
    return new Journey(place, version, stationId, idToken, station);
  }

  end(): Promise<void> {
    return this.station.stop();
  }

  async take(step: JourneyStep): Promise<void> {
    switch (step) {
      case 'reserve':
        return this.reserve();
      case 'hold':
        await this.untilReservation({ state: 'Active', stationHold: 'Held' });
        return;
      case 'take back':
        return this.takeBack();
      case 'ask':
        return this.ask();
      case 'plug in':
        return this.plugIn();
      case 'be refused elsewhere':
        return this.beRefusedElsewhere();
      case 'charge':
        return this.charge(LIMIT_WH / 2);
      case 'reach the limit':
        return this.reachLimit();
      case 'unplug':
        return this.unplug();
      case 'be told':
        return this.beTold();
      case 'read the receipt':
        return this.readReceipt();
    }
  }

  private async reserve(): Promise<void> {
    const wish = { stationId: this.stationId, evseId: 1, idToken: this.idToken };
    const answer = await this.app.post('/v1/reservations', wish);
    // The first try was heard though its answer was not: the EVSE is held for this driver already.
    if (answer.status === 409) {
      this.reservationId = await eventually(
        `the reservation that is the reason of ${JSON.stringify(answer.body)}`,
        async () => {
          const { data } = await this.place.api.get<{ data: ReservationView[] }>(`/v1/reservations?stationId=${this.stationId}`);
          expect(data.length).toBeLessThanOrEqual(1);
          return data[0]?.reservationId;
        },
        DEADLINE_MS,
      );
      return;
    }
    expect(answer.status).toBe(201);
    this.reservationId = String(answer.body['reservationId']);
  }

  /** A first wish, for less, is given up before anybody has plugged in. */
  private async takeBack(): Promise<void> {
    const made = await this.app.start({ ...this.order, limit: { energyWh: LIMIT_WH / 4 } });
    this.takenBack.push(...made);
    for (const startRequestId of made) {
      const { status, body } = await this.app.post(`/v1/start-requests/${startRequestId}/cancel`);
      expect(status).toBe(200);
      // A start that the crash took away was never accepted.
      expect(['Cancelled', ...(startRequestId === made.at(-1) ? [] : ['Refused', 'Lapsed'])]).toContain(body['state']);
    }
  }

  /** Nobody has plugged in yet: the station accepts, and waits for the car. */
  private async ask(): Promise<void> {
    this.starts.push(...(await this.app.start({ ...this.order, limit: { energyWh: LIMIT_WH } })));
    const { line } = this.station.simulated;
    await line.until(() => line.isRegistered && line.isIdle);
  }

  private get order(): object {
    return { stationId: this.stationId, evseId: 1, idToken: this.idToken };
  }

  /** The one session of the day is under way: the first answer that another station gets refuses the next. */
  private async beRefusedElsewhere(): Promise<void> {
    const [url] = [this.place.ocppUrl].flat();
    const status = await eventually(
      'an answer at another station',
      async () => {
        const other = await RawStation.connect({ url: url ?? '', stationId: elsewhere(this.stationId) });
        try {
          const start = { connectorId: 1, idTag: this.idToken, meterStart: 0, timestamp: new Date().toISOString() };
          const { idTagInfo } = await other.result<{ idTagInfo: { status: string } }>('StartTransaction', start);
          return idTagInfo.status;
        } finally {
          other.socket.terminate();
        }
      },
      DEADLINE_MS,
    );
    expect(status).toBe('Blocked');
  }

  private async plugIn(): Promise<void> {
    await this.station.catchUp();
    await this.station.play({ do: 'plugIn', soc: SOC });
    this.entry = this.station.simulated.evse(1)?.transaction;
    expect(this.entry).toBeDefined();
    await this.station.simulated.line.until(() => this.entry?.start === 'answered');
    const transactionId = String(this.entry?.transactionId);
    await this.untilReservation({ state: 'Used', transactionId });
    const session = await this.session();
    await eventually(
      'the request became the session',
      async () => (await this.started())?.sessionId === session.sessionId || undefined,
      DEADLINE_MS,
    );
  }

  /** Reading by reading, so that the platform has the time a real charge gives it. */
  private async charge(untilWh: number): Promise<void> {
    while ((this.entry?.deliveredWh ?? 0) < untilWh && this.station.simulated.evse(1)?.transaction !== undefined) {
      await this.station.play({ do: 'wait', seconds: SAMPLE_SECONDS });
      await this.session(({ energyWh }) => energyWh >= (this.entry?.deliveredWh ?? 0));
    }
  }

  private async reachLimit(): Promise<void> {
    await this.charge(LIMIT_WH);
    const { line } = this.station.simulated;
    await line.until(() => this.entry?.stop === 'answered' && line.isRegistered && line.isIdle);
    const session = await this.session(({ state }) => state === 'Ended');
    expect(session).toMatchObject({ stoppedReason: 'Remote', energyWh: this.entry?.deliveredWh });
    // What waits for a platform that is dead is told late, like what a station kept while it was offline.
    expect(session.flags.filter((flag) => flag !== 'OfflineStart')).toEqual([]);
    expect(session.energyWh).toBeGreaterThanOrEqual(LIMIT_WH);
    expect(session.overshootWh).toBe(session.energyWh - LIMIT_WH || null);
    expect(session.overshootWh ?? 0).toBeLessThan(OVERSHOOT_WH_MAX);
  }

  private async unplug(): Promise<void> {
    await this.station.play({ do: 'wait', seconds: IDLE_SECONDS }, { do: 'unplug' });
    const { idleSeconds } = await this.session((session) => session.idleSeconds !== null);
    expect(idleSeconds).toBe(IDLE_SECONDS);
  }

  /** The driver is told each thing once: what comes again has the id it had. */
  private async beTold(): Promise<void> {
    const { receiver } = this.place;
    await receiver.isTold(this.stationId, 'SessionEnded', DEADLINE_MS);
    await this.app.toldAll(this.stationId);
    const told = receiver.toldOf(this.stationId);
    expect(told.map(({ type }) => type).toSorted()).toEqual(TOLD);
    const energyWh = this.entry?.deliveredWh;
    for (const type of ['ChargingEnded', 'SessionEnded']) expect(told.find((each) => each.type === type)?.data).toMatchObject({ energyWh });
    expect(told.find(({ type }) => type === 'LimitReached')?.data).toMatchObject({ dimension: 'energy' });
    expect(told.find(({ type }) => type === 'BatteryAt')?.data).toMatchObject({ percent: 90 });
  }

  /** To the cent, of what the station itself counted. */
  private async readReceipt(): Promise<void> {
    const { sessionId } = await this.session();
    const receipt = await this.app.get<Receipt>(`/v1/sessions/${sessionId}/receipt`);
    const { deliveredWh = 0, startedAt = 0, stoppedAt = 0 } = this.entry ?? {};
    const parts = [
      new Decimal(PRICE.perKwh).mul(deliveredWh).div(1_000),
      new Decimal(PRICE.perMinute).mul(stoppedAt - startedAt).div(60_000),
      new Decimal(PRICE.perSession),
    ].map((part) => part.toDecimalPlaces(2, Decimal.ROUND_HALF_UP));
    const money = (amount: Decimal | undefined): Money => ({ amount: (amount ?? new Decimal(0)).toFixed(2), currency: PRICE.currency });
    expect([receipt.energyCost, receipt.timeCost, receipt.sessionCost]).toEqual(parts.map(money));
    expect(receipt.total).toEqual(money(Decimal.sum(...parts)));
    expect(receipt.curve.at(-1)?.energyWh).toBe(deliveredWh);
    expect((await this.app.get<{ data: unknown[] }>(`/v1/sessions?stationId=${this.stationId}`)).data).toHaveLength(1);
    for (const startRequestId of this.takenBack) {
      const { state, sessionId } = await this.app.get<StartRequest>(`/v1/start-requests/${startRequestId}`);
      expect([state, sessionId]).not.toContain('Started');
      expect(sessionId).toBeNull();
    }
  }

  private async started() {
    const requests = await Promise.all(this.starts.map((id) => this.app.startRequest(id)));
    return requests.find(({ state }) => state === 'Started');
  }

  private untilReservation(expected: Partial<ReservationView>): Promise<ReservationView> {
    return untilReservation(this.place.api, this.reservationId, expected, DEADLINE_MS);
  }

  private session(is?: (found: Session) => boolean): Promise<Session> {
    return this.app.session(this.stationId, is);
  }
}

const elsewhere = (stationId: string): string => `${stationId}-b`;

/** A time zone whose day neither begins nor ends while a test runs. */
function whereItIsNoon(): string {
  const hours = new Date().getUTCHours();
  // Its name counts the other way: Etc/GMT-3 is three hours ahead.
  return hours <= 12 ? `Etc/GMT-${12 - hours}` : `Etc/GMT+${hours - 12}`;
}
