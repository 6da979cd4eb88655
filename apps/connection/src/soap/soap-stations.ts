import { type Clock, isoTime } from '@voltlog/kernel';
import type { Edition } from '@voltlog/ocpp-v16-soap';
import { deviceV1 } from '@voltlog/proto';
import type { Logger } from '@voltlog/telemetry';
import { bootOf } from '../access/gate.js';
import type { StationAccessCache } from '../access/station-access.js';
import type { Dialects, SoapDialect } from '../edge/actions.js';
import { CLOSE } from '../edge/close.js';
import type { FactRecorder } from '../edge/facts.js';
import type { AdmittedStation, EdgeParts } from '../edge/parts.js';
import { recordConnected, recordDisconnected } from '../edge/presence-facts.js';
import type { Presence } from '../presence/presence.js';
import { ANY_INSTANCE, type PresenceRow } from '../presence/presence.schema.js';
import { knownQuirks } from '../quirks/known-quirks.js';
import { type Calling, SoapStation } from './soap-station.js';

const SWEEP_MS = 1_000;
/** How often stations are looked for that were not heard any more. */
const SILENCE_SWEEP_MS = 5_000;
const SILENT_AT_ONCE_MAX = 500;

export interface SoapStationsParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly facts: FactRecorder;
  readonly presence: Presence;
  readonly access: StationAccessCache;
  readonly dialects: Dialects;
  readonly instanceId: string;
  readonly edge: EdgeParts;
  /** Closes a socket of the station on this instance: it speaks SOAP now. */
  closeSocket(stationId: string): void;
  readonly silentMs: number;
  /** A heartbeat comes within this. */
  readonly pauseMs: number;
  readonly calling: Calling;
}

/**
 * Stations that speak SOAP. They are there as long as they are heard: the first request after silence counts as connecting, and two heartbeats
 * that did not come as the end of it. What must outlive the process (that they are there, where they can be called) is in the presence rows, which no
 * instance holds alone.
 */
export class SoapStations {
  private readonly byId = new Map<string, SoapStation>();
  private readonly opening = new Map<string, Promise<SoapStation>>();
  private timer: NodeJS.Timeout | undefined;
  private silenceSweptAtMs: number;
  private sweeping = false;
  /** The store is told that a station was heard at the latest after this. */
  private readonly touchMs: number;

  constructor(private readonly parts: SoapStationsParts) {
    // After a pause of all instances stations get their time to be heard again.
    this.silenceSweptAtMs = parts.clock.now() + parts.silentMs;
    this.touchMs = Math.min(60_000, parts.silentMs / 5);
  }

  start(): void {
    this.timer = setInterval(() => void this.sweep(), SWEEP_MS);
    this.timer.unref();
  }

  /** What this instance remembers of it. */
  get(stationId: string): SoapStation | undefined {
    return this.byId.get(stationId);
  }

  /** Remembered by this instance. */
  get size(): number {
    return this.byId.size;
  }

  /**
   * The station of a request that was let in. Another way in than before (registered or not, security profile, credential, edition) counts
   * as connecting anew.
   */
  async heard(dialect: SoapDialect, admitted: AdmittedStation, callback: string): Promise<SoapStation> {
    let station = this.byId.get(admitted.stationId);
    // What is just opening may have come in another way: it is no more this one than what is known.
    while (station === undefined || station.dialect !== dialect || !sameWay(station.station, admitted))
      station = await this.open(dialect, admitted, callback);
    station.station = admitted;
    station.heard(this.parts.clock.now(), this.parts.pauseMs);
    return station;
  }

  /** Where the station of a request that is served can be called: written before it is served. Never rejects. */
  async reachedAt(station: SoapStation, callback: string): Promise<void> {
    if (callback === station.callback || callback === '') return;
    station.callback = callback;
    await this.write([station]);
  }

  /** Not let in any more. */
  async refused(stationId: string): Promise<void> {
    const station = this.byId.get(stationId);
    if (station === undefined) return;
    this.byId.delete(stationId);
    try {
      await this.end(this.row(station), CLOSE.retired);
    } catch (error) {
      this.parts.logger.warn({ err: error, station_id: stationId }, 'could not write that a station has gone');
    }
  }

