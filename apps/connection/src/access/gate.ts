import type { Clock } from '@voltlog/kernel';
import { deviceV1 } from '@voltlog/proto';
import { CLOSE } from '../edge/close.js';
import { basicCredentials } from '../edge/handshake.js';
import type { AdmittedStation, BootAnswer } from '../edge/parts.js';
import type { StationSocket } from '../edge/station-socket.js';
import { knownQuirks } from '../quirks/known-quirks.js';
import { type Credentials, FailedAttempts } from './credentials.js';
import { type ClientCertificate, type Link, PLAIN } from './link.js';
import type { Revocations } from './revocations.js';
import type { StationAccessCache } from './station-access.js';

const { StationLifecycle } = deviceV1;

/** Whether a station is let in. */
export type Verdict =
  | { readonly accepted: true; readonly station: Omit<AdmittedStation, 'remoteAddress'> }
  | {
      readonly accepted: false;
      readonly status: 401 | 403 | 404 | 429;
      readonly headers: Readonly<Record<string, string>>;
      /** For the log; only with 403. */
      readonly reason?: string;
    };

export interface GateOptions {
  readonly unknownStations: 'refuse' | 'quarantine' | 'accept';
  readonly allowInsecure: boolean;
  /** The organization (O) client certificates must name; empty: any under a trusted root. */
  readonly organization: string;
}

const refused = (status: 401 | 404 | 429, headers: Readonly<Record<string, string>> = {}): Verdict & { accepted: false } => ({
  accepted: false,
  status,
  headers,
});
/** OCPP 2.0.1 Part 2 A00.FR.204, RFC 7617 §2 */
const UNAUTHORIZED = refused(401, { 'WWW-Authenticate': 'Basic realm="ocpp", charset="UTF-8"' });
/** OCPP-J 1.6 §3.1.1: an identity that is not recognised is answered 404. */
const NOT_FOUND = refused(404);
const TOO_MANY_FAILURES = refused(429, { 'Retry-After': '60' });
/** Known, and not let in like this. */
const forbidden = (reason: string): Verdict => ({ accepted: false, status: 403, headers: {}, reason });

/**
 * Who may connect, and on which security profile: 0 only when switched on and only for stations that have no credential, so that a
 * station with one cannot be spoken for without it; 1 by basic authentication; 2 by the same over TLS; 3 by a client certificate. None is
 * let in below the profile it was registered for. Source: OCPP 2.0.1 Part 2 A00.
 */
export class Gate {
  private readonly failures = new FailedAttempts();

  constructor(
    private readonly access: StationAccessCache,
    private readonly credentials: Credentials,
    private readonly clock: Clock,
    private readonly options: GateOptions,
    /** Of certificates of foreign authorities; undefined: stations have those of our own. */
    private readonly revocations?: Pick<Revocations, 'problem'>,
  ) {}

  /** @throws {OperatingError} when it cannot be known now: the station is to come back */
  async judge(stationId: string, authorization: string | undefined, link: Link = PLAIN): Promise<Verdict> {
    const access = await this.access.get(stationId);
    switch (access?.lifecycle) {
      case StationLifecycle.ACTIVE:
        return atLeast(access.securityProfileMin, await this.known(access, authorization, link));
      case StationLifecycle.RETIRED:
        return NOT_FOUND;
      default:
        return this.unknown(stationId, authorization, link);
    }
  }

  /**
   * Whether a request is refused whatever station it is of: nothing was shown, and something must be. With every policy for unknown stations.
   */
  showsNothing(authorization: string | undefined, link: Link): (Verdict & { accepted: false }) | undefined {
    if (authorization !== undefined || link.kind === 'mutual') return undefined;
    return this.options.allowInsecure && link.kind === 'plain' ? undefined : UNAUTHORIZED;
  }

  /** A connected station about which the device service changed its mind. Its credential counts again at its next handshake. */
  review(station: StationSocket, access: deviceV1.StationAccess | undefined): void {
    switch (access?.lifecycle) {
      case StationLifecycle.ACTIVE:
        if (station.station.quarantined || station.station.boot.status !== bootOf(access).status) station.forgetAnswer();
        station.station = {
          ...station.station,
          registered: true,
          quarantined: false,
          boot: bootOf(access),
          connectorsPerEvse: connectorsOf(access),
          quirks: knownQuirks(access, station.station.quirks),
        };
        if (access.revokedCertificates.includes(station.station.certificateSerial ?? '')) station.close(CLOSE.revoked);
        return;
      case StationLifecycle.RETIRED:
        station.close(CLOSE.retired);
        return;
      default:
    }
  }

