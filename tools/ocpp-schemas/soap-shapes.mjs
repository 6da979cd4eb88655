// From the 1.6 model to what libs/ocpp/v16-soap needs to read and write XML: the fields of each message in the order of the WSDLs.

const HEADER = '// Made by tools/ocpp-schemas.mjs from the official OCPP schemas. Never edited, never committed.\n';

/** Messages of the WSDLs; SOAP has none of the security whitepaper. Source: OCPP 1.6 WSDLs, port types. */
export const SOAP_ACTIONS = {
  cs: `Authorize BootNotification DataTransfer DiagnosticsStatusNotification FirmwareStatusNotification Heartbeat MeterValues
    StartTransaction StatusNotification StopTransaction`.split(/\s+/),
  cp: `CancelReservation ChangeAvailability ChangeConfiguration ClearCache ClearChargingProfile DataTransfer GetCompositeSchedule
    GetConfiguration GetDiagnostics GetLocalListVersion RemoteStartTransaction RemoteStopTransaction ReserveNow Reset SendLocalList
    SetChargingProfile TriggerMessage UnlockConnector UpdateFirmware`.split(/\s+/),
};

/** Where the order of the elements is another than that of the JSON schema's fields. Source: OCPP 1.6 WSDLs, the `sequence`s. */
const ORDER = {
  idTagInfo: 'status expiryDate parentIdTag',
  GetDiagnosticsRequest: 'location startTime stopTime retries retryInterval',
  StartTransactionRequest: 'connectorId idTag timestamp meterStart reservationId',
  StartTransactionResponse: 'transactionId idTagInfo',
  StatusNotificationRequest: 'connectorId status errorCode info timestamp vendorId vendorErrorCode',
  StopTransactionRequest: 'transactionId idTag timestamp meterStop reason transactionData',
  UpdateFirmwareRequest: 'retrieveDate location retries retryInterval',
};

/** @returns {string} text of `shapes.ts` */
export function emitShapes({ messages }) {
  const actions = new Set([...SOAP_ACTIONS.cs, ...SOAP_ACTIONS.cp]);
  const lines = messages.filter(({ action }) => actions.has(action)).map(({ name, schema }) => `  ${name}: ${shapeOf(name, schema)},\n`);
  if (lines.length !== actions.size * 2) throw new Error('the 1.6 schemas lack a message of the WSDLs');
  return `${HEADER}import type { Shape } from '../shape.js';

export const CS_ACTIONS: readonly string[] = ${JSON.stringify(SOAP_ACTIONS.cs)};
export const CP_ACTIONS: readonly string[] = ${JSON.stringify(SOAP_ACTIONS.cp)};
export const SHAPES: Readonly<Record<string, Shape>> = {
${lines.join('')}};
`;
}

function shapeOf(name, { properties = {} }) {
  const names = Object.keys(properties);
  const order = ORDER[name]?.split(' ') ?? names;
  if (names.length !== order.length || order.some((field) => !(field in properties))) throw new Error(`the order of ${name} is outdated`);
  return `[${order.map((field) => fieldOf(field, properties[field])).join(', ')}]`;
}

function fieldOf(name, schema) {
  const list = schema.type === 'array';
  return `{ name: '${name}', kind: ${kindOf(name, list ? schema.items : schema)}, list: ${list} }`;
}

function kindOf(name, schema) {
  switch (schema.type) {
    case 'object':
      return shapeOf(name, schema);
    case 'string':
      return schema.enum || schema.format ? "'word'" : "'text'";
    case 'integer':
    case 'number':
    case 'boolean':
      return `'${schema.type}'`;
    default:
      throw new Error(`${name}: type ${JSON.stringify(schema.type)} has no place in XML`);
  }
}
