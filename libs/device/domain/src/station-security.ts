import type { StationEvent } from '@voltlog/device-contract';
import { assertNever, type Decision, decided, isoTime, refused } from '@voltlog/kernel';
import { type OfferedCredential, offeredBy, setByHand } from './offered-credential.js';

/** Certificates remembered of a station, newest first: some years of yearly renewals. */
export const CERTIFICATES_MAX = 16;
/** Certificates that are revoked and not expired; one more is refused, as to forget one would let it in again. */
export const REVOKED_MAX = 256;
export const SECURITY_PROFILE_MAX = 3;

export interface CertificateState {
  /** Lower-case hexadecimal without leading zeros. */
  readonly serialNumber: string;
  readonly certificateType: string;
  readonly status: 'Issued' | 'Installed' | 'Rejected' | 'Undelivered' | 'Revoked';
  readonly fingerprint: string;
  readonly notBefore: string;
  readonly notAfter: string;
  /** Absent: of an older version. */
  readonly issuedAt?: string;
  /** Why it was rejected or revoked; empty otherwise. */
  readonly reason: string;
}

export type ProfileChangePhase = 'InstallRoot' | 'AwaitCertificate' | 'Switch' | 'AwaitConnection';
export type ProfileChangeOutcome = 'Completed' | 'RolledBack' | 'Failed' | 'Cancelled';

export interface ProfileChange {
  readonly changeId: string;
  readonly fromProfile: number;
  readonly toProfile: number;
  readonly enforce: boolean;
  readonly phase: ProfileChangePhase | ProfileChangeOutcome;
  readonly startedAt: string;
  /** Empty: it is under way. */
  readonly endedAt: string;
  readonly reason: string;
}

/** What a station is trusted for, and what is being changed about it. */
export interface StationSecurity {
  readonly securityProfileMin: number;
  readonly offered: OfferedCredential | null;
  /** Newest first. */
  readonly certificates: readonly CertificateState[];
  /** Serial numbers, newest first; one is kept until its certificate has expired. */
  readonly revoked: readonly string[];
  /** When the revoked ones expire, by serial number; of one that was not issued here it is not known. Absent: none was revoked. */
  readonly revokedUntil?: Readonly<Record<string, string>>;
  /** The one under way or the last one. */
  readonly profileChange: ProfileChange | null;
  /** Of the last CSR, in words; empty: it was good. */
  readonly csrRefusal: string;
}

export const NO_SECURITY: StationSecurity = {
  securityProfileMin: 0,
  offered: null,
  certificates: [],
  revoked: [],
  profileChange: null,
  csrRefusal: '',
};

type Data<Name extends string> = Omit<Extract<StationEvent, { type: `voltlog.device.${Name}.v1` }>['data'], 'stationId' | 'at'>;

export type SecurityCommand =
  | { readonly kind: 'RequireSecurityProfile'; readonly securityProfileMin: number; readonly now: number }
  | { readonly kind: 'OfferCredential'; readonly changeId: string; readonly passwordHash: string; readonly now: number }
  /** Somebody sets it at the station. */
  | { readonly kind: 'SetCredential'; readonly changeId: string; readonly passwordHash: string; readonly now: number }
  | { readonly kind: 'WithdrawCredential'; readonly changeId: string; readonly reason: string; readonly now: number }
  /** The password of this change is the station's: it connected with it, or takes none and somebody was told it, who sets it by hand. */
  | { readonly kind: 'SettleCredential'; readonly changeId: string; readonly now: number }
  | { readonly kind: 'IssueCertificate'; readonly certificate: Data<'StationCertificateIssued'>; readonly now: number }
  | { readonly kind: 'ReportCertificateInstalled'; readonly serialNumber: string; readonly now: number }
  | { readonly kind: 'ReportCertificateNotInstalled'; readonly report: Data<'StationCertificateNotInstalled'>; readonly now: number }
  | { readonly kind: 'RevokeCertificate'; readonly serialNumber: string; readonly reason: string; readonly now: number }
  | { readonly kind: 'RefuseCertificateRequest'; readonly refusal: Data<'CertificateRequestRefused'>; readonly now: number }
  | {
      readonly kind: 'StartProfileChange';
      readonly changeId: string;
      readonly fromProfile: number;
      readonly toProfile: number;
      readonly enforce: boolean;
      readonly allowDowngrade: boolean;
      readonly now: number;
    }
  | { readonly kind: 'AdvanceProfileChange'; readonly changeId: string; readonly phase: ProfileChangePhase; readonly now: number }
  | {
      readonly kind: 'EndProfileChange';
      readonly changeId: string;
      readonly outcome: ProfileChangeOutcome;
      readonly reason: string;
      readonly now: number;
    };

