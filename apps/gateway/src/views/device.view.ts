import { connectionV1, deviceV1 } from '@voltlog/proto';
import { z } from 'zod';
import { connectorId, evseId, identifier, instant, newStationId, orNull, pageOf, pageQuery, wordOf } from './common.js';

export const siteView = z
  .object({
    siteId: z.string(),
    name: z.string(),
    address: z.string().nullable(),
    city: z.string().nullable(),
    countryCode: z.string().nullable(),
    latitude: z.number(),
    longitude: z.number(),
    timeZone: z.string().nullable(),
    retired: z.boolean(),
    version: z.int(),
  })
  .meta({ id: 'Site' });

export const toSite = (site: deviceV1.Site): z.input<typeof siteView> => ({
  siteId: site.siteId,
  name: site.name,
  address: orNull(site.address),
  city: orNull(site.city),
  countryCode: orNull(site.countryCode),
  latitude: site.latitude,
  longitude: site.longitude,
  timeZone: orNull(site.timeZone),
  retired: site.retired,
  version: site.version,
});

const siteFields = {
  name: z.string().min(1).max(200),
  address: z.string().max(300),
  city: z.string().max(100),
  countryCode: z.string().regex(/^[A-Z]{2,3}$/, 'must be an ISO 3166 code'),
  latitude: z.number().min(-90).max(90),
  longitude: z.number().min(-180).max(180),
  timeZone: z
    .string()
    .max(64)
    .meta({ examples: ['Europe/Berlin'] }),
};
const site = z.strictObject(siteFields);
export const newSite = site
  .partial()
  .required({ name: true })
  .extend({ siteId: identifier('siteId', 64).optional() })
  .meta({ id: 'NewSite' });
export const siteChange = site.partial().meta({ id: 'SiteChange' });
export const sitePage = pageOf(siteView, 'SitePage');

const connectorView = z
  .object({
    connectorId: z.int(),
    connectorType: z.string().nullable(),
    status: z.string().nullable().meta({ description: 'Available, Occupied, Reserved, Unavailable or Faulted; null: not reported yet' }),
    detail: z.string().nullable().meta({ description: 'the finer word of OCPP 1.6, e.g. Charging or SuspendedEV' }),
    errorCode: z.string().nullable(),
    statusAt: instant.nullable(),
  })
  .meta({ id: 'Connector' });

const evseView = z.object({ evseId: z.int(), powerWMax: z.int().nullable(), connectors: z.array(connectorView) }).meta({ id: 'Evse' });

export const connectionView = z
  .object({
    stationId: z.string(),
    connected: z.boolean(),
    ocppVersion: z.string().nullable(),
    dialect: z.string().nullable().meta({ description: 'what it speaks, with what carries it: 1.6J, 1.6S, 1.5S, 1.2S, 2.0.1 or 2.1' }),
    instanceId: z.string().nullable(),
    epoch: z.int(),
    connectedAt: instant.nullable(),
    lastSeenAt: instant.nullable(),
    remoteAddress: z.string().nullable(),
    securityProfile: z.int(),
  })
  .meta({ id: 'Connection' });

export const toConnection = (stationId: string, connection: connectionV1.Connection | undefined): z.input<typeof connectionView> => ({
  stationId,
  connected: connection?.connected ?? false,
  ocppVersion: orNull(connection?.ocppVersion),
  dialect: orNull(connection?.dialect),
  instanceId: orNull(connection?.instanceId),
  epoch: connection?.epoch ?? 0,
  connectedAt: connection?.connectedAt ?? null,
  lastSeenAt: connection?.lastSeenAt ?? null,
  remoteAddress: orNull(connection?.remoteAddress),
  securityProfile: connection?.securityProfile ?? 0,
});

export const connectionPage = pageOf(connectionView, 'ConnectionPage').extend({ total: z.int() }).meta({ id: 'ConnectionPage' });

