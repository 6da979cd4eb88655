import type { Rpc } from '@voltlog/grpc';
import { RequestError } from '@voltlog/kernel';
import { connectionV1 } from '@voltlog/proto';
import type { Commander } from '../commands/commander.js';
import type { Stations } from '../edge/stations.js';
import type { FrameHistory } from '../frames/frame-history.js';

/** The other instances of this service. */
export class Peers {
  constructor(private readonly rpc: Rpc) {}

  get(address: string, deadlineMs: number): connectionV1.ConnectionPeerService {
    return this.rpc.client<connectionV1.ConnectionPeerService>(connectionV1.ConnectionPeerServiceDefinition, {
      address,
      deadlineMs,
      remote: true,
    });
  }
}

/** What they ask of this one. */
export class PeerRpc implements connectionV1.ConnectionPeerService {
  constructor(
    private readonly stations: Stations,
    private readonly commander: Commander,
    private readonly history: FrameHistory,
  ) {}

  async deliver({ command }: connectionV1.DeliverRequest): Promise<connectionV1.DeliverResponse> {
    const station = command === undefined ? undefined : this.stations.get(command.stationId);
    if (command === undefined || station === undefined) throw new RequestError('NOT_FOUND', 'this instance holds no socket of the station');
    return { result: await this.commander.send(station, command) };
  }

  async fence({ stationId, epoch }: connectionV1.FenceRequest): Promise<connectionV1.FenceResponse> {
    return { closed: this.stations.fence(stationId, epoch) };
  }

  async listRecentFrames({ stationId }: connectionV1.ListRecentFramesRequest): Promise<connectionV1.ListRecentFramesResponse> {
    return { frames: [...this.history.recent(stationId)] };
  }
}
