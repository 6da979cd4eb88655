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
import { type DriverLink, DriverLinks } from './driver-links.js';
import { evseUidOf } from './evse-uid.js';
import { Places } from './places.js';
import { reservationKeyParams } from './reservations.controller.js';
import { Reservations } from './reservations.js';

/** Milliseconds a phone is told of a charge: longer than anybody parks. */
const PUSH_MS = 7 * 24 * 3_600_000;

const pushIn = z
  .strictObject({
    endpoint: z.url({ protocol: /^https$/, error: 'must be an https:// address' }).max(2_000),
    keys: z.strictObject({ p256dh: z.string().max(200), auth: z.string().max(100) }),
    language: z.enum(['en', 'de', 'nl', 'fr']).default('en'),
  })
  .meta({ id: 'DriverPush', description: 'What `PushSubscription.toJSON()` of a browser gives, and the language to speak.' });
const pushed = z.object({ expiresAt: z.iso.datetime() }).meta({ id: 'DriverPushed' });

type Filter = Partial<Pick<notificationV1.NotificationFilter, 'startRequestId' | 'reservationId'>>;

/** Notifications of one charge, or of one reservation, on one phone. */
@ApiTags('driver')
@Controller('driver/v1')
export class DriverPushController {
  constructor(
    private readonly services: Services,
    private readonly links: DriverLinks,
    private readonly reader: ChargeReader,
    private readonly places: Places,
    private readonly reservations: Reservations,
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
    @Body({ schema: pushIn }) browser: z.output<typeof pushIn>,
  ) {
    const link = await this.links.open(key, 'Charge');
    // Before the car is plugged in there is no session yet; what comes of this start, and nothing else, is told.
    return this.subscribe(link, { startRequestId: await this.reader.startRequestIdOf(link) }, browser);
  }

  @Post('reservations/:key/push')
  @DriverRoute({
    summary: 'Be told of this reservation by web push',
    description:
      'Subscribe the browser with the key of `GET /driver/v1/push-key`. It is told when the reservation is about to expire, ends, or finds a car in its way; not of the charge that uses it.',
    status: 201,
    answer: pushed,
    begins: true,
    write: true,
  })
  async subscribeDriverToReservation(
    @Param({ schema: reservationKeyParams }) { key }: z.output<typeof reservationKeyParams>,
    @Body({ schema: pushIn }) browser: z.output<typeof pushIn>,
  ) {
    const { link, reservationId } = await this.reservations.opened(key);
    return this.subscribe(link, { reservationId }, browser);
  }

  private async subscribe(link: DriverLink, filter: Filter, { endpoint, keys, language }: z.output<typeof pushIn>) {
    const { stationId = '', evseId = 0 } = link;
    const { site } = await this.places.find(evseUidOf({ stationId, evseId }));
    const expiresAt = new Date(this.links.now() + PUSH_MS).toISOString();
    await this.services.notification.putSubscription({
      subscription: notificationV1.Subscription.fromPartial({
        channel: notificationV1.Channel.WEB_PUSH,
        target: endpoint,
        pushKeys: keys,
        filter,
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
