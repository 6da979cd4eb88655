import type {
  AttributeType,
  BootStatus,
  IntendedCertificate,
  IntendedMonitor,
  IntendedVariable,
  ModelVariableName,
  MonitoringBase,
  TemplateAttributes,
} from '@voltlog/device-contract';
import {
  CERTIFICATE_USES,
  type ConfigurationCommand,
  compare,
  heldMonitor,
  INTENDED_CERTIFICATES_MAX,
  INTENDED_MONITORS_MAX,
  isHeld,
  matching,
  monitorKey,
  spoken,
  VARIABLE_NAME_MAX,
} from '@voltlog/device-domain';
import { RequestError } from '@voltlog/kernel';
import type { deviceModelV1 } from '@voltlog/proto';
import type { ServiceContext } from '@voltlog/service';
import { mustBeTaken } from '../model/device-models.js';
import type { Model } from '../model/model.js';
import { checkIntent } from '../model/templates.js';
import { readPemChain } from '../pki/chain-check.js';
import type { StationMemory } from '../store/station-memory.js';
import { refusal } from './device.grpc.js';
import { knownStation } from './known-station.js';
import {
  toIntendedMonitor,
  toMonitorMessage,
  toNameMessage,
  toReconciliation,
  toReport,
  toTemplate,
  toVariableMessage,
} from './model-messages.js';
import { causeOf, checkName, pageSize } from './requests.js';

/** Source: OCPP 2.0.1 Part 2 SetVariableDataType (attributeValue up to 1000, longer by ConfigurationValueSize) */
const VALUE_LENGTH_MAX = 2_500;
const ATTRIBUTE_TYPES: readonly string[] = ['Actual', 'Target', 'MinSet', 'MaxSet'];
const MONITOR_TYPES: readonly string[] = ['UpperThreshold', 'LowerThreshold', 'Delta', 'Periodic', 'PeriodicClockAligned'];
const MONITORING_BASES: readonly string[] = ['All', 'FactoryDefault', 'HardWiredOnly'];
const SEVERITY_MAX = 9;
const BOOT_STATUSES: readonly string[] = ['Accepted', 'Pending', 'Rejected'];
const BOOT_SECONDS_DEFAULT = 60;
const BOOT_SECONDS_MAX = 86_400;
const EVSE_MAX = 1_000;
type ChangeOfIntent =
  | Pick<Extract<ConfigurationCommand, { kind: 'Intend' }>, 'kind' | 'variables' | 'expectedRevision'>
  | Pick<Extract<ConfigurationCommand, { kind: 'IntendSome' }>, 'kind' | 'set' | 'remove'>;
const TEMPLATE_ID = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,47}$/;
const PRIORITY_MAX = 1_000_000;

/** `voltlog.device.v1.DeviceModelService`. */
export class DeviceModelGrpc implements deviceModelV1.DeviceModelService {
  constructor(
    private readonly context: Pick<ServiceContext, 'clock' | 'ids'>,
    private readonly memory: Pick<StationMemory, 'docs'>,
    private readonly model: Model,
  ) {}

