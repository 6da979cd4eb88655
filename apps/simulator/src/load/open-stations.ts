import { basicAuth } from '../station/basic-auth.js';
import type { OcppVersion } from '../station/protocol.js';
import { isFinal, refusalWords } from '../station/turned-away.js';
import { LatencyHistogram, type LatencySummary } from './histogram.js';
import { type LoadDriver, LoadStation } from './load-station.js';

export interface OpenStationsOptions {
  /** `ws://host:port/ocpp` */
  readonly url: string;
  readonly n: number;
  /** Handshakes under way at once; the storm of the bench has 500. */
  readonly concurrency?: number;
  readonly version?: OcppVersion;
  readonly passwordOf?: (stationId: string) => string | undefined;
  /** Default: `LOAD-000001` and so on. */
  readonly idOf?: (index: number) => string;
  readonly firstIndex?: number;
  /** Real ms after which those that are not booted count as failed. Default: 120 000. */
  readonly deadlineMs?: number;
  readonly onProgress?: (booted: number) => void;
}

export interface OpenResult {
  readonly stations: number;
  readonly booted: number;
  /** Connections refused, broken or not accepted, each tried again. */
  readonly retries: number;
  /** Stations given up, since the server does not let them in, by words. */
  readonly turnedAway: Readonly<Record<string, number>>;
  readonly seconds: number;
  /** From the first try of a station to its boot being accepted. */
  readonly latency: LatencySummary;
}

export interface OpenedStations {
  readonly stations: readonly LoadStation[];
  readonly result: OpenResult;
  close(): void;
}

/** First and longest pause before a station tries again, ms. */
const RETRY_MS = [100, 2_000] as const;

/** A station that is not let in is given up at this try: one that was registered a moment ago may not be known everywhere yet. */
const REFUSALS_MAX = 6;

/** What a driver does between loads: nothing. */
const IDLE: LoadDriver = { booted: () => {}, answered: () => {}, lost: () => {} };

export const loadStationId = (index: number): string => `LOAD-${String(index + 1).padStart(6, '0')}`;

/** Connects stations and boots each; resolves when all are booted or the deadline is over. */
export function openStations(options: OpenStationsOptions): Promise<OpenedStations> {
  return new Promise((resolve) => new Opening(options, resolve).start());
}

class Opening implements LoadDriver {
  private readonly stations: LoadStation[] = [];
  private readonly latency = new LatencyHistogram();
  private readonly firstTries: number[] = [];
  private readonly attempts: number[] = [];
  /** Refusals in a row, by station. */
  private readonly refusals: number[] = [];
  private readonly turnedAway: Record<string, number> = {};
  private givenUp = 0;
  private readonly startedAt = performance.now();
  private next = 0;
  private booteds = 0;
  private retries = 0;
  private isOver = false;
  private readonly deadline: NodeJS.Timeout;

  constructor(
    private readonly options: OpenStationsOptions,
    private readonly resolve: (opened: OpenedStations) => void,
  ) {
    this.deadline = setTimeout(() => this.finish(), options.deadlineMs ?? 120_000);
  }

  start(): void {
    if (this.options.n === 0) this.finish();
    for (let index = 0; index < Math.min(this.options.n, this.options.concurrency ?? 500); index += 1) this.openNext();
  }

  booted(station: LoadStation): void {
    this.latency.record(performance.now() - (this.firstTries[station.index] ?? 0));
    this.booteds += 1;
    this.options.onProgress?.(this.booteds);
    this.through();
  }

  /** One station more is booted or given up. */
  private through(): void {
    if (this.booteds + this.givenUp === this.options.n) this.finish();
    else this.openNext();
  }

  answered(): void {}

  lost(station: LoadStation, _reason: string, status?: number): void {
    if (this.isOver) return;
    const refusals = status !== undefined && isFinal(status) ? (this.refusals[station.index] ?? 0) + 1 : 0;
    this.refusals[station.index] = refusals;
    if (status !== undefined && refusals === REFUSALS_MAX) {
      const why = refusalWords(status);
      this.turnedAway[why] = (this.turnedAway[why] ?? 0) + 1;
      this.givenUp += 1;
      this.through();
      return;
    }
    const attempt = this.attempts[station.index] ?? 0;
    this.attempts[station.index] = attempt + 1;
    this.retries += 1;
    const [first, longest] = RETRY_MS;
    setTimeout(() => (this.isOver ? undefined : station.connect()), Math.min(longest, first * 2 ** attempt) * (0.5 + Math.random() / 2));
  }

  private openNext(): void {
    if (this.next >= this.options.n) return;
    const { options } = this;
    const index = this.next;
    this.next += 1;
    const { hostname, port, pathname } = new URL(options.url);
    const stationId = (options.idOf ?? loadStationId)(index + (options.firstIndex ?? 0));
    const password = options.passwordOf?.(stationId);
    const version = options.version ?? '1.6';
    const target = {
      host: hostname,
      port: Number(port || 80),
      path: `${pathname.replace(/\/$/, '')}/${encodeURIComponent(stationId)}`,
      subprotocol: `ocpp${version}`,
      authorization: basicAuth(stationId, password),
    };
    const station = new LoadStation(index, version, target, this);
    this.stations.push(station);
    this.firstTries[index] = performance.now();
    station.connect();
  }

  private finish(): void {
    if (this.isOver) return;
    this.isOver = true;
    clearTimeout(this.deadline);
    const booted = this.stations.filter((station) => station.isBooted);
    for (const station of this.stations) {
      station.driver = IDLE;
      if (!station.isBooted) station.close();
    }
    const result: OpenResult = {
      stations: this.options.n,
      booted: booted.length,
      retries: this.retries,
      turnedAway: this.turnedAway,
      seconds: (performance.now() - this.startedAt) / 1000,
      latency: this.latency.summary(),
    };
    this.resolve({
      stations: booted,
      result,
      close: () => {
        for (const station of booted) station.close();
      },
    });
  }
}