/** `ProfileUnchanged`: the station is on that profile. `TooManyRevoked`: `REVOKED_MAX` certificates are, none of them expired. */
export type SecurityRefusal =
  | 'PasswordChangeUnderWay'
  | 'ProfileChangeUnderWay'
  | 'NoProfileChange'
  | 'DowngradeNotAllowed'
  | 'ProfileUnchanged'
  | 'TooManyRevoked';

/** The part of a station's decider that is about its security. A report about what is over changes nothing. */
export function decideSecurity(
  command: SecurityCommand,
  stationId: string,
  security: StationSecurity,
): Decision<StationEvent, SecurityRefusal> {
  const at = isoTime(command.now);
  const { offered, certificates } = security;
  switch (command.kind) {
    case 'RequireSecurityProfile':
      return command.securityProfileMin === security.securityProfileMin
        ? decided()
        : decided(required(stationId, command.securityProfileMin, at));
    case 'OfferCredential':
      // Which of two offered ones the station has could not be known, and it must not be locked out.
      if (offered !== null) return refused('PasswordChangeUnderWay');
      return decided<StationEvent>({
        type: 'voltlog.device.StationCredentialOffered.v1',
        data: { stationId, changeId: command.changeId, passwordHash: command.passwordHash, at },
      });
    case 'SetCredential':
      return decided(...setByHand(command, stationId, offered, at));
    case 'WithdrawCredential':
      if (offered?.changeId !== command.changeId) return decided();
      return decided<StationEvent>({
        type: 'voltlog.device.StationCredentialWithdrawn.v1',
        data: { stationId, changeId: command.changeId, reason: command.reason, at },
      });
    case 'SettleCredential':
      // A report that comes late may be about an earlier offer: the station need not have this one.
      if (offered?.changeId !== command.changeId) return decided();
      return decided<StationEvent>({
        type: 'voltlog.device.StationCredentialSet.v1',
        data: { stationId, passwordHash: offered.passwordHash, at },
      });
    case 'IssueCertificate':
      return decided<StationEvent>({ type: 'voltlog.device.StationCertificateIssued.v1', data: { stationId, ...command.certificate, at } });
    case 'ReportCertificateInstalled':
      if (
        !certificates.some((each) => each.serialNumber === command.serialNumber && each.status !== 'Installed' && each.status !== 'Revoked')
      )
        return decided();
      return decided<StationEvent>({
        type: 'voltlog.device.StationCertificateInstalled.v1',
        data: { stationId, serialNumber: command.serialNumber, at },
      });
    case 'ReportCertificateNotInstalled':
      if (!certificates.some((each) => each.serialNumber === command.report.serialNumber && each.status === 'Issued')) return decided();
      return decided<StationEvent>({
        type: 'voltlog.device.StationCertificateNotInstalled.v1',
        data: { stationId, ...command.report, at },
      });
    case 'RevokeCertificate':
      if (security.revoked.includes(command.serialNumber)) return decided();
      if (unexpired(security, at).length >= REVOKED_MAX) return refused('TooManyRevoked');
      return decided<StationEvent>({
        type: 'voltlog.device.StationCertificateRevoked.v1',
        data: { stationId, serialNumber: command.serialNumber, reason: command.reason, at },
      });
    case 'RefuseCertificateRequest':
      return decided<StationEvent>({ type: 'voltlog.device.CertificateRequestRefused.v1', data: { stationId, ...command.refusal, at } });
    case 'StartProfileChange':
      return startProfileChange(command, stationId, security, at);
    case 'AdvanceProfileChange':
      if (!isUnderWay(security, command.changeId) || security.profileChange?.phase === command.phase) return decided();
      return decided<StationEvent>({
        type: 'voltlog.device.SecurityProfileChangeAdvanced.v1',
        data: { stationId, changeId: command.changeId, phase: command.phase, at },
      });
    case 'EndProfileChange':
      return endProfileChange(command, stationId, security, at);
    default:
      return assertNever(command, 'security command');
  }
}