export const stationView = z
  .object({
    stationId: z.string(),
    siteId: z.string().nullable(),
    name: z.string().nullable(),
    lifecycle: z.enum(['Active', 'Quarantined', 'Retired']),
    evses: z.array(evseView),
    vendor: z.string().nullable(),
    model: z.string().nullable(),
    serialNumber: z.string().nullable(),
    firmwareVersion: z.string().nullable(),
    firmwareStatus: z.string().nullable(),
    ocppVersion: z.string().nullable(),
    lastBootAt: instant.nullable(),
    lastBootReason: z.string().nullable(),
    tags: z.array(z.string()),
    hasCredential: z.boolean(),
    securityProfileMin: z.int().meta({ description: 'it is let in on no lower security profile' }),
    connection: connectionView.nullable().meta({ description: 'null: the connection service could not be asked' }),
    createdAt: instant.nullable(),
    updatedAt: instant.nullable(),
    version: z.int(),
  })
  .meta({ id: 'Station' });

type StationView = z.input<typeof stationView>;

const LIFECYCLES: Readonly<Record<string, StationView['lifecycle']>> = {
  [deviceV1.StationLifecycle.QUARANTINED]: 'Quarantined',
  [deviceV1.StationLifecycle.RETIRED]: 'Retired',
};

export const toStation = (station: deviceV1.Station, connection: StationView['connection']): StationView => ({
  stationId: station.stationId,
  siteId: orNull(station.siteId),
  name: orNull(station.name),
  lifecycle: LIFECYCLES[station.lifecycle] ?? 'Active',
  evses: station.evses.map(toEvse),
  vendor: orNull(station.vendor),
  model: orNull(station.model),
  serialNumber: orNull(station.serialNumber),
  firmwareVersion: orNull(station.firmwareVersion),
  firmwareStatus: orNull(station.firmwareStatus),
  ocppVersion: orNull(station.ocppVersion),
  lastBootAt: station.lastBootAt ?? null,
  lastBootReason: orNull(station.lastBootReason),
  tags: station.tags,
  hasCredential: station.hasCredential,
  securityProfileMin: station.securityProfileMin ?? 0,
  connection,
  createdAt: station.createdAt ?? null,
  updatedAt: station.updatedAt ?? null,
  version: station.version,
});

const toEvse = (evse: deviceV1.Evse): StationView['evses'][number] => ({
  evseId: evse.evseId,
  powerWMax: evse.powerWMax === 0 ? null : evse.powerWMax,
  connectors: evse.connectors.map((connector) => ({
    connectorId: connector.connectorId,
    connectorType: orNull(connector.connectorType),
    status: orNull(connector.status),
    detail: orNull(connector.detail),
    errorCode: orNull(connector.errorCode),
    statusAt: connector.statusAt ?? null,
  })),
});

export const stationPage = pageOf(stationView, 'StationPage');

/** OCPP 2.0.1 Part 2 A00.FR.205: a password has 16 to 40 characters. */
export const password = z
  .string()
  .min(16)
  .max(40)
  .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces');

const evseIn = z.strictObject({
  evseId: evseId.min(1),
  powerWMax: z.int().min(0).max(10_000_000).default(0),
  connectors: z
    .array(z.strictObject({ connectorId: connectorId.min(1), connectorType: z.string().max(20).default('') }))
    .min(1)
    .max(20),
});
const evses = z.array(evseIn).max(100);

/** EVSEs as the device service takes them: without a status, since only the station knows it. */
export const toEvses = (list: z.output<typeof evses>): deviceV1.Evse[] =>
  list.map((evse) => ({
    evseId: evse.evseId,
    powerWMax: evse.powerWMax,
    connectors: evse.connectors.map((connector) => ({ ...connector, status: '', detail: '', errorCode: '', statusAt: undefined })),
  }));

/** OCPP 2.0.1 Part 2 A00: 0 none, 1 basic authentication, 2 with TLS, 3 TLS with a client certificate. */
const securityProfile = z.int().min(0).max(3);

