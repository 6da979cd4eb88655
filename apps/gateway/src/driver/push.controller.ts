import { createHash } from 'node:crypto';
import { Body, Controller, Get, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { notificationV1 } from '@voltlog/proto';
import { z } from 'zod';
import { Services } from '../services.js';
import { pushKeyView } from '../views/notification.view.js';
import { keyParams } from './charge.view.js';
import { ChargeReader } from './charge-reader.js';
import { DriverRoute } from './driver.guard.js';
import { DriverLinks } from './driver-links.js';
import { evseUidOf } from './evse-uid.js';
import { Places } from './places.js';

/** Milliseconds a phone is told of a charge: longer than anybody parks. */
const PUSH_MS = 7 * 24 * 3_600_000;

const pushIn = z
  .strictObject({
    endpoint: z.url({ protocol: /^https$/ }).max(2_000),
    keys: z.strictObject({ p256dh: z.string().max(200), auth: z.string().max(100) }),
    language: z.enum(['en', 'de', 'nl', 'fr']).default('en'),
  })
  .meta({ id: 'DriverPush', description: 'What `PushSubscription.toJSON()` of a browser gives, and the language to speak.' });
const pushed = z.object({ expiresAt: z.iso.datetime() }).meta({ id: 'DriverPushed' });

/** Notifications of one charge on one phone. */
@ApiTags('driver')
@Controller('driver/v1')
export class DriverPushController {
  constructor(
    private readonly services: Services,
    private readonly links: DriverLinks,
    private readonly reader: ChargeReader,
    private readonly places: Places,
  ) {}

  @Get('push-key')
  @DriverRoute({ summary: 'The key with which a browser subscribes to push', answer: pushKeyView })
  getDriverPushKey() {
    return this.services.notification.getPushKey({});
  }

  @Post('charges/:key/push')
  @DriverRoute({
    summary: 'Be told of this charge by web push',
    description:
      'Subscribe the browser with the key of `GET /driver/v1/push-key`. It is told what comes of this start, and of nothing else.',
    status: 201,
    answer: pushed,
    begins: true,
    write: true,
  })
  async subscribeDriver(
    @Param({ schema: keyParams }) { key }: z.output<typeof keyParams>,
    @Body({ schema: pushIn }) { endpoint, keys, language }: z.output<typeof pushIn>,
  ) {
    const link = await this.links.open(key, 'Charge');
    const { stationId = '', evseId = 0 } = link;
    const startRequestId = await this.reader.startRequestIdOf(link);
    const { site } = await this.places.find(evseUidOf({ stationId, evseId }));
    const expiresAt = new Date(this.links.now() + PUSH_MS).toISOString();
    await this.services.notification.putSubscription({
      subscription: notificationV1.Subscription.fromPartial({
        channel: notificationV1.Channel.WEB_PUSH,
        target: endpoint,
        pushKeys: keys,
        // Before the car is plugged in there is no session yet; what comes of this start, and nothing else, is told.
        filter: { startRequestId },
        language,
        timeZone: site?.timeZone ?? '',
        ownerKind: 'Driver',
        ownerId: link.id,
        expiresAt,
      }),
      expectedVersion: 0,
      idempotencyKey: createHash('sha256').update(`${link.id}\n${endpoint}`).digest('hex'),
    });
    return { expiresAt };
  }
}
