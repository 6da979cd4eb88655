import type { deviceModelV1 } from '@voltlog/proto';
import { z } from 'zod';
import { variable } from './command.view.js';
import { asRead, identifier, instant, orNull, pageOf, pageQuery } from './common.js';

/** As text of a query. */
const flag = z
  .enum(['true', 'false'])
  .default('false')
  .transform((text) => text === 'true');

export const modelQuery = pageQuery.extend({
  filter: z.string().max(100).default('').meta({ description: 'part of a name, e.g. `HeartbeatInterval` or `EVSE[1]`' }),
  onlyDifferences: flag.meta({ description: 'only what is not as intended' }),
});

const intendedValue = z.object({
  value: z.string(),
  templateId: z.string().nullable().meta({ description: "null: the station's own intent" }),
});

const nameView = z.object({
  component: z.string().meta({ description: '`1.6`: a configuration key that 2.x has no variable for' }),
  componentInstance: z.string().nullable(),
  evseId: z.int(),
  connectorId: z.int(),
  name: z.string(),
  instance: z.string().nullable(),
  attributeType: z.enum(['Actual', 'Target', 'MinSet', 'MaxSet']),
});

const modelVariable = nameView
  .extend({
    reported: z.string().nullable().meta({ description: 'null: the station did not tell' }),
    mutability: z.enum(['ReadOnly', 'WriteOnly', 'ReadWrite']),
    unit: z.string().nullable(),
    intended: intendedValue.nullable(),
    overridden: z.array(intendedValue).meta({ description: 'what counts less, the closest first' }),
    difference: z.enum(['None', 'Differs', 'NotReported']),
  })
  .meta({ id: 'ModelVariable' });

const intendedMonitorView = nameView
  .omit({ attributeType: true })
  .extend({ type: z.string(), value: z.number(), severity: z.int(), transaction: z.boolean() });

export const modelView = z
  .object({
    data: z.array(modelVariable).meta({ description: 'in order of names' }),
    nextCursor: z.string().nullable(),
    reported: z.int().meta({ description: 'variables that the station told, whatever the filter' }),
    intended: z.int(),
    differences: z.int(),
    monitors: z.array(
      nameView.extend({
        monitorId: z.int(),
        type: z.string(),
        value: z.number(),
        severity: z.int(),
        transaction: z.boolean(),
        lastValue: z.string().nullable().meta({ description: 'what it told last, by an event or a periodic stream' }),
        lastValueAt: instant.nullable().meta({ description: "by the station's clock" }),
      }),
    ),
    intendedMonitors: z.array(intendedMonitorView.extend({ templateId: z.string(), held: z.boolean() })).meta({
      description: 'what templates have it watch; `held`: the station told that it does',
    }),
    lastReconciliation: z
      .object({
        outcome: z.enum(['InSync', 'RebootRequired', 'Refused']),
        results: z
          .array(nameView.extend({ value: z.string(), status: z.string() }))
          .meta({ description: 'what was sent, and the word of the station' }),
        at: instant.nullable(),
      })
      .nullable(),
    templateIds: z.array(z.string()).meta({ description: 'templates about this station, what counts most first' }),
    updatedAt: instant.nullable(),
  })
  .meta({ id: 'DeviceModel' });

export const reportView = z
  .object({
    requestId: z.int(),
    kind: z.enum(['Variables', 'Monitors']),
    parts: z.int(),
    status: z.enum(['Receiving', 'Complete', 'Incomplete', 'Refused']),
    detail: z.string().nullable(),
    startedAt: instant.nullable(),
    endedAt: instant.nullable(),
  })
  .meta({ id: 'DeviceReport' });
export const reportList = z.object({ data: z.array(reportView).meta({ description: 'newest first' }) }).meta({ id: 'DeviceReports' });

export const newReport = z
  .strictObject({
    reportBase: z.enum(['FullInventory', 'ConfigurationInventory', 'Monitoring']).default('FullInventory').meta({
      description: 'only the full inventory shows what the station no longer has',
    }),
  })
  .meta({ id: 'NewDeviceReport' });

const namedVariable = variable.extend({
  component: z.string().min(1).max(50).meta({ description: '`1.6` for a configuration key that 2.x has no variable for' }),
  // Null as well, so that what was read can be written.
  componentInstance: variable.shape.componentInstance.nullable(),
  instance: z.string().max(50).nullable().default(''),
});
const intendedVariable = namedVariable.extend({ value: z.string().max(2_500) });
const intendedVariables = z.array(intendedVariable).max(500).meta({ description: 'no secrets: passwords have a way of their own' });

