import { randomFillSync } from 'node:crypto';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { STATION_TOPIC, type TransactionEnded, type TransactionStarted } from '@voltlog/connection-contract';
import { openSqliteEventLog } from '@voltlog/event-log';
import { type EventEnvelope, isoTime, uuidV7Source } from '@voltlog/kernel';

// Puts the facts of old sessions on the log of a data folder, before the platform starts on it: a fleet with a history.

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: '.' },
    sessions: { type: 'string', default: '1000000' },
    stations: { type: 'string', default: '10000' },
  },
});
const sessions = Number(values.sessions);
const stations = Number(values.stations);
const HOUR_MS = 3_600_000;
const log = await openSqliteEventLog({ path: join(values.data, 'log.db') });
await log.ensureTopics([{ name: STATION_TOPIC, partitions: 12 }]);
const ids = uuidV7Source(Date.now, randomFillSync);
const firstAt = Date.now() - (sessions / stations + 2) * HOUR_MS;
const authorization = { status: 'Accepted', source: 'authorization' } as const;

function envelope(type: 'TransactionStarted' | 'TransactionEnded', data: TransactionStarted | TransactionEnded): EventEnvelope {
  return {
    id: ids.next(),
    type: `voltlog.connection.${type}.v1`,
    source: '/connection/seed',
    subject: data.stationId,
    time: data.receivedAt,
    data,
  };
}

function session(number: number): readonly [EventEnvelope, EventEnvelope] {
  const stationId = `OLD-${String((number % stations) + 1).padStart(6, '0')}`;
  const startedAt = firstAt + Math.floor(number / stations) * HOUR_MS;
  const meterStartWh = Math.floor(number / stations) * 10_000;
  const common = {
    stationId,
    ocppVersion: 'ocpp1.6',
    transactionId: String(number + 1),
    connectorId: 1,
    offline: false,
    authorization,
    meterValues: [],
    messageId: String(number),
    raw: {},
  } as const;
  const at = (ms: number) => ({ occurredAt: isoTime(ms), receivedAt: isoTime(ms) });
  const idToken = { idToken: `BENCH${(number % 1_000) + 1}`, type: 'Local' };
  return [
    envelope('TransactionStarted', {
      ...common,
      ...at(startedAt),
      action: 'StartTransaction',
      evseId: 1,
      idToken,
      transactionKey: `seed-${number}`,
      meterStartWh,
    }),
    envelope('TransactionEnded', {
      ...common,
      ...at(startedAt + HOUR_MS / 2),
      action: 'StopTransaction',
      evseId: 0,
      meterStopWh: meterStartWh + 9_000,
    }),
  ];
}

let last = Promise.resolve();
for (let number = 0; number < sessions; number += 1) {
  const [started, ended] = session(number);
  last = log.append(STATION_TOPIC, started.subject, [started, ended]);
  if (number % 2_000 === 1_999) await last;
}
await last;
await log.close();
process.stdout.write(`${sessions} old sessions on the log\n`);
