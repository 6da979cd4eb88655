import { deviceV1 } from '@voltlog/proto';
import type { RegistryRecord } from './records.js';

const PAGE = 500;

/** Every site and station in service, a page at a time: what an import takes. Passwords are not among it; only their hashes are kept. */
export async function* exported(
  device: Pick<deviceV1.DeviceService, 'listSites' | 'listStations'>,
): AsyncGenerator<readonly RegistryRecord[]> {
  for (let pageToken = ''; ; ) {
    const page = await device.listSites({ pageSize: PAGE, pageToken });
    yield page.sites.filter(({ retired }) => !retired).map(siteOf);
    if (page.nextPageToken === '') break;
    pageToken = page.nextPageToken;
  }
  for (let pageToken = ''; ; ) {
    const page = await device.listStations({ pageSize: PAGE, pageToken, siteId: '', lifecycle: deviceV1.StationLifecycle.ACTIVE });
    yield page.stations.map(stationOf);
    if (page.nextPageToken === '') return;
    pageToken = page.nextPageToken;
  }
}

const siteOf = ({ siteId, name, address, city, countryCode, latitude, longitude, timeZone }: deviceV1.Site): RegistryRecord => ({
  type: 'site',
  siteId,
  name,
  address,
  city,
  countryCode,
  latitude,
  longitude,
  timeZone,
});

const stationOf = ({ stationId, siteId, name, securityProfileMin, tags, evses }: deviceV1.Station): RegistryRecord => ({
  type: 'station',
  stationId,
  siteId,
  name,
  securityProfileMin: securityProfileMin ?? 0,
  tags,
  password: '',
  evses: evses.map(({ evseId, powerWMax, connectors }) => ({
    evseId,
    powerWMax,
    connectors: connectors.map(({ connectorId, connectorType }) => ({ connectorId, connectorType })),
  })),
});
