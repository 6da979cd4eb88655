import { useList, useRead, useWrite } from './lists.js';
import type { Page } from './types.js';

export interface VariableName {
  readonly component: string;
  readonly componentInstance: string | null;
  readonly evseId: number;
  readonly connectorId: number;
  readonly name: string;
  readonly instance: string | null;
  readonly attributeType: 'Actual' | 'Target' | 'MinSet' | 'MaxSet';
}

export interface ModelVariable extends VariableName {
  readonly reported: string | null;
  readonly mutability: 'ReadOnly' | 'WriteOnly' | 'ReadWrite';
  readonly unit: string | null;
  readonly intended: { readonly value: string; readonly templateId: string | null } | null;
  readonly difference: 'None' | 'Differs' | 'NotReported';
}

export interface Monitor extends VariableName {
  readonly monitorId: number;
  readonly type: string;
  readonly value: number;
  readonly severity: number;
  readonly lastValue: string | null;
}

export interface DeviceModel extends Page<ModelVariable> {
  readonly reported: number;
  readonly intended: number;
  readonly differences: number;
  readonly monitors: readonly Monitor[];
  readonly intendedMonitors: readonly (Omit<Monitor, 'monitorId' | 'attributeType' | 'lastValue'> & {
    readonly templateId: string;
    readonly held: boolean;
  })[];
  readonly lastReconciliation: {
    readonly outcome: 'InSync' | 'RebootRequired' | 'Refused';
    readonly results: readonly (VariableName & { readonly value: string; readonly status: string })[];
    readonly at: string | null;
  } | null;
  readonly templateIds: readonly string[];
  readonly updatedAt: string | null;
}

export interface ModelReport {
  readonly requestId: number;
  readonly kind: 'Variables' | 'Monitors';
  readonly parts: number;
  readonly status: 'Receiving' | 'Complete' | 'Incomplete' | 'Refused';
  readonly detail: string | null;
  readonly startedAt: string | null;
}

export interface Operation {
  readonly boot: { readonly status: string; readonly intervalSeconds: number | null };
  readonly registration: string | null;
  readonly inoperative: readonly {
    readonly evseId: number;
    readonly connectorId: number;
    readonly reason: string | null;
    readonly since: string | null;
  }[];
  readonly outages: readonly {
    readonly outageId: string;
    readonly evseId: number;
    readonly connectorId: number;
    readonly from: string | null;
    readonly until: string | null;
    readonly reason: string | null;
  }[];
}

export interface Alert {
  readonly alertId: string;
  readonly source: string;
  readonly severity: number;
  readonly subject: string;
  readonly detail: string;
  readonly state: 'Open' | 'Acknowledged' | 'Cleared';
  readonly note: string | null;
  readonly openedAt: string | null;
}

export interface StationReport {
  readonly reportId: string;
  readonly type: string;
  readonly action: string;
  readonly receivedAt: string | null;
  readonly data: unknown;
}

export interface Display {
  readonly listedAt: string | null;
  readonly messages: readonly {
    readonly id: number;
    readonly priority: string;
    readonly state: string | null;
    readonly startAt: string | null;
    readonly endAt: string | null;
    readonly texts: readonly { readonly language: string | null; readonly content: string }[];
  }[];
}

/** Rows of a page of the model: a station of 5 000 variables is read and drawn bit by bit. */
const ROWS = 50;

/** `EVSE[1].Power`, `LocalAuthListCtrlr.Entries[x]`: as the API filters by. */
export const spoken = ({
  component,
  componentInstance,
  evseId,
  connectorId,
  name,
  instance,
  attributeType = 'Actual',
}: Omit<VariableName, 'attributeType'> & Partial<Pick<VariableName, 'attributeType'>>): string => {
  const at = [componentInstance, evseId || '', connectorId || ''].filter(Boolean).join(',');
  const whole = `${component}${at === '' ? '' : `[${at}]`}.${name}${instance ? `[${instance}]` : ''}`;
  return attributeType === 'Actual' ? whole : `${whole} (${attributeType})`;
};

/** `EVSE 1, connector 2`, or the whole station. */
export const placeWords = ({ evseId, connectorId }: { readonly evseId: number; readonly connectorId: number }): string =>
  evseId === 0 ? 'Whole station' : connectorId === 0 ? `EVSE ${evseId}` : `EVSE ${evseId}, connector ${connectorId}`;

export const ofStation = (stationId: string): string => `/v1/stations/${encodeURIComponent(stationId)}`;

export const useDeviceModel = (stationId: string, filter: string, onlyDifferences: boolean) =>
  useList<ModelVariable, DeviceModel>(
    'device-model',
    `${ofStation(stationId)}/device-model?limit=${ROWS}&filter=${encodeURIComponent(filter)}&onlyDifferences=${onlyDifferences}`,
  );

/** Parts that come in are told by no event of their own. */
export const useModelReports = (stationId: string) =>
  useRead<{ readonly data: readonly ModelReport[] }>('device-model', `${ofStation(stationId)}/device-model/reports`, (answer) =>
    answer?.data.some(({ status }) => status === 'Receiving') ? 2_000 : false,
  );

export const useOperation = (stationId: string) => useRead<Operation>('device-model', `${ofStation(stationId)}/operation`);

export const useAlerts = (stationId: string, state: 'open' | 'all') =>
  useList<Alert>('alerts', `/v1/alerts?stationId=${encodeURIComponent(stationId)}&state=${state}&limit=${ROWS}`);

/** @param type empty: all */
export const useStationReports = (stationId: string, type: string) =>
  useList<StationReport>('device-model', `${ofStation(stationId)}/reports?limit=${ROWS}&type=${encodeURIComponent(type)}`);

export const useDisplay = (stationId: string) => useRead<Display>('device-model', `${ofStation(stationId)}/display-messages`);

/** A write of the station's page; what the page shows is read again after it. */
export const useChange = <Input = void>(write: (input: Input) => Promise<unknown>) =>
  useWrite(['device-model', 'alerts', 'stations'], write);
