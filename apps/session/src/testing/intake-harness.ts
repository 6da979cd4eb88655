import { randomFillSync } from 'node:crypto';
import type { LogRecord } from '@voltlog/event-log';
import type { EventEnvelope } from '@voltlog/kernel';
import { uuidV7Source } from '@voltlog/kernel';
import { sessionV1 } from '@voltlog/proto';
import { sessionDecider } from '@voltlog/session-domain';
import { Aggregates, openSqliteStore, type Store } from '@voltlog/store';
import { createTelemetry } from '@voltlog/telemetry';
import { SessionGrpc } from '../grpc/session.grpc.js';
import { SessionIntake } from '../intake/session-intake.js';
import { HeldSessions } from '../store/held-sessions.js';
import { openCollections, type SessionCollections } from '../store/session-documents.js';

/** The intake on a store in memory, handed its batches by hand. */
export interface IntakeHarness {
  readonly store: Store;
  readonly collections: SessionCollections;
  readonly grpc: SessionGrpc;
  readonly alerts: EventEnvelope[];
  intake: SessionIntake;
  /** A second process on the same store. */
  other(): SessionIntake;
  /** One batch, settled. */
  handle(events: readonly EventEnvelope[]): Promise<void>;
  /** A new process on the same store. */
  restart(): void;
  /** What the topic does with the next alert instead of taking it. */
  refuseAlert: (() => Error) | undefined;
  sessions(): Promise<sessionV1.Session[]>;
}

const { logger } = createTelemetry({ instanceId: 'test', logLevel: 'silent', traceRatio: 0 });

/** One moment for all: what is told of a session that runs counts up to now. */
const NOW = Date.now();
const clock = { now: () => NOW };

export async function openIntake(cacheStations = 100): Promise<IntakeHarness> {
  const store = await openSqliteStore({ path: ':memory:' });
  const collections = await openCollections(store);
  const alerts: EventEnvelope[] = [];
  const intake = (): SessionIntake => {
    const held = new HeldSessions(collections.sessions, logger);
    return new SessionIntake({
      collections: { ...collections, sessions: held.view },
      held,
      holds: true,
      aggregates: new Aggregates({
        streams: store.streams,
        decider: sessionDecider,
        source: '/session/test',
        ids: uuidV7Source(Date.now, randomFillSync),
        clock,
      }),
      log: {
        append: async (_topic, _key, events) => {
          const refuse = harness.refuseAlert;
          harness.refuseAlert = undefined;
          if (refuse !== undefined) throw refuse();
          alerts.push(...events);
        },
      },
      clock,
      source: '/session/test',
      metrics: { facts: { value: 0 }, quarantined: { value: 0 }, dropped: { value: 0 }, sweeps: { value: 0 }, active: { value: 0 } },
      logger,
      cacheStations,
      quarantineMax: 200,
      batteryPercent: 90,
      contexts: { of: async () => new Map() },
    });
  };
  const grpc = new SessionGrpc(collections, store.streams, clock);
  let offset = 0;
  const harness: IntakeHarness = {
    store,
    collections,
    grpc,
    alerts,
    refuseAlert: undefined,
    intake: intake(),
    other: intake,
    handle: async (events) => {
      await harness.intake.handle(
        events.map((event): LogRecord => ({ topic: 'connection.station.v1', partition: 0, offset: offset++, key: event.subject, event })),
      );
      await harness.intake.settle();
    },
    restart: () => {
      harness.intake = intake();
    },
    sessions: async () =>
      (
        await grpc.listSessions({
          pageSize: 500,
          pageToken: '',
          stationId: '',
          state: sessionV1.SessionState.UNSPECIFIED,
          idToken: '',
          transactionId: '',
        })
      ).sessions,
  };
  return harness;
}
