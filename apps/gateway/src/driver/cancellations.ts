import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { isoTime, OperatingError, RequestError } from '@voltlog/kernel';
import { SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import { type Timer, TimerLoop } from '@voltlog/store';
import { Services } from '../services.js';
import { type DriverLink, DriverLinks } from './driver-links.js';

const CANCELLATION = 'DriverCancellation';
/** Milliseconds between two tries to have a start taken back. */
const AGAIN_MS = 1_000;
/** Milliseconds after which nobody tries any more: a start that was not recorded by then never will be. */
const TRY_MS_MAX = 10 * 60_000;

/** Takes starts back that are no session yet. The wish is kept until the session service knows it, which stops what begins all the same. */
@Injectable()
export class Cancellations implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly loop: TimerLoop;

  constructor(
    private readonly services: Services,
    private readonly links: DriverLinks,
    @Inject(SERVICE_CONTEXT) private readonly context: ServiceContext,
  ) {
    const { store, clock, logger } = context;
    this.loop = new TimerLoop({ timers: store.timers, kind: CANCELLATION, clock, logger, handle: (timer) => this.handle(timer) });
  }

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.loop.stop();
  }

  /** Durable when it resolves; known to the session service, too, unless that cannot be reached or was not asked to start yet. */
  async cancel(link: DriverLink): Promise<DriverLink> {
    const stopRequestedAt = link.stopRequestedAt ?? isoTime(this.links.now());
    await this.links.note(link.id, { stopRequestedAt });
    await this.again(link.id);
    await this.tell(link);
    return { ...link, stopRequestedAt };
  }

  async handle({ payload }: Timer): Promise<void> {
    const link = await this.links.byId(payload as string);
    if (link?.stopRequestedAt === undefined || (await this.tell(link))) return;
    if (this.links.now() - Date.parse(link.stopRequestedAt) < TRY_MS_MAX) await this.again(link.id);
  }

  /** False: nobody knows it yet. */
  private async tell({ id, startRequestId = '' }: DriverLink): Promise<boolean> {
    try {
      // It was asked for under the link's id.
      const idempotencyKey = startRequestId === '' ? id : '';
      await this.services.session.cancelStart({ startRequestId, idempotencyKey, requestedBy: 'Driver' });
      return true;
    } catch (error) {
      if (error instanceof OperatingError || (error instanceof RequestError && error.code === 'NOT_FOUND')) return false;
      throw error;
    }
  }

  private again(linkId: string): Promise<void> {
    const dueAt = isoTime(this.links.now() + AGAIN_MS);
    return this.context.store.timers.schedule([{ id: `${CANCELLATION} ${linkId}`, kind: CANCELLATION, dueAt, payload: linkId }]);
  }
}
