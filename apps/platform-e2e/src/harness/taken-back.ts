import { type OcppVersion, runScript, SimulatedStation, type Step, VirtualClock } from '@voltlog/simulator-app';
import { expect } from 'vitest';
import { registerStation, type SessionView, STATION_PASSWORD } from './fleet.js';
import { DEADLINE_MS, InsistentApp, type StartRequest } from './insistent-app.js';
import type { JourneyPlace } from './journey.js';

const AC = { kind: 'AC', powerWMax: 11_000 } as const;
const SAMPLE_SECONDS = 15;
/** Virtual time begins so far back, and is nowhere so wrong that the platform distrusts it. */
const CLOCK_BEHIND_MS = 30_000;

export const TAKEN_BACK_STEPS = ['ask', 'take back', 'plug in', 'be stopped', 'unplug', 'be told'] as const;
export type TakenBackStep = (typeof TAKEN_BACK_STEPS)[number];

interface Session extends SessionView {
  readonly endCause: string | null;
  readonly idleSeconds: number | null;
}

/** A start that is taken back, and a car that is plugged in all the same: the station begins, and is to be stopped. */
export class TakenBack {
  private readonly app: InsistentApp;
  private made: readonly string[] = [];

  private constructor(
    private readonly place: JourneyPlace,
    readonly stationId: string,
    private readonly idToken: string,
    private readonly station: SimulatedStation,
    private readonly clock: VirtualClock,
  ) {
    this.app = new InsistentApp(place.api);
  }

  static async begin(place: JourneyPlace, version: OcppVersion, name: string): Promise<TakenBack> {
    const stationId = `back-${name}-${version}`;
    const idToken = `B-${name}-${version}`.toUpperCase().slice(0, 20);
    await registerStation(place.api, stationId);
    await place.api.ok('PUT', `/v1/tokens/${idToken}`, { status: 'Active' });
    const clock = new VirtualClock(Date.now() - CLOCK_BEHIND_MS);
    const station = new SimulatedStation({
      id: stationId,
      version,
      url: place.ocppUrl,
      password: STATION_PASSWORD,
      clock,
      evses: [AC],
      settings: { [version === '1.6' ? 'MeterValueSampleInterval' : 'SampledDataCtrlr.TxUpdatedInterval']: String(SAMPLE_SECONDS) },
      reconnectMs: [5, 200],
    });
    await station.connect();
    await station.idle();
    return new TakenBack(place, stationId, idToken, station, clock);
  }

  async end(): Promise<void> {
    await this.station.stop();
    this.clock.dispose();
  }

  async take(step: TakenBackStep): Promise<void> {
    switch (step) {
      case 'ask':
        this.made = await this.app.start({ stationId: this.stationId, evseId: 1, idToken: this.idToken }, true);
        return;
      case 'take back':
        for (const id of this.made) await this.app.post(`/v1/start-requests/${id}/cancel`);
        return;
      case 'plug in':
        await this.catchUp();
        await this.play({ do: 'plugIn' });
        await this.session();
        return;
      case 'be stopped':
        return this.beStopped();
      case 'unplug':
        await this.play({ do: 'unplug' });
        await this.session(({ idleSeconds }) => idleSeconds !== null);
        return;
      case 'be told':
        return this.beTold();
    }
  }

  private async beStopped(): Promise<void> {
    const session = await this.session(({ state }) => state === 'Ended');
    expect(session).toMatchObject({ stoppedReason: 'Remote', endCause: 'Operator' });
    const requests = await Promise.all(this.made.map((id) => this.app.get<StartRequest>(`/v1/start-requests/${id}`)));
    expect(requests.filter(({ state }) => state === 'Started')).toEqual([]);
    expect(requests.at(-1)).toMatchObject({ state: 'Cancelled', sessionId: session.sessionId });
  }

  /** One session, and of each thing about it once. */
  private async beTold(): Promise<void> {
    const { receiver } = this.place;
    for (const kind of ['ChargingEnded', 'SessionEnded']) await receiver.isTold(this.stationId, kind, DEADLINE_MS);
    await this.app.toldAll(this.stationId);
    const told = receiver.toldOf(this.stationId).map(({ type }) => type);
    expect(told.toSorted()).toEqual([...new Set(told)].toSorted());
    expect((await this.app.get<{ data: unknown[] }>(`/v1/sessions?stationId=${this.stationId}`)).data).toHaveLength(1);
  }

  private session(is?: (found: Session) => boolean): Promise<Session> {
    return this.app.session(this.stationId, is);
  }

  /** A station's clock goes on while a platform is dead. */
  private async catchUp(): Promise<void> {
    const behindMs = Date.now() - CLOCK_BEHIND_MS - this.clock.now();
    if (behindMs > 0) await this.play({ do: 'wait', seconds: behindMs / 1_000 });
  }

  private play(...steps: Step[]): Promise<void> {
    return runScript(this.station, steps, { stepMs: DEADLINE_MS });
  }
}