/** The state after an event; others than those about security change nothing here. */
export function evolveSecurity(security: StationSecurity, { type, data }: StationEvent): StationSecurity {
  switch (type) {
    case 'voltlog.device.StationSecurityProfileRequired.v1':
      return { ...security, securityProfileMin: data.securityProfileMin };
    case 'voltlog.device.StationCredentialOffered.v1':
      return { ...security, offered: offeredBy(data) };
    case 'voltlog.device.StationCredentialSet.v1':
    case 'voltlog.device.StationCredentialWithdrawn.v1':
      return { ...security, offered: null };
    case 'voltlog.device.StationCertificateIssued.v1': {
      const { serialNumber, certificateType, fingerprint, notBefore, notAfter } = data;
      const issuedAt = data.at;
      const named = { serialNumber, certificateType, fingerprint };
      const issued: CertificateState = { ...named, status: 'Issued', notBefore, notAfter, issuedAt, reason: '' };
      return { ...security, csrRefusal: '', certificates: [issued, ...security.certificates].slice(0, CERTIFICATES_MAX) };
    }
    case 'voltlog.device.StationCertificateInstalled.v1':
      return withCertificate(security, data.serialNumber, { status: 'Installed', reason: '' });
    case 'voltlog.device.StationCertificateNotInstalled.v1':
      return withCertificate(security, data.serialNumber, { status: data.outcome, reason: data.reason });
    case 'voltlog.device.StationCertificateRevoked.v1': {
      const revoked = [data.serialNumber, ...unexpired(security, data.at)];
      const ends = revoked.map((each) => [each, notAfterOf(security, each)] as const);
      const revokedUntil = Object.fromEntries(ends.flatMap(([each, end]) => (end === undefined ? [] : [[each, end]])));
      return { ...withCertificate(security, data.serialNumber, { status: 'Revoked', reason: data.reason }), revoked, revokedUntil };
    }
    case 'voltlog.device.CertificateRequestRefused.v1':
      return { ...security, csrRefusal: data.detail };
    case 'voltlog.device.SecurityProfileChangeStarted.v1': {
      const { changeId, fromProfile, toProfile, enforce, at } = data;
      const profileChange = {
        changeId,
        fromProfile,
        toProfile,
        enforce,
        phase: 'InstallRoot' as const,
        startedAt: at,
        endedAt: '',
        reason: '',
      };
      return { ...security, profileChange };
    }
    case 'voltlog.device.SecurityProfileChangeAdvanced.v1':
      return security.profileChange === null ? security : { ...security, profileChange: { ...security.profileChange, phase: data.phase } };
    case 'voltlog.device.SecurityProfileChangeEnded.v1': {
      if (security.profileChange === null) return security;
      return { ...security, profileChange: { ...security.profileChange, phase: data.outcome, endedAt: data.at, reason: data.reason } };
    }
    default:
      return security;
  }
}

/** True while this change of profile is not over. */
export const isUnderWay = ({ profileChange }: StationSecurity, changeId: string): boolean =>
  profileChange !== null && profileChange.changeId === changeId && profileChange.endedAt === '';

function startProfileChange(
  command: Extract<SecurityCommand, { kind: 'StartProfileChange' }>,
  stationId: string,
  security: StationSecurity,
  at: string,
): Decision<StationEvent, SecurityRefusal> {
  const { changeId, fromProfile, toProfile, enforce } = command;
  if (security.profileChange !== null && security.profileChange.endedAt === '') return refused('ProfileChangeUnderWay');
  if (toProfile === fromProfile) return refused('ProfileUnchanged');
  if (toProfile < fromProfile && !command.allowDowngrade) return refused('DowngradeNotAllowed');
  const started: StationEvent = {
    type: 'voltlog.device.SecurityProfileChangeStarted.v1',
    data: { stationId, changeId, fromProfile, toProfile, enforce, at },
  };
  // Whoever is sent to a lower profile must be let in there.
  return security.securityProfileMin > toProfile ? decided(required(stationId, toProfile, at), started) : decided(started);
}

function endProfileChange(
  command: Extract<SecurityCommand, { kind: 'EndProfileChange' }>,
  stationId: string,
  security: StationSecurity,
  at: string,
): Decision<StationEvent, SecurityRefusal> {
  const { changeId, outcome, reason } = command;
  const { profileChange, securityProfileMin } = security;
  if (!isUnderWay(security, changeId) || profileChange === null) return decided();
  const ended: StationEvent = { type: 'voltlog.device.SecurityProfileChangeEnded.v1', data: { stationId, changeId, outcome, reason, at } };
  const { enforce, toProfile } = profileChange;
  return outcome === 'Completed' && enforce && securityProfileMin !== toProfile
    ? decided(ended, required(stationId, toProfile, at))
    : decided(ended);
}

const required = (stationId: string, securityProfileMin: number, at: string): StationEvent => ({
  type: 'voltlog.device.StationSecurityProfileRequired.v1',
  data: { stationId, securityProfileMin, at },
});

/** undefined: it is not known, as of one that was not issued here. */
const notAfterOf = ({ revokedUntil, certificates }: StationSecurity, serialNumber: string): string | undefined =>
  revokedUntil?.[serialNumber] ?? certificates.find((each) => each.serialNumber === serialNumber)?.notAfter;

/** Revoked serial numbers that are still to be refused. */
const unexpired = (security: StationSecurity, at: string): readonly string[] =>
  security.revoked.filter((each) => (notAfterOf(security, each) ?? at) >= at);

const withCertificate = (
  security: StationSecurity,
  serialNumber: string,
  change: Pick<CertificateState, 'status' | 'reason'>,
): StationSecurity => ({
  ...security,
  certificates: security.certificates.map((each) => (each.serialNumber === serialNumber ? { ...each, ...change } : each)),
});
