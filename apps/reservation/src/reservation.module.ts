import {
  type BeforeApplicationShutdown,
  type DynamicModule,
  Inject,
  Injectable,
  Module,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import { RESERVATION_TOPIC } from '@voltlog/reservation-contract';
import { SERVICE_CONFIG, SERVICE_CONTEXT, type ServiceContext, type ServiceDefinition } from '@voltlog/service';
import { type ReservationConfig, reservationConfig } from './config.js';
import { reservationProjections } from './projections/rebuild.js';
import { createReservation, type ReservationApp, serveReservation } from './reservation.js';

const RESERVATION = Symbol('voltlog.reservation');

@Injectable()
class ReservationLifecycle implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    @Inject(SERVICE_CONTEXT) private readonly context: ServiceContext,
    @Inject(RESERVATION) private readonly reservation: ReservationApp,
  ) {}

  onModuleInit(): void {
    serveReservation(this.context, this.reservation);
  }

  onApplicationBootstrap(): Promise<void> {
    return this.reservation.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.reservation.stop();
  }
}

@Module({})
class ReservationModule {}

/** Connectors held for drivers, in the backend and on the spot. */
export const reservationService: ServiceDefinition<ReservationConfig> = {
  name: 'reservation',
  topics: [{ name: RESERVATION_TOPIC, partitions: 12 }],
  config: reservationConfig,
  projections: reservationProjections,
  module: (context, config): DynamicModule => ({
    module: ReservationModule,
    providers: [
      { provide: SERVICE_CONTEXT, useValue: context },
      { provide: SERVICE_CONFIG, useValue: config },
      { provide: RESERVATION, useFactory: createReservation, inject: [SERVICE_CONTEXT, SERVICE_CONFIG] },
      ReservationLifecycle,
    ],
  }),
};
