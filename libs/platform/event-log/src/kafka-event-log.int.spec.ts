import { KafkaContainer, type StartedKafkaContainer } from '@testcontainers/kafka';
import { Wait } from 'testcontainers';
import { afterAll, beforeAll } from 'vitest';
import { describeEventLog } from './event-log.contract.js';
import { openKafkaEventLog } from './kafka-event-log.js';

let container: StartedKafkaContainer | undefined;
let brokers = (process.env['KAFKA_BROKERS'] ?? '').split(',').filter((broker) => broker !== '');

beforeAll(async () => {
  if (brokers.length > 0) return;
  const image = process.env['VOLTLOG_KAFKA_IMAGE'] ?? 'ev/kafka:8.0.0';
  container = await new KafkaContainer(image).withWaitStrategy(Wait.forLogMessage(/Kafka Server started/)).start();
  brokers = [`${container.getHost()}:${container.getMappedPort(9093)}`];
});
afterAll(async () => {
  await container?.stop();
});

describeEventLog('Kafka event log', () => ({
  open: () => openKafkaEventLog({ brokers, clientId: 'contract' }),
  partitions: 4,
  patienceMs: 20_000,
  runs: 3,
}));
