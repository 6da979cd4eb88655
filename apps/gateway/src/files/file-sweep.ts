import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { isoTime } from '@voltlog/kernel';
import { deviceFirmwareV1 } from '@voltlog/proto';
import { SERVICE_CONFIG, SERVICE_CONTEXT, type ServiceContext } from '@voltlog/service';
import { TimerLoop } from '@voltlog/store';
import type { GatewayConfig } from '../config.js';

const SWEEP = 'FileSweep';
const SWEEP_MS = 3_600_000;
const PAGE = 500;

/** Deletes files whose time is over, each hour. */
@Injectable()
export class FileSweep implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly loop: TimerLoop;
  private readonly firmware: deviceFirmwareV1.FirmwareService;

  constructor(
    @Inject(SERVICE_CONTEXT) private readonly context: ServiceContext,
    @Inject(SERVICE_CONFIG) config: GatewayConfig,
  ) {
    const { store, clock, logger, rpc } = context;
    this.firmware = rpc.client<deviceFirmwareV1.FirmwareService>(deviceFirmwareV1.FirmwareServiceDefinition, {
      address: config.deviceGrpc,
    });
    this.loop = new TimerLoop({ timers: store.timers, kind: SWEEP, clock, logger, handle: () => this.sweep() });
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.context.store.timers.scheduleNoLater([this.next()]);
    this.loop.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.loop.stop();
  }

  async sweep(): Promise<void> {
    await this.keepImages();
    await this.context.store.files.deleteExpired(isoTime(this.context.clock.now()));
    await this.context.store.timers.schedule([this.next()]);
  }

  /** A crash can leave an image registered whose file is still marked as on trial. */
  private async keepImages(): Promise<void> {
    for (let pageToken = ''; ; ) {
      const { images, nextPageToken } = await this.firmware.listImages({ pageSize: PAGE, pageToken });
      for (const { imageId } of images)
        if ((await this.context.store.files.stat(imageId))?.expiresAt !== undefined)
          await this.context.store.files.keep(imageId, undefined);
      if (nextPageToken === '') return;
      pageToken = nextPageToken;
    }
  }

  private next() {
    return { id: SWEEP, kind: SWEEP, dueAt: isoTime(this.context.clock.now() + SWEEP_MS), payload: {} };
  }
}
