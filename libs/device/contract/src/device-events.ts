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
  'voltlog.device.StationIdentityReported.v1': StationIdentityReported;
  'voltlog.device.ConnectorsLearnt.v1': ConnectorsLearnt;
}

export type DeviceEventType = keyof DeviceEvents;

type Plain<Type extends DeviceEventType> = { readonly [Each in Type]: { readonly type: Each; readonly data: DeviceEvents[Each] } }[Type];

/** An event of a site's stream, without its envelope. */
export type SiteEvent = Plain<Extract<DeviceEventType, `voltlog.device.Site${string}`>>;
/** An event of a station's stream, without its envelope. */
export type StationEvent = Plain<Exclude<DeviceEventType, `voltlog.device.Site${string}`>>;
