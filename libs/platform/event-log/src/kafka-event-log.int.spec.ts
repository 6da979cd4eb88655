import { afterAll, beforeAll } from 'vitest';
import { describeEventLog } from './event-log.contract.js';
import { startBrokers, stopBrokers } from './kafka-broker.fixture.js';
import { openKafkaEventLog } from './kafka-event-log.js';

let brokers: string[] = [];
beforeAll(async () => {
  brokers = await startBrokers();
});
afterAll(stopBrokers);

describeEventLog('Kafka event log', () => ({
  open: () => openKafkaEventLog({ brokers, clientId: 'contract' }),
  partitions: 4,
  patienceMs: 20_000,
  runs: 3,
}));
