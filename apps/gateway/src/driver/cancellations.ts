import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { isoTime } from '@voltlog/kernel';
import { sessionV1 } from '@voltlog/proto';
import { SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import { type Timer, TimerLoop } from '@voltlog/store';
import { Services } from '../services.js';
import { ChargeReader } from './charge-reader.js';
import { type DriverLink, DriverLinks } from './driver-links.js';

const CANCELLATION = 'DriverCancellation';
/** Milliseconds between two looks whether a start that was taken back became a session after all. */
const LOOK_MS = 1_000;
/** Milliseconds after which nobody looks any more: longer than a start request waits for its session by any setting. */
const LOOK_MS_MAX = 2 * 3_600_000;
const { REFUSED, LAPSED } = sessionV1.StartRequestState;

/**
 * Takes starts back that are no session yet. OCPP has no message for that: the station goes on waiting for the cable until its own time is
 * over. So the wish is kept, and a session that comes of the start is stopped at once.
 */
@Injectable()
export class Cancellations implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly loop: TimerLoop;

  constructor(
    private readonly services: Services,
    private readonly links: DriverLinks,
    private readonly reader: ChargeReader,
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

  /** Durable when it resolves. */
  async cancel(link: DriverLink): Promise<DriverLink> {
    const stopRequestedAt = link.stopRequestedAt ?? isoTime(this.links.now());
    await this.links.note(link.id, { stopRequestedAt });
    await this.lookIn(link.id, LOOK_MS);
    return { ...link, stopRequestedAt };
  }

  async handle({ payload }: Timer): Promise<void> {
    const link = await this.links.byId(payload as string);
    if (link?.stopRequestedAt === undefined) return;
    const { startRequest, session } = await this.reader.progress(link);
    if (session === undefined) {
      const isOver = startRequest?.state === REFUSED || startRequest?.state === LAPSED;
      if (!isOver && this.links.now() - Date.parse(link.stopRequestedAt) < LOOK_MS_MAX) await this.lookIn(link.id, LOOK_MS);
      return;
    }
    // A 1.6 station does not say which start it is: it is the new one, when there is one.
    if (session.state === sessionV1.SessionState.ENDED || (await this.links.hasNewerCharge(link))) return;
    await this.services.starts.requestStop({ sessionId: session.sessionId, requestedBy: 'Driver', idempotencyKey: `cancel ${link.id}` });
  }

  private lookIn(linkId: string, ms: number): Promise<void> {
    const dueAt = isoTime(this.links.now() + ms);
    return this.context.store.timers.schedule([{ id: `${CANCELLATION} ${linkId}`, kind: CANCELLATION, dueAt, payload: linkId }]);
  }
}
