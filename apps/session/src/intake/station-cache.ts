import type { OcppVersion } from '@voltlog/connection-contract';
import type { SessionFact } from '@voltlog/session-contract';
import type { Readings, RegisterPoint, SessionClaims } from '@voltlog/session-domain';
import { awaitsUnplug, effectiveEnd, noClaims } from '@voltlog/session-domain';
import type { QuarantinedDocument } from '../store/session-documents.js';

/** A session as it is kept in memory between batches. */
export interface SessionEntry {
  readonly sessionId: string;
  readonly identity: SessionFact;
  claims: SessionClaims;
  /** Commits of the stream that `claims` shows. */
  version: number;
  /** `version` of the stored session document. */
  storedVersion: number;
  readings: Readings;
  /** `version` of the stored readings document. */
  readingsVersion: number;
  /** Values that the stored readings do not know of; each came later, by the station's clock, than all before it. */
  unsaved: number;
  /** The readings are to be stored with this batch. */
  due: boolean;
  /** All register values, while the registers are irregular. */
  points: RegisterPoint[] | undefined;
  /** Counted as active. */
  active: boolean;
  /** Let go of before all is known of it: no longer found by its station, only by its transaction id. */
  abandoned: boolean;
}

/** What a connector last said. */
export interface ConnectorStatus {
  readonly evseId: number;
  readonly connectorId: number;
  readonly status: string;
  /** The finer word of 1.6. */
  readonly detail?: string;
  readonly errorCode?: string;
  readonly at: string;
  readonly receivedAt: string;
}

/** A station with its open and latest sessions. */
export interface StationEntry {
  readonly stationId: string;
  readonly sessions: SessionEntry[];
  /** Facts in quarantine that a session may yet be found for. */
  readonly orphans: QuarantinedDocument[];
  /** Transaction ids that no session was found for: not looked up again. */
  readonly unknown: Set<string>;
  /** By `<evse>/<connector>`: what was told last, since a status may come before the start it belongs to. */
  readonly statuses: Map<string, ConnectorStatus>;
  /** When we received the newest fact that was looked at since the station came into memory; empty: none yet. */
  seenUntil: string;
  /** Of the station topic, by which its facts come here; undefined: none did, so that another instance may change it unheard. */
  partition: number | undefined;
}

/** Ended sessions kept per station, for late and repeated messages. */
const ENDED_KEPT = 4;
const UNKNOWN_KEPT = 64;
/** Connectors of one station; what reports more is broken. */
const STATUSES_KEPT = 64;
/** Sessions per station that ended without a reported end and may yet get one by matching; the oldest are let go. */
const GHOSTS_KEPT = 16;

/** Stations in order of use; bounded. */
export class StationCache {
  private readonly stations = new Map<string, StationEntry>();

  constructor(private readonly stationsMax: number) {}

  get size(): number {
    return this.stations.size;
  }

  get(stationId: string): StationEntry | undefined {
    const station = this.stations.get(stationId);
    if (station !== undefined && this.stations.size >= this.stationsMax) {
      this.stations.delete(stationId);
      this.stations.set(stationId, station);
    }
    return station;
  }

  add(stationId: string): StationEntry {
    const station: StationEntry = {
      stationId,
      sessions: [],
      orphans: [],
      unknown: new Set(),
      statuses: new Map(),
      seenUntil: '',
      partition: undefined,
    };
    this.stations.set(stationId, station);
    return station;
  }

  /** Lets go of what a batch no longer needs. */
  trim(touched: Iterable<StationEntry>): void {
    for (const station of touched) {
      if (station.sessions.length > ENDED_KEPT) dropEnded(station.sessions);
      if (station.unknown.size > UNKNOWN_KEPT) station.unknown.clear();
      if (station.statuses.size > STATUSES_KEPT) station.statuses.clear();
      // One that only booted: nothing to remember.
      if (station.sessions.length + station.orphans.length + station.unknown.size + station.statuses.size === 0)
        this.stations.delete(station.stationId);
    }
    for (const stationId of this.stations.keys()) {
      if (this.stations.size <= this.stationsMax) break;
      this.stations.delete(stationId);
    }
  }

  /** Lets go of stations that other instances may have changed. */
  forget(partitions: ReadonlySet<number | undefined>): void {
    for (const station of this.stations.values()) if (partitions.has(station.partition)) this.stations.delete(station.stationId);
  }

  clear(): void {
    this.stations.clear();
  }
}

export function newEntry(identity: SessionFact): SessionEntry {
  return {
    sessionId: identity.sessionId,
    identity,
    claims: noClaims,
    version: 0,
    storedVersion: 0,
    readings: {},
    readingsVersion: 0,
    unsaved: 0,
    due: false,
    points: undefined,
    active: false,
    abandoned: false,
  };
}

export function identityOf(sessionId: string, fact: { stationId: string; ocppVersion: OcppVersion }, transactionId: string): SessionFact {
  return { sessionId, stationId: fact.stationId, transactionId, ocppVersion: fact.ocppVersion };
}

/** Takes the oldest ghosts of a station out, so that one that never reports an end does not pile them up. */
export function abandonGhosts(station: StationEntry): SessionEntry[] {
  if (station.sessions.length <= GHOSTS_KEPT) return [];
  const ghosts = station.sessions.filter(
    (session) => session.claims.reported === undefined && effectiveEnd(session.claims, session.readings) !== undefined,
  );
  const abandoned = ghosts.slice(0, Math.max(0, ghosts.length - GHOSTS_KEPT));
  for (const ghost of abandoned) {
    ghost.abandoned = true;
    station.sessions.splice(station.sessions.indexOf(ghost), 1);
  }
  return abandoned;
}

/** The oldest ended ones go: new ones are added at the end. */
function dropEnded(sessions: SessionEntry[]): void {
  let surplus = sessions.reduce((count, session) => count + (isDone(session) ? 1 : 0), 0) - ENDED_KEPT;
  for (let i = 0; i < sessions.length && surplus > 0; i++) {
    const session = sessions[i];
    if (session === undefined || !isDone(session)) continue;
    sessions.splice(i, 1);
    i -= 1;
    surplus -= 1;
  }
}

/** Nothing more is waited for: late and repeated messages may still come. */
const isDone = ({ claims, abandoned }: SessionEntry): boolean => claims.reported !== undefined && (abandoned || !awaitsUnplug(claims));