  async getDeviceModel(request: deviceModelV1.GetDeviceModelRequest): Promise<deviceModelV1.GetDeviceModelResponse> {
    const station = await knownStation(this.memory, request.stationId);
    const [reported, configuration, intended, { monitors }] = await Promise.all([
      this.model.deviceModels.get(station.id),
      this.model.configurationDocs.get(station.id),
      this.model.reconciler.intended(station.id),
      this.model.monitorKeeper.intended(station.id),
    ]);
    const held = reported?.monitors ?? [];
    const values = await this.model.monitorValues.of(
      station.id,
      held.map(({ monitorId }) => monitorId),
    );
    const rows = compare(reported?.variables ?? [], intended);
    const filter = request.filter.toLowerCase();
    const shown = rows.filter(
      (row) => (!request.onlyDifferences || row.difference !== 'None') && (filter === '' || spoken(row).toLowerCase().includes(filter)),
    );
    const from = offsetOf(request.pageToken);
    const to = from + pageSize(request.pageSize);
    return {
      variables: shown.slice(from, to).map(toVariableMessage),
      nextPageToken: to < shown.length ? String(to) : '',
      reported: rows.filter((row) => row.reported !== undefined).length,
      intended: intended.length,
      differences: rows.filter(({ difference }) => difference !== 'None').length,
      intendedMonitors: monitors.map((each) => toIntendedMonitor(each, each.templateId, isHeld(heldMonitor(held, each), each))),
      monitors: held.map((monitor) => toMonitorMessage(monitor, values.get(monitor.monitorId))),
      lastReconciliation: configuration?.lastReconciled === undefined ? undefined : toReconciliation(configuration.lastReconciled),
      templateIds: matching(this.model.templates.all, station).map(({ templateId }) => templateId),
      updatedAt: reported?.updatedAt,
      version: configuration?.revision ?? 0,
    };
  }

  async requestModelReport(request: deviceModelV1.RequestModelReportRequest): Promise<deviceModelV1.RequestModelReportResponse> {
    const { id } = await knownStation(this.memory, request.stationId);
    const { deviceModels } = this.model;
    const base = request.reportBase || 'FullInventory';
    if (base !== 'FullInventory' && base !== 'ConfigurationInventory' && base !== 'Monitoring')
      throw invalid('reportBase must be FullInventory, ConfigurationInventory or Monitoring');
    const { said, report } = base === 'Monitoring' ? await deviceModels.askForMonitors(id) : await deviceModels.askForVariables(id, base);
    mustBeTaken(said);
    return { report: toReport(report) };
  }

  async listModelReports(request: deviceModelV1.ListModelReportsRequest): Promise<deviceModelV1.ListModelReportsResponse> {
    const { id } = await knownStation(this.memory, request.stationId);
    return { reports: (await this.model.deviceModels.reportsOf(id)).map(toReport) };
  }

  async setIntent(request: deviceModelV1.SetIntentRequest): Promise<deviceModelV1.SetIntentResponse> {
    const variables = request.variables.map(toIntended);
    checkIntent(variables);
    return this.intend(request, { kind: 'Intend', variables, expectedRevision: request.expectedVersion });
  }

  async changeIntent(request: deviceModelV1.ChangeIntentRequest): Promise<deviceModelV1.ChangeIntentResponse> {
    const set = request.set.map(toIntended);
    const remove = request.remove.map((variable) => toIntended({ variable, value: '' }));
    checkIntent([...set, ...remove]);
    return this.intend(request, { kind: 'IntendSome', set, remove });
  }

  private async intend(
    request: { readonly stationId: string; readonly idempotencyKey: string },
    change: ChangeOfIntent,
  ): Promise<deviceModelV1.SetIntentResponse> {
    const { id } = await knownStation(this.memory, request.stationId);
    const command = { ...change, stationId: id, now: this.now() };
    const { refusal: no, state } = await this.model.configurations.one(id, command, this.cause(request.idempotencyKey));
    if (no !== undefined) throw refusal(no);
    await this.model.reconciler.ask(id);
    return {
      variables: state.variables.map((variable) => ({ variable: toNameMessage(variable), value: variable.value })),
      version: state.revision,
    };
  }

  async reconcile(request: deviceModelV1.ReconcileRequest): Promise<deviceModelV1.ReconcileResponse> {
    const { id } = await knownStation(this.memory, request.stationId);
    await this.model.reconciler.ask(id);
    for (const each of await this.model.monitorKeeper.concerned([id])) await this.model.monitorKeeper.ask(each);
    return {};
  }

