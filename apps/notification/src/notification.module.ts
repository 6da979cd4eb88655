import {
  type BeforeApplicationShutdown,
  type DynamicModule,
  Inject,
  Injectable,
  Module,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import { DELIVERY_TOPIC, SUBSCRIPTION_TOPIC } from '@voltlog/notification-contract';
import { SERVICE_CONFIG, SERVICE_CONTEXT, type ServiceContext, type ServiceDefinition } from '@voltlog/service';
import { type NotificationConfig, notificationConfig } from './config.js';
import { createNotification, type NotificationParts, serveNotification } from './notification.js';
import { notificationProjections } from './projections/rebuild.js';

const NOTIFICATION = Symbol('voltlog.notification');

@Injectable()
class NotificationLifecycle implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    @Inject(SERVICE_CONTEXT) private readonly context: ServiceContext,
    @Inject(NOTIFICATION) private readonly notification: NotificationParts,
  ) {}

  onModuleInit(): void {
    serveNotification(this.context, this.notification);
  }

  onApplicationBootstrap(): Promise<void> {
    return this.notification.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.notification.stop();
  }
}

@Module({})
class NotificationModule {}

/** Tells drivers, operators and partners what happens to them. */
export const notificationService: ServiceDefinition<NotificationConfig> = {
  name: 'notification',
  topics: [
    { name: SUBSCRIPTION_TOPIC, partitions: 12 },
    { name: DELIVERY_TOPIC, partitions: 12 },
  ],
  config: notificationConfig,
  projections: notificationProjections,
  module: (context, config): DynamicModule => ({
    module: NotificationModule,
    providers: [
      { provide: SERVICE_CONTEXT, useValue: context },
      { provide: SERVICE_CONFIG, useValue: config },
      {
        provide: NOTIFICATION,
        useFactory: (given: ServiceContext, settings: NotificationConfig) => createNotification(given, settings),
        inject: [SERVICE_CONTEXT, SERVICE_CONFIG],
      },
      NotificationLifecycle,
    ],
  }),
};
