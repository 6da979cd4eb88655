import {
  type BeforeApplicationShutdown,
  type DynamicModule,
  Inject,
  Injectable,
  Module,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import { STATION_TOPIC } from '@voltlog/connection-contract';
import { SERVICE_CONFIG, SERVICE_CONTEXT, type ServiceContext, type ServiceDefinition } from '@voltlog/service';
import { type ConnectionConfig, connectionConfig } from './config.js';
import { ConnectionRuntime } from './connection-runtime.js';

/** Ties the instance to the life of the application. */
@Injectable()
class ConnectionLifecycle implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  private runtime: ConnectionRuntime | undefined;

  constructor(
    @Inject(SERVICE_CONTEXT) private readonly context: ServiceContext,
    @Inject(SERVICE_CONFIG) private readonly config: ConnectionConfig,
  ) {}

  async onModuleInit(): Promise<void> {
    this.runtime = await ConnectionRuntime.create(this.context, this.config);
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.runtime?.listen();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.runtime?.drain();
  }
}

@Module({})
class ConnectionModule {}

/** Sockets of stations, presence, and commands down. */
export const connectionService: ServiceDefinition<ConnectionConfig> = {
  name: 'connection',
  topics: [{ name: STATION_TOPIC, partitions: 12 }],
  config: connectionConfig,
  module: (context, config): DynamicModule => ({
    module: ConnectionModule,
    providers: [ConnectionLifecycle, { provide: SERVICE_CONTEXT, useValue: context }, { provide: SERVICE_CONFIG, useValue: config }],
  }),
};