export const intentBody = z.strictObject({ variables: intendedVariables }).meta({ id: 'ConfigurationIntent' });
export const intentChange = z
  .strictObject({ set: intendedVariables.default([]), remove: z.array(namedVariable).max(500).default([]) })
  .refine(({ set, remove }) => set.length + remove.length > 0, 'name at least one variable to set or to remove')
  .meta({ id: 'ConfigurationIntentChange' });
export const intentView = z
  .object({ variables: z.array(nameView.extend({ value: z.string() })) })
  .meta({ id: 'ConfigurationIntentOfStation' });

export const templateId = identifier('templateId', 48).regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, 'may hold letters, digits and _ . -');
export const templateBody = z
  .strictObject({
    name: z.string().max(100).default(''),
    vendor: z.string().max(50).default('').meta({ description: 'empty: of any' }),
    model: z.string().max(50).default('').meta({ description: 'empty: any' }),
    firmwareVersion: z.string().max(50).default('').meta({ description: 'empty: any; may end with `*`' }),
    priority: z
      .int()
      .min(-1_000_000)
      .max(1_000_000)
      .default(0)
      .meta({ description: 'of templates that match as closely, the higher counts' }),
    variables: intendedVariables.default([]),
    monitors: z
      .array(
        z.strictObject({
          ...namedVariable.omit({ attributeType: true }).shape,
          type: z.enum(['UpperThreshold', 'LowerThreshold', 'Delta', 'Periodic', 'PeriodicClockAligned']),
          value: z.number().meta({ description: 'a threshold in the unit of the variable, or seconds' }),
          severity: z.int().min(0).max(9).meta({ description: '0 danger to 9 debug' }),
          transaction: z.boolean().default(false).meta({ description: 'only while a transaction is going on' }),
        }),
      )
      .max(200)
      .default([])
      .meta({ description: 'what stations of 2.x watch by themselves; a variable has one of a type and severity' }),
    monitoringBase: z
      .enum(['All', 'FactoryDefault', 'HardWiredOnly'])
      .nullable()
      .default(null)
      .meta({ description: 'which of its monitors a station has active; null: nothing is said about it' }),
    monitoringLevel: z.int().min(0).max(9).nullable().default(null).meta({
      description: 'up to which severity stations send events; null: nothing is said about it',
    }),
    certificates: z
      .array(
        z.strictObject({
          certificateType: z.enum([
            'V2GRootCertificate',
            'MORootCertificate',
            'CSMSRootCertificate',
            'ManufacturerRootCertificate',
            'OEMRootCertificate',
          ]),
          certificate: z.string().max(5_500).meta({ description: 'PEM, one' }),
        }),
      )
      .max(10)
      .default([])
      .meta({ description: 'roots that are installed at a station that boots and does not have them' }),
    boot: z.enum(['Accepted', 'Pending', 'Rejected']).nullable().default(null).meta({
      description: 'what a station is answered when it boots; Pending: provisioned first, then accepted; null: nothing is said about it',
    }),
    bootIntervalSeconds: z.int().min(1).max(86_400).default(60).meta({ description: 'until a station that was not accepted asks again' }),
    ...asRead('templateId', 'updatedAt', 'version'),
  })
  .meta({ id: 'NewConfigurationTemplate' });
export const templateView = templateBody
  .extend({
    templateId: z.string(),
    variables: z.array(nameView.extend({ value: z.string() })),
    monitors: z.array(intendedMonitorView),
    updatedAt: instant.nullable(),
    version: z.int(),
  })
  .meta({ id: 'ConfigurationTemplate' });
export const templatePage = pageOf(templateView, 'ConfigurationTemplatePage');

type Name = z.input<typeof nameView>;
type NamedVariable = z.output<typeof namedVariable>;

const toName = (told: deviceModelV1.ModelVariableName | undefined): Name => ({
  component: told?.component ?? '',
  componentInstance: orNull(told?.componentInstance),
  evseId: told?.evseId ?? 0,
  connectorId: told?.connectorId ?? 0,
  name: told?.name ?? '',
  instance: orNull(told?.instance),
  attributeType: (told?.attributeType || 'Actual') as Name['attributeType'],
});

const toValue = ({ value, templateId: from }: deviceModelV1.IntendedValue) => ({ value, templateId: orNull(from) });