  /** The station of a presence row, to be sent a command. */
  async commanded(row: PresenceRow): Promise<SoapStation> {
    await this.opening.get(row.id);
    const known = this.known(row);
    if (known !== undefined) return known;
    const access = await this.parts.access.get(row.id);
    const dialect = await this.parts.dialects.soap(editionOf(row));
    await this.opening.get(row.id);
    const heardMeanwhile = this.known(row);
    if (heardMeanwhile !== undefined) return heardMeanwhile;
    const station = this.made(dialect, {
      station: {
        stationId: row.id,
        remoteAddress: row.remoteAddress,
        securityProfile: row.securityProfile,
        // Who is registered by now may not be who was let in then.
        registered: row.registered === true && access?.lifecycle === deviceV1.StationLifecycle.ACTIVE,
        quarantined: false,
        boot: bootOf(access),
        connectorsPerEvse: access?.connectorsPerEvse.length ? access.connectorsPerEvse : undefined,
        quirks: access === undefined ? undefined : knownQuirks(access),
        certificateSerial: undefined,
        offeredChangeId: undefined,
      },
      callback: row.callback ?? '',
      connectedAtMs: Date.parse(row.connectedAt),
    });
    this.adopt(station, row);
    this.byId.set(row.id, station);
    return station;
  }

  /** Writes when stations were last heard. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.write([...this.byId.values()].filter(({ heardAtMs, writtenAtMs, epoch }) => epoch > 0 && heardAtMs > writtenAtMs));
  }

  /** What this instance remembers of a station, unless the row is of a later connection; one without an epoch has yet to claim its own. */
  private known(row: PresenceRow): SoapStation | undefined {
    const { id, epoch, callback = '', lastSeenAt } = row;
    const known = this.byId.get(id);
    if (known === undefined || (known.epoch > 0 && known.epoch < epoch)) return undefined;
    // Another instance may have heard of a newer address.
    if (callback !== '' && sameProof(row, known.station) && (known.callback === '' || known.heardAtMs < Date.parse(lastSeenAt)))
      known.callback = callback;
    return known;
  }

  private open(dialect: SoapDialect, admitted: AdmittedStation, callback: string): Promise<SoapStation> {
    const { stationId } = admitted;
    let opening = this.opening.get(stationId);
    if (opening === undefined) {
      opening = this.opened(dialect, admitted, callback).finally(() => this.opening.delete(stationId));
      this.opening.set(stationId, opening);
    }
    return opening;
  }

  /** Never rejects: while the store is away a station is served all the same. */
  private async opened(dialect: SoapDialect, admitted: AdmittedStation, callback: string): Promise<SoapStation> {
    const station = this.made(dialect, { station: admitted, callback, connectedAtMs: this.parts.clock.now() });
    const before = this.byId.get(admitted.stationId);
    if (before !== undefined) Object.assign(station, { calls: undefined, frameWindow: before.frameWindow, framesKept: before.framesKept });
    this.parts.closeSocket(admitted.stationId);
    this.byId.set(admitted.stationId, station);
    this.parts.edge.recorder.tapeOf(admitted.stationId)?.connected(station.connectedAtMs, dialect);
    await this.join(station);
    return station;
  }

  /** Takes over what another instance, or this one before it was started anew, knows of the station; else it connects now. */
  private async join(station: SoapStation): Promise<void> {
    const { presence, logger } = this.parts;
    try {
      const row = await presence.holder(station.stationId);
      if (row?.instanceId === ANY_INSTANCE && row.dialect === station.dialect.name && sameRow(row, station)) {
        this.adopt(station, row);
        await this.write([station]);
        return;
      }
      const claimed = await presence.claim(station.claim, { connectedAtMs: station.connectedAtMs, putOff: false });
      if (claimed === 'Overtaken') return;
      station.epoch = claimed.epoch;
      station.writtenAtMs = station.connectedAtMs;
      if (claimed.previous !== undefined && claimed.previous.address !== '')
        this.parts.edge.fence(claimed.previous.address, station.stationId, claimed.epoch);
      recordConnected(this.parts, station);
    } catch (error) {
      logger.warn({ err: error, station_id: station.stationId }, 'presence could not be claimed; it is tried again');
    }
  }

