// The raw baselines of the benchmark: what `ws` alone, `ws` with a log that is fsync'd before the answer, and `ws` with kafkajs and
// `acks=all` cost on this machine. They parse the frame and answer; they check, translate and remember nothing.
//   node raw-servers.mjs ws|log|kafka [--file FILE] [--brokers HOST:PORT] [--topic TOPIC]
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { WebSocketServer } from 'ws';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { file: { type: 'string' }, brokers: { type: 'string' }, topic: { type: 'string', default: 'bench.raw' } },
});

/** Callers that wait while one write is under way share the next one. */
function coalesced(writeAll) {
  let waiting = [];
  let busy = false;
  const flush = async () => {
    busy = true;
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      await writeAll(batch.map((each) => each.entry));
      for (const each of batch) each.resolve();
    }
    busy = false;
  };
  return (entry) =>
    new Promise((resolve) => {
      waiting.push({ entry, resolve });
      if (!busy) {
        busy = true;
        setImmediate(flush);
      }
    });
}

async function sqliteLog(file) {
  const { DatabaseSync } = await import('node:sqlite');
  const db = new DatabaseSync(file);
  db.exec(
    'PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE IF NOT EXISTS log(offset INTEGER PRIMARY KEY, key TEXT, body TEXT)',
  );
  const insert = db.prepare('INSERT INTO log(key, body) VALUES (?, ?)');
  return coalesced(async (batch) => {
    db.exec('BEGIN');
    for (const { key, body } of batch) insert.run(key, body);
    db.exec('COMMIT');
  });
}

async function kafkaLog(brokers, topic) {
  const { default: kafkajs } = await import('kafkajs');
  const kafka = new kafkajs.Kafka({ clientId: 'bench-raw', brokers: brokers.split(','), logLevel: kafkajs.logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 12 }], waitForLeaders: true });
  await admin.disconnect();
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  return coalesced((batch) => producer.send({ topic, acks: -1, messages: batch.map(({ key, body }) => ({ key, value: body })) }));
}

const append =
  positionals[0] === 'log'
    ? await sqliteLog(values.file)
    : positionals[0] === 'kafka'
      ? await kafkaLog(values.brokers, values.topic)
      : undefined;

const answers = {
  BootNotification: () => `{"status":"Accepted","currentTime":"${new Date().toISOString()}","interval":300}`,
  Heartbeat: () => `{"currentTime":"${new Date().toISOString()}"}`,
  Authorize: () => '{"idTagInfo":{"status":"Accepted"}}',
  StartTransaction: () => '{"transactionId":1,"idTagInfo":{"status":"Accepted"}}',
};

const server = createServer();
const sockets = new WebSocketServer({
  noServer: true,
  perMessageDeflate: false,
  clientTracking: false,
  handleProtocols: (offered) => [...offered][0] ?? false,
});
server.on('upgrade', (request, socket, head) =>
  sockets.handleUpgrade(request, socket, head, (ws) => {
    ws.key = request.url;
    ws.on('message', onMessage);
  }),
);

function onMessage(data) {
  const text = data.toString();
  const [, id, action] = JSON.parse(text);
  const answer = `[3,"${id}",${(answers[action] ?? (() => '{}'))()}]`;
  if (append === undefined || action === 'Heartbeat') this.send(answer);
  else append({ key: this.key, body: text }).then(() => this.send(answer));
}

server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => process.stdout.write(`listening ${server.address().port}\n`));
process.on('SIGTERM', () => process.exit(0));
