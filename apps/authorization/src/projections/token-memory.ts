import { TOKEN_TOPIC } from '@voltlog/authorization-contract';
import type { Subscription } from '@voltlog/event-log';
import type { ServiceContext } from '@voltlog/service';
import type { TokenRepository } from '../store/token-repository.js';

/** Forgets tokens that other instances changed; every instance is a group of its own, so each sees every change. */
export class TokenMemory {
  private subscription: Subscription | undefined;

  constructor(
    private readonly context: ServiceContext,
    private readonly tokens: TokenRepository,
  ) {}

  async start(): Promise<void> {
    this.subscription = await this.context.log.subscribe({
      group: `authorization-memory-${this.context.instanceId}`,
      topics: [TOKEN_TOPIC],
      startFrom: 'latest',
      handle: async (batch) => {
        for (const { event } of batch) if (!this.tokens.isOwn(event)) this.tokens.invalidate(event.subject);
      },
    });
  }

  async stop(): Promise<void> {
    await this.subscription?.stop();
  }
}
