/**
 * Names of span attributes. Ours begin with `voltlog.`, the others are OpenTelemetry's semantic conventions. Tokens, passwords and
 * certificates have no name here: they never go into a span.
 */
export const ATTRIBUTE = {
  stationId: 'voltlog.station.id',
  ocppVersion: 'voltlog.ocpp.version',
  ocppAction: 'voltlog.ocpp.action',
  authorizationStatus: 'voltlog.authorization.status',
  authorizationReason: 'voltlog.authorization.reason',
  eventType: 'voltlog.event.type',
  consumerGroup: 'messaging.consumer.group.name',
  topic: 'messaging.destination.name',
  partition: 'messaging.destination.partition.id',
  messageId: 'messaging.message.id',
} as const;