  private made(
    dialect: SoapDialect,
    { station, callback, connectedAtMs }: { readonly station: AdmittedStation; readonly callback: string; readonly connectedAtMs: number },
  ): SoapStation {
    return new SoapStation(dialect, station, callback, connectedAtMs, this.parts.edge, this.parts.calling);
  }

  private adopt(station: SoapStation, row: PresenceRow): void {
    station.epoch = row.epoch;
    station.writtenAtMs = Date.parse(row.lastSeenAt);
    if (station.callback === '') station.callback = row.callback ?? '';
  }

  private row(station: SoapStation): PresenceRow {
    return {
      ...this.parts.presence.row(station.claim, station.epoch, station.connectedAtMs),
      lastSeenAt: station.lastSeenAt,
    };
  }

  /** Never rejects. */
  private async write(stations: readonly SoapStation[]): Promise<void> {
    const held = stations.filter(({ epoch }) => epoch > 0);
    if (held.length === 0) return;
    const heardAt = held.map(({ heardAtMs }) => heardAtMs);
    try {
      const outdated = new Set((await this.parts.presence.touch(held.map((station) => this.row(station)))).map(({ id }) => id));
      held.forEach((station, index) => {
        station.writtenAtMs = heardAt[index] ?? 0;
        // Claimed by a socket, or ended as silent: it connects anew with its next request.
        if (outdated.has(station.stationId) && this.byId.get(station.stationId) === station) this.byId.delete(station.stationId);
      });
    } catch (error) {
      this.parts.logger.warn({ err: error, stations: held.length }, 'could not write when stations were heard');
    }
  }

  private async sweep(): Promise<void> {
    if (this.sweeping) return;
    this.sweeping = true;
    const now = this.parts.clock.now();
    const all = [...this.byId.values()];
    for (const station of all)
      if (now - station.heardAtMs > this.parts.silentMs && station.waiting === 0) this.byId.delete(station.stationId);
    await this.write(all.filter(({ heardAtMs, writtenAtMs }) => heardAtMs - writtenAtMs >= this.touchMs));
    // One that is just opening claims by itself.
    for (const station of this.byId.values()) if (station.epoch === 0 && !this.opening.has(station.stationId)) await this.join(station);
    if (now - this.silenceSweptAtMs >= SILENCE_SWEEP_MS) {
      this.silenceSweptAtMs = now;
      await this.endSilent(now);
    }
    this.sweeping = false;
  }

  private async endSilent(now: number): Promise<void> {
    try {
      for (const row of await this.parts.presence.silentSince(isoTime(now - this.parts.silentMs), SILENT_AT_ONCE_MAX)) {
        const known = this.byId.get(row.id);
        if (known === undefined || now - known.heardAtMs > this.parts.silentMs) await this.end(row, CLOSE.dead);
      }
    } catch (error) {
      this.parts.logger.warn({ err: error }, 'stations that fell silent could not be looked for');
    }
  }

  private async end(row: PresenceRow, reason: typeof CLOSE.dead | typeof CLOSE.retired): Promise<void> {
    if (!(await this.parts.presence.end(row))) return;
    this.parts.edge.recorder.tapeOf(row.id)?.closed(this.parts.clock.now(), reason.code);
    recordDisconnected(
      this.parts,
      { stationId: row.id, dialect: { version: 'ocpp1.6', name: row.dialect ?? '' }, epoch: row.epoch },
      reason,
    );
  }
}

const editionOf = (row: PresenceRow): Edition => (row.dialect === '1.5S' ? '1.5' : row.dialect === '1.2S' ? '1.2' : '1.6');

/** Whether a request came as the ones before did. */
const sameWay = (before: AdmittedStation, now: AdmittedStation): boolean =>
  sameProof(before, now) && before.certificateSerial === now.certificateSerial && before.offeredChangeId === now.offeredChangeId;

const sameRow = (row: PresenceRow, { station }: SoapStation): boolean => sameProof(row, station) && station.offeredChangeId === undefined;

/** Whether what both showed is worth the same. The address that one told is never that of another. */
const sameProof = (before: Pick<PresenceRow, 'registered' | 'securityProfile'>, now: AdmittedStation): boolean =>
  (before.registered ?? false) === now.registered && before.securityProfile === now.securityProfile;