/** A word for a group of stations; a station has up to 20. */
export const tags = z
  .array(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.:-]{0,31}$/, 'must be 1 to 32 of letters, digits and _ . : -'))
  .max(20);

export const newStation = z
  .strictObject({
    stationId: newStationId,
    name: z.string().max(200).default(''),
    siteId: z.string().max(64).default(''),
    evses: evses.default([]),
    tags: tags.default([]).meta({ description: 'your own words for groups of stations: jobs and campaigns can select by them' }),
    password: password.optional().meta({ description: 'absent: one is made and shown in the answer, once' }),
    withoutCredential: z.boolean().default(false).meta({ description: 'security profile 0, development only' }),
    securityProfileMin: securityProfile.optional().meta({ description: 'it is let in on no lower security profile' }),
  })
  .meta({ id: 'NewStation' });

export const stationChange = z
  .strictObject({
    name: z.string().max(200).optional(),
    siteId: z.string().max(64).optional(),
    evses: evses.optional().meta({ description: 'replaces what is known' }),
    tags: tags.optional().meta({ description: 'replaces those it has' }),
    accept: z.literal(true).optional().meta({ description: 'moves a quarantined station into service' }),
    password: password.optional().meta({
      description:
        'with accept: counts for the station from then on, and is brought to it over its open connection; absent: one is made, unless it ' +
        'has one, or shows none (security profile 0) or a certificate (3)',
    }),
    withoutCredential: z.literal(true).optional().meta({ description: 'with accept: it is given no password' }),
    securityProfileMin: securityProfile.optional().meta({ description: 'it is let in on no lower security profile' }),
  })
  .refine(
    ({ accept, password: chosen, withoutCredential }) => accept === true || (chosen === undefined && withoutCredential === undefined),
    {
      message: 'password and withoutCredential go with accept; PUT /v1/stations/{stationId}/credential sets one by itself',
    },
  )
  .refine(({ password: chosen, withoutCredential }) => chosen === undefined || withoutCredential === undefined, {
    message: 'password and withoutCredential exclude each other',
  })
  .meta({ id: 'StationChange', examples: [{ accept: true, securityProfileMin: 1 }] });

export const registeredStation = z
  .object({
    station: stationView,
    password: z.string().nullable().meta({ description: 'shown this once; null when you chose it, or none was wanted' }),
  })
  .meta({ id: 'RegisteredStation' });

export const changedStation = stationView
  .extend({
    password: z.string().nullable().meta({ description: 'made for a station that was accepted, and shown this once; null otherwise' }),
  })
  .meta({ id: 'ChangedStation' });

export const newCredential = z.strictObject({ password: password.optional() }).meta({ id: 'NewCredential' });
export const credentialView = z.object({ password: z.string().nullable() }).meta({ id: 'Credential' });

export const stationQuery = pageQuery.extend({
  siteId: z.string().max(64).default(''),
  lifecycle: z.enum(['Active', 'Quarantined', 'Retired']).optional(),
});

export const toLifecycle = (word: string | undefined): deviceV1.StationLifecycle =>
  Object.values(deviceV1.StationLifecycle).find((value) => wordOf(value, 'STATION_LIFECYCLE_') === word) ??
  deviceV1.StationLifecycle.UNSPECIFIED;

export const messageView = z
  .object({
    at: instant.nullable(),
    direction: z.enum(['FromStation', 'ToStation']),
    text: z.string().meta({ description: 'as it was on the wire; id tokens, passwords and certificates are masked' }),
  })
  .meta({ id: 'Message' });

export const toMessage = (frame: connectionV1.Frame): z.input<typeof messageView> => ({
  at: frame.at ?? null,
  direction: frame.direction === connectionV1.FrameDirection.FROM_STATION ? 'FromStation' : 'ToStation',
  text: frame.text,
});

export const messagePage = pageOf(messageView, 'MessagePage');
