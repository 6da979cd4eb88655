import type { Clock } from '@voltlog/kernel';
import type { CallRateLimits, FrameLimits } from '@voltlog/ocpp-rpc';
import type { Logger, Tracing } from '@voltlog/telemetry';
import type { ClientCertificate } from '../access/link.js';
import type { Authorizations } from '../authorization/authorizations.js';
import type { FrameLog } from '../frames/frame-log.js';
import type { Deviations } from '../quirks/deviations.js';
import type { KnownQuirks } from '../quirks/known-quirks.js';
import type { Recorder } from '../recording/recorder.js';
import type { FactRecorder } from './facts.js';
import type { Inquiries } from './inquiries.js';
import type { StationSocket } from './station-socket.js';

/** What all sockets of an instance share. */
export interface EdgeParts {
  readonly clock: Clock;
  readonly facts: FactRecorder;
  readonly authorizations: Authorizations;
  readonly inquiries: Pick<Inquiries, 'find' | 'contract'>;
  readonly frames: FrameLog;
  readonly deviations: Deviations;
  readonly recorder: Pick<Recorder, 'tapeOf'>;
  readonly logger: Logger;
  readonly tracing: Tracing;
  readonly limits: EdgeLimits;
  /** Tells another instance that its socket of a station is outdated. */
  fence(address: string, stationId: string, epoch: number): void;
  /** Told once per socket, however it ended. */
  closed(station: StationSocket, code: number, reason: string): void;
}

export interface EdgeLimits {
  readonly frame: FrameLimits;
  readonly rate: CallRateLimits;
  readonly heartbeatIntervalSeconds: number;
  readonly logWaitMs: number;
  readonly pingMs: number;
  readonly deadMs: number;
}

export interface BootAnswer {
  readonly status: 'Accepted' | 'Pending' | 'Rejected';
  /** Seconds until a station that is not accepted asks again; 0: as the heartbeat. */
  readonly intervalSeconds: number;
}

/** Whether a station has shown who it is: of one that is not registered, nobody could check what it showed. */
export const isProven = ({ registered, securityProfile }: Pick<AdmittedStation, 'registered' | 'securityProfile'>): boolean =>
  registered && securityProfile > 0;

/** What was found out about a station during its handshake. */
export interface AdmittedStation {
  readonly stationId: string;
  readonly remoteAddress: string;
  readonly securityProfile: number;
  readonly registered: boolean;
  readonly quarantined: boolean;
  /** What a boot is answered. */
  readonly boot: BootAnswer;
  readonly connectorsPerEvse: readonly number[] | undefined;
  /** Undefined: nothing is known that decides about any. */
  readonly quirks: KnownQuirks | undefined;
  /** Serial number of the client certificate it showed. */
  readonly certificateSerial: string | undefined;
  /** The client certificate itself, where a foreign authority may revoke it while the station is connected. */
  readonly foreignCertificate?: ClientCertificate;
  /** It showed the password that was on its way to it. */
  readonly offeredChangeId: string | undefined;
}
