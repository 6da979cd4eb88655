import {
  type ConnectorStatusReported,
  STATION_TOPIC,
  type StationBooted,
  type StationFact,
  type StationFactType,
} from '@voltlog/connection-contract';
import { DEVICE_TOPIC, type DeviceEventType, MODEL_TOPIC } from '@voltlog/device-contract';
import { isStationId } from '@voltlog/device-domain';
import type { LogRecord, Subscription } from '@voltlog/event-log';
import type { ServiceContext } from '@voltlog/service';
import type { DocumentedStreams } from '../store/documented-streams.js';
import type { Availability } from './availability.js';
import type { CertificateKeeper } from './certificate-keeper.js';
import type { MonitorKeeper } from './monitor-keeper.js';
import type { Provisioner } from './provisioner.js';
import type { Reconciler } from './reconciler.js';
import type { Templates } from './templates.js';

const BOOTED: StationFactType = 'voltlog.connection.StationBooted.v1';
const STATUS: StationFactType = 'voltlog.connection.ConnectorStatusReported.v1';
/** Another firmware can bring other templates with it. */
const IDENTITY: DeviceEventType = 'voltlog.device.StationIdentityReported.v1';
/** Out of quarantine, both: by a click, or since somebody registered it after all. */
const IN_SERVICE: readonly DeviceEventType[] = ['voltlog.device.StationAccepted.v1', 'voltlog.device.StationRegistered.v1'];

type AnyStreams = Pick<DocumentedStreams<never, unknown, { type: string; data: object }, unknown, { id: string; version: number }>, 'mend'>;

export interface FollowerParts {
  readonly context: Pick<ServiceContext, 'log' | 'instanceId'>;
  readonly reconciler: Pick<Reconciler, 'concerned' | 'ask'>;
  readonly provisioner: Pick<Provisioner, 'begin' | 'inService'>;
  readonly availability: Pick<Availability, 'concerned' | 'ask' | 'heard'>;
  readonly monitorKeeper: Pick<MonitorKeeper, 'concerned' | 'ask'>;
  readonly certificateKeeper: Pick<CertificateKeeper, 'concerned' | 'ask'>;
  readonly templates: Pick<Templates, 'refresh'>;
  readonly streams: readonly AnyStreams[];
}

/** Holds stations against what is intended when they boot, turn out to be others or come out of quarantine; keeps documents and templates right across instances. */
export class ConfigurationFollower {
  private subscriptions: readonly Subscription[] = [];

  constructor(private readonly parts: FollowerParts) {}

  async start(): Promise<void> {
    const { log, instanceId } = this.parts.context;
    this.subscriptions = await Promise.all([
      log.subscribe({
        group: 'device-configuration',
        topics: [STATION_TOPIC],
        types: [BOOTED, STATUS],
        handle: (batch) => this.told(batch),
      }),
      log.subscribe({
        group: 'device-identities',
        topics: [DEVICE_TOPIC],
        types: [IDENTITY, ...IN_SERVICE],
        handle: (batch) => this.registered(batch),
      }),
      log.subscribe({ group: 'device-model-documents', topics: [MODEL_TOPIC], handle: (batch) => this.mend(batch) }),
      // A group of its own: every instance holds the templates in memory.
      log.subscribe({
        group: `device-templates-${instanceId}`,
        topics: [MODEL_TOPIC],
        types: ['voltlog.device.TemplateDefined.v1', 'voltlog.device.TemplateRetired.v1'],
        startFrom: 'latest',
        temporary: true,
        handle: async (batch) => {
          await this.mend(batch);
          await this.parts.templates.refresh();
        },
      }),
    ]);
    // What changed until its subscription began.
    await this.parts.templates.refresh();
  }

  async stop(): Promise<void> {
    await Promise.all(this.subscriptions.map((subscription) => subscription.stop()));
  }

  private async told(batch: readonly LogRecord[]): Promise<void> {
    const boots = batch.filter(({ event }) => event.type === BOOTED);
    if (boots.length > 0) await this.booted(boots);
    const statuses = batch.filter(({ event }) => event.type === STATUS).map(({ event }) => event.data as ConnectorStatusReported);
    await this.parts.availability.heard(statuses.filter(({ stationId }) => isStationId(stationId)));
  }

  private async booted(batch: readonly LogRecord[]): Promise<void> {
    const { provisioner, availability } = this.parts;
    await this.changed(stationsOf(batch));
    for (const stationId of await availability.concerned(stationsOf(batch))) await availability.ask(stationId);
    const pending = batch.filter(({ event }) => (event.data as StationBooted).registrationStatus === 'Pending');
    for (const stationId of stationsOf(pending)) await provisioner.begin(stationId);
  }

  private async registered(batch: readonly LogRecord[]): Promise<void> {
    await this.changed(stationsOf(batch.filter(({ event }) => event.type === IDENTITY)));
    await this.changed(await this.parts.provisioner.inService(stationsOf(batch.filter(({ event }) => event.type !== IDENTITY))));
  }

  private async changed(stationIds: readonly string[]): Promise<void> {
    const { reconciler, monitorKeeper, certificateKeeper } = this.parts;
    for (const stationId of await reconciler.concerned(stationIds)) await reconciler.ask(stationId);
    for (const stationId of await monitorKeeper.concerned(stationIds)) await monitorKeeper.ask(stationId);
    for (const stationId of await certificateKeeper.concerned(stationIds)) await certificateKeeper.ask(stationId);
  }

  private async mend(batch: readonly LogRecord[]): Promise<void> {
    const events = batch.map(({ event }) => event);
    for (const streams of this.parts.streams) await streams.mend(events);
  }
}

/** Each once. */
const stationsOf = (batch: readonly LogRecord[]): readonly string[] =>
  [...new Set(batch.map(({ event }) => (event.data as Pick<StationFact, 'stationId'>).stationId))].filter(isStationId);
