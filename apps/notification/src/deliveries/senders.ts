import { isoTime } from '@voltlog/kernel';
import type { ServiceContext } from '@voltlog/service';
import type { Collections } from '../store/documents.js';

/** How long a process counts as alive after it said so, milliseconds; more than clocks of machines differ, and a stall lasts. */
export const ALIVE_MS = 6_000;
const RENEW_MS = 1_500;
/** What nobody waits for any more. */
const FORGOTTEN_MS = 3_600_000;

/** Which processes of this service are alive: what a dead one had begun is not waited for. One write every few seconds, not per delivery. */
export class Senders {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly context: ServiceContext,
    private readonly collections: Pick<Collections, 'senders'>,
  ) {}

  /** Of this process; each start has another. */
  get id(): string {
    return this.context.instanceId;
  }

  async start(): Promise<void> {
    await this.renew();
    await this.collections.senders.deleteWhere({ aliveUntil: { $lt: isoTime(this.context.clock.now() - FORGOTTEN_MS) } });
    this.timer = setInterval(() => {
      this.renew().catch((error: unknown) => {
        this.context.logger.warn({ err: error }, 'this process could not say that it is alive; others may take over what it sends');
      });
    }, RENEW_MS);
  }

  /** Once nothing is on its way any more. */
  async stop(): Promise<void> {
    if (this.timer === undefined) return;
    clearInterval(this.timer);
    await this.collections.senders.delete([this.id]).catch(() => undefined);
  }

  async renew(): Promise<void> {
    await this.collections.senders.upsert([{ doc: { id: this.id, aliveUntil: isoTime(this.context.clock.now() + ALIVE_MS) } }]);
  }

  /** Until when another process is taken for alive, milliseconds since the epoch; 0: it stopped, or was never there. */
  async aliveUntil(id: string): Promise<number> {
    const doc = await this.collections.senders.get(id);
    return doc === undefined ? 0 : Date.parse(doc.aliveUntil);
  }
}
