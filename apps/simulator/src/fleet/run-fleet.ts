import { CAR_MODELS, Car } from '../car/car.js';
import type { CarModel } from '../car/charging-curve.js';
import { Ledger, type LedgerSummary } from '../ledger.js';
import { type Random, seededRandom } from '../random.js';
import type { EvseOptions } from '../station/evse.js';
import type { OcppVersion } from '../station/protocol.js';
import { SimulatedStation } from '../station/station.js';
import type { StationEvent, StationOptions } from '../station/station-options.js';
import type { SecurityOptions } from '../station/station-security.js';
import { TurnedAway } from '../station/turned-away.js';
import { ScaledClock, type SimulationClock } from '../time/clock.js';

export interface FleetOptions extends Pick<StationOptions, 'callTimeoutMs' | 'reconnectMs' | 'retryIds' | 'settings' | 'onEvent'> {
  /** One address or several; station n begins with address n. */
  readonly url: string | readonly [string, ...string[]];
  readonly count: number;
  /** Dealt out in turn. Default: both. */
  readonly versions?: readonly [OcppVersion, ...OcppVersion[]];
  readonly passwordOf?: (stationId: string) => string | undefined;
  readonly securityOf?: (stationId: string) => SecurityOptions;
  /** Default: `SIM-0001` and so on. */
  readonly idOf?: (index: number) => string;
  readonly tokens: readonly [string, ...string[]];
  /** The same seed gives the same cars, tokens, pauses and failures. */
  readonly seed: number;
  /** Simulated seconds per real second. Default: 60. */
  readonly timeScale?: number;
  /** Simulated seconds. */
  readonly seconds: number;
  /** Instead of one that runs by `timeScale`. */
  readonly clock?: SimulationClock;
  /** Ends the fleet early and in order. */
  readonly signal?: AbortSignal;
  /** Goes on trying where the CSMS lets in no station at all. Default: no, the fleet ends then. */
  readonly keepsTrying?: boolean;
  /** So long stations are refused before that is the end, real ms. */
  readonly hopelessMs?: number;
  /** Mean pause between two cars, simulated seconds. Default: 600. */
  readonly pauseSeconds?: number;
  /** Share of sessions in which the station goes offline for a while. Default: 0.1. */
  readonly offlineShare?: number;
  /** Share of sessions in which the answer to a start or a stop is lost. Default: 0.05. */
  readonly lostAnswerShare?: number;
  /** Clocks are wrong by up to this. Default: 0. */
  readonly clockErrorSeconds?: number;
  /** Real ms in which the last messages have to be answered after the end. Default: 60 000. */
  readonly settleMs?: number;
  readonly onProgress?: (progress: FleetProgress) => void;
}

export interface FleetProgress extends LedgerSummary {
  readonly stations: number;
  readonly online: number;
  /** Share of the time that is over, 0..1. */
  readonly share: number;
}

export interface FleetResult extends LedgerSummary {
  readonly stations: number;
  /** Stations that never were accepted. */
  readonly neverAccepted: number;
  /** Why the CSMS did not let stations in, and how many of them, by words. */
  readonly turnedAway: Readonly<Record<string, number>>;
  /** Authorize answers other than Accepted. */
  readonly refusedTokens: number;
  readonly disconnects: number;
  /** Transactions whose start or stop was not answered at the end. */
  readonly unsettled: number;
  /** What truly happened, one entry for each transaction. */
  readonly ledger: Ledger;
}

const PLACES: readonly [readonly EvseOptions[], ...(readonly EvseOptions[])[]] = [
  [{ kind: 'AC', powerWMax: 11_000 }],
  [
    { kind: 'AC', powerWMax: 22_000 },
    { kind: 'AC', powerWMax: 22_000 },
  ],
  [{ kind: 'DC', powerWMax: 150_000 }],
];
const MODELS: readonly [CarModel, ...CarModel[]] = [CAR_MODELS.city, CAR_MODELS.family, CAR_MODELS.touring];
const PROGRESS_MS = 500;

/** Lets stations charge random cars for a time, with what goes wrong in the field, and says what truly happened. */
export async function runFleet(options: FleetOptions): Promise<FleetResult> {
  const fleet = new Fleet(options);
  return await fleet.run();
}

