import { Injectable } from '@nestjs/common';
import { RequestError } from '@voltlog/kernel';
import { deviceV1, sessionV1 } from '@voltlog/proto';
import { Problem } from '../problems/problem.js';
import { Services } from '../services.js';
import { type EvsePlace, parseEvseUid } from './evse-uid.js';

/** An EVSE with all that is known of where it is. */
export interface Place extends EvsePlace {
  readonly station: deviceV1.Station;
  readonly evse: deviceV1.Evse;
  readonly site: deviceV1.Site | undefined;
}

/** Active sessions of one station that are looked through; a station has fewer EVSEs. */
const SESSIONS_MAX = 200;

/** Finds the EVSE of a QR code. */
@Injectable()
export class Places {
  constructor(private readonly services: Services) {}

  /** @throws {Problem} 404 when there is no such EVSE in service; which part is wrong is nobody's business */
  async find(evseUid: string): Promise<Place> {
    const place = parseEvseUid(evseUid);
    const station = place === undefined ? undefined : await this.station(place.stationId);
    const evse = station?.evses.find(({ evseId }) => evseId === place?.evseId);
    if (place === undefined || station === undefined || evse === undefined)
      throw new Problem(404, 'evse-unknown', 'There is no charging point with this code.');
    const { site } = station.siteId === '' ? { site: undefined } : await this.services.device.getSite({ siteId: station.siteId });
    return { ...place, station, evse, site };
  }

  /** The session that runs at an EVSE now. */
  async sessionAt({ stationId, evseId }: EvsePlace): Promise<sessionV1.Session | undefined> {
    const { sessions } = await this.services.session.listSessions(
      sessionV1.ListSessionsRequest.fromPartial({ stationId, state: sessionV1.SessionState.ACTIVE, pageSize: SESSIONS_MAX }),
    );
    return sessions.find((session) => session.evseId === evseId);
  }

  private async station(stationId: string): Promise<deviceV1.Station | undefined> {
    try {
      const { station } = await this.services.device.getStation({ stationId });
      return station?.lifecycle === deviceV1.StationLifecycle.ACTIVE ? station : undefined;
    } catch (error) {
      if (error instanceof RequestError && error.code === 'NOT_FOUND') return undefined;
      throw error;
    }
  }
}
