import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import { LiveHub, type Sink } from '../live/live-hub.js';
import { Problem } from '../problems/problem.js';
import type { ChargeView } from './charge.view.js';
import { ChargeReader } from './charge-reader.js';
import { type DriverLink, DriverLinks } from './driver-links.js';

/** Streams at once on one instance, and with one link. */
export const STREAMS_MAX = 2_000;
export const STREAMS_OF_LINK_MAX = 8;
/** Milliseconds from an event of the station until it is looked: read models are written a moment after the log. */
const SETTLE_MS = 400;
/** Milliseconds until it is looked again after a look that an event caused, for what was not written by then. */
const AGAIN_MS = 2_000;
/** Milliseconds between two looks when nothing is heard; a sign of life goes out with each. */
const BEAT_MS = 15_000;
/** The same while the start is under way, of which the station tells nothing. */
const STARTING_MS = 1_500;
const WAITING_BYTES_MAX = 256 * 1024;

/** Tells each watching page how its charge is, whole, whenever that has changed; so a page that comes back has missed nothing. */
@Injectable()
export class ChargeFeed implements BeforeApplicationShutdown {
  private readonly watches = new Set<Watch>();

  constructor(
    private readonly hub: LiveHub,
    private readonly reader: ChargeReader,
    private readonly links: DriverLinks,
    @Inject(SERVICE_CONTEXT) private readonly context: ServiceContext,
  ) {
    context.metrics.gauge('voltlog_gateway_driver_streams', 'Driver pages that watch a charge', () => this.watches.size);
  }

  /** @returns ends the watch */
  async watch(key: string, link: DriverLink, sink: Sink): Promise<() => void> {
    const ofLink = [...this.watches].filter((watch) => watch.linkId === link.id).length;
    if (this.watches.size >= STREAMS_MAX || ofLink >= STREAMS_OF_LINK_MAX)
      throw new Problem(503, 'too-many-listeners', 'Too many pages watch now.', { headers: { 'retry-after': '10' } });
    const read = async (): Promise<ChargeView | undefined> => {
      const now = await this.links.find(key, 'Charge');
      return now === undefined ? undefined : this.reader.read(now);
    };
    const watch = new Watch(link.id, read, sink, (error) =>
      this.context.logger.warn({ err: error }, 'a charge could not be read for its page'),
    );
    this.watches.add(watch);
    const unwatch = await this.hub
      .watch(link.stationId ?? '', () => watch.hear())
      .catch((error: unknown) => {
        this.watches.delete(watch);
        throw error;
      });
    await watch.look();
    return () => {
      watch.end();
      unwatch();
      this.watches.delete(watch);
    };
  }

  beforeApplicationShutdown(): void {
    for (const watch of this.watches) watch.end();
    this.watches.clear();
  }
}

/** One page that watches one charge. */
class Watch {
  private timer: NodeJS.Timeout | undefined;
  private isDue = false;
  private isReading = false;
  private isOver = false;
  private told = '';

  constructor(
    readonly linkId: string,
    private readonly read: () => Promise<ChargeView | undefined>,
    private readonly sink: Sink,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Something happened at the station. */
  hear(): void {
    if (this.isDue) return;
    this.isDue = true;
    this.schedule(SETTLE_MS);
  }

  async look(): Promise<void> {
    if (this.isOver || this.isReading) return;
    this.isReading = true;
    const wasHeard = this.isDue;
    this.isDue = false;
    let next = BEAT_MS;
    try {
      const charge = await this.read();
      if (charge === undefined) return this.end();
      this.tell(charge);
      if (charge.state === 'Starting' || charge.state === 'PlugIn') next = STARTING_MS;
    } catch (error) {
      this.onError(error);
      this.beat();
    } finally {
      this.isReading = false;
    }
    this.schedule(this.isDue ? SETTLE_MS : wasHeard ? Math.min(AGAIN_MS, next) : next);
  }

  end(): void {
    if (this.isOver) return;
    this.isOver = true;
    clearTimeout(this.timer);
    this.sink.end();
  }

  private tell(charge: ChargeView): void {
    const { asOf, durationSeconds: _, ...lasting } = charge;
    const text = JSON.stringify(lasting);
    if (text === this.told) return this.beat();
    if (this.sink.waitingBytes() > WAITING_BYTES_MAX) return this.end();
    this.told = text;
    this.sink.write(`event: charge\nid: ${asOf}\ndata: ${JSON.stringify(charge)}\n\n`);
  }

  private beat(): void {
    if (this.sink.waitingBytes() > WAITING_BYTES_MAX) this.end();
    else this.sink.write('event: beat\ndata: {}\n\n');
  }

  private schedule(ms: number): void {
    clearTimeout(this.timer);
    if (!this.isOver) this.timer = setTimeout(() => void this.look(), ms).unref();
  }
}
