import { MODEL_TOPIC } from '@voltlog/device-contract';
import type { ServiceContext } from '@voltlog/service';
import type { Collection, OutboxRelay } from '@voltlog/store';
import type { Security } from '../security/security.js';
import type { DeviceRepository } from '../store/device-repository.js';
import { DocumentedStreams } from '../store/documented-streams.js';
import type { StationStatusDoc } from '../store/documents.js';
import type { StationMemory } from '../store/station-memory.js';
import { AlertFollower } from './alert-follower.js';
import { Alerts } from './alerts.js';
import { Availability, type ToldDoc, toldSchema } from './availability.js';
import { CertificateAlerts } from './certificate-alerts.js';
import { CertificateKeeper } from './certificate-keeper.js';
import { ConfigurationFollower } from './configuration-follower.js';
import { DeviceModels } from './device-models.js';
import { CONFIGURATIONS, type ConfigurationDoc, type DeviceModelDoc, MODELS, TEMPLATES, type TemplateDoc } from './documents.js';
import { ModelFollower } from './model-follower.js';
import { type KeptMonitorsDoc, keptMonitorsSchema, MonitorKeeper } from './monitor-keeper.js';
import { MonitorValues } from './monitor-values.js';
import { Provisioner } from './provisioner.js';
import { Reconciler } from './reconciler.js';
import { Reports } from './reports.js';
import { Templates } from './templates.js';
import { WorkAlerts } from './work-alerts.js';

/** Partitions of the topic. */
export const MODEL_PARTITIONS = 12;

/** Device models, what is intended for them, and templates, joined. */
export async function createModel(
  context: ServiceContext,
  outbox: OutboxRelay,
  memory: StationMemory,
  registry: { readonly repository: DeviceRepository; readonly statuses: Collection<StationStatusDoc> },
  security: Pick<Security, 'intents' | 'line' | 'renewals'>,
  options: { readonly lookMs: number },
) {
  const { store, log } = context;
  const models = await store.collection<DeviceModelDoc>(MODELS.name, MODELS.schema);
  const templateDocs = await store.collection<TemplateDoc>(TEMPLATES.name, TEMPLATES.schema);
  const configurationDocs = await store.collection<ConfigurationDoc>(CONFIGURATIONS.name, CONFIGURATIONS.schema);
  const modelStreams = new DocumentedStreams({ ...MODELS, context, outbox, collection: models });
  const templateStreams = new DocumentedStreams({ ...TEMPLATES, context, outbox, collection: templateDocs });
  const configurations = new DocumentedStreams({ ...CONFIGURATIONS, context, outbox, collection: configurationDocs });
  const reports = await Reports.open(context, options.lookMs);
  const templates = new Templates(templateDocs, templateStreams);
  const { intents, line } = security;
  const alerts = await Alerts.open(context, outbox, models, memory);
  const reconciler = new Reconciler({ context, configurations, configurationDocs, models, templates, memory, alerts, intents, line });
  intents.handle('Reconcile', reconciler);
  const deviceModels = new DeviceModels(models, reports, line);
  const monitorValues = await MonitorValues.open(context);
  const alertFollower = new AlertFollower(context, alerts);
  const workAlerts = new WorkAlerts(context, alerts);
  const certificateAlerts = new CertificateAlerts(context, alerts);
  security.renewals.useAlerts(certificateAlerts);
  memory.useTemplates(() => templates.all);
  const provisioner = new Provisioner({ context, ...registry, memory, templates, reconciler, deviceModels, alerts, intents, line });
  intents.handle('Provision', provisioner);
  const kept = await store.collection<KeptMonitorsDoc>('kept_monitors', keptMonitorsSchema);
  const monitorKeeper = new MonitorKeeper({ context, kept, memory, templates, deviceModels, alerts, intents, line });
  intents.handle('Monitor', monitorKeeper);
  const certificateKeeper = new CertificateKeeper({ context, memory, templates, alerts, intents, line });
  intents.handle('Roots', certificateKeeper);
  const told = await store.collection<ToldDoc>('availability_told', toldSchema);
  const { lookMs } = options;
  const availability = new Availability({ context, configurations, configurationDocs, told, alerts, intents, line, lookMs });
  intents.handle('Availability', availability);
  const modelFollower = new ModelFollower(context, modelStreams, reports, monitorValues);
  const follower = new ConfigurationFollower({
    context,
    reconciler,
    provisioner,
    availability,
    monitorKeeper,
    certificateKeeper,
    templates,
    streams: [modelStreams, templateStreams, configurations, alerts.streams],
  });
  return {
    deviceModels,
    alerts,
    availability,
    provisioner,
    statuses: registry.statuses,
    repository: registry.repository,
    configurations,
    configurationDocs,
    templates,
    reconciler,
    monitorKeeper,
    monitorValues,
    async start(): Promise<void> {
      await log.ensureTopics([{ name: MODEL_TOPIC, partitions: MODEL_PARTITIONS }]);
      await Promise.all([follower.start(), modelFollower.start(), alertFollower.start(), workAlerts.start(), certificateAlerts.start()]);
      availability.start();
    },
    async stop(): Promise<void> {
      await availability.stop();
      await certificateAlerts.stop();
      await workAlerts.stop();
      await alertFollower.stop();
      await modelFollower.stop();
      await follower.stop();
    },
  };
}

export type Model = Awaited<ReturnType<typeof createModel>>;
