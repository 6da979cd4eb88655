export {
  type DataTexts,
  type DeadLetterCause,
  deadLetterTopic,
  type EventLog,
  type LogRecord,
  POISON_ATTEMPTS,
  type StartFrom,
  type SubscribeOptions,
  type Subscription,
  type TopicPartition,
  type TopicSpec,
} from './event-log.js';
export { type KafkaEventLogOptions, openKafkaEventLog } from './kafka-event-log.js';
export { type ReadTogether, readTogether } from './read-together.js';
export { openSqliteEventLog, type SqliteEventLogOptions } from './sqlite-event-log.js';
