import { CP_ACTIONS, CS_ACTIONS, SHAPES } from './generated/shapes.js';
import type { Edition, Service } from './names.js';
import type { Payload } from './payload.js';
import type { Field, Shape } from './shape.js';

/** What we may call in each older edition; what stations call is the same in all but DataTransfer, which 1.2 lacks. */
const CP_ACTIONS_12 = `ChangeAvailability ChangeConfiguration ClearCache GetDiagnostics RemoteStartTransaction RemoteStopTransaction Reset
  UnlockConnector UpdateFirmware`.split(/\s+/);
const CP_ACTIONS_15 = [
  ...CP_ACTIONS_12,
  ...'CancelReservation DataTransfer GetConfiguration GetLocalListVersion ReserveNow SendLocalList'.split(' '),
];

const ACTIONS: Readonly<Record<Service, Readonly<Record<Edition, ReadonlySet<string>>>>> = {
  cs: {
    '1.6': new Set(CS_ACTIONS),
    '1.5': new Set(CS_ACTIONS),
    '1.2': new Set(CS_ACTIONS.filter((action) => action !== 'DataTransfer')),
  },
  cp: { '1.6': new Set(CP_ACTIONS), '1.5': new Set(CP_ACTIONS_15), '1.2': new Set(CP_ACTIONS_12) },
};

/** Whether the edition's WSDL has the message. None has the security whitepaper's. */
export const hasAction = (service: Service, edition: Edition, action: string): boolean => ACTIONS[service][edition].has(action);

/** The actions of a service, as 1.6 names them. */
export const actionsOf = (service: Service, edition: Edition): Iterable<string> => ACTIONS[service][edition];

const shape16 = (message: string): Shape => SHAPES[message] ?? [];
const withTag = (shape: Shape, name: string, change: Partial<Field>): Shape =>
  shape.map((field) => (field.name === name ? { ...field, ...change } : field));
const ordered = (shape: Shape, ...names: readonly string[]): Shape =>
  names.flatMap((name) => shape.find((field) => (field.tag ?? field.name) === name) ?? []);

/** `<values><timestamp/><value unit="Wh">1</value></values>` */
const METER_VALUE_15: Shape = [
  { name: 'timestamp', kind: 'word', list: false },
  { name: 'sampledValue', tag: 'value', kind: 'text', list: true, asAttributes: true },
];
const VALUES_15 = { tag: 'values', kind: METER_VALUE_15 };
const TRANSACTION_DATA_15: Shape = [{ name: 'values', kind: METER_VALUE_15, list: true }];

/** Messages that the older editions write otherwise. Sources: OCPP 1.5 and 1.2 WSDLs */
const SHAPES_15: Readonly<Record<string, Shape>> = {
  BootNotificationResponse: withTag(shape16('BootNotificationResponse'), 'interval', { tag: 'heartbeatInterval' }),
  MeterValuesRequest: withTag(shape16('MeterValuesRequest'), 'meterValue', VALUES_15),
  StopTransactionRequest: withTag(shape16('StopTransactionRequest'), 'transactionData', { kind: TRANSACTION_DATA_15 }),
  RemoteStartTransactionRequest: ordered(shape16('RemoteStartTransactionRequest'), 'idTag', 'connectorId'),
  SendLocalListRequest: ordered(
    withTag(shape16('SendLocalListRequest'), 'localAuthorizationList', { tag: 'localAuthorisationList' }),
    'updateType',
    'listVersion',
    'localAuthorisationList',
  ),
  SendLocalListResponse: [...shape16('SendLocalListResponse'), { name: 'hash', kind: 'text', list: false }],
};

/** @param message e.g. `AuthorizeRequest` */
export const shapeOf = (edition: Edition, message: string): Shape =>
  (edition === '1.6' ? undefined : SHAPES_15[message]) ?? shape16(message);

const UNITS: Readonly<Record<string, string>> = { Amp: 'A', Volt: 'V' };
/** Longest texts of 1.6 where the older editions know no limit: the rest is cut off. */
const LENGTHS: Readonly<Record<string, number>> = { info: 50, vendorErrorCode: 50, vendorId: 255, messageId: 50 };

/** What a station of an older edition says, in the words of 1.6. */
export function toWords16(edition: Edition, message: string, payload: Payload): Payload {
  if (edition === '1.6') return payload;
  switch (message) {
    case 'MeterValuesRequest':
      return { ...payload, meterValue: listOf(payload['meterValue']).map(meterValue16) };
    case 'StopTransactionRequest':
      return payload['transactionData'] === undefined
        ? payload
        : { ...payload, transactionData: listOf(payload['transactionData']).flatMap((data) => listOf(data['values']).map(meterValue16)) };
    case 'StatusNotificationRequest':
      return cut({ ...payload, errorCode: payload['errorCode'] === 'Mode3Error' ? 'EVCommunicationError' : payload['errorCode'] });
    case 'DataTransferRequest':
      return cut(payload);
    case 'UnlockConnectorResponse':
      return { ...payload, status: UNLOCKED[String(payload['status'])] ?? payload['status'] };
    case 'SendLocalListResponse':
      return { status: payload['status'] === 'HashError' ? 'Failed' : payload['status'] };
    default:
      return payload;
  }
}

const UNLOCKED: Readonly<Record<string, string>> = { Accepted: 'Unlocked', Rejected: 'UnlockFailed' };

/** What we say to a station of an older edition, of words of 1.6. `Pending` has no word there; `Rejected` too makes it ask again. */
export const fromWords16 = (edition: Edition, message: string, payload: Payload): Payload =>
  edition !== '1.6' && message === 'BootNotificationResponse' && payload['status'] === 'Pending'
    ? { ...payload, status: 'Rejected' }
    : payload;

const meterValue16 = (value: Payload): Payload => ({
  ...value,
  sampledValue: listOf(value['sampledValue']).map((sample) =>
    sample['unit'] === undefined ? sample : { ...sample, unit: UNITS[String(sample['unit'])] ?? sample['unit'] },
  ),
});

const cut = (payload: Payload): Payload =>
  Object.fromEntries(
    Object.entries(payload).map(([name, value]) => [name, typeof value === 'string' ? value.slice(0, LENGTHS[name]) : value]),
  );

const listOf = (value: unknown): readonly Payload[] => (Array.isArray(value) ? value : []);
