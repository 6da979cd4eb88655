import { MOVE_TOPIC, type MoveEventType } from '@voltlog/device-contract';
import type { Subscription } from '@voltlog/event-log';
import type { ServiceContext } from '@voltlog/service';
import type { OutboxRelay } from '@voltlog/store';
import { MoveGrpc } from '../grpc/move.grpc.js';
import type { Security } from '../security/security.js';
import type { Collections } from '../store/documents.js';
import type { StationMemory } from '../store/station-memory.js';
import { openMoveCollections } from './move-documents.js';
import { moveStreams } from './move-streams.js';
import { MoveWorker } from './move-worker.js';
import { StationMover } from './station-mover.js';

export interface Moves {
  readonly grpc: MoveGrpc;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Stations on their way to another CSMS, or here. What is to be done is kept among the intents of stations. */
export async function createMoves(
  context: ServiceContext,
  {
    collections: registry,
    memory,
    fallbackMs,
    allowPrivate,
  }: { readonly collections: Collections; readonly memory: StationMemory; readonly fallbackMs: number; readonly allowPrivate: boolean },
  { intents, line }: Pick<Security, 'intents' | 'line'>,
  outbox: Pick<OutboxRelay, 'publish'>,
): Promise<Moves> {
  const collections = await openMoveCollections(context.store);
  const streams = moveStreams(context, collections, outbox);
  const worker = new MoveWorker({ context, collections, streams, intents });
  intents.handle('MovePlan', worker);
  intents.handle(
    'MoveStation',
    new StationMover({ context, collections, streams, memory, statuses: registry.statuses, line, fallbackMs, allowPrivate }),
  );
  let subscription: Subscription | undefined;
  return {
    grpc: new MoveGrpc({ context, registry, memory, collections, streams, intents, worker, allowPrivate }),
    async start() {
      // Whoever committed may have died before the read model was written.
      subscription = await context.log.subscribe({
        group: 'device-moves',
        topics: [MOVE_TOPIC],
        async handle(batch) {
          const of = (prefix: string) => batch.map(({ event }) => event).filter(({ type }) => (type as MoveEventType).startsWith(prefix));
          await streams.moves.mend(of('voltlog.device.Move'));
          await streams.stations.mend(of('voltlog.device.StationMove'));
        },
      });
    },
    async stop() {
      await subscription?.stop();
    },
  };
}
