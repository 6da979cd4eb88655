import type { deviceV1 } from '@voltlog/proto';
import { z } from 'zod';
import { instant, orNull } from '../views/common.js';
import { evseUidOf } from './evse-uid.js';
import type { Place } from './places.js';

const decimal = z
  .string()
  .regex(/^-?\d+(\.\d+)?$/)
  .meta({ description: 'a decimal number', examples: ['0.49'] });

export const priceView = z
  .object({
    currency: z.string().meta({ description: 'ISO 4217' }),
    perKwh: decimal,
    perMinute: decimal,
    perSession: decimal,
  })
  .meta({ id: 'DriverPrice', description: 'What charging costs; shown before the start.' });
export type PriceView = z.input<typeof priceView>;

/** What an EVSE is to a driver who stands before it. */
export const AVAILABILITIES = ['Available', 'PluggedIn', 'InUse', 'Reserved', 'Faulted', 'Unavailable', 'Offline', 'Unknown'] as const;
export type Availability = (typeof AVAILABILITIES)[number];

export const driverEvseView = z
  .object({
    evseUid: z.string(),
    evseId: z.int(),
    stationName: z.string(),
    site: z
      .object({ name: z.string(), address: z.string().nullable(), city: z.string().nullable(), timeZone: z.string().nullable() })
      .nullable(),
    availability: z.enum(AVAILABILITIES).meta({ description: 'PluggedIn: a cable is in and nobody charges yet' }),
    powerWMax: z.number().nullable(),
    connectors: z.array(
      z.object({
        connectorId: z.int(),
        type: z.string().nullable().meta({ description: 'OCPP 2.1 ConnectorEnumType, e.g. sType2 or cCCS2' }),
        status: z.string().nullable(),
      }),
    ),
    price: priceView.nullable().meta({ description: 'null: charging costs nothing here' }),
    guest: z.enum(['off', 'free-vend']).meta({ description: 'whether one may charge without a contract' }),
    mayStart: z.boolean(),
    freeUntil: instant.nullable().meta({ description: 'somebody else has reserved it for later: whoever starts now is stopped then' }),
    reservation: z
      .object({ minutesDefault: z.int(), minutesMax: z.int(), guestMinutesMax: z.int() })
      .nullable()
      .meta({ description: 'null: it cannot be reserved now' }),
    mine: z
      .object({ kind: z.literal('Reservation'), expiresAt: instant })
      .nullable()
      .meta({ description: 'what the key sent in `Voltlog-Driver-Key` holds here' }),
  })
  .meta({ id: 'DriverEvse', description: 'What anybody who scans the code may see; nothing of other drivers.' });
export type DriverEvseView = z.input<typeof driverEvseView>;

/** How an EVSE stands, from what its connectors say, whether its station is connected, and whether a session runs there. */
export function availabilityOf(evse: Pick<deviceV1.Evse, 'connectors'>, connected: boolean, inUse: boolean): Availability {
  if (inUse) return 'InUse';
  if (!connected) return 'Offline';
  const usable = evse.connectors.find(({ status }) => status === 'Available');
  const statuses = evse.connectors.map(({ status }) => status);
  if (statuses.includes('Reserved')) return 'Reserved';
  if (evse.connectors.some(({ status, detail }) => status === 'Occupied' && !ENDED_DETAILS.has(detail))) return 'PluggedIn';
  if (usable !== undefined) return 'Available';
  // The car of the session before is still there; its driver may charge on, others cannot tell it apart from their own.
  if (statuses.includes('Occupied')) return 'PluggedIn';
  if (statuses.includes('Faulted')) return 'Faulted';
  return statuses.includes('Unavailable') ? 'Unavailable' : 'Unknown';
}

/** OCPP 1.6 §4.9: the words that follow a transaction. */
const ENDED_DETAILS = new Set(['Finishing']);

/** Whether a start is worth asking for. */
export const mayStart = (availability: Availability, isMine: boolean): boolean =>
  availability === 'Available' || availability === 'PluggedIn' || availability === 'Unknown' || (availability === 'Reserved' && isMine);

/** Where an EVSE is, for the head of a page. */
export const headOf = (place: Place) => ({
  evseUid: evseUidOf(place),
  evseId: place.evseId,
  stationName: place.station.name || place.station.stationId,
  site: siteOf(place.site),
});
export const headView = driverEvseView.pick({ evseUid: true, evseId: true, stationName: true, site: true }).shape;

export const siteOf = (site: deviceV1.Site | undefined): DriverEvseView['site'] =>
  site === undefined ? null : { name: site.name, address: orNull(site.address), city: orNull(site.city), timeZone: orNull(site.timeZone) };

/** The part of the view that the device service knows. */
export const placeView = (place: Place) => ({
  ...headOf(place),
  powerWMax: place.evse.powerWMax === 0 ? null : place.evse.powerWMax,
  connectors: place.evse.connectors.map(({ connectorId, connectorType, status }) => ({
    connectorId,
    type: orNull(connectorType),
    status: orNull(status),
  })),
});