interface Visits {
  readonly evseId: number;
  readonly random: Random;
  /** Until the time of the fleet is over. */
  readonly time: Promise<void>;
}

class Fleet {
  private readonly clock: SimulationClock;
  private readonly ledger = new Ledger();
  private readonly stations: SimulatedStation[] = [];
  private readonly accepted = new Set<string>();
  private readonly refusals = new Map<string, TurnedAway>();
  /** Why, by station. */
  private readonly turnedAway = new Map<string, string>();
  private readonly hopeless = Promise.withResolvers<void>();
  private refusedTokens = 0;
  private disconnects = 0;
  private isStopping = false;
  private readonly endsAt: number;
  private readonly startedAt: number;

  constructor(private readonly options: FleetOptions) {
    const scale = options.timeScale ?? 60;
    // Fast time starts in the past, so that it is now when the fleet ends and nothing lies in the future.
    this.clock = options.clock ?? new ScaledClock(scale, Date.now() - options.seconds * 1000 * Math.max(0, 1 - 1 / scale));
    this.startedAt = this.clock.now();
    this.endsAt = this.startedAt + options.seconds * 1000;
  }

  async run(): Promise<FleetResult> {
    const { options } = this;
    const random = seededRandom(options.seed);
    const time = this.clock.pass(options.seconds * 1000);
    const work: Promise<void>[] = [];
    for (let index = 0; index < options.count; index += 1) {
      const draws = random.fork();
      const station = this.newStation(index, draws);
      this.stations.push(station);
      for (const evse of station.evses) work.push(this.visits(station, { evseId: evse.id, random: draws.fork(), time }));
    }
    const watch = setInterval(() => this.report(), PROGRESS_MS);
    const aborted = new Promise<void>((resolve) => {
      if (options.signal?.aborted === true) resolve();
      options.signal?.addEventListener('abort', () => resolve(), { once: true });
    });
    try {
      await Promise.race([Promise.all([time, ...work]), aborted, this.hopeless.promise]);
      await this.finish();
    } finally {
      clearInterval(watch);
    }
    this.report();
    return this.result();
  }

  private newStation(index: number, random: Random): SimulatedStation {
    const { options } = this;
    const id = options.idOf?.(index) ?? `SIM-${String(index + 1).padStart(4, '0')}`;
    const versions = options.versions ?? (['1.6', '2.0.1'] as const);
    const password = options.passwordOf?.(id);
    const wrongBy = (options.clockErrorSeconds ?? 0) * 1000;
    const station: StationOptions = {
      id,
      version: versions[index % versions.length] ?? versions[0],
      url: rotated(options.url, index),
      clock: this.clock,
      ledger: this.ledger,
      random: random.next,
      clockOffsetMs: Math.round(random.between(-wrongBy, wrongBy)),
      evses: PLACES[index % PLACES.length] ?? PLACES[0],
      reconnectMs: options.reconnectMs ?? [200, 5_000],
      retryIds: options.retryIds ?? (index % 2 === 0 ? 'new' : 'same'),
      onEvent: (event) => this.observe(event),
      ...(password === undefined ? {} : { password }),
      ...(options.securityOf === undefined ? {} : { security: options.securityOf(id) }),
      ...(options.callTimeoutMs === undefined ? {} : { callTimeoutMs: options.callTimeoutMs }),
      ...(options.settings === undefined ? {} : { settings: options.settings }),
    };
    return new SimulatedStation(station);
  }

  private observe(event: StationEvent): void {
    if (event.type === 'registered') this.accepted.add(event.stationId);
    // A frame came in: it is let in, and if only to wait in quarantine.
    if (event.type === 'registered' || (event.type === 'frame' && event.direction === 'in')) this.turnedAway.delete(event.stationId);
    if (!this.accepted.has(event.stationId)) this.look(event);
    if (event.type === 'disconnected' && !this.isStopping) this.disconnects += 1;
    this.options.onEvent?.(event);
  }

  /** Some may be let in later, as real ones are; where none is, that would be waited for in vain. */
  private look(event: StationEvent): void {
    const { stationId } = event;
    const refusals = this.refusals.get(stationId) ?? new TurnedAway(this.options.hopelessMs);
    this.refusals.set(stationId, refusals);
    const why = refusals.observe(event);
    if (why === undefined) return;
    this.turnedAway.set(stationId, why);
    if (this.options.keepsTrying !== true && this.turnedAway.size === this.options.count) this.hopeless.resolve();
  }

