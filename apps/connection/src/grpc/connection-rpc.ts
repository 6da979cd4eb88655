import { type Clock, isoTime, OperatingError, RequestError } from '@voltlog/kernel';
import { connectionV1 } from '@voltlog/proto';
import type { StationAccessCache } from '../access/station-access.js';
import { type Authorizations, AWAY } from '../authorization/authorizations.js';
import { type Commander, NOTHING } from '../commands/commander.js';
import type { StationSocket } from '../edge/station-socket.js';
import type { Stations } from '../edge/stations.js';
import { type FrameHistory, pageSize } from '../frames/frame-history.js';
import type { Presence } from '../presence/presence.js';
import { ANY_INSTANCE, type PresenceRow } from '../presence/presence.schema.js';
import type { SoapStations } from '../soap/soap-stations.js';
import type { Peers } from './peers.js';

const { CommandStatus, TokenUse } = connectionV1;

/** Milliseconds a peer gets on top of the station's own time. */
const PEER_MARGIN_MS = 2_000;

export interface ConnectionRpcParts {
  readonly stations: Stations;
  readonly soap: Pick<SoapStations, 'commanded'>;
  readonly presence: Presence;
  readonly commander: Commander;
  readonly peers: Peers;
  readonly history: FrameHistory;
  readonly authorizations: Pick<Authorizations, 'ask'>;
  readonly access: Pick<StationAccessCache, 'get'>;
  readonly instanceId: string;
  readonly clock: Clock;
  readonly timeoutMsDefault: number;
}

/** What other services ask; any instance answers. */
export class ConnectionRpc implements connectionV1.ConnectionService {
  constructor(private readonly parts: ConnectionRpcParts) {}

  async sendCommand(request: connectionV1.SendCommandRequest): Promise<connectionV1.SendCommandResponse> {
    if (request.stationId === '') throw new RequestError('INVALID_ARGUMENT', 'stationId is empty');
    const station = this.parts.stations.get(request.stationId);
    if (station !== undefined) return this.parts.commander.send(station, request);
    const holder = await this.parts.presence.holder(request.stationId);
    if (holder === undefined || holder.instanceId === this.parts.instanceId) return OFFLINE;
    return holder.instanceId === ANY_INSTANCE ? this.overSoap(request, holder) : this.forward(request, holder);
  }

  async authorizeToken(request: connectionV1.AuthorizeTokenRequest): Promise<connectionV1.AuthorizeTokenResponse> {
    const { stationId, evseId, idToken, use, startsAt } = request;
    if (stationId === '' || idToken === undefined) throw new RequestError('INVALID_ARGUMENT', 'stationId or idToken is missing');
    if (use !== TokenUse.RESERVE && use !== TokenUse.REQUEST_START) throw new RequestError('INVALID_ARGUMENT', 'use is missing');
    await this.learnSite(stationId);
    const answer = await this.parts.authorizations.ask(stationId, {
      idToken,
      evseId,
      purpose: use === TokenUse.RESERVE ? 'reserve' : 'requestStart',
      transactionKey: '',
      occurredAt: startsAt ?? isoTime(this.parts.clock.now()),
      offline: false,
    });
    // It says nothing about the token.
    if (answer.status !== 'Accepted' && answer.reason === AWAY) throw new OperatingError('ServiceUnavailable', 'authorization is away');
    return { status: answer.status, reason: answer.reason ?? '', decisionId: answer.decisionId ?? '' };
  }

  async getConnection({ stationId }: connectionV1.GetConnectionRequest): Promise<connectionV1.GetConnectionResponse> {
    const station = this.parts.stations.get(stationId);
    if (station !== undefined) return { connection: this.ofSocket(station) };
    const holder = await this.parts.presence.holder(stationId);
    return { connection: holder === undefined ? offline(stationId) : this.ofRow(holder) };
  }

  async listConnections(request: connectionV1.ListConnectionsRequest): Promise<connectionV1.ListConnectionsResponse> {
    if (request.stationIds.length > 0) {
      const rows = await this.parts.presence.many(request.stationIds);
      const connections = request.stationIds.map((id) => {
        const row = rows.get(id);
        return row === undefined ? offline(id) : this.ofRow(row);
      });
      return { connections, nextPageToken: '', total: connections.filter((one) => one.connected).length };
    }
    const { docs, next, total } = await this.parts.presence.page(
      pageSize(request.pageSize),
      request.pageToken === '' ? undefined : request.pageToken,
    );
    return { connections: docs.map((row) => this.ofRow(row)), nextPageToken: next ?? '', total };
  }

