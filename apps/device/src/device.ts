import { deviceV1 } from '@voltlog/proto';
import type { ServiceContext } from '@voltlog/service';
import type { DeviceConfig } from './config.js';
import { DeviceGrpc } from './grpc/device.grpc.js';
import { DeviceEvents } from './projections/device-events.js';
import { StationFollower } from './projections/station-follower.js';
import { DeviceRepository } from './store/device-repository.js';
import { openCollections } from './store/documents.js';
import { StationMemory } from './store/station-memory.js';

/** The parts of the service, joined. */
export interface Device {
  readonly grpc: deviceV1.DeviceService;
  readonly repository: DeviceRepository;
  readonly follower: StationFollower;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export async function createDevice(context: ServiceContext, config: DeviceConfig): Promise<Device> {
  const collections = await openCollections(context.store);
  const memory = new StationMemory(collections, config);
  const repository = new DeviceRepository(context, collections, memory);
  const follower = new StationFollower(context, repository, memory, collections);
  const events = new DeviceEvents(context, repository, memory);
  context.metrics.gauge('voltlog_device_stations_in_memory', 'Stations kept in memory', () => memory.size);
  return {
    grpc: new DeviceGrpc(context, repository, memory, collections, config),
    repository,
    follower,
    async start() {
      // Memory listens before it is filled, so that no change is missed.
      await events.start();
      repository.start();
      await follower.start();
    },
    async stop() {
      await follower.stop();
      await events.stop();
      await repository.stop();
    },
  };
}

/** Offers the service to others. */
export const serveDevice = (context: ServiceContext, device: Device): void =>
  context.rpc.serve<deviceV1.DeviceService>(deviceV1.DeviceServiceDefinition, device.grpc);
