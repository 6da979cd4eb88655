import type {
  CommandAnswered,
  ConnectorStatusReported,
  MeterValue,
  MeterValuesReported,
  OcppVersion,
  SampledValue,
  StationBooted,
  StationFacts,
  TransactionEnded,
  TransactionStarted,
  TransactionUpdated,
} from '@voltlog/connection-contract';
import type { EventEnvelope } from '@voltlog/kernel';

/** Base of all times in these tests. */
export const T0 = Date.parse('2026-03-01T08:00:00.000Z');

/** `minutes` after the base. */
export const at = (minutes: number): string => new Date(T0 + minutes * 60_000).toISOString();

let counter = 0;
const nextId = (): string => `00000000-0000-7000-8000-${String(++counter).padStart(12, '0')}`;

/** A fact in its envelope, as the connection service appends it. */
export function event<Type extends keyof StationFacts & string>(type: Type, data: StationFacts[Type], id = nextId()): EventEnvelope {
  return { id, type, source: '/connection/test', subject: data.stationId, time: data.receivedAt, data, correlationId: `c-${id}` };
}

export interface Common {
  stationId?: string;
  minute: number;
  /** When it was received; default: at once. */
  receivedMinute?: number;
  ocppVersion?: OcppVersion;
  messageId?: string;
}

const base = ({ stationId = 'CS-1', minute, receivedMinute, ocppVersion = 'ocpp1.6', messageId }: Common, action: string) => ({
  stationId,
  ocppVersion,
  occurredAt: at(minute),
  receivedAt: at(receivedMinute ?? minute),
  messageId: messageId ?? nextId(),
  action,
  raw: {},
});

const isOffline = ({ minute, receivedMinute }: Common): boolean => (receivedMinute ?? minute) - minute > 5;

export const register = (wh: number, more: Partial<SampledValue> = {}): SampledValue => ({
  measurand: 'Energy.Active.Import.Register',
  value: wh,
  unit: 'Wh',
  ...more,
});

export const values = (minute: number, ...samples: SampledValue[]): MeterValue => ({ at: at(minute), samples });

export function started(options: Common & Partial<TransactionStarted>): EventEnvelope {
  const { minute: _m, receivedMinute: _r, ...more } = options;
  const is16 = (options.ocppVersion ?? 'ocpp1.6') === 'ocpp1.6';
  const connector = options.evseId ?? 1;
  const transactionId = options.transactionId ?? '101';
  return event('voltlog.connection.TransactionStarted.v1', {
    ...base(options, is16 ? 'StartTransaction' : 'TransactionEvent'),
    transactionId,
    transactionKey: is16
      ? `${connector}|${at(options.minute)}|${options.meterStartWh ?? 1000}|${options.idToken?.idToken ?? 'TAG'}`
      : transactionId,
    evseId: connector,
    connectorId: 1,
    offline: isOffline(options),
    meterValues: [],
    idToken: { idToken: 'TAG', type: 'Local' },
    authorization: { status: 'Accepted', source: 'authorization' },
    ...(is16 ? { meterStartWh: 1000 } : {}),
    ...more,
  });
}

export function updated(options: Common & Partial<TransactionUpdated>): EventEnvelope {
  const { minute: _m, receivedMinute: _r, ...more } = options;
  return event('voltlog.connection.TransactionUpdated.v1', {
    ...base(options, 'TransactionEvent'),
    transactionId: '101',
    evseId: 1,
    connectorId: 1,
    offline: isOffline(options),
    meterValues: [],
    ...more,
  });
}

export function ended(options: Common & Partial<TransactionEnded>): EventEnvelope {
  const { minute: _m, receivedMinute: _r, ...more } = options;
  const is16 = (options.ocppVersion ?? 'ocpp1.6') === 'ocpp1.6';
  return event('voltlog.connection.TransactionEnded.v1', {
    ...base(options, is16 ? 'StopTransaction' : 'TransactionEvent'),
    transactionId: '101',
    evseId: is16 ? 0 : 1,
    connectorId: is16 ? 0 : 1,
    offline: isOffline(options),
    meterValues: [],
    stoppedReason: 'EVDisconnected',
    ...more,
  });
}

export function metered(options: Common & Partial<MeterValuesReported>): EventEnvelope {
  const { minute: _m, receivedMinute: _r, ...more } = options;
  return event('voltlog.connection.MeterValuesReported.v1', {
    ...base(options, 'MeterValues'),
    evseId: 1,
    connectorId: 1,
    transactionId: '101',
    meterValues: [],
    ...more,
  });
}

/** A connector's status; 1.6 `Occupied` unless told otherwise. */
export function status(options: Common & Partial<ConnectorStatusReported>): EventEnvelope {
  const { minute: _m, receivedMinute: _r, ...more } = options;
  return event('voltlog.connection.ConnectorStatusReported.v1', {
    ...base(options, 'StatusNotification'),
    evseId: 1,
    connectorId: 1,
    status: 'Occupied',
    ...more,
  });
}

export function booted(options: Common & Partial<StationBooted>): EventEnvelope {
  const { minute: _m, receivedMinute: _r, ...more } = options;
  return event('voltlog.connection.StationBooted.v1', {
    ...base(options, 'BootNotification'),
    vendor: 'V',
    model: 'M',
    reason: 'PowerUp',
    ...more,
  });
}

export function statusAnswered(
  options: Common & { transactionId: string; messagesInQueue: boolean; ongoingIndicator?: boolean },
): EventEnvelope {
  const { transactionId, messagesInQueue, ongoingIndicator } = options;
  const data: CommandAnswered = {
    ...base({ ocppVersion: 'ocpp2.0.1', ...options }, 'GetTransactionStatus'),
    request: { transactionId },
    status: 'Accepted',
    response: { messagesInQueue, ...(ongoingIndicator === undefined ? {} : { ongoingIndicator }) },
  };
  return event('voltlog.connection.CommandAnswered.v1', data);
}
