import { RequestError } from '@voltlog/kernel';
import { deviceV1 } from '@voltlog/proto';
import type { StationPlace } from '@voltlog/reservation-domain';

/** Stations of one page, and of one site that are looked at. */
const PAGE_SIZE = 500;
const STATIONS_MAX = 2_000;

export interface StationEntry {
  readonly stationId: string;
  /** Empty: at no site. */
  readonly siteId: string;
  readonly place: StationPlace;
}

/** Stations and sites as the device service has them now; those who ask for the same at the same time share a call. */
export class StationDirectory {
  private readonly underway = new Map<string, Promise<unknown>>();

  constructor(private readonly device: Pick<deviceV1.DeviceService, 'getStation' | 'listStations' | 'getSite'>) {}

  /** @throws {RequestError} `NOT_FOUND` */
  station(stationId: string): Promise<StationEntry> {
    return this.share(`station:${stationId}`, async () => {
      const { station } = await this.device.getStation({ stationId });
      if (station === undefined) throw new RequestError('NOT_FOUND', 'there is no such station', 'StationUnknown');
      return toEntry(station);
    });
  }

  /** Stations of a site that are in service. */
  stationsOf(siteId: string): Promise<readonly StationEntry[]> {
    return this.share(`stations:${siteId}`, async () => {
      const entries: StationEntry[] = [];
      for (let pageToken = ''; entries.length < STATIONS_MAX; ) {
        const page = await this.device.listStations({
          siteId,
          lifecycle: deviceV1.StationLifecycle.ACTIVE,
          pageSize: PAGE_SIZE,
          pageToken,
        });
        entries.push(...page.stations.map(toEntry));
        if (page.nextPageToken === '') break;
        pageToken = page.nextPageToken;
      }
      return entries;
    });
  }

  /**
   * IANA name of a site's zone; empty: not told.
   *
   * @throws {RequestError} `NOT_FOUND`
   */
  timeZoneOf(siteId: string): Promise<string> {
    if (siteId === '') return Promise.resolve('');
    return this.share(`site:${siteId}`, async () => {
      const { site } = await this.device.getSite({ siteId });
      return site?.timeZone ?? '';
    });
  }

  private share<Value>(key: string, ask: () => Promise<Value>): Promise<Value> {
    const known = this.underway.get(key);
    // A key is only ever asked one kind of question.
    if (known !== undefined) return known as Promise<Value>;
    const asked = ask().finally(() => this.underway.delete(key));
    this.underway.set(key, asked);
    return asked;
  }
}

const toEntry = (station: deviceV1.Station): StationEntry => ({
  stationId: station.stationId,
  siteId: station.siteId,
  place: {
    inService: station.lifecycle === deviceV1.StationLifecycle.ACTIVE,
    evses: station.evses.map(({ evseId, connectors }) => ({
      evseId,
      connectors: connectors.map(({ connectorId, connectorType, status }) => ({ connectorId, connectorType, status })),
    })),
  },
});
