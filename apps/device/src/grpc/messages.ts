import { deviceV1 } from '@voltlog/proto';
import type { ConnectorStatus, SiteDoc, StationDoc, StationStatusDoc } from '../store/documents.js';

const LIFECYCLE: Readonly<Record<StationDoc['lifecycle'], deviceV1.StationLifecycle>> = {
  Active: deviceV1.StationLifecycle.ACTIVE,
  Quarantined: deviceV1.StationLifecycle.QUARANTINED,
  Retired: deviceV1.StationLifecycle.RETIRED,
};

export const toSiteMessage = (site: Omit<SiteDoc, 'id' | 'version'>): deviceV1.Site => ({
  siteId: site.siteId,
  name: site.name,
  address: site.address,
  city: site.city,
  countryCode: site.countryCode,
  latitude: site.latitude,
  longitude: site.longitude,
  timeZone: site.timeZone,
  retired: site.retired,
  version: site.revision,
});

/** What was registered, joined with what the station last said. */
export const toStationMessage = (station: Omit<StationDoc, 'id' | 'version'>, status: StationStatusDoc | undefined): deviceV1.Station => ({
  stationId: station.stationId,
  siteId: station.siteId,
  name: station.name,
  lifecycle: LIFECYCLE[station.lifecycle],
  evses: station.evses.map(({ evseId, powerWMax, connectors }) => ({
    evseId,
    powerWMax,
    connectors: connectors.map(({ connectorId, connectorType }) =>
      toConnector(
        connectorId,
        connectorType,
        status?.connectors.find((each) => each.evseId === evseId && each.connectorId === connectorId),
      ),
    ),
  })),
  vendor: station.vendor,
  model: station.model,
  serialNumber: station.serialNumber,
  firmwareVersion: station.firmwareVersion,
  ocppVersion: station.ocppVersion,
  lastBootAt: status?.lastBootAt,
  lastBootReason: status?.lastBootReason ?? '',
  firmwareStatus: status?.firmwareStatus ?? '',
  hasCredential: station.passwordHash !== '' || (station.security?.offered ?? null) !== null,
  version: station.revision,
  createdAt: station.createdAt,
  updatedAt: station.updatedAt,
  connected: status?.connected ?? false,
  securityProfileMin: station.security?.securityProfileMin ?? 0,
  quirksOn: [...(station.quirks?.on ?? [])],
  quirksOff: [...(station.quirks?.off ?? [])],
  tags: [...(station.tags ?? [])],
});

const toConnector = (connectorId: number, connectorType: string, status: ConnectorStatus | undefined): deviceV1.Connector => ({
  connectorId,
  connectorType,
  status: status?.status ?? '',
  detail: status?.detail ?? '',
  errorCode: status?.errorCode ?? '',
  statusAt: status?.at,
});