  async listFrames(request: connectionV1.ListFramesRequest): Promise<connectionV1.ListFramesResponse> {
    const tail = await this.tail(request.stationId);
    return this.parts.history.page(request, tail);
  }

  /** The policy of its site holds while authorization is away, also where the station never came to this instance. */
  private async learnSite(stationId: string): Promise<void> {
    try {
      await this.parts.access.get(stationId);
    } catch (error) {
      if (!(error instanceof OperatingError)) throw error;
    }
  }

  /** Frames that are not stored yet, wherever the station is. A peer that does not answer costs a few seconds of history, not the answer. */
  private async tail(stationId: string): Promise<readonly connectionV1.Frame[]> {
    const own = this.parts.history.recent(stationId);
    if (own.length > 0 || this.parts.stations.get(stationId) !== undefined) return own;
    const holder = await this.parts.presence.holder(stationId);
    if (holder === undefined || holder.instanceId === this.parts.instanceId || holder.address === '') return own;
    try {
      return (await this.parts.peers.get(holder.address, PEER_MARGIN_MS).listRecentFrames({ stationId })).frames;
    } catch (error) {
      if (error instanceof OperatingError) return own;
      throw error;
    }
  }

  /** A station without a socket: any instance calls it. */
  private async overSoap(request: connectionV1.SendCommandRequest, holder: PresenceRow): Promise<connectionV1.SendCommandResponse> {
    const station = await this.parts.soap.commanded(holder);
    if (station.callback !== '') return this.parts.commander.send(station, request);
    return { ...NOTHING, status: CommandStatus.OFFLINE, reason: 'the station told no address that it may be called at' };
  }

  private async forward(command: connectionV1.SendCommandRequest, holder: PresenceRow): Promise<connectionV1.SendCommandResponse> {
    const timeoutMs = (command.timeoutMs || this.parts.timeoutMsDefault) + PEER_MARGIN_MS;
    try {
      const { result } = await this.parts.peers.get(holder.address, timeoutMs).deliver({ command, epoch: holder.epoch });
      return result ?? OFFLINE;
    } catch (error) {
      if (error instanceof RequestError && error.code === 'NOT_FOUND') return OFFLINE;
      // The instance has died, and the station's socket with it.
      if (error instanceof OperatingError && error.code === 'ServiceUnreachable') return OFFLINE;
      if (error instanceof OperatingError) {
        return {
          ...NOTHING,
          status: CommandStatus.TIMED_OUT,
          reason: 'the instance that holds the station did not answer; it is not known whether the station acted',
        };
      }
      throw error;
    }
  }

  private ofSocket(station: StationSocket): connectionV1.Connection {
    return {
      stationId: station.stationId,
      connected: true,
      ocppVersion: station.dialect.version,
      dialect: station.dialect.name,
      instanceId: this.parts.instanceId,
      epoch: station.epoch,
      connectedAt: isoTime(station.connectedAtMs),
      lastSeenAt: isoTime(station.heardAtMs),
      remoteAddress: station.station.remoteAddress,
      securityProfile: station.station.securityProfile,
    };
  }

  /** Of this instance's own rows memory knows better: whether the socket is still there, and when it was last heard. */
  private ofRow(row: PresenceRow): connectionV1.Connection {
    if (row.instanceId === this.parts.instanceId) {
      const station = this.parts.stations.get(row.id);
      return station === undefined ? offline(row.id) : this.ofSocket(station);
    }
    const { ocppVersion, dialect = '', epoch, connectedAt, lastSeenAt, remoteAddress, securityProfile } = row;
    const instanceId = row.instanceId === ANY_INSTANCE ? '' : row.instanceId;
    return {
      stationId: row.id,
      connected: true,
      ocppVersion,
      dialect,
      instanceId,
      epoch,
      connectedAt,
      lastSeenAt,
      remoteAddress,
      securityProfile,
    };
  }
}

const OFFLINE: connectionV1.SendCommandResponse = { ...NOTHING, status: CommandStatus.OFFLINE, reason: 'the station is not connected' };

const offline = (stationId: string): connectionV1.Connection => ({
  stationId,
  connected: false,
  ocppVersion: '',
  dialect: '',
  instanceId: '',
  epoch: 0,
  connectedAt: undefined,
  lastSeenAt: undefined,
  remoteAddress: '',
  securityProfile: 0,
});
