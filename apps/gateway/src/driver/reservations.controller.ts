import { Body, Controller, Get, Inject, Param, Post, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { SERVICE_CONFIG } from '@voltlog/service';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { GatewayConfig } from '../config.js';
import { clientAddress } from './client-address.js';
import { DriverRoute } from './driver.guard.js';
import { LINK_KEY_PATTERN } from './driver-links.js';
import { evseParams } from './evse-uid.js';
import { Payers, payerFields } from './payers.js';
import { Places } from './places.js';
import { driverReservationView, Reservations } from './reservations.js';

const { guest, keyCode, contractLink } = payerFields;
const reserveIn = z
  .strictObject({ guest, keyCode, contractLink, minutes: z.int().min(1).max(10_080) })
  .refine(
    (body) => [body.guest, body.keyCode, body.contractLink].filter((each) => each !== undefined).length === 1,
    'needs exactly one of guest, keyCode and contractLink',
  )
  .meta({ id: 'DriverReserve', examples: [{ keyCode: '48151623', minutes: 30 }] });
const reserved = z
  .object({
    key: z.string().meta({ description: 'opens this reservation; it is in this answer and nowhere else' }),
    reservation: driverReservationView,
  })
  .meta({ id: 'DriverReserved' });
const nothing = z.strictObject({});
export const reservationKeyParams = z.object({
  key: z.string().max(64).meta({ description: '`key` of the answer to the reservation', pattern: LINK_KEY_PATTERN.source }),
});
type KeyParams = z.output<typeof reservationKeyParams>;

@ApiTags('driver')
@Controller('driver/v1')
export class DriverReservationsController {
  constructor(
    private readonly places: Places,
    private readonly payers: Payers,
    private readonly reservations: Reservations,
    @Inject(SERVICE_CONFIG) private readonly config: GatewayConfig,
  ) {}

  @Post('evses/:evseUid/reserve')
  @DriverRoute({
    summary: 'Reserve an EVSE from now on',
    description:
      'Needs exactly one of guest, keyCode and contractLink. The `key` of the answer reads and gives back the reservation, and starts the charge as `reservationKey`.',
    status: 201,
    answer: reserved,
    begins: true,
    write: true,
  })
  async reserveForDriver(
    @Param({ schema: evseParams }) { evseUid }: z.output<typeof evseParams>,
    @Body({ schema: reserveIn }) { minutes, ...who }: z.output<typeof reserveIn>,
    @Req() request: FastifyRequest,
  ) {
    const place = await this.places.find(evseUid);
    const address = clientAddress(request, this.config.trustedProxies);
    if (who.guest === true) await this.reservations.guestMayHold(minutes, address);
    const payer = await this.payers.find(who, place, address, minutes * 60_000);
    return this.reservations.reserve(place, payer, minutes);
  }

  @Get('reservations/:key')
  @DriverRoute({ summary: 'How a reservation is', answer: driverReservationView })
  getDriverReservation(@Param({ schema: reservationKeyParams }) { key }: KeyParams) {
    return this.reservations.read(key);
  }

  @Post('reservations/:key/cancel')
  @DriverRoute({ summary: 'Give a reservation back', answer: driverReservationView, write: true })
  cancelDriverReservation(
    @Param({ schema: reservationKeyParams }) { key }: KeyParams,
    @Body({ schema: nothing }) _body: z.output<typeof nothing>,
  ) {
    return this.reservations.cancel(key);
  }
}
