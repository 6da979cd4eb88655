import {
  type BeforeApplicationShutdown,
  type DynamicModule,
  Inject,
  Injectable,
  Module,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import { DEVICE_TOPIC, FIRMWARE_TOPIC, JOB_TOPIC, MODEL_TOPIC, MOVE_TOPIC, UPLOAD_TOPIC } from '@voltlog/device-contract';
import { SERVICE_CONFIG, SERVICE_CONTEXT, type ServiceContext, type ServiceDefinition } from '@voltlog/service';
import { type DeviceConfig, deviceConfig } from './config.js';
import { createDevice, type Device, serveDevice } from './device.js';
import { MODEL_PARTITIONS } from './model/model.js';
import { deviceProjections } from './projections/rebuild.js';

const DEVICE = Symbol('voltlog.device');

@Injectable()
class DeviceLifecycle implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    @Inject(SERVICE_CONTEXT) private readonly context: ServiceContext,
    @Inject(DEVICE) private readonly device: Device,
  ) {}

  onModuleInit(): void {
    serveDevice(this.context, this.device);
  }

  onApplicationBootstrap(): Promise<void> {
    return this.device.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.device.stop();
  }
}

@Module({})
class DeviceModule {}

/** Sites, stations, EVSEs, connectors and the credentials stations show. */
export const deviceService: ServiceDefinition<DeviceConfig> = {
  name: 'device',
  topics: [
    { name: DEVICE_TOPIC, partitions: 12 },
    { name: JOB_TOPIC, partitions: 12 },
    { name: FIRMWARE_TOPIC, partitions: 12 },
    { name: UPLOAD_TOPIC, partitions: 12 },
    { name: MOVE_TOPIC, partitions: 12 },
    { name: MODEL_TOPIC, partitions: MODEL_PARTITIONS },
  ],
  config: deviceConfig,
  projections: deviceProjections,
  module: (context, config): DynamicModule => ({
    module: DeviceModule,
    providers: [
      { provide: SERVICE_CONTEXT, useValue: context },
      { provide: SERVICE_CONFIG, useValue: config },
      { provide: DEVICE, useFactory: createDevice, inject: [SERVICE_CONTEXT, SERVICE_CONFIG] },
      DeviceLifecycle,
    ],
  }),
};
