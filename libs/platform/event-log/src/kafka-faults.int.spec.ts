import { OperatingError } from '@voltlog/kernel';
import { Kafka, logLevel } from 'kafkajs';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { sampleEvent, until } from './event-log.contract.js';
import { deadLetterTopic, type EventLog, type LogRecord } from './event-log.js';
import { Cable, startBrokers, stopBrokers } from './kafka-broker.fixture.js';
import { encodeMessage } from './kafka-codec.js';
import { openKafkaEventLog } from './kafka-event-log.js';

const PATIENCE_MS = 25_000;
let brokers: string[] = [];
let serial = 0;
const logs: EventLog[] = [];

beforeAll(async () => {
  brokers = await startBrokers();
});
afterAll(stopBrokers);
afterEach(async () => {
  await Promise.all(logs.splice(0).map((log) => log.close()));
});

async function opened(cable: Cable, boundMs?: number): Promise<EventLog> {
  const log = await openKafkaEventLog({
    brokers,
    clientId: 'faults',
    socketFactory: cable.socketFactory,
    ...(boundMs === undefined ? {} : { boundMs }),
  });
  logs.push(log);
  return log;
}

async function newTopic(log: EventLog, partitions = 4): Promise<string> {
  const topic = `faults-${process.pid}-${Date.now()}-${(serial += 1)}`;
  await log.ensureTopics([{ name: topic, partitions }]);
  return topic;
}

const numberOf = ({ event }: LogRecord): number => (event.data as { n: number }).n;

/** Reads a topic into a list by a group of its own. */
async function reading(log: EventLog, topic: string, group = `group-${process.pid}-${(serial += 1)}`): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  await log.subscribe({ group, topics: [topic], handle: async (batch) => void records.push(...batch) });
  return records;
}

/** First arrivals only, as a consumer that dedupes sees them. */
const firsts = (numbers: readonly number[]): number[] => [...new Set(numbers)];

describe('the broker is away', () => {
  for (const way of ['cut', 'silence'] as const) {
    it(`for less than the bound (${way}): appends wait, arrive, and keep their order`, async () => {
      const cable = new Cable();
      const log = await opened(cable, 20_000);
      const topic = await newTopic(log, 1);
      await log.append(topic, 'key', [sampleEvent(0)]);
      const appends: Promise<void>[] = [];
      for (let n = 1; n <= 300; n += 1) {
        appends.push(log.append(topic, 'key', [sampleEvent(n)]));
        if (n % 10 === 0) await new Promise((resolve) => void setImmediate(resolve));
        if (n === 150) cable[way]();
      }
      setTimeout(() => cable.mend(), 1_000);
      await Promise.all(appends);
      const records = await reading(log, topic);
      await until(() => firsts(records.map(numberOf)).length === 301, PATIENCE_MS, 'all records');
      expect(firsts(records.map(numberOf))).toEqual(Array.from({ length: 301 }, (_, n) => n));
    });

    it(`for longer (${way}): appends are refused in time, and work again by themselves`, async () => {
      const cable = new Cable();
      const log = await opened(cable, 1_500);
      const topic = await newTopic(log, 1);
      const records = await reading(log, topic);
      await log.append(topic, 'key', [sampleEvent(0)]);
      await until(() => records.length === 1, PATIENCE_MS, 'the first record');
      cable[way]();
      const asked = performance.now();
      await expect(log.append(topic, 'key', [sampleEvent(1)])).rejects.toMatchObject({ name: 'OperatingError', code: 'LogUnavailable' });
      expect(performance.now() - asked).toBeLessThan(4_000);
      cable.mend();
      for (let n = 2; n < 50; n += 1) await log.append(topic, 'key', [sampleEvent(n)]);
      await until(() => firsts(records.map(numberOf)).filter((n) => n !== 1).length === 49, PATIENCE_MS, 'all that was acknowledged');
    });
  }

  it('when the log is opened: says so, and works once it is there', async () => {
    const cable = new Cable();
    cable.cut();
    const log = await opened(cable, 1_000);
    await expect(log.append('faults-late', 'key', [sampleEvent(0)])).rejects.toBeInstanceOf(OperatingError);
    await expect(log.health()).rejects.toBeInstanceOf(OperatingError);
    cable.mend();
    await until(
      () =>
        log.append('faults-late', 'key', [sampleEvent(1)]).then(
          () => true,
          () => false,
        ),
      PATIENCE_MS,
      'an append',
    );
    await log.health();
  });
});

