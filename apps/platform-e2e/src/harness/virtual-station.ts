import { type EvseOptions, type OcppVersion, runScript, SimulatedStation, type Step, VirtualClock } from '@voltlog/simulator-app';
import { STATION_PASSWORD } from './fleet.js';
import { DEADLINE_MS } from './insistent-app.js';

/** Virtual time begins so far back, and is nowhere so wrong that the platform distrusts it. */
const CLOCK_BEHIND_MS = 30_000;

export interface VirtualStationOptions {
  readonly id: string;
  readonly version: OcppVersion;
  readonly url: string | readonly [string, ...string[]];
  readonly evse: EvseOptions;
  /** Between two meter values. */
  readonly sampleSeconds: number;
}

/** A simulated station in virtual time, which outlives the platform that it is connected to. */
export class VirtualStation {
  private constructor(
    readonly simulated: SimulatedStation,
    private readonly clock: VirtualClock,
  ) {}

  /** Connected and idle. */
  static async connect({ id, version, url, evse, sampleSeconds }: VirtualStationOptions): Promise<VirtualStation> {
    const clock = new VirtualClock(Date.now() - CLOCK_BEHIND_MS);
    const simulated = new SimulatedStation({
      id,
      version,
      url,
      password: STATION_PASSWORD,
      clock,
      evses: [evse],
      settings: { [version === '1.6' ? 'MeterValueSampleInterval' : 'SampledDataCtrlr.TxUpdatedInterval']: String(sampleSeconds) },
      reconnectMs: [5, 200],
    });
    await simulated.connect();
    await simulated.idle();
    return new VirtualStation(simulated, clock);
  }

  async stop(): Promise<void> {
    await this.simulated.stop();
    this.clock.dispose();
  }

  play(...steps: Step[]): Promise<void> {
    return runScript(this.simulated, steps, { stepMs: DEADLINE_MS });
  }

  /** A station's clock goes on while a platform is dead. */
  async catchUp(): Promise<void> {
    const behindMs = Date.now() - CLOCK_BEHIND_MS - this.clock.now();
    if (behindMs > 0) await this.play({ do: 'wait', seconds: behindMs / 1_000 });
  }
}
