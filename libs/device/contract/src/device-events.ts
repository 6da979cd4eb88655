/**
 * What the device service says. Topic `device.station.v1`, key: the station id or, for a site, the site id.
 *
 * Times are ISO 8601 UTC with milliseconds, by our clock. What changes with every message of a station (connector status, presence) is
 * no event here: it is on `connection.station.v1`.
 */

export const DEVICE_TOPIC = 'device.station.v1';

/** All that an operator says about a site. */
export interface SiteAttributes {
  readonly name: string;
  readonly address: string;
  readonly city: string;
  /** ISO 3166-1 alpha-2; empty: not told. */
  readonly countryCode: string;
  /** Degrees, WGS 84. Both 0: not told. */
  readonly latitude: number;
  readonly longitude: number;
  /** IANA name; empty: not told. */
  readonly timeZone: string;
}

export interface SiteRegistered extends SiteAttributes {
  readonly siteId: string;
  readonly at: string;
}

/** The site as it is after the change, whole. */
export interface SiteChanged extends SiteAttributes {
  readonly siteId: string;
  readonly at: string;
}

export interface SiteRetired {
  readonly siteId: string;
  readonly at: string;
}

export interface ConnectorTopology {
  /** Counts from 1 within its EVSE. */
  readonly connectorId: number;
  /** OCPP 2.1 ConnectorEnumStringType; empty: not known. */
  readonly connectorType: string;
}

export interface EvseTopology {
  /** Counts from 1. */
  readonly evseId: number;
  /** W; 0: not known. */
  readonly powerWMax: number;
  readonly connectors: readonly ConnectorTopology[];
}

/** All that an operator says about a station. */
export interface StationAttributes {
  /** Empty: at no site. */
  readonly siteId: string;
  readonly name: string;
  /** In order of `evseId`; empty: learnt from what the station reports. */
  readonly evses: readonly EvseTopology[];
  /** The operator's own words for groups of stations, in order; absent: none. */
  readonly tags?: readonly string[];
}

/** A station is in service from now on; it may have been in quarantine before. */
export interface StationRegistered extends StationAttributes {
  readonly stationId: string;
  readonly at: string;
}

/** The station as the operator wants it after the change, whole. */
export interface StationChanged extends StationAttributes {
  readonly stationId: string;
  readonly at: string;
}

/** A station that nobody registered came in by the `quarantine` or `accept` policy. */
export interface StationQuarantined {
  readonly stationId: string;
  readonly at: string;
}

/** An operator took a station out of quarantine. */
export interface StationAccepted {
  readonly stationId: string;
  readonly at: string;
}

export interface StationRetired {
  readonly stationId: string;
  readonly at: string;
}

/** The station shows this password from now on. */
export interface StationCredentialSet {
  readonly stationId: string;
  /**
   * `sha256$<salt>$<hash>` (hash of salt and password, for passwords with enough entropy) or `scrypt$<N>$<salt>$<hash>` (r = 8, p = 1);
   * salt and hash in base64url. Never the password.
   */
  readonly passwordHash: string;
  readonly at: string;
}

/** Nothing below this security profile is let in any more. */
export interface StationSecurityProfileRequired {
  readonly stationId: string;
  /** 0 to 3. */
  readonly securityProfileMin: number;
  readonly at: string;
}

/** A new password is on its way to the station; it counts beside the old one. */
export interface StationCredentialOffered {
  readonly stationId: string;
  readonly changeId: string;
  /** As in {@link StationCredentialSet}. */
  readonly passwordHash: string;
  /** Somebody sets it at the station; absent: it is brought to it. */
  readonly byHand?: true;
  readonly at: string;
}

/** The station did not take the new password: the old one stays. */
export interface StationCredentialWithdrawn {
  readonly stationId: string;
  readonly changeId: string;
  readonly reason: string;
  readonly at: string;
}

/** A client certificate was made for the station; it is on its way. */
export interface StationCertificateIssued {
  readonly stationId: string;
  /** Lower-case hexadecimal without leading zeros. */
  readonly serialNumber: string;
  /** OCPP 2.x CertificateSigningUseEnumType. */
  readonly certificateType: string;
  /** PEM, the station's own first. */
  readonly certificateChain: string;
  /** SHA-256 of the DER, hexadecimal. */
  readonly fingerprint: string;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly at: string;
}

/** The station has it. */
export interface StationCertificateInstalled {
  readonly stationId: string;
  readonly serialNumber: string;
  readonly at: string;
}

/** The station did not want it, or could not be reached in time. */
export interface StationCertificateNotInstalled {
  readonly stationId: string;
  readonly serialNumber: string;
  readonly outcome: 'Rejected' | 'Undelivered';
  readonly reason: string;
  readonly at: string;
}

/** The certificate counts no more, though it has not expired. */
export interface StationCertificateRevoked {
  readonly stationId: string;
  readonly serialNumber: string;
  readonly reason: string;
  readonly at: string;
}

