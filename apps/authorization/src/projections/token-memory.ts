import { TOKEN_TOPIC } from '@voltlog/authorization-contract';
import type { Subscription } from '@voltlog/event-log';
import type { ServiceContext } from '@voltlog/service';
import type { TokenRepository } from '../store/token-repository.js';

/** Keeps memory and read model right against other instances and crashes, by the service's own topic. */
export class TokenMemory {
  private subscriptions: readonly Subscription[] = [];

  constructor(
    private readonly context: ServiceContext,
    private readonly tokens: TokenRepository,
  ) {}

  async start(): Promise<void> {
    const { log, instanceId } = this.context;
    this.subscriptions = [
      // A group of its own: every instance has a memory, so every instance sees every change.
      await log.subscribe({
        group: `authorization-memory-${instanceId}`,
        topics: [TOKEN_TOPIC],
        startFrom: 'latest',
        temporary: true,
        handle: async (batch) => {
          for (const { event } of batch) this.tokens.changed(event);
        },
      }),
      await log.subscribe({
        group: 'authorization-tokens',
        topics: [TOKEN_TOPIC],
        handle: (batch) => this.tokens.mend(batch.map(({ event }) => event)),
      }),
    ];
  }

  async stop(): Promise<void> {
    await Promise.all(this.subscriptions.map((subscription) => subscription.stop()));
  }
}
