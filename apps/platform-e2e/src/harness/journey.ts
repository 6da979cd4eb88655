import { randomUUID } from 'node:crypto';
import { type LedgerEntry, type OcppVersion, runScript, SimulatedStation, type Step, VirtualClock } from '@voltlog/simulator-app';
import { Decimal } from 'decimal.js';
import { expect } from 'vitest';
import type { Api } from './api.js';
import { eventually } from './eventually.js';
import { registerStation, type SessionView, STATION_PASSWORD } from './fleet.js';
import { type ReservationView, untilReservation } from './reservations.js';
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
/** Virtual time begins so far back, and is nowhere in the journey so wrong that the platform distrusts it. */
const CLOCK_BEHIND_MS = 30_000;

/** A crash, a consumer that is missed by its group, a command that is asked again: each takes its time. */
const DEADLINE_MS = 120_000;

/** What a driver who asked for all of it is told, in any order: those of a charge overtake each other on the way. */
const TOLD = ['BatteryAt', 'ChargingEnded', 'ChargingStarted', 'LimitReached', 'ParkingStarted', 'ReservationConfirmed', 'SessionEnded'];

export const STEPS = ['reserve', 'hold', 'ask', 'plug in', 'charge', 'reach the limit', 'unplug', 'be told', 'read the receipt'] as const;
export type JourneyStep = (typeof STEPS)[number];

