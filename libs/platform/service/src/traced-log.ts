import type { EventLog, LogRecord } from '@voltlog/event-log';
import { ATTRIBUTE, type Span, type Tracing } from '@voltlog/telemetry';

/**
 * The log as a service sees it whose traces are exported: what a consumer group does with a record that carries a sampled trace is a span of
 * that trace, named `<group> <event type>`. Records without one cost a look at a field.
 */
export function tracedLog(log: EventLog, tracing: Tracing): EventLog {
  return {
    ensureTopics: (topics) => log.ensureTopics(topics),
    append: (topic, key, events) => log.append(topic, key, events),
    subscribe: (options) =>
      log.subscribe({ ...options, handle: (batch) => underSpans(spansOf(batch, options.group, tracing), () => options.handle(batch)) }),
    caughtUp: (question) => log.caughtUp(question),
    health: () => log.health(),
    close: () => log.close(),
  };
}

function spansOf(batch: readonly LogRecord[], group: string, tracing: Tracing): Span[] {
  const spans: Span[] = [];
  for (const { event, topic, partition } of batch) {
    if (event.traceparent === undefined) continue;
    const span = tracing.continue(`${group} ${event.type}`, event.traceparent);
    if (span === undefined) continue;
    // Not the key: of some topics it is made of a token.
    span.set(ATTRIBUTE.eventType, event.type);
    span.set(ATTRIBUTE.consumerGroup, group);
    span.set(ATTRIBUTE.topic, topic);
    span.set(ATTRIBUTE.partition, String(partition));
    span.set(ATTRIBUTE.messageId, event.id);
    spans.push(span);
  }
  return spans;
}

/** The work of a batch is part of every trace in it; calls it makes belong to one only when there is one. */
async function underSpans(spans: readonly Span[], work: () => Promise<void>): Promise<void> {
  const [only] = spans;
  if (only === undefined) return work();
  try {
    await (spans.length === 1 ? only.run(work) : work());
  } catch (error) {
    for (const span of spans) span.fail(error);
    throw error;
  } finally {
    for (const span of spans) span.end();
  }
}
