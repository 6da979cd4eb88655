import type { DeviceEvents } from './device-events.js';

/** Recorded data of every event type, never edited: what was published once must load for ever. */
export const DEVICE_SAMPLES: { readonly [Type in keyof DeviceEvents]: readonly DeviceEvents[Type][] } = {
  'voltlog.device.SiteRegistered.v1': [
    {
      siteId: 'depot-north',
      name: 'Depot North',
      address: 'Havenweg 12',
      city: 'Rotterdam',
      countryCode: 'NL',
      latitude: 51.9244,
      longitude: 4.4777,
      timeZone: 'Europe/Amsterdam',
      at: '2026-11-02T08:00:00.000Z',
    },
  ],
  'voltlog.device.SiteChanged.v1': [
    { siteId: 'depot-north', name: 'Depot North 2', address: '', city: '', countryCode: '', latitude: 0, longitude: 0, timeZone: '', at: '2026-11-02T08:10:00.000Z' },
  ],
  'voltlog.device.SiteRetired.v1': [{ siteId: 'depot-north', at: '2026-11-02T08:20:00.000Z' }],
  'voltlog.device.StationRegistered.v1': [
    {
      stationId: 'CP-0001',
      siteId: 'depot-north',
      name: 'Bay 1',
      evses: [{ evseId: 1, powerWMax: 22_000, connectors: [{ connectorId: 1, connectorType: 'sType2' }] }],
      at: '2026-11-02T08:30:00.000Z',
    },
    { stationId: 'CP-0002', siteId: '', name: '', evses: [], at: '2026-11-02T08:31:00.000Z' },
  ],
  'voltlog.device.StationChanged.v1': [{ stationId: 'CP-0001', siteId: '', name: 'Bay 1a', evses: [], at: '2026-11-02T08:40:00.000Z' }],
  'voltlog.device.StationQuarantined.v1': [{ stationId: 'CP-0099', at: '2026-11-02T08:50:00.000Z' }],
  'voltlog.device.StationAccepted.v1': [{ stationId: 'CP-0099', at: '2026-11-02T08:55:00.000Z' }],
  'voltlog.device.StationRetired.v1': [{ stationId: 'CP-0002', at: '2026-11-02T09:00:00.000Z' }],
  'voltlog.device.StationCredentialSet.v1': [
    { stationId: 'CP-0001', passwordHash: 'sha256$AAECAwQFBgcICQoLDA0ODw$T3QjDMX1yUHPMuNWWkVtDW5NiqKMJzN5CZ3QmVVDFqM', at: '2026-11-02T09:05:00.000Z' },
    {
      stationId: 'CP-0002',
      passwordHash: 'scrypt$16384$AAECAwQFBgcICQoLDA0ODw$T3QjDMX1yUHPMuNWWkVtDW5NiqKMJzN5CZ3QmVVDFqM',
      at: '2026-11-02T09:06:00.000Z',
    },
  ],
  'voltlog.device.StationIdentityReported.v1': [
    {
      stationId: 'CP-0001',
      vendor: 'Voltmaker',
      model: 'VM-22',
      serialNumber: 'SN-1',
      firmwareVersion: '1.4.2',
      ocppVersion: 'ocpp1.6',
      at: '2026-11-02T09:10:00.000Z',
    },
  ],
  'voltlog.device.ConnectorsLearnt.v1': [{ stationId: 'CP-0002', connectors: [{ evseId: 1, connectorId: 1 }], at: '2026-11-02T09:11:00.000Z' }],
};
