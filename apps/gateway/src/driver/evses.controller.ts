import { Controller, Get, Headers, Inject, Param } from '@nestjs/common';
import { ApiHeader, ApiTags } from '@nestjs/swagger';
import { SERVICE_CONFIG } from '@voltlog/service';
import type { z } from 'zod';
import type { GatewayConfig } from '../config.js';
import { DriverRoute } from './driver.guard.js';
import { DriverLinks } from './driver-links.js';
import { availabilityOf, type DriverEvseView, driverEvseView, mayStart, placeView } from './evse.view.js';
import { evseParams } from './evse-uid.js';
import { Places } from './places.js';

type EvseParams = z.output<typeof evseParams>;

@ApiTags('driver')
@Controller('driver/v1/evses/:evseUid')
export class DriverEvsesController {
  constructor(
    private readonly places: Places,
    private readonly links: DriverLinks,
    @Inject(SERVICE_CONFIG) private readonly config: GatewayConfig,
  ) {}

  @Get()
  @ApiHeader({
    name: 'Voltlog-Driver-Key',
    required: false,
    description: 'key of a reservation; `mine` tells of it',
    schema: { type: 'string' },
  })
  @DriverRoute({ summary: 'What a driver sees who scans the code of an EVSE', answer: driverEvseView })
  async getDriverEvse(
    @Param({ schema: evseParams }) { evseUid }: EvseParams,
    @Headers('voltlog-driver-key') key: string | undefined,
  ): Promise<DriverEvseView> {
    const place = await this.places.find(evseUid);
    const session = await this.places.sessionAt(place);
    const availability = availabilityOf(place.evse, place.station.connected, session !== undefined);
    const held = key === undefined ? undefined : await this.links.find(key, 'Reservation');
    const mine = held?.stationId === place.stationId && held.evseId === place.evseId ? held : undefined;
    return {
      ...placeView(place, place.station, place.evse, place.site),
      availability,
      price: null,
      guest: this.config.guestCharging,
      mayStart: mayStart(availability, mine !== undefined),
      reservation: null,
      mine: mine === undefined ? null : { kind: 'Reservation', expiresAt: mine.expiresAt },
    };
  }
}
