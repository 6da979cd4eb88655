import type { Clock } from '@voltlog/kernel';
import { isoTime } from '@voltlog/kernel';
import type { Logger } from '@voltlog/telemetry';
import { type Claim, type Claimed, LEASE_RENEW_MS, type Presence } from '../presence/presence.js';
import type { PresenceRow } from '../presence/presence.schema.js';
import type { Dialect } from './actions.js';
import { CLOSE } from './close.js';
import type { FactRecorder } from './facts.js';
import type { OcppWebSocket } from './ocpp-web-socket.js';
import type { AdmittedStation, EdgeParts } from './parts.js';
import { recordConnected, recordDisconnected } from './presence-facts.js';
import { StationSocket } from './station-socket.js';

const SWEEP_MS = 1_000;
/** How often the store is told when stations were last heard; memory knows it to the second. */
const TOUCH_MS = 300_000;
/** Sockets are closed in this many waves a second while draining. */
const WAVES_PER_SECOND = 10;
/** Milliseconds a station gets to answer the close frame of a drain. */
const CLOSE_ANSWER_MS = 500;

export interface StationsParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly facts: FactRecorder;
  readonly presence: Presence;
  readonly instanceId: string;
  /** Tells another instance that its socket of a station is outdated. */
  fence(address: string, stationId: string, epoch: number): void;
}

/** The stations connected to this instance, and the one timer that looks after all of them. */
export class Stations {
  private readonly byId = new Map<string, StationSocket>();
  /** Connected while the store was away. */
  private readonly unclaimed = new Set<StationSocket>();
  private timer: NodeJS.Timeout | undefined;
  private sweptLeaseAtMs = 0;
  private touchedAtMs: number;

  constructor(private readonly parts: StationsParts) {
    this.touchedAtMs = parts.clock.now();
  }

  get size(): number {
    return this.byId.size;
  }

  get(stationId: string): StationSocket | undefined {
    return this.byId.get(stationId);
  }

  all(): Iterable<StationSocket> {
    return this.byId.values();
  }

  start(): void {
    this.timer = setInterval(() => this.sweep(), SWEEP_MS);
    this.timer.unref();
  }

  /** A station let in: it replaces an older socket of the same station. */
  accept(socket: OcppWebSocket, dialect: Dialect, admitted: AdmittedStation, edge: EdgeParts): StationSocket {
    this.byId.get(admitted.stationId)?.close(CLOSE.replaced);
    const station = new StationSocket(socket, dialect, admitted, edge);
    this.byId.set(admitted.stationId, station);
    void this.claim(station);
    return station;
  }

  /** Called by every socket once, however it ended. */
  closed(station: StationSocket, code: number, reason: string): void {
    if (this.byId.get(station.stationId) === station) this.byId.delete(station.stationId);
    this.unclaimed.delete(station);
    if (station.epoch > 0) this.disconnected(station, code, reason);
  }

  /** Closes the socket of a station that connected again elsewhere. */
  fence(stationId: string, epoch: number): boolean {
    const station = this.byId.get(stationId);
    if (station === undefined || station.epoch >= epoch) return false;
    if (station.epoch === 0) {
      // Its claim is still under way: whether it was overtaken is known when that is.
      station.fencedBelow = epoch;
      return false;
    }
    station.close(CLOSE.replaced);
    return true;
  }

  /** Closes all sockets in paced waves, each once its call in work is answered; at the end those that are not. */
  async drain(durationMs: number): Promise<void> {
    const sockets = [...this.byId.values()];
    const waves = Math.max(1, Math.ceil((durationMs / 1_000) * WAVES_PER_SECOND));
    const perWave = Math.ceil(sockets.length / waves);
    let open = sockets;
    const deadline = this.parts.clock.now() + durationMs;
    while (open.length > 0 && this.parts.clock.now() < deadline) {
      const wave = open.slice(0, perWave);
      const late = wave.filter((station) => !station.quiet);
      for (const station of wave) if (station.quiet) station.close(CLOSE.restart);
      open = [...open.slice(perWave), ...late];
      if (open.length > 0) await new Promise((resolve) => setTimeout(resolve, 1_000 / WAVES_PER_SECOND));
    }
    for (const station of open) station.close(CLOSE.restart);
    const answered = this.parts.clock.now() + CLOSE_ANSWER_MS;
    while (sockets.some((station) => station.socket.readyState !== station.socket.CLOSED) && this.parts.clock.now() < answered)
      await new Promise((resolve) => setTimeout(resolve, 10));
    for (const station of sockets) station.socket.terminate();
    clearInterval(this.timer);
  }