/** A CSR that is not what it should be: an operator must look. */
export interface CertificateRequestRefused {
  readonly stationId: string;
  readonly certificateType: string;
  /** `Malformed`, `SignatureWrong`, `KeyNotAllowed`, `NameMismatch`, `OrganizationMismatch`, `TypeNotSupported`, `NoAuthority`, `AuthorityRefused`, `AuthorityUnavailable` */
  readonly reason: string;
  /** In plain words. */
  readonly detail: string;
  readonly at: string;
}

/** A station is to be brought to another security profile. */
export interface SecurityProfileChangeStarted {
  readonly stationId: string;
  readonly changeId: string;
  readonly fromProfile: number;
  readonly toProfile: number;
  /** Nothing below is let in once it is done. */
  readonly enforce: boolean;
  readonly at: string;
}

/** What comes next. */
export interface SecurityProfileChangeAdvanced {
  readonly stationId: string;
  readonly changeId: string;
  readonly phase: 'InstallRoot' | 'AwaitCertificate' | 'Switch' | 'AwaitConnection';
  readonly at: string;
}

export interface SecurityProfileChangeEnded {
  readonly stationId: string;
  readonly changeId: string;
  readonly outcome: 'Completed' | 'RolledBack' | 'Failed' | 'Cancelled';
  /** Empty when completed. */
  readonly reason: string;
  readonly at: string;
}

/** What the station is answered when it boots, from now on. */
export interface StationBootDecided {
  readonly stationId: string;
  /** OCPP 2.1 RegistrationStatusEnumType. `Pending`: it is provisioned first. */
  readonly status: 'Accepted' | 'Pending' | 'Rejected';
  /** Seconds until a station that was not accepted asks again. */
  readonly intervalSeconds: number;
  readonly by: 'Operator' | 'Provisioning';
  readonly reason: string;
  readonly at: string;
}

/** What a station said about itself when it booted, since it differs from before. */
export interface StationIdentityReported {
  readonly stationId: string;
  readonly vendor: string;
  readonly model: string;
  readonly serialNumber: string;
  readonly firmwareVersion: string;
  /** `ocpp1.6`, `ocpp2.0.1`, `ocpp2.1` */
  readonly ocppVersion: string;
  readonly at: string;
}

/** A station reported connectors that were not known. */
export interface ConnectorsLearnt {
  readonly stationId: string;
  readonly connectors: readonly { readonly evseId: number; readonly connectorId: number }[];
  readonly at: string;
}

/** An operator said whether a quirk is on for the station; the ids are those of the catalogue in the connection contract. */
export interface StationQuirkChosen {
  readonly stationId: string;
  readonly quirkId: string;
  /** `ByMake`: on where the station's make is known for it. */
  readonly choice: 'On' | 'Off' | 'ByMake';
  readonly at: string;
}

/** Every event on the topic: event type -> data. */
export interface DeviceEvents {
  'voltlog.device.SiteRegistered.v1': SiteRegistered;
  'voltlog.device.SiteChanged.v1': SiteChanged;
  'voltlog.device.SiteRetired.v1': SiteRetired;
  'voltlog.device.StationRegistered.v1': StationRegistered;
  'voltlog.device.StationChanged.v1': StationChanged;
  'voltlog.device.StationQuarantined.v1': StationQuarantined;
  'voltlog.device.StationAccepted.v1': StationAccepted;
  'voltlog.device.StationRetired.v1': StationRetired;
  'voltlog.device.StationCredentialSet.v1': StationCredentialSet;
  'voltlog.device.StationSecurityProfileRequired.v1': StationSecurityProfileRequired;
  'voltlog.device.StationCredentialOffered.v1': StationCredentialOffered;
  'voltlog.device.StationCredentialWithdrawn.v1': StationCredentialWithdrawn;
  'voltlog.device.StationCertificateIssued.v1': StationCertificateIssued;
  'voltlog.device.StationCertificateInstalled.v1': StationCertificateInstalled;
  'voltlog.device.StationCertificateNotInstalled.v1': StationCertificateNotInstalled;
  'voltlog.device.StationCertificateRevoked.v1': StationCertificateRevoked;
  'voltlog.device.CertificateRequestRefused.v1': CertificateRequestRefused;
  'voltlog.device.SecurityProfileChangeStarted.v1': SecurityProfileChangeStarted;
  'voltlog.device.SecurityProfileChangeAdvanced.v1': SecurityProfileChangeAdvanced;
  'voltlog.device.SecurityProfileChangeEnded.v1': SecurityProfileChangeEnded;
  'voltlog.device.StationBootDecided.v1': StationBootDecided;
  'voltlog.device.StationIdentityReported.v1': StationIdentityReported;
  'voltlog.device.ConnectorsLearnt.v1': ConnectorsLearnt;
  'voltlog.device.StationQuirkChosen.v1': StationQuirkChosen;
}

export type DeviceEventType = keyof DeviceEvents;

type Plain<Type extends DeviceEventType> = { readonly [Each in Type]: { readonly type: Each; readonly data: DeviceEvents[Each] } }[Type];

/** An event of a site's stream, without its envelope. */
export type SiteEvent = Plain<Extract<DeviceEventType, `voltlog.device.Site${string}`>>;
/** An event of a station's stream, without its envelope. */
export type StationEvent = Plain<Exclude<DeviceEventType, `voltlog.device.Site${string}`>>;
