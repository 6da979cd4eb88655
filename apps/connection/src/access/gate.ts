import type { Clock } from '@voltlog/kernel';
import { deviceV1 } from '@voltlog/proto';
import { CLOSE } from '../edge/close.js';
import { basicCredentials } from '../edge/handshake.js';
import type { AdmittedStation } from '../edge/parts.js';
import type { StationSocket } from '../edge/station-socket.js';
import { type Credentials, FailedAttempts } from './credentials.js';
import type { StationAccessCache } from './station-access.js';

const { StationLifecycle } = deviceV1;

/** Whether a station is let in. */
export type Verdict =
  | { readonly accepted: true; readonly station: Omit<AdmittedStation, 'remoteAddress'> }
  | { readonly accepted: false; readonly status: 401 | 404 | 429; readonly headers: Readonly<Record<string, string>> };

export interface GateOptions {
  readonly unknownStations: 'refuse' | 'quarantine' | 'accept';
  readonly allowInsecure: boolean;
}

const refused = (status: 401 | 404 | 429, headers: Readonly<Record<string, string>> = {}): Verdict => ({
  accepted: false,
  status,
  headers,
});
/** OCPP 2.0.1 Part 2 A00.FR.204, RFC 7617 §2 */
const UNAUTHORIZED = refused(401, { 'WWW-Authenticate': 'Basic realm="ocpp", charset="UTF-8"' });
/** OCPP-J 1.6 §3.1.1: an identity that is not recognised is answered 404. */
const NOT_FOUND = refused(404);
const TOO_MANY_FAILURES = refused(429, { 'Retry-After': '60' });

/**
 * Who may connect, and on which security profile: 0 only when switched on and only for stations that have no credential, so that a
 * station with one cannot be spoken for without it; 1 by basic authentication. Source: OCPP 2.0.1 Part 2 A00.
 */
export class Gate {
  private readonly failures = new FailedAttempts();

  constructor(
    private readonly access: StationAccessCache,
    private readonly credentials: Credentials,
    private readonly clock: Clock,
    private readonly options: GateOptions,
  ) {}

  /** @throws {OperatingError} when it cannot be known now: the station is to come back */
  async judge(stationId: string, authorization: string | undefined): Promise<Verdict> {
    const access = await this.access.get(stationId);
    switch (access?.lifecycle) {
      case StationLifecycle.ACTIVE:
        return this.known(access, authorization);
      case StationLifecycle.RETIRED:
        return NOT_FOUND;
      default:
        return this.unknown(stationId, authorization);
    }
  }

  /** A connected station about which the device service changed its mind. Its credential counts again at its next handshake. */
  review(station: StationSocket, access: deviceV1.StationAccess | undefined): void {
    switch (access?.lifecycle) {
      case StationLifecycle.ACTIVE:
        if (station.station.quarantined) station.forgetAnswer();
        station.station = { ...station.station, registered: true, quarantined: false, connectorsPerEvse: connectorsOf(access) };
        return;
      case StationLifecycle.RETIRED:
        station.close(CLOSE.retired);
        return;
      default:
    }
  }

  private async known(access: deviceV1.StationAccess, authorization: string | undefined): Promise<Verdict> {
    const { stationId, passwordHash } = access;
    const station = { stationId, registered: true, quarantined: false, connectorsPerEvse: connectorsOf(access) };
    if (passwordHash === '')
      return this.options.allowInsecure ? { accepted: true, station: { ...station, securityProfile: 0 } } : UNAUTHORIZED;
    const shown = basicCredentials(authorization);
    if (shown === undefined || shown === 'malformed' || shown.username !== stationId) return UNAUTHORIZED;
    const now = this.clock.now();
    if (this.failures.blocked(stationId, now) && !this.credentials.remembers(passwordHash, shown.password)) return TOO_MANY_FAILURES;
    if (!(await this.credentials.verify(passwordHash, shown.password))) {
      this.failures.failed(stationId, now);
      return UNAUTHORIZED;
    }
    this.failures.succeeded(stationId);
    return { accepted: true, station: { ...station, securityProfile: 1 } };
  }

  private unknown(stationId: string, authorization: string | undefined): Verdict {
    const { unknownStations, allowInsecure } = this.options;
    if (unknownStations === 'refuse') return NOT_FOUND;
    const shown = basicCredentials(authorization);
    const named = shown !== undefined && shown !== 'malformed' && shown.username === stationId;
    if (!named && (shown !== undefined || !allowInsecure)) return UNAUTHORIZED;
    return {
      accepted: true,
      station: {
        stationId,
        registered: false,
        quarantined: unknownStations === 'quarantine',
        connectorsPerEvse: undefined,
        securityProfile: named ? 1 : 0,
      },
    };
  }
}

const connectorsOf = (access: deviceV1.StationAccess): readonly number[] | undefined =>
  access.connectorsPerEvse.length === 0 ? undefined : access.connectorsPerEvse;
