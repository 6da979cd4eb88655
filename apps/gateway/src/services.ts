import { Inject, Injectable } from '@nestjs/common';
import {
  authorizationV1,
  connectionV1,
  deviceModelV1,
  deviceOperationV1,
  deviceReportsV1,
  deviceV1,
  notificationV1,
  reservationV1,
  sessionV1,
} from '@voltlog/proto';
import { SERVICE_CONFIG, SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import type { GatewayConfig } from './config.js';

/** Milliseconds a command may wait for its station at most. */
export const COMMAND_MS_MAX = 120_000;
/** Milliseconds more than the command itself, for the way there and back. */
const COMMAND_ROUND_TRIP_MS = 5_000;

/** The services behind the API. */
@Injectable()
export class Services {
  readonly device: deviceV1.DeviceService;
  readonly reports: deviceReportsV1.StationReportsService;
  readonly operation: deviceOperationV1.StationOperationService;
  readonly deviceModel: deviceModelV1.DeviceModelService;
  /** The same with time enough for a station to answer. */
  readonly modelReports: Pick<deviceModelV1.DeviceModelService, 'requestModelReport'>;
  readonly authorization: authorizationV1.AuthorizationService;
  readonly session: sessionV1.SessionService;
  readonly notification: notificationV1.NotificationService;
  readonly reservation: reservationV1.ReservationService;
  readonly connection: connectionV1.ConnectionService;
  /** The connection service with time enough for a station to answer. */
  readonly commands: Pick<connectionV1.ConnectionService, 'sendCommand'>;

  /** The session service with time enough for a station to answer. */
  readonly starts: Pick<sessionV1.SessionService, 'requestStart' | 'requestStop' | 'setLimit'>;

  constructor(@Inject(SERVICE_CONTEXT) { rpc }: ServiceContext, @Inject(SERVICE_CONFIG) config: GatewayConfig) {
    this.device = rpc.client<deviceV1.DeviceService>(deviceV1.DeviceServiceDefinition, { address: config.deviceGrpc });
    this.reports = rpc.client<deviceReportsV1.StationReportsService>(deviceReportsV1.StationReportsServiceDefinition, {
      address: config.deviceGrpc,
    });
    this.operation = rpc.client<deviceOperationV1.StationOperationService>(deviceOperationV1.StationOperationServiceDefinition, {
      address: config.deviceGrpc,
    });
    this.deviceModel = rpc.client<deviceModelV1.DeviceModelService>(deviceModelV1.DeviceModelServiceDefinition, {
      address: config.deviceGrpc,
    });
    this.modelReports = rpc.client<deviceModelV1.DeviceModelService>(deviceModelV1.DeviceModelServiceDefinition, {
      address: config.deviceGrpc,
      deadlineMs: COMMAND_MS_MAX + COMMAND_ROUND_TRIP_MS,
    });
    this.authorization = rpc.client<authorizationV1.AuthorizationService>(authorizationV1.AuthorizationServiceDefinition, {
      address: config.authorizationGrpc,
    });
    this.session = rpc.client<sessionV1.SessionService>(sessionV1.SessionServiceDefinition, { address: config.sessionGrpc });
    this.notification = rpc.client<notificationV1.NotificationService>(notificationV1.NotificationServiceDefinition, {
      address: config.notificationGrpc,
    });
    this.reservation = rpc.client<reservationV1.ReservationService>(reservationV1.ReservationServiceDefinition, {
      address: config.reservationGrpc,
    });
    this.connection = rpc.client<connectionV1.ConnectionService>(connectionV1.ConnectionServiceDefinition, {
      address: config.connectionGrpc,
    });
    this.starts = rpc.client<sessionV1.SessionService>(sessionV1.SessionServiceDefinition, {
      address: config.sessionGrpc,
      deadlineMs: COMMAND_MS_MAX + COMMAND_ROUND_TRIP_MS,
    });
    this.commands = rpc.client<connectionV1.ConnectionService>(connectionV1.ConnectionServiceDefinition, {
      address: config.connectionGrpc,
      deadlineMs: COMMAND_MS_MAX + COMMAND_ROUND_TRIP_MS,
    });
  }
}
