import type { OcppVersion } from '@voltlog/simulator-app';
import { expect } from 'vitest';
import { registerStation, type SessionView } from './fleet.js';
import { DEADLINE_MS, InsistentApp, type StartRequest } from './insistent-app.js';
import type { JourneyPlace } from './journey.js';
import { VirtualStation } from './virtual-station.js';

const AC = { kind: 'AC', powerWMax: 11_000 } as const;
const SAMPLE_SECONDS = 15;

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
    private readonly station: VirtualStation,
  ) {
    this.app = new InsistentApp(place.api);
  }

  static async begin(place: JourneyPlace, version: OcppVersion, name: string): Promise<TakenBack> {
    const stationId = `back-${name}-${version}`;
    const idToken = `B-${name}-${version}`.toUpperCase().slice(0, 20);
    await registerStation(place.api, stationId);
    await place.api.ok('PUT', `/v1/tokens/${idToken}`, { status: 'Active' });
    const station = await VirtualStation.connect({ id: stationId, version, url: place.ocppUrl, evse: AC, sampleSeconds: SAMPLE_SECONDS });
    return new TakenBack(place, stationId, idToken, station);
  }

  end(): Promise<void> {
    return this.station.stop();
  }

  async take(step: TakenBackStep): Promise<void> {
    switch (step) {
      case 'ask':
        this.made = await this.app.start({ stationId: this.stationId, evseId: 1, idToken: this.idToken }, true);
        return;
      case 'take back':
        for (const id of this.made) expect((await this.app.post(`/v1/start-requests/${id}/cancel`)).status).toBe(200);
        return;
      case 'plug in':
        await this.station.catchUp();
        await this.station.play({ do: 'plugIn' });
        await this.session();
        return;
      case 'be stopped':
        return this.beStopped();
      case 'unplug':
        await this.station.play({ do: 'unplug' });
        await this.session(({ idleSeconds }) => idleSeconds !== null);
        return;
      case 'be told':
        return this.beTold();
    }
  }

  private async beStopped(): Promise<void> {
    const session = await this.session(({ state }) => state === 'Ended');
    expect(session).toMatchObject({ stoppedReason: 'Remote', endCause: 'Operator' });
    // A station of 1.6 does not say of which it came: each finds it at its own next look, and the first has stopped it by then.
    const last = this.made.at(-1) ?? '';
    await this.app.startRequest(last, ({ sessionId }) => sessionId === session.sessionId);
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
}
