import { STATION_TOPIC } from '@voltlog/connection-contract';
import type { ServiceContext } from '@voltlog/service';
import { type Timer, TimerLoop } from '@voltlog/store';
import type { ContractRepository } from '../store/contract-repository.js';
import type { Collections } from '../store/documents.js';
import type { TokenRepository } from '../store/token-repository.js';
import { GROUP, NEVER_STARTED, type NeverStarted } from './names.js';

/**
 * Gives back the places of transactions that were permitted and then never reported: the connection went away between the permit and
 * the fact, and the station did not ask again.
 */
export class NeverStartedWatch {
  private readonly loop: TimerLoop;

  constructor(
    private readonly context: ServiceContext,
    private readonly parts: {
      readonly tokens: TokenRepository;
      readonly contracts: ContractRepository;
      readonly collections: Collections;
    },
    private readonly options: { readonly verifyMs: number; readonly unstartedMs: number },
  ) {
    this.loop = new TimerLoop({
      timers: context.store.timers,
      kind: NEVER_STARTED,
      clock: context.clock,
      logger: context.logger,
      handle: (timer) => this.handle(timer),
    });
  }

  async start(): Promise<void> {
    this.loop.start();
  }

  async stop(): Promise<void> {
    await this.loop.stop();
  }

  /** Looks now for permits whose time is up. */
  hurry(): void {
    this.loop.hurry();
  }

  /** Looks at a permit whose time is up. */
  async handle(timer: Timer): Promise<void> {
    const now = this.context.clock.now();
    const { transactionKey, stationId, tokenKey, contractId } = timer.payload as NeverStarted;
    const caughtUp = await this.context.log.caughtUp({
      group: GROUP,
      topic: STATION_TOPIC,
      key: stationId,
      deadlineMs: this.options.verifyMs,
    });
    const { docs } = await this.parts.collections.transactions.find({ where: { transactionKey }, limit: 1 });
    const [seen] = docs;
    if (seen?.state === 'open') return;
    if (!caughtUp) {
      const dueAt = new Date(now + this.options.unstartedMs).toISOString();
      await this.context.store.timers.schedule([{ ...timer, dueAt }]);
      return;
    }
    const cause = seen === undefined ? 'NeverStarted' : 'Ended';
    const command = { kind: 'ReleaseTransaction' as const, transactionKey, cause, now } as const;
    await this.parts.tokens.execute([{ key: tokenKey, command, causationId: this.context.ids.next() }]);
    if (contractId !== undefined) await this.parts.contracts.execute([{ key: contractId, command, causationId: this.context.ids.next() }]);
  }
}
