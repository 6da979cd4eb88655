import { RequestError } from '@voltlog/kernel';
import { type deviceOperationV1, deviceV1 } from '@voltlog/proto';
import type { ConnectorPlace, StationPlace } from '@voltlog/reservation-domain';

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

  constructor(
    private readonly device: Pick<deviceV1.DeviceService, 'getStation' | 'listStations' | 'getSite'>,
    private readonly operations: Pick<deviceOperationV1.StationOperationService, 'getOperation'>,
  ) {}

  /** @throws {RequestError} `NOT_FOUND` */
  station(stationId: string): Promise<StationEntry> {
    return this.share(`station:${stationId}`, async () => {
      const { station } = await this.device.getStation({ stationId });
      if (station === undefined) throw new RequestError('NOT_FOUND', 'there is no such station', 'StationUnknown');
      return toEntry(station);
    });
  }

  /** A station with what an operator wants out of service there, now or for a time: asked for those alone that are decided about. */
  withOutages({ stationId, place }: StationEntry): Promise<StationPlace> {
    return this.share(`outages:${stationId}`, async () => {
      const { operation } = await this.operations.getOperation({ stationId });
      if (operation === undefined) return place;
      const evses = place.evses.map(({ evseId, connectors }) => ({
        evseId,
        connectors: connectors.map((connector) => intended(operation, evseId, connector)),
      }));
      return { ...place, evses };
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
      connectors: connectors.map(({ connectorId, connectorType, status, statusAt }) => ({
        connectorId,
        connectorType,
        status,
        ...(statusAt === undefined ? {} : { statusAt: toIso(statusAt) }),
        outages: [],
      })),
    })),
  },
});

function intended({ inoperative, outages }: deviceOperationV1.Operation, evseId: number, connector: ConnectorPlace): ConnectorPlace {
  const isAbout = ({ place }: { readonly place?: deviceOperationV1.Place | undefined }): boolean =>
    place !== undefined &&
    (place.evseId === 0 || (place.evseId === evseId && (place.connectorId === 0 || place.connectorId === connector.connectorId)));
  return {
    ...connector,
    ...(inoperative.some(isAbout) ? { status: 'Unavailable' } : {}),
    outages: outages.filter(isAbout).map(({ from = '', until = '' }) => ({ startsAt: toIso(from), expiresAt: toIso(until) })),
  };
}

/** In the one form in which times compare as text. */
const toIso = (time: string): string => new Date(time).toISOString();