  async putTemplate(request: deviceModelV1.PutTemplateRequest): Promise<deviceModelV1.PutTemplateResponse> {
    const { template, expectedVersion: expectedRevision, mustBeNew } = request;
    if (template === undefined) throw invalid('template is missing');
    const templateId = checkTemplateId(template.templateId);
    const options = { expectedRevision, mustBeNew, now: this.now(), causationId: this.cause(request.idempotencyKey) };
    const { refusal: no, state } = await this.model.templates.put(templateId, toAttributes(template), options);
    if (no !== undefined) throw refusal(no);
    if (state.kind === 'none') throw new Error('a template that was written is known');
    return { template: toTemplate(state) };
  }

  async retireTemplate(request: deviceModelV1.RetireTemplateRequest): Promise<deviceModelV1.RetireTemplateResponse> {
    const templateId = checkTemplateId(request.templateId);
    const { refusal: no, state } = await this.model.templates.retire(templateId, this.now(), this.cause(request.idempotencyKey));
    if (no !== undefined || state.kind === 'none') throw refusal(no ?? 'TemplateUnknown');
    return { template: toTemplate(state) };
  }

  async getTemplate(request: deviceModelV1.GetTemplateRequest): Promise<deviceModelV1.GetTemplateResponse> {
    const template = await this.model.templates.get(checkTemplateId(request.templateId));
    if (template === undefined || template.retired) throw refusal('TemplateUnknown');
    return { template: toTemplate(template) };
  }

  async listTemplates(request: deviceModelV1.ListTemplatesRequest): Promise<deviceModelV1.ListTemplatesResponse> {
    const page = await this.model.templates.page(pageSize(request.pageSize), request.pageToken);
    return { templates: page.docs.map(toTemplate), nextPageToken: page.next ?? '' };
  }

  private now(): number {
    return this.context.clock.now();
  }

  private cause(idempotencyKey: string): string {
    return causeOf(idempotencyKey, () => this.context.ids.next());
  }
}

const invalid = (message: string): RequestError => new RequestError('INVALID_ARGUMENT', message);

function checkTemplateId(templateId: string): string {
  if (!TEMPLATE_ID.test(templateId))
    throw invalid('templateId must be 1 to 48 of letters, digits and _ . -, and begin with a letter or digit');
  return templateId;
}

function offsetOf(pageToken: string): number {
  const from = pageToken === '' ? 0 : Number(pageToken);
  if (!Number.isInteger(from) || from < 0) throw invalid('pageToken is not one that was given');
  return from;
}

function toIntended({ variable, value }: deviceModelV1.IntendedVariable): IntendedVariable {
  const name = toName(variable);
  const { attributeType = '' } = variable ?? {};
  if (value.length > VALUE_LENGTH_MAX)
    throw invalid(`${name.component}.${name.name}: a value must have at most ${VALUE_LENGTH_MAX} characters`);
  if (attributeType !== '' && !ATTRIBUTE_TYPES.includes(attributeType))
    throw invalid(`attributeType must be ${ATTRIBUTE_TYPES.join(', ')}`);
  return {
    ...name,
    ...(attributeType === '' || attributeType === 'Actual' ? {} : { attributeType: attributeType as AttributeType }),
    value,
  };
}

function toMonitor({ variable, type, value, severity, transaction }: deviceModelV1.IntendedMonitor): IntendedMonitor {
  const name = toName(variable);
  if (!MONITOR_TYPES.includes(type)) throw invalid(`the type of a monitor must be ${MONITOR_TYPES.join(', ')}`);
  if (severity > SEVERITY_MAX) throw invalid(`a severity must be at most ${SEVERITY_MAX}`);
  if (!Number.isFinite(value)) throw invalid('the value of a monitor must be a number');
  if (type.startsWith('Periodic') && value < 1) throw invalid(`the value of a ${type} monitor is its interval, at least 1 s`);
  return { variable: name, type, value, severity, transaction };
}