export const toIntendedView = ({ variable: name, value }: deviceModelV1.IntendedVariable) => ({ ...toName(name), value });

export const toNameMessage = (told: NamedVariable): deviceModelV1.ModelVariableName => ({
  component: told.component,
  componentInstance: told.componentInstance ?? '',
  evseId: told.evseId,
  connectorId: told.connectorId ?? 0,
  name: told.name,
  instance: told.instance ?? '',
  attributeType: told.attributeType ?? '',
});
export const toIntendedMessage = (told: z.output<typeof intendedVariable>): deviceModelV1.IntendedVariable => ({
  variable: toNameMessage(told),
  value: told.value,
});

const toMonitorView = ({ variable: name, type, value, severity, transaction }: deviceModelV1.IntendedMonitor) => {
  const { attributeType: _, ...named } = toName(name);
  return { ...named, type, value, severity, transaction };
};

/** What a template says, as the device service takes it. */
export const toTemplateMessage = (
  templateId: string,
  { variables, monitors, monitoringBase, monitoringLevel, boot, ...rest }: z.output<typeof templateBody>,
): deviceModelV1.Template => ({
  ...rest,
  templateId,
  variables: variables.map(toIntendedMessage),
  monitors: monitors.map(({ type, value, severity, transaction, ...name }) => ({
    variable: toNameMessage(name),
    type,
    value,
    severity,
    transaction,
    templateId: '',
    held: false,
  })),
  monitoringBase: monitoringBase ?? '',
  ...(monitoringLevel === null ? {} : { monitoringLevel }),
  boot: boot ?? '',
  version: 0,
  updatedAt: undefined,
});

type ModelView = z.input<typeof modelView>;

export function toModel(answer: deviceModelV1.GetDeviceModelResponse): ModelView {
  const last = answer.lastReconciliation;
  return {
    data: answer.variables.map((row) => ({
      ...toName(row.variable),
      reported: row.reported ?? null,
      mutability: row.mutability as ModelView['data'][number]['mutability'],
      unit: orNull(row.unit),
      intended: row.intended === undefined ? null : toValue(row.intended),
      overridden: row.overridden.map(toValue),
      difference: row.difference as ModelView['data'][number]['difference'],
    })),
    nextCursor: orNull(answer.nextPageToken),
    reported: answer.reported,
    intended: answer.intended,
    differences: answer.differences,
    monitors: answer.monitors.map(({ variable: name, lastValue, lastValueAt, ...monitor }) => ({
      ...toName(name),
      ...monitor,
      lastValue: lastValue ?? null,
      lastValueAt: lastValueAt ?? null,
    })),
    intendedMonitors: answer.intendedMonitors.map((each) => ({ ...toMonitorView(each), templateId: each.templateId, held: each.held })),
    lastReconciliation:
      last === undefined
        ? null
        : {
            outcome: last.outcome as NonNullable<ModelView['lastReconciliation']>['outcome'],
            results: last.results.map(({ variable: name, value, status }) => ({ ...toName(name), value, status })),
            at: last.at ?? null,
          },
    templateIds: answer.templateIds,
    updatedAt: answer.updatedAt ?? null,
  };
}

type ReportView = z.input<typeof reportView>;

export const toReport = (report: deviceModelV1.ModelReport): ReportView => ({
  requestId: report.requestId,
  kind: report.kind as ReportView['kind'],
  parts: report.parts,
  status: report.status as ReportView['status'],
  detail: orNull(report.detail),
  startedAt: report.startedAt ?? null,
  endedAt: report.endedAt ?? null,
});

export const toTemplate = (template: deviceModelV1.Template) => ({
  templateId: template.templateId,
  name: template.name,
  vendor: template.vendor,
  model: template.model,
  firmwareVersion: template.firmwareVersion,
  priority: template.priority,
  variables: template.variables.map(toIntendedView),
  monitors: template.monitors.map(toMonitorView),
  monitoringBase: orNull(template.monitoringBase) as 'All' | 'FactoryDefault' | 'HardWiredOnly' | null,
  monitoringLevel: template.monitoringLevel ?? null,
  certificates: template.certificates as z.input<typeof templateView>['certificates'] & object,
  boot: template.boot === '' ? null : (template.boot as 'Accepted' | 'Pending' | 'Rejected'),
  bootIntervalSeconds: template.bootIntervalSeconds,
  updatedAt: template.updatedAt ?? null,
  version: template.version,
});