  private get isOver(): boolean {
    return this.isStopping || this.clock.now() >= this.endsAt;
  }

  private sleep(seconds: number): Promise<void> {
    return this.clock.pass(Math.max(0, Math.min(seconds * 1000, this.endsAt - this.clock.now())));
  }

  /** One car after the other, until the time is over. */
  private async visits(station: SimulatedStation, { evseId, random, time }: Visits): Promise<void> {
    const pause = this.options.pauseSeconds ?? 600;
    await Promise.race([station.connect(), time]);
    await this.sleep(random.between(0, pause));
    while (!this.isOver) {
      await this.visit(station, evseId, random);
      await this.sleep(random.exponential(pause));
    }
  }

  private async visit(station: SimulatedStation, evseId: number, random: Random): Promise<void> {
    const { options } = this;
    const token = random.pick(options.tokens);
    const seconds = random.between(300, 3_600);
    const isOffline = random.chance(options.offlineShare ?? 0.1);
    const isLost = random.chance(options.lostAnswerShare ?? 0.05);
    station.plugIn(evseId, new Car(random.pick(MODELS), random.between(0.05, 0.7)));
    await this.sleep(random.between(5, 30));
    const status = station.line.isRegistered ? await station.authorize(token) : 'Accepted';
    if (this.isStopping) return;
    if (status !== undefined && status !== 'Accepted') this.refusedTokens += 1;
    else if (station.evse(evseId)?.transaction === undefined) {
      if (isLost) station.line.loseNextAnswer(actionToLose(station.version, random), random.pick(['close', 'ignore', 'cut']));
      if (station.swipe(evseId, token) === undefined) this.refusedTokens += 1;
      await this.sleep(seconds / 3);
      if (isOffline && !this.isStopping) await station.goOffline('broken');
      await this.sleep(seconds / 3);
      if (!this.isStopping) station.line.connect();
      await this.sleep(seconds / 3);
    }
    if (this.isStopping) return;
    station.stopTransaction(evseId, 'Local', token);
    station.unplug(evseId);
  }

  /** Ends what runs, lets everything be said, and switches off. */
  private async finish(): Promise<void> {
    this.isStopping = true;
    for (const station of this.stations) {
      for (const evse of station.evses) station.stopTransaction(evse.id, 'Local');
      if (this.accepted.has(station.id)) station.line.connect();
    }
    const known = this.stations.filter((station) => this.accepted.has(station.id));
    let deadline: NodeJS.Timeout | undefined;
    await Promise.race([
      Promise.all(known.map((station) => station.idle())),
      new Promise((resolve) => {
        deadline = setTimeout(resolve, this.options.settleMs ?? 60_000);
      }),
    ]);
    clearTimeout(deadline);
    await Promise.all(this.stations.map((station) => station.stop()));
    if (this.options.clock === undefined) this.clock.dispose();
  }

  private report(): void {
    const share = Math.min(1, (this.clock.now() - this.startedAt) / (this.endsAt - this.startedAt));
    const online = this.stations.filter((station) => station.line.isRegistered).length;
    this.options.onProgress?.({ ...this.ledger.summary(), stations: this.stations.length, online, share });
  }

  private refused(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const why of this.turnedAway.values()) counts[why] = (counts[why] ?? 0) + 1;
    return counts;
  }

  private result(): FleetResult {
    const summary = this.ledger.summary();
    return {
      ...summary,
      stations: this.stations.length,
      neverAccepted: this.stations.length - this.accepted.size,
      turnedAway: this.refused(),
      refusedTokens: this.refusedTokens,
      disconnects: this.disconnects,
      unsettled: summary.transactions - summary.settled,
      ledger: this.ledger,
    };
  }
}

const actionToLose = (version: OcppVersion, random: Random): string =>
  version !== '1.6' ? 'TransactionEvent' : random.pick(['StartTransaction', 'MeterValues', 'StopTransaction']);

/** The addresses, beginning with the station's own. */
function rotated(url: FleetOptions['url'], index: number): string | readonly [string, ...string[]] {
  if (typeof url === 'string') return url;
  const from = index % url.length;
  const [first = url[0], ...others] = [...url.slice(from), ...url.slice(0, from)];
  return [first, ...others];
}