function toName(variable: deviceModelV1.ModelVariableName | undefined): ModelVariableName {
  if (variable === undefined || variable.name === '' || variable.component === '')
    throw invalid('a variable needs a component and a name; a 1.6 key that 2.x has no word for is in the component `1.6`');
  const { component, componentInstance, evseId, connectorId, name, instance } = variable;
  if ([component, componentInstance, name, instance].some((text) => text.length > VARIABLE_NAME_MAX))
    throw invalid(`names must have at most ${VARIABLE_NAME_MAX} characters`);
  if (evseId > EVSE_MAX || connectorId > EVSE_MAX) throw invalid(`evseId and connectorId must be at most ${EVSE_MAX}`);
  return {
    component,
    ...(componentInstance === '' ? {} : { componentInstance }),
    ...(evseId === 0 ? {} : { evseId }),
    ...(connectorId === 0 ? {} : { connectorId }),
    name,
    ...(instance === '' ? {} : { instance }),
  };
}

/** OCPP 2.0.1 InstallCertificateRequest.certificate */
const PEM_LENGTH_MAX = 5_500;

function toCertificate({ certificateType, certificate }: deviceModelV1.IntendedCertificate): IntendedCertificate {
  if (!(CERTIFICATE_USES as readonly string[]).includes(certificateType))
    throw invalid(`certificateType must be ${CERTIFICATE_USES.join(', ')}`);
  if (certificate.length > PEM_LENGTH_MAX) throw invalid(`a certificate must have at most ${PEM_LENGTH_MAX} characters`);
  const chain = readPemChain(certificate);
  if (chain?.length !== 1) throw invalid('a certificate must be one certificate in PEM');
  return { certificateType, certificate };
}

function toAttributes(template: deviceModelV1.Template): TemplateAttributes {
  const { name, vendor, model, firmwareVersion, priority, boot, bootIntervalSeconds, monitoringBase, monitoringLevel } = template;
  checkName(name);
  if ([vendor, model, firmwareVersion].some((text) => text.length > VARIABLE_NAME_MAX))
    throw invalid(`vendor, model and firmwareVersion must have at most ${VARIABLE_NAME_MAX} characters`);
  if (Math.abs(priority) > PRIORITY_MAX) throw invalid(`priority must be between -${PRIORITY_MAX} and ${PRIORITY_MAX}`);
  if (boot !== '' && !BOOT_STATUSES.includes(boot)) throw invalid(`boot must be ${BOOT_STATUSES.join(', ')}`);
  if (bootIntervalSeconds > BOOT_SECONDS_MAX) throw invalid(`bootIntervalSeconds must be at most ${BOOT_SECONDS_MAX}`);
  if (template.monitors.length > INTENDED_MONITORS_MAX) throw invalid(`a template has at most ${INTENDED_MONITORS_MAX} monitors`);
  const monitors = template.monitors.map(toMonitor);
  if (new Set(monitors.map(monitorKey)).size < monitors.length)
    throw invalid('a variable has one monitor of a type and severity: one of them is named twice');
  if (monitoringBase !== '' && !MONITORING_BASES.includes(monitoringBase))
    throw invalid(`monitoringBase must be ${MONITORING_BASES.join(', ')}`);
  if ((monitoringLevel ?? 0) > SEVERITY_MAX) throw invalid(`monitoringLevel must be at most ${SEVERITY_MAX}`);
  const certificates = template.certificates.map(toCertificate);
  if (certificates.length > INTENDED_CERTIFICATES_MAX) throw invalid(`a template has at most ${INTENDED_CERTIFICATES_MAX} certificates`);
  return {
    name,
    vendor,
    model,
    firmwareVersion,
    priority,
    variables: template.variables.map(toIntended),
    ...(monitors.length === 0 ? {} : { monitors }),
    ...(monitoringBase === '' ? {} : { monitoringBase: monitoringBase as MonitoringBase }),
    ...(monitoringLevel === undefined ? {} : { monitoringLevel }),
    ...(certificates.length === 0 ? {} : { certificates }),
    ...(boot === '' ? {} : { boot: boot as BootStatus }),
    bootIntervalSeconds: bootIntervalSeconds || BOOT_SECONDS_DEFAULT,
  };
}