  private async known(access: deviceV1.StationAccess, authorization: string | undefined, link: Link): Promise<Verdict> {
    const { stationId, passwordHash } = access;
    const station = {
      ...NOTHING_SHOWN,
      stationId,
      registered: true,
      quarantined: false,
      boot: bootOf(access),
      connectorsPerEvse: connectorsOf(access),
      quirks: knownQuirks(access),
    };
    if (link.kind === 'mutual') {
      const reason =
        certificateProblem(link.certificate, access, this.options.organization) ?? (await this.revocations?.problem(link.certificate));
      if (reason !== undefined) return forbidden(reason);
      return { accepted: true, station: { ...station, ...this.shown(link.certificate) } };
    }
    if (passwordHash === '' && access.offeredPasswordHash === '') {
      const open = this.options.allowInsecure && link.kind === 'plain';
      return open ? { accepted: true, station: { ...station, securityProfile: 0 } } : UNAUTHORIZED;
    }
    const shown = basicCredentials(authorization);
    if (shown === undefined || shown === 'malformed' || shown.username !== stationId) return UNAUTHORIZED;
    const securityProfile = link.kind === 'plain' ? 1 : 2;
    const now = this.clock.now();
    if (this.failures.blocked(stationId, now) && !this.credentials.remembers(passwordHash, shown.password)) return TOO_MANY_FAILURES;
    const offered = access.offeredPasswordHash;
    const current = passwordHash !== '' && (await this.fits(passwordHash, shown.password));
    if (!current && (offered === '' || !(await this.fits(offered, shown.password)))) {
      this.failures.failed(stationId, now);
      return UNAUTHORIZED;
    }
    this.failures.succeeded(stationId);
    return { accepted: true, station: { ...station, securityProfile, offeredChangeId: current ? undefined : access.offeredChangeId } };
  }

  private shown(certificate: ClientCertificate) {
    const shown = { securityProfile: 3, certificateSerial: certificate.serialNumber };
    return this.revocations === undefined ? shown : { ...shown, foreignCertificate: certificate };
  }

  /**
   * A 1.6 station is given a password as hexadecimal digits, and some makes show the octets these stand for. Only for passwords made by
   * us, which are cheap to check. Source: OCPP 1.6 Security Whitepaper §4 (AuthorizationKey).
   */
  private async fits(hash: string, password: Buffer): Promise<boolean> {
    if (await this.credentials.verify(hash, password)) return true;
    return hash.startsWith('sha256$') && this.credentials.verify(hash, Buffer.from(password.toString('hex')));
  }

  private async unknown(stationId: string, authorization: string | undefined, link: Link): Promise<Verdict> {
    const { unknownStations, allowInsecure } = this.options;
    if (unknownStations === 'refuse') return NOT_FOUND;
    const quarantined = unknownStations === 'quarantine';
    const station = {
      ...NOTHING_SHOWN,
      stationId,
      registered: false,
      quarantined,
      boot: quarantined ? PENDING : ACCEPTED,
      connectorsPerEvse: undefined,
      quirks: undefined,
    };
    if (link.kind === 'mutual') {
      const { commonName = 'nobody' } = link.certificate;
      if (commonName !== stationId) return forbidden(`the certificate is of ${commonName}`);
      const reason = await this.revocations?.problem(link.certificate);
      if (reason !== undefined) return forbidden(reason);
      return { accepted: true, station: { ...station, ...this.shown(link.certificate) } };
    }
    const shown = basicCredentials(authorization);
    const named = shown !== undefined && shown !== 'malformed' && shown.username === stationId;
    if (!named && (shown !== undefined || !allowInsecure || link.kind !== 'plain')) return UNAUTHORIZED;
    return { accepted: true, station: { ...station, securityProfile: link.kind === 'tls' ? 2 : named ? 1 : 0 } };
  }
}

const NOTHING_SHOWN = { certificateSerial: undefined, offeredChangeId: undefined };

/** What is wrong with a certificate that is good in itself. Source: OCPP 2.0.1 Part 2 A00 (profile 3, certificate properties). */
function certificateProblem(
  { commonName, organization, serialNumber }: ClientCertificate,
  access: deviceV1.StationAccess,
  trusted: string,
): string | undefined {
  const own = commonName === access.stationId || (access.serialNumber !== '' && commonName === access.serialNumber);
  if (!own) return `the certificate is of ${commonName ?? 'nobody'}`;
  if (trusted !== '' && organization !== trusted) return `the certificate is of the organization ${organization ?? 'nobody'}`;
  return access.revokedCertificates.includes(serialNumber) ? 'the certificate was revoked' : undefined;
}

/** Refuses a downgrade. Only who has shown that it is the station hears of it. */
function atLeast(securityProfileMin: number, verdict: Verdict): Verdict {
  if (!verdict.accepted || verdict.station.securityProfile >= securityProfileMin) return verdict;
  return forbidden(`security profile ${verdict.station.securityProfile} is below ${securityProfileMin}`);
}

const ACCEPTED: BootAnswer = { status: 'Accepted', intervalSeconds: 0 };
const PENDING: BootAnswer = { status: 'Pending', intervalSeconds: 0 };

/** What a boot is answered; one that is not known is accepted, if it is let in at all. */
export function bootOf(access: deviceV1.StationAccess | undefined): BootAnswer {
  const { bootStatus, bootIntervalSeconds = 0 } = access ?? {};
  return bootStatus === 'Pending' || bootStatus === 'Rejected' ? { status: bootStatus, intervalSeconds: bootIntervalSeconds } : ACCEPTED;
}

const connectorsOf = (access: deviceV1.StationAccess): readonly number[] | undefined =>
  access.connectorsPerEvse.length === 0 ? undefined : access.connectorsPerEvse;
