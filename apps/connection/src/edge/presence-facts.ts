import type { OcppVersion } from '@voltlog/connection-contract';
import { type Clock, isoTime } from '@voltlog/kernel';
import type { CloseReason } from './close.js';
import type { FactRecorder } from './facts.js';
import type { AdmittedStation } from './parts.js';

export interface PresenceFactParts {
  readonly facts: FactRecorder;
  readonly clock: Clock;
  readonly instanceId: string;
}

/** A station that came, or that has gone. */
export interface PresentStation {
  readonly stationId: string;
  readonly dialect: { readonly version: OcppVersion; readonly edition?: string; readonly name: string };
  readonly epoch: number;
}

/** Puts on the log that a station came, and how. */
export function recordConnected(
  parts: PresenceFactParts,
  station: PresentStation & { readonly station: AdmittedStation; readonly connectedAtMs: number },
): void {
  const { remoteAddress, securityProfile, registered, certificateSerial, offeredChangeId } = station.station;
  const data = {
    ...head(parts, station, station.connectedAtMs),
    remoteAddress,
    securityProfile,
    registered,
    ...(station.dialect.edition === undefined ? {} : { dialect: station.dialect.name }),
    ...(certificateSerial === undefined ? {} : { certificateSerial }),
    ...(offeredChangeId === undefined ? {} : { showedOffered: true, offeredChangeId }),
  };
  parts.facts.appendLater(station.stationId, parts.facts.envelope('voltlog.connection.StationConnected.v1', data, undefined, undefined));
}

/** Puts on the log that a station has gone, and why. */
export function recordDisconnected(parts: PresenceFactParts, station: PresentStation, { code, text }: CloseReason): void {
  const data = { ...head(parts, station, parts.clock.now()), code, reason: text };
  parts.facts.appendLater(station.stationId, parts.facts.envelope('voltlog.connection.StationDisconnected.v1', data, undefined, undefined));
}

function head(parts: PresenceFactParts, { stationId, dialect, epoch }: PresentStation, atMs: number) {
  const at = isoTime(atMs);
  return { stationId, ocppVersion: dialect.version, receivedAt: at, occurredAt: at, epoch, instanceId: parts.instanceId };
}
