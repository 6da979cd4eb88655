export { deadLetterTopic, type EventLog, type LogRecord, POISON_ATTEMPTS, type SubscribeOptions, type Subscription, type TopicSpec } from './event-log.js';
