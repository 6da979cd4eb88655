import { join } from 'node:path';
import { launch } from './processes.mjs';

const HOST = '127.0.0.1';
/** First of the ports; 50 from there on are used. */
const PORT = Number(process.env.BENCH_PORT ?? 21_001);
const HTTP = PORT + 20;
const OCPP = PORT + 40;

/** Every service as its own process on Kafka and MongoDB, on fixed loopback ports; one connection instance. */
export async function startServices({ root, environment, kafka, mongo }) {
  const names = ['device', 'authorization', 'session', 'reservation', 'notification', 'connection', 'gateway'];
  const ports = Object.fromEntries(names.map((name, at) => [name, PORT + at]));
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
  for (const service of names) {
    const own = {
      GRPC_LISTEN: address(service),
      GRPC_ADVERTISE: address(service),
      HTTP_PORT: String(HTTP + names.indexOf(service)),
      OCPP_PORT: String(OCPP),
    };
    try {
      children.push(await launch(join(root, `dist/${service}/main.js`), [], /"msg":"ready"/, { ...common, ...own }));
    } catch (error) {
      await stop();
      throw error;
    }
  }
  return {
    url: `ws://${HOST}:${OCPP}/ocpp`,
    api: `http://${HOST}:${HTTP + names.indexOf('gateway')}`,
    pids: children.map(({ pid }) => pid),
    names,
    stop,
  };
}