interface StartRequest {
  readonly startRequestId: string;
  readonly state: string;
  readonly sessionId: string | null;
}

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
  private reservationId = '';
  private entry: LedgerEntry | undefined;

  private constructor(
    private readonly place: JourneyPlace,
    readonly version: OcppVersion,
    readonly stationId: string,
    private readonly idToken: string,
    readonly station: SimulatedStation,
    private readonly clock: VirtualClock,
  ) {}

  static async begin(place: JourneyPlace, version: OcppVersion, name: string): Promise<Journey> {
    const stationId = `journey-${name}-${version}`;
    const idToken = `J-${name}-${version}`.toUpperCase().slice(0, 20);
    await registerStation(place.api, stationId, [DC]);
    await place.api.ok('PUT', `/v1/tokens/${idToken}`, { status: 'Active' });
    const clock = new VirtualClock(Date.now() - CLOCK_BEHIND_MS);
    const station = new SimulatedStation({
      id: stationId,
      version,
      url: place.ocppUrl,
      password: STATION_PASSWORD,
      clock,
      evses: [DC],
      settings: { [version === '1.6' ? 'MeterValueSampleInterval' : 'SampledDataCtrlr.TxUpdatedInterval']: String(SAMPLE_SECONDS) },
      reconnectMs: [5, 200],
    });
    await station.connect();
    await station.idle();
    return new Journey(place, version, stationId, idToken, station, clock);
  }

  async end(): Promise<void> {
    await this.station.stop();
    this.clock.dispose();
  }

  async take(step: JourneyStep): Promise<void> {
    switch (step) {
      case 'reserve':
        return this.reserve();
      case 'hold':
        await this.untilReservation({ state: 'Active', stationHold: 'Held' });
        return;
      case 'ask':
        return this.ask();
      case 'plug in':
        return this.plugIn();
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
    const answer = await this.insist('/v1/reservations', wish);
    // The first try was heard though its answer was not: the EVSE is held for this driver already.
    if (answer.status === 409) {
      const { data } = await this.read<{ data: ReservationView[] }>(`/v1/reservations?stationId=${this.stationId}`);
      expect(data).toHaveLength(1);
      this.reservationId = data[0]?.reservationId ?? '';
      return;
    }
    expect(answer.status).toBe(201);
    this.reservationId = String(answer.body['reservationId']);
  }

  /** Nobody has plugged in yet: the station accepts, and waits for the car. */
  private async ask(): Promise<void> {
    const order = { stationId: this.stationId, evseId: 1, idToken: this.idToken, limit: { energyWh: LIMIT_WH } };
    await eventually(
      'the station accepts the start',
      async () => {
        const { status, body } = await this.insist('/v1/start-requests', order);
        if (status !== 201) throw new Error(JSON.stringify(body));
        this.starts.push(String(body['startRequestId']));
        return body['state'] === 'Accepted' || undefined;
      },
      DEADLINE_MS,
    );
    await this.station.line.until(() => this.station.line.isRegistered && this.station.line.isIdle);
  }

  private async plugIn(): Promise<void> {
    await this.play({ do: 'plugIn', soc: SOC });
    this.entry = this.station.evse(1)?.transaction;
    expect(this.entry).toBeDefined();
    await this.station.line.until(() => this.entry?.start === 'answered');
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
    while ((this.entry?.deliveredWh ?? 0) < untilWh && this.station.evse(1)?.transaction !== undefined) {
      await this.play({ do: 'wait', seconds: SAMPLE_SECONDS });
      await this.session(({ energyWh }) => energyWh >= (this.entry?.deliveredWh ?? 0));
    }
  }

  private async reachLimit(): Promise<void> {
    await this.charge(LIMIT_WH);
    const { line } = this.station;
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
    await this.play({ do: 'wait', seconds: IDLE_SECONDS }, { do: 'unplug' });
    const { idleSeconds } = await this.session((session) => session.idleSeconds !== null);
    expect(idleSeconds).toBe(IDLE_SECONDS);
  }

  /** The driver is told each thing once: what comes again has the id it had. */
  private async beTold(): Promise<void> {
    const { api, receiver } = this.place;
    await receiver.isTold(this.stationId, 'SessionEnded', DEADLINE_MS);
    await eventually('nothing is left to tell', async () => (await this.untold(api)) === 0 || undefined, DEADLINE_MS);
    const told = receiver.toldOf(this.stationId);
    expect(told.map(({ type }) => type).toSorted()).toEqual(TOLD);
    const energyWh = this.entry?.deliveredWh;
    for (const type of ['ChargingEnded', 'SessionEnded']) expect(told.find((each) => each.type === type)?.data).toMatchObject({ energyWh });
    expect(told.find(({ type }) => type === 'LimitReached')?.data).toMatchObject({ dimension: 'energy' });
    expect(told.find(({ type }) => type === 'BatteryAt')?.data).toMatchObject({ percent: 90 });
  }

  private async untold(api: Api): Promise<number> {
    const { data } = await api.get<{ data: { stationId: string }[] }>('/v1/deliveries?state=Pending&limit=200');
    return data.filter(({ stationId }) => stationId === this.stationId).length;
  }

  /** To the cent, of what the station itself counted. */
  private async readReceipt(): Promise<void> {
    const { sessionId } = await this.session();
    const receipt = await this.read<Receipt>(`/v1/sessions/${sessionId}/receipt`);
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
    expect((await this.read<{ data: unknown[] }>(`/v1/sessions?stationId=${this.stationId}`)).data).toHaveLength(1);
  }

  // ---- as an app does it ----

  /** Asks until there is an answer. A key that an ask which died has taken is given up: whoever asked looks at what came of it. */
  private async insist(path: string, body: object): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
    let key = randomUUID();
    return eventually(
      `an answer to POST ${path}`,
      async () => {
        const answer = await this.place.api.call('POST', path, body, { 'idempotency-key': key });
        if (String(answer.body['type']).includes('idempotency')) key = randomUUID();
        else if (answer.status < 500) return answer;
        throw new Error(JSON.stringify(answer.body));
      },
      DEADLINE_MS,
    );
  }

  private read<Body>(path: string): Promise<Body> {
    return eventually(`an answer to GET ${path}`, () => this.place.api.get<Body>(path), DEADLINE_MS);
  }

  private async started(): Promise<StartRequest | undefined> {
    const requests = await Promise.all(this.starts.map((id) => this.place.api.get<StartRequest>(`/v1/start-requests/${id}`)));
    return requests.find(({ state }) => state === 'Started');
  }

  private untilReservation(expected: Partial<ReservationView>): Promise<ReservationView> {
    return untilReservation(this.place.api, this.reservationId, expected, DEADLINE_MS);
  }

  private session(is: (found: Session) => boolean = () => true): Promise<Session> {
    return eventually(
      `a session of ${this.stationId}`,
      async () => {
        const { data } = await this.place.api.get<{ data: Session[] }>(`/v1/sessions?stationId=${this.stationId}`);
        return data[0] !== undefined && is(data[0]) ? data[0] : undefined;
      },
      DEADLINE_MS,
    );
  }

  private play(...steps: Step[]): Promise<void> {
    return runScript(this.station, steps, { stepMs: DEADLINE_MS });
  }
}
