import { authorizationV1, connectionV1, deviceOperationV1, deviceV1, reservationV1, sessionV1 } from '@voltlog/proto';
import type { ServiceContext } from '@voltlog/service';
import { Reserver } from './commands/reserver.js';
import { StationDirectory } from './commands/station-directory.js';
import { TokenCheck } from './commands/token-check.js';
import type { ReservationConfig } from './config.js';
import { ReservationGrpc } from './grpc/reservation.grpc.js';
import { Deadlines } from './reactions/deadlines.js';
import { DeviceFollower } from './reactions/device-follower.js';
import { HoldKeeper } from './reactions/hold-keeper.js';
import { KeepFree } from './reactions/keep-free.js';
import { Mover } from './reactions/mover.js';
import { Obstacles } from './reactions/obstacles.js';
import { Scheduler } from './reactions/scheduler.js';
import { StationFollower } from './reactions/station-follower.js';
import { Timers } from './reactions/timers.js';
import { CalendarRepository } from './store/calendar-repository.js';
import { fillGroupKeys, openCollections } from './store/documents.js';
import { TokenClaims } from './store/token-claims.js';

/** Milliseconds more than a station has to answer, for the way there and back. */
const ROUND_TRIP_MS = 5_000;

/** The parts of the service, joined. */
export interface ReservationApp {
  readonly grpc: reservationV1.ReservationService;
  readonly repository: CalendarRepository;
  readonly timers: Timers;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export async function createReservation(context: ServiceContext, config: ReservationConfig): Promise<ReservationApp> {
  const { rpc, store } = context;
  const device = rpc.client<deviceV1.DeviceService>(deviceV1.DeviceServiceDefinition, { address: config.deviceGrpc });
  const connection = rpc.client<connectionV1.ConnectionService>(connectionV1.ConnectionServiceDefinition, {
    address: config.connectionGrpc,
    deadlineMs: config.askMs + ROUND_TRIP_MS,
  });
  const collections = await openCollections(store);
  const repository = new CalendarRepository(context, collections);
  const operations = rpc.client<deviceOperationV1.StationOperationService>(deviceOperationV1.StationOperationServiceDefinition, {
    address: config.deviceGrpc,
  });
  const directory = new StationDirectory(device, operations);
  const authorization = rpc.client<authorizationV1.AuthorizationService>(authorizationV1.AuthorizationServiceDefinition, {
    address: config.authorizationGrpc,
  });
  const tokens = new TokenCheck(connection, authorization);
  const reserver = new Reserver(context, repository, new TokenClaims(context, collections), directory, tokens);
  const timers = new Timers(context);
  const sessions = rpc.client<sessionV1.SessionService>(sessionV1.SessionServiceDefinition, { address: config.sessionGrpc });
  const ways = { obstacles: new Obstacles(sessions, directory), mover: new Mover(context, repository, reserver) };
  const keeper = new HoldKeeper(context, repository, timers, connection, ways, config);
  const deadlines = new Deadlines(context, repository, timers, connection, ways);
  const keepFree = new KeepFree(context, repository, timers, sessions);
  const scheduler = new Scheduler(context, repository, timers, ways.mover);
  const stations = new StationFollower(context, repository, timers, keeper, config);
  const devices = new DeviceFollower(context, repository, directory, timers);
  return {
    grpc: new ReservationGrpc(context, repository, reserver, collections),
    repository,
    timers,
    async start() {
      await fillGroupKeys(collections);
      repository.start();
      await scheduler.start();
      await stations.start();
      await devices.start();
      keeper.listen();
      deadlines.listen();
      keepFree.listen();
      timers.start();
    },
    async stop() {
      await timers.stop();
      await devices.stop();
      await stations.stop();
      await scheduler.stop();
      await repository.stop();
    },
  };
}

/** Offers the service to others. */
export const serveReservation = (context: ServiceContext, reservation: ReservationApp): void =>
  context.rpc.serve<reservationV1.ReservationService>(reservationV1.ReservationServiceDefinition, reservation.grpc);
