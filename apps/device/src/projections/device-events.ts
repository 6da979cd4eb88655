import { DEVICE_TOPIC } from '@voltlog/device-contract';
import type { Subscription } from '@voltlog/event-log';
import type { ServiceContext } from '@voltlog/service';
import { type DeviceRepository, idOf } from '../store/device-repository.js';
import type { StationMemory } from '../store/station-memory.js';

/** Keeps memory and read models right against other instances and crashes, by the service's own topic. */
export class DeviceEvents {
  private subscriptions: readonly Subscription[] = [];

  constructor(
    private readonly context: ServiceContext,
    private readonly repository: DeviceRepository,
    private readonly memory: StationMemory,
  ) {}

  async start(): Promise<void> {
    const { log, instanceId } = this.context;
    this.subscriptions = await Promise.all([
      // A group of its own: every instance has a memory, so every instance sees every change.
      log.subscribe({
        group: `device-memory-${instanceId}`,
        topics: [DEVICE_TOPIC],
        startFrom: 'latest',
        temporary: true,
        handle: async (batch) => {
          const streams = new Set(batch.filter(({ event }) => !this.repository.isDone(event)).map(({ event }) => event.subject));
          if (streams.size === 0) return;
          // Whoever committed may have died before the read model was written; memory would keep what was before then.
          await this.repository.mend([...streams]);
          for (const streamId of streams) this.memory.forget(idOf(streamId));
        },
      }),
      log.subscribe({
        group: 'device-read-models',
        topics: [DEVICE_TOPIC],
        handle: async (batch) => {
          const streams = new Set(batch.filter(({ event }) => !this.repository.isDone(event)).map(({ event }) => event.subject));
          if (streams.size > 0) await this.repository.mend([...streams]);
        },
      }),
    ]);
  }

  async stop(): Promise<void> {
    await Promise.all(this.subscriptions.map((subscription) => subscription.stop()));
  }
}
