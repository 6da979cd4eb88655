import {
  isSecretVariable,
  type ReportedMonitor,
  type ReportedVariable,
  type VariableAttribute,
  type VariableName,
} from '@voltlog/connection-contract';
import { head, type Route } from '../route.js';
import { stationTime } from '../station-time.js';

interface Named {
  readonly component: {
    readonly name: string;
    readonly instance?: string;
    readonly evse?: { readonly id: number; readonly connectorId?: number };
  };
  readonly variable: { readonly name: string; readonly instance?: string };
}

interface Part {
  readonly requestId: number;
  readonly generatedAt: string;
  readonly seqNo: number;
  readonly tbc?: boolean;
}

interface ReportData extends Named {
  readonly variableAttribute: readonly { readonly type?: string; readonly value?: string; readonly mutability?: string }[];
  readonly variableCharacteristics?: {
    readonly dataType: string;
    readonly unit?: string;
    readonly minLimit?: number;
    readonly maxLimit?: number;
    readonly valuesList?: string;
    readonly supportsMonitoring: boolean;
  };
}

interface MonitoringData extends Named {
  readonly variableMonitoring: readonly {
    readonly id: number;
    readonly transaction: boolean;
    readonly value: number;
    readonly type: string;
    readonly severity: number;
  }[];
}

interface EventData extends Named {
  readonly eventId: number;
  readonly timestamp: string;
  readonly trigger: string;
  readonly cause?: number;
  readonly actualValue: string;
  readonly techCode?: string;
  readonly techInfo?: string;
  readonly cleared?: boolean;
  readonly transactionId?: string;
  readonly variableMonitoringId?: number;
  readonly eventNotificationType: string;
  readonly severity?: number;
}

/** OCPP 2.0.1 Part 2 B07, B08 */
export const notifyReport: Route<Part & { readonly reportData?: readonly ReportData[] }> = {
  action: 'NotifyReport',
  money: false,
  toFacts({ reportData = [], ...rest }, context) {
    const occurredAt = stationTime(rest.generatedAt, context);
    const data = { ...head(rest, context, occurredAt), ...partOf(rest), variables: reportData.map(toVariable) };
    return [{ type: 'voltlog.connection.VariablesReported.v1', data }];
  },
  toResponse: () => ({}),
};

/** OCPP 2.0.1 Part 2 N02 */
export const notifyMonitoringReport: Route<Part & { readonly monitor?: readonly MonitoringData[] }> = {
  action: 'NotifyMonitoringReport',
  money: false,
  toFacts({ monitor = [], ...rest }, context) {
    const occurredAt = stationTime(rest.generatedAt, context);
    const data = { ...head(rest, context, occurredAt), ...partOf(rest), monitors: monitor.flatMap(toMonitors) };
    return [{ type: 'voltlog.connection.MonitorsReported.v1', data }];
  },
  toResponse: () => ({}),
};

/** OCPP 2.0.1 Part 2 N07, N08 */
export const notifyEvent: Route<Omit<Part, 'requestId'> & { readonly eventData: readonly EventData[] }> = {
  action: 'NotifyEvent',
  money: false,
  toFacts({ eventData, ...rest }, context) {
    const occurredAt = stationTime(rest.generatedAt, context);
    const events = eventData.map((event) => ({
      eventId: event.eventId,
      at: stationTime(event.timestamp, context),
      trigger: event.trigger,
      notification: event.eventNotificationType,
      variable: nameOf(event),
      value: isSecretVariable(event.variable.name) ? '' : event.actualValue,
      cleared: event.cleared === true,
      ...(event.cause === undefined ? {} : { cause: event.cause }),
      ...(event.variableMonitoringId === undefined ? {} : { monitorId: event.variableMonitoringId }),
      ...(event.severity === undefined ? {} : { severity: event.severity }),
      ...(event.techCode === undefined ? {} : { techCode: event.techCode }),
      ...(event.techInfo === undefined ? {} : { techInfo: event.techInfo }),
      ...(event.transactionId === undefined ? {} : { transactionId: event.transactionId }),
    }));
    const data = { ...head(rest, context, occurredAt), seqNo: rest.seqNo, toBeContinued: rest.tbc === true, events };
    return [{ type: 'voltlog.connection.StationEventsReported.v1', data }];
  },
  toResponse: () => ({}),
};

const partOf = ({ requestId, seqNo, tbc }: Part) => ({ requestId, seqNo, toBeContinued: tbc === true });

const nameOf = ({ component, variable }: Named): VariableName => ({
  component: component.name,
  ...(component.instance === undefined ? {} : { componentInstance: component.instance }),
  ...(component.evse === undefined ? {} : { evseId: component.evse.id }),
  ...(component.evse?.connectorId === undefined ? {} : { connectorId: component.evse.connectorId }),
  name: variable.name,
  ...(variable.instance === undefined ? {} : { instance: variable.instance }),
});

function toVariable(data: ReportData): ReportedVariable {
  const secret = isSecretVariable(data.variable.name);
  const { variableCharacteristics: told } = data;
  return {
    ...nameOf(data),
    attributes: data.variableAttribute.map(({ type, value, mutability }) => ({
      // The schema of the version has checked the words.
      type: (type ?? 'Actual') as VariableAttribute['type'],
      ...(value === undefined || secret ? {} : { value }),
      ...(mutability === undefined || mutability === 'ReadWrite'
        ? {}
        : { mutability: mutability as NonNullable<VariableAttribute['mutability']> }),
    })),
    ...(told === undefined
      ? {}
      : {
          characteristics: {
            dataType: told.dataType,
            ...(told.unit === undefined ? {} : { unit: told.unit }),
            ...(told.minLimit === undefined ? {} : { minLimit: told.minLimit }),
            ...(told.maxLimit === undefined ? {} : { maxLimit: told.maxLimit }),
            ...(told.valuesList === undefined ? {} : { valuesList: told.valuesList }),
            supportsMonitoring: told.supportsMonitoring,
          },
        }),
  };
}

const toMonitors = (data: MonitoringData): readonly ReportedMonitor[] =>
  data.variableMonitoring.map(({ id, type, value, severity, transaction }) => ({
    monitorId: id,
    variable: nameOf(data),
    type,
    value,
    severity,
    transaction,
  }));
