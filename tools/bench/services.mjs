import { join } from 'node:path';
import { launch } from './processes.mjs';

const HOST = '127.0.0.1';

/** Every service as its own process on Kafka and MongoDB, on fixed loopback ports; one connection instance. */
export async function startServices({ root, environment, kafka, mongo }) {
  const ports = {
    device: 21_001,
    authorization: 21_002,
    session: 21_003,
    reservation: 21_006,
    notification: 21_007,
    connection: 21_004,
    gateway: 21_005,
  };
  const address = (service) => `${HOST}:${ports[service]}`;
  const common = {
    ...environment,
    KAFKA_BROKERS: kafka,
    MONGO_URL: mongo,
    MONGO_DATABASE_PREFIX: `bench${Date.now().toString(36)}`,
    HTTP_HOST: HOST,
    OCPP_HOST: HOST,
    DEVICE_GRPC: address('device'),
    AUTHORIZATION_GRPC: address('authorization'),
    SESSION_GRPC: address('session'),
    RESERVATION_GRPC: address('reservation'),
    NOTIFICATION_GRPC: address('notification'),
    CONNECTION_GRPC: address('connection'),
    LOG_LEVEL: 'info',
  };
  const children = [];
  const stop = async () => {
    for (const child of children.toReversed()) await child.stop();
  };
  for (const service of Object.keys(ports)) {
    const own = {
      GRPC_LISTEN: address(service),
      GRPC_ADVERTISE: address(service),
      HTTP_PORT: String(ports[service] + 100),
      OCPP_PORT: '21200',
    };
    try {
      children.push(await launch(join(root, `dist/${service}/main.js`), [], /"msg":"ready"/, { ...common, ...own }));
    } catch (error) {
      await stop();
      throw error;
    }
  }
  return {
    url: `ws://${HOST}:21200/ocpp`,
    api: `http://${HOST}:${ports.gateway + 100}`,
    pids: children.map(({ pid }) => pid),
    names: Object.keys(ports),
    stop,
  };
}
