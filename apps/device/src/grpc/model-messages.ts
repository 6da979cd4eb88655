import type {
  AttributeType,
  ConfigurationReconciled,
  IntendedMonitor,
  IntendedVariable,
  ModelMonitor,
  ModelVariableName,
} from '@voltlog/device-contract';
import type { Comparison, IntentSource, Template } from '@voltlog/device-domain';
import type { deviceModelV1 } from '@voltlog/proto';
import type { ReportDoc } from '../model/documents.js';
import type { MonitorValueDoc } from '../model/monitor-values.js';

export const toNameMessage = (
  variable: ModelVariableName & { readonly attributeType?: AttributeType },
): deviceModelV1.ModelVariableName => ({
  component: variable.component,
  componentInstance: variable.componentInstance ?? '',
  evseId: variable.evseId ?? 0,
  connectorId: variable.connectorId ?? 0,
  name: variable.name,
  instance: variable.instance ?? '',
  attributeType: variable.attributeType ?? 'Actual',
});

const toIntendedValue = ({ source, value }: { readonly source: IntentSource; readonly value: string }): deviceModelV1.IntendedValue => ({
  value,
  templateId: source.kind === 'template' ? source.templateId : '',
});

const toIntendedMessage = (variable: IntendedVariable): deviceModelV1.IntendedVariable => ({
  variable: toNameMessage(variable),
  value: variable.value,
});

export const toVariableMessage = (row: Comparison): deviceModelV1.ModelVariable => ({
  variable: toNameMessage(row),
  ...(row.reported === undefined ? {} : { reported: row.reported }),
  mutability: row.mutability,
  unit: row.unit,
  intended: row.intended === undefined ? undefined : toIntendedValue(row.intended),
  overridden: (row.intended?.overridden ?? []).map(toIntendedValue),
  difference: row.difference,
});

export const toReconciliation = ({ outcome, results, at }: Omit<ConfigurationReconciled, 'stationId'>): deviceModelV1.Reconciliation => ({
  outcome,
  results: results.map((result) => ({ variable: toNameMessage(result), value: result.value, status: result.status })),
  at,
});

export const toReport = (report: ReportDoc): deviceModelV1.ModelReport => ({
  requestId: report.requestId,
  kind: report.kind,
  parts: report.parts,
  status: report.outcome === '' ? 'Receiving' : report.outcome,
  detail: report.detail,
  startedAt: report.startedAt,
  endedAt: report.endedAt === '' ? undefined : report.endedAt,
});

export const toMonitorMessage = (
  { variable, ...monitor }: ModelMonitor,
  told: Pick<MonitorValueDoc, 'value' | 'at'> | undefined,
): deviceModelV1.ModelMonitor => ({
  ...monitor,
  variable: toNameMessage(variable),
  ...(told === undefined ? {} : { lastValue: told.value }),
  lastValueAt: told?.at,
});

export const toIntendedMonitor = (
  { variable, type, value, severity, transaction }: IntendedMonitor,
  templateId = '',
  held = false,
): deviceModelV1.IntendedMonitor => ({ variable: toNameMessage(variable), type, value, severity, transaction, templateId, held });

export const toTemplate = (template: Template & { readonly revision: number; readonly updatedAt: string }): deviceModelV1.Template => ({
  templateId: template.templateId,
  name: template.name,
  vendor: template.vendor,
  model: template.model,
  firmwareVersion: template.firmwareVersion,
  priority: template.priority,
  variables: template.variables.map(toIntendedMessage),
  boot: template.boot ?? '',
  bootIntervalSeconds: template.bootIntervalSeconds,
  monitors: (template.monitors ?? []).map((monitor) => toIntendedMonitor(monitor)),
  monitoringBase: template.monitoringBase ?? '',
  ...(template.monitoringLevel === undefined ? {} : { monitoringLevel: template.monitoringLevel }),
  certificates: (template.certificates ?? []).map((each) => ({ ...each })),
  version: template.revision,
  updatedAt: template.updatedAt,
});
