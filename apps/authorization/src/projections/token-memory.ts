import { CONTRACT_TOPIC, TOKEN_TOPIC } from '@voltlog/authorization-contract';
import type { Subscription } from '@voltlog/event-log';
import type { EventEnvelope } from '@voltlog/kernel';
import type { ServiceContext } from '@voltlog/service';

/** A repository whose memory and read model follow its topic. */
interface Remembering {
  changed(event: EventEnvelope): void;
  mend(events: readonly EventEnvelope[]): Promise<void>;
}

/** Keeps memory and read models of tokens and contracts right against other instances and crashes, by the service's own topics. */
export class TokenMemory {
  private subscriptions: readonly Subscription[] = [];

  constructor(
    private readonly context: ServiceContext,
    private readonly tokens: Remembering,
    private readonly contracts: Remembering,
  ) {}

  async start(): Promise<void> {
    const { log, instanceId } = this.context;
    this.subscriptions = await Promise.all([
      // A group of its own: every instance has a memory, so every instance sees every change.
      log.subscribe({
        group: `authorization-memory-${instanceId}`,
        topics: [TOKEN_TOPIC, CONTRACT_TOPIC],
        startFrom: 'latest',
        handle: async (batch) => {
          for (const { topic, event } of batch) (topic === TOKEN_TOPIC ? this.tokens : this.contracts).changed(event);
        },
      }),
      log.subscribe({
        group: 'authorization-tokens',
        topics: [TOKEN_TOPIC],
        handle: (batch) => this.tokens.mend(batch.map(({ event }) => event)),
      }),
      log.subscribe({
        group: 'authorization-contracts',
        topics: [CONTRACT_TOPIC],
        handle: (batch) => this.contracts.mend(batch.map(({ event }) => event)),
      }),
    ]);
  }

  async stop(): Promise<void> {
    await Promise.all(this.subscriptions.map((subscription) => subscription.stop()));
  }
}
