import { Body, Controller, Get, Headers, Inject, Param, Post, Req } from '@nestjs/common';
import { ApiHeader, ApiTags } from '@nestjs/swagger';
import { sessionV1 } from '@voltlog/proto';
import { SERVICE_CONFIG } from '@voltlog/service';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { GatewayConfig } from '../config.js';
import { LimitCurrency } from '../limit-currency.js';
import { Problem } from '../problems/problem.js';
import { limitIn } from './charge.view.js';
import { ChargeReader } from './charge-reader.js';
import { clientAddress } from './client-address.js';
import { DriverRoute } from './driver.guard.js';
import { type Availability, availabilityOf, type DriverEvseView, driverEvseView, mayStart, placeView } from './evse.view.js';
import { evseParams } from './evse-uid.js';
import { hasOnePayer, ONE_PAYER, Payers, payerFields } from './payers.js';
import { type Place, Places } from './places.js';
import { Reservations } from './reservations.js';
import { Starter } from './starter.js';

type EvseParams = z.output<typeof evseParams>;

const startIn = z
  .strictObject({ ...payerFields, limit: limitIn.optional() })
  .refine(hasOnePayer, ONE_PAYER)
  .meta({ id: 'DriverStart', examples: [{ keyCode: '48151623', limit: { energyWh: 20_000 } }] });
const started = z
  .object({
    key: z.string().meta({ description: 'opens this charge; it is in this answer and nowhere else' }),
    startRequestId: z.string().nullable().meta({ description: 'null: the station has not answered yet' }),
  })
  .meta({ id: 'DriverStarted' });

@ApiTags('driver')
@Controller('driver/v1/evses/:evseUid')
export class DriverEvsesController {
  constructor(
    private readonly places: Places,
    private readonly reservations: Reservations,
    private readonly payers: Payers,
    private readonly starter: Starter,
    private readonly reader: ChargeReader,
    private readonly currency: LimitCurrency,
    @Inject(SERVICE_CONFIG) private readonly config: GatewayConfig,
  ) {}

  @Get()
  @ApiHeader({
    name: 'Voltlog-Driver-Key',
    required: false,
    description: 'key of a reservation, or of a link of a contract: `mine` tells whether it is held for that, or for its group',
    schema: { type: 'string' },
  })
  @DriverRoute({
    summary: 'What a driver sees who scans the code of an EVSE',
    description:
      'Whether one may start (`mayStart`), as a guest (`guest`), reserve (`reservation`), and what it costs (`price`; null: nothing).',
    answer: driverEvseView,
  })
  async getDriverEvse(
    @Param({ schema: evseParams }) { evseUid }: EvseParams,
    @Headers('voltlog-driver-key') key: string | undefined,
  ): Promise<DriverEvseView> {
    const place = await this.places.find(evseUid);
    const [free, price, offer, held] = await Promise.all([
      this.availability(place),
      this.reader.priceAt(place.stationId),
      this.reservations.offer(place),
      this.reservations.heldBy(key, place),
    ]);
    const { availability, freeUntil } = await this.reservations.around(place, free);
    const isFree = availability === 'Available' || availability === 'PluggedIn';
    return {
      ...placeView(place),
      availability,
      freeUntil,
      price,
      guest: this.config.guestCharging,
      mayStart: mayStart(availability, held !== undefined),
      reservation: isFree && held === undefined ? offer : null,
      mine: held === undefined ? null : { kind: 'Reservation', expiresAt: held },
    };
  }

  @Post('start')
  @DriverRoute({
    summary: 'Start charging',
    description:
      'Needs exactly one of guest, keyCode, contractLink and reservationKey. Answers before the station has begun: keep the `key`, and ask `GET /driver/v1/charges/{key}`, or its `/events`, how it goes. 409 `evse-in-use`, `station-offline`, `evse-out-of-order`; 403 `guest-refused`, `key-code-refused`, `contract-refused`, `reservation-ended`.',
    status: 202,
    answer: started,
    begins: true,
    write: true,
  })
  async startDriverCharge(
    @Param({ schema: evseParams }) { evseUid }: EvseParams,
    @Body({ schema: startIn }) body: z.output<typeof startIn>,
    @Req() request: FastifyRequest,
  ) {
    const place = await this.places.find(evseUid);
    refuseUnlessStartable(await this.availability(place));
    await this.currency.checkAt(place.stationId, body.limit);
    const payer = await this.payers.find(body, place, clientAddress(request, this.config.trustedProxies));
    return this.starter.start(place, payer, body.limit === undefined ? undefined : sessionV1.SessionLimit.fromPartial(body.limit));
  }

  private async availability(place: Place): Promise<Availability> {
    return availabilityOf(place.evse, place.station.connected, (await this.places.sessionAt(place)) !== undefined);
  }
}

/** A reserved EVSE is left to the authorization, which knows whose it is. */
function refuseUnlessStartable(availability: Availability): void {
  if (availability === 'InUse') throw new Problem(409, 'evse-in-use', 'Somebody is charging here.');
  if (availability === 'Offline') throw new Problem(409, 'station-offline', 'The station is not connected.');
  if (availability === 'Faulted' || availability === 'Unavailable')
    throw new Problem(409, 'evse-out-of-order', 'This EVSE cannot be used now.');
}