describe('a consumer that falls silent', () => {
  it('loses its partitions to the others of its group; nothing is lost', async () => {
    const cable = new Cable();
    const lost = await opened(cable);
    const log = await opened(new Cable());
    const topic = await newTopic(log);
    const group = `group-${process.pid}-${(serial += 1)}`;
    const a = await reading(lost, topic, group);
    const b = await reading(log, topic, group);
    let sent = 0;
    const send = () => Promise.all(Array.from({ length: 40 }, () => log.append(topic, `key-${sent}`, [sampleEvent(sent++)])));
    await until(
      async () => {
        await send();
        return a.length > 0 && b.length > 0;
      },
      PATIENCE_MS,
      'both have records',
    );
    cable.cut();
    await send();
    await until(() => firsts([...a, ...b].map(numberOf)).length === sent, PATIENCE_MS, 'all records, by the one that is left');
    cable.mend();
    const before = a.length;
    await until(
      async () => {
        await send();
        return a.length > before;
      },
      PATIENCE_MS,
      'the first one is back',
    );
    await until(() => firsts([...a, ...b].map(numberOf)).length === sent, PATIENCE_MS, 'all records');
  });
});

describe('a consumer that kafkajs gives up', () => {
  it('is started again', async () => {
    const warnings: string[] = [];
    const logger = pino({ level: 'debug' }, { write: (line: string) => void warnings.push(line) });
    const cable = new Cable();
    const reader = await openKafkaEventLog({ brokers, clientId: 'faults', socketFactory: cable.socketFactory, logger });
    logs.push(reader);
    const log = await opened(new Cable());
    const topic = await newTopic(log, 1);
    const records = await reading(reader, topic);
    await log.append(topic, 'key', [sampleEvent(0)]);
    await until(() => records.length === 1, PATIENCE_MS, 'the first record');
    cable.destroy();
    await until(() => warnings.some((line) => line.includes('Crash: ')), PATIENCE_MS, 'the crash');
    cable.mend();
    await log.append(topic, 'key', [sampleEvent(1)]);
    await until(() => firsts(records.map(numberOf)).length === 2, PATIENCE_MS, 'the second record');
  });
});

describe('a batch that takes longer than the session', () => {
  it('is not handed to anybody else', async () => {
    const log = await opened(new Cable());
    const topic = await newTopic(log, 1);
    const seen: number[] = [];
    await log.subscribe({
      group: `group-${process.pid}-${(serial += 1)}`,
      topics: [topic],
      handle: async (batch) => {
        seen.push(...batch.map(numberOf));
        if (seen.length === 1) await new Promise((resolve) => void setTimeout(resolve, 13_000));
      },
    });
    await log.append(topic, 'key', [sampleEvent(0)]);
    await until(() => seen.length === 1, PATIENCE_MS, 'the first record');
    await log.append(topic, 'key', [sampleEvent(1)]);
    await until(() => seen.length > 1, PATIENCE_MS, 'the second record');
    expect(seen).toEqual([0, 1]);
  });
});

describe('messages of another program', () => {
  it('go to the dead-letter topic as they are when they are no events; the rest goes on', async () => {
    const log = await opened(new Cable());
    const topic = await newTopic(log, 1);
    const producer = new Kafka({ brokers, clientId: 'other', logLevel: logLevel.NOTHING }).producer();
    await producer.connect();
    await producer.send({
      topic,
      messages: [
        { key: 'a', value: 'no headers at all' },
        encodeMessage('key', sampleEvent(1)),
        { ...encodeMessage('b', sampleEvent(2)), value: 'not JSON' },
        encodeMessage('key', sampleEvent(3)),
        { key: 'c', value: null },
      ],
    });
    await producer.disconnect();
    const seen: number[] = [];
    const group = `group-${process.pid}-${(serial += 1)}`;
    await log.subscribe({ group, topics: [topic], handle: async (batch) => void seen.push(...batch.map(numberOf)) });
    expect(await log.caughtUp({ group, topic, key: 'key', deadlineMs: PATIENCE_MS })).toBe(true);
    expect(firsts(seen)).toEqual([1, 3]);
    const dead: { key: string | undefined; value: string | undefined; cause: string }[] = [];
    const consumer = new Kafka({ brokers, clientId: 'other', logLevel: logLevel.NOTHING }).consumer({ groupId: `${group}-dead` });
    await consumer.connect();
    await consumer.subscribe({ topics: [deadLetterTopic(topic)], fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message }) => {
        dead.push({ key: message.key?.toString(), value: message.value?.toString(), cause: String(message.headers?.['dl_cause']) });
      },
    });
    await until(() => dead.length === 3, PATIENCE_MS, 'three dead letters');
    await consumer.disconnect();
    expect(dead.toSorted((x, y) => String(x.key).localeCompare(String(y.key)))).toEqual([
      { key: 'a', value: 'no headers at all', cause: expect.stringContaining('ce_id') },
      { key: 'b', value: 'not JSON', cause: expect.stringContaining('not JSON') },
      { key: 'c', value: undefined, cause: expect.stringContaining('no value') },
    ]);
  });
});