  /** Looks after nobody any more, and forgets them. */
  abandon(): void {
    clearInterval(this.timer);
    this.byId.clear();
  }

  private sweep(): void {
    const now = this.parts.clock.now();
    for (const station of this.byId.values()) station.sweep(now);
    if (now - this.touchedAtMs >= TOUCH_MS) {
      this.touchedAtMs = now;
      this.touch();
    }
    if (now - this.sweptLeaseAtMs < LEASE_RENEW_MS) return;
    this.sweptLeaseAtMs = now;
    this.parts.presence
      .renewLease()
      .catch((error: unknown) => this.parts.logger.warn({ err: error }, 'the lease of this instance could not be renewed'));
    for (const station of this.unclaimed) {
      this.unclaimed.delete(station);
      void this.claim(station, true);
    }
  }

  private touch(): void {
    const { presence, logger } = this.parts;
    const held = [...this.byId.values()].filter((station) => station.epoch > 0).map((station) => this.row(station));
    Promise.all([presence.touch(held), presence.sweepLeases()]).then(
      // Whoever claimed them meanwhile could not tell this instance.
      ([outdated]) => {
        for (const row of outdated) this.fence(row.id, row.epoch + 1);
      },
      (error: unknown) => logger.warn({ err: error }, 'presence could not be refreshed'),
    );
  }

  private row(station: StationSocket): PresenceRow {
    return {
      ...this.parts.presence.row(claimOf(station), station.epoch, station.connectedAtMs),
      lastSeenAt: isoTime(station.heardAtMs),
      clockBehindMs: station.clockBehindMs,
    };
  }

  /** Never rejects. While the store is away a station is served all the same: what it reports goes to the log. */
  private async claim(station: StationSocket, putOff = false): Promise<void> {
    try {
      const claimed = await this.parts.presence.claim(claimOf(station), { connectedAtMs: station.connectedAtMs, putOff });
      if (claimed === 'Overtaken') station.close(CLOSE.replaced);
      else this.claimed(station, claimed);
    } catch (error) {
      this.parts.logger.warn({ err: error, station_id: station.stationId }, 'presence could not be claimed; it is tried again');
      if (!station.closed) this.unclaimed.add(station);
    }
    if (!station.begun) station.begin();
  }

  private claimed(station: StationSocket, { epoch, previous, clockBehindMs }: Claimed): void {
    if (station.closed) {
      this.parts.presence.release({ ...this.parts.presence.row(claimOf(station), epoch, station.connectedAtMs), clockBehindMs });
      return;
    }
    station.epoch = epoch;
    // One that was served before its claim has shown its clock itself.
    if (!station.begun) station.clockBehindMs = clockBehindMs;
    if (previous !== undefined && previous.address !== '') this.parts.fence(previous.address, station.stationId, epoch);
    recordConnected(this.parts, station);
    if (epoch < station.fencedBelow) station.close(CLOSE.replaced);
  }

  private disconnected(station: StationSocket, code: number, reason: string): void {
    this.parts.presence.release(this.row(station));
    recordDisconnected(this.parts, station, { code, text: reason });
  }
}

const claimOf = (station: StationSocket): Claim => ({
  stationId: station.stationId,
  ocppVersion: station.dialect.version,
  dialect: station.dialect.name,
  remoteAddress: station.station.remoteAddress,
  securityProfile: station.station.securityProfile,
  registered: station.station.registered,
});
