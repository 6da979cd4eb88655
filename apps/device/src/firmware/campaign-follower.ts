import { STATION_TOPIC, type StationFacts } from '@voltlog/connection-contract';
import { FIRMWARE_TOPIC, JOB_TOPIC, type JobPartEvent } from '@voltlog/device-contract';
import { type FirmwarePublicationCommand, type FirmwareUpdateCommand, isOfUpdate, isStationId } from '@voltlog/device-domain';
import type { LogRecord, Subscription } from '@voltlog/event-log';
import type { ServiceContext } from '@voltlog/service';
import { pages } from '@voltlog/store';
import { jobGroupOf } from '../jobs/job-documents.js';
import type { DocumentedInput } from '../store/documented-streams.js';
import type { CampaignWorker } from './campaign-worker.js';
import type { FirmwareAlerts } from './firmware-alerts.js';
import type { CampaignStationDoc, FirmwareCollections } from './firmware-documents.js';
import type { FirmwareStreams } from './firmware-streams.js';
import { publishJobOf } from './publications.js';

const GROUP = 'device-campaigns';
const PAGE = 500;
/** Stations looked up in one question. */
const IDS_MAX = 200;
const ANSWERED = 'voltlog.device.JobStationsAnswered.v1';
const DROPPED = 'voltlog.device.JobStationsDropped.v1';
const STATUS = 'voltlog.connection.FirmwareStatusReported.v1';
const PUBLISHED = 'voltlog.connection.FirmwarePublishStatusReported.v1';
const BOOTED = 'voltlog.connection.StationBooted.v1';

type Input = DocumentedInput<FirmwareUpdateCommand>;
type PublicationInput = DocumentedInput<FirmwarePublicationCommand>;
type Fact =
  | { readonly type: typeof STATUS; readonly data: StationFacts[typeof STATUS] }
  | { readonly type: typeof BOOTED; readonly data: StationFacts[typeof BOOTED] };

interface Told {
  /** The event's. */
  readonly id: string;
  readonly fact: Fact;
}

/** Brings what stations and jobs say to the campaigns that wait for it. */
export class CampaignFollower {
  private subscriptions: readonly Subscription[] = [];

  constructor(
    private readonly context: Pick<ServiceContext, 'log'>,
    private readonly streams: FirmwareStreams,
    private readonly collections: Pick<FirmwareCollections, 'stations' | 'publications'>,
    private readonly worker: CampaignWorker,
    private readonly alerts: FirmwareAlerts,
  ) {}

  async start(): Promise<void> {
    const { log } = this.context;
    this.subscriptions = await Promise.all([
      log.subscribe({ group: GROUP, topics: [FIRMWARE_TOPIC], handle: (batch) => this.changed(batch) }),
      log.subscribe({
        group: `${GROUP}-jobs`,
        topics: [JOB_TOPIC],
        types: [ANSWERED, DROPPED],
        handle: (batch) => this.worked(batch),
      }),
      log.subscribe({
        group: `${GROUP}-stations`,
        topics: [STATION_TOPIC],
        types: [STATUS, BOOTED, PUBLISHED],
        handle: (batch) => this.said(batch),
      }),
    ]);
  }

  async stop(): Promise<void> {
    await Promise.all(this.subscriptions.map((subscription) => subscription.stop()));
  }

  /** Whoever committed may have died before the document was written, or the campaign was begun. */
  private async changed(batch: readonly LogRecord[]): Promise<void> {
    const events = batch.map(({ event }) => event);
    await this.streams.images.mend(events);
    await this.streams.campaigns.mend(events);
    await this.streams.updates.mend(events);
    await this.streams.publications.mend(events);
    const created = events.filter(({ type }) => type === 'voltlog.device.CampaignCreated.v1');
    await this.worker.nudge(created.map(({ data }) => (data as { readonly campaignId: string }).campaignId));
  }

  private async worked(batch: readonly LogRecord[]): Promise<void> {
    const inputs: Input[] = [];
    const publications: PublicationInput[] = [];
    for (const { event } of batch) {
      const { type, data } = { type: event.type, data: event.data } as JobPartEvent;
      const { jobId, at } = data;
      const campaignId = jobGroupOf(jobId);
      if (campaignId === undefined) continue;
      const now = Date.parse(at);
      const isOfController = jobId === publishJobOf(campaignId);
      const add = (stationId: string, command: FirmwareUpdateCommand & FirmwarePublicationCommand): void =>
        void (isOfController ? publications : inputs).push({ id: `${campaignId}:${stationId}`, command, causationId: event.id });
      if (type === ANSWERED)
        for (const { stationId, state, stationStatus, reason } of data.answers)
          add(stationId, { kind: 'ReportAnswer', jobId, state, stationStatus, reason, now });
      if (type === DROPPED)
        for (const stationId of data.stationIds) add(stationId, { kind: 'ReportDropped', jobId, state: data.state, now });
    }
    await this.write(inputs);
    await this.writePublications(publications);
  }

  private async said(batch: readonly LogRecord[]): Promise<void> {
    await this.published(batch.filter(({ event }) => event.type === PUBLISHED));
    const rest = batch.filter(({ event }) => event.type !== PUBLISHED);
    const facts = rest.map(({ event }) => ({ ...event, fact: { type: event.type, data: event.data } as Fact }));
    const stationIds = [...new Set(facts.map(({ fact }) => fact.data.stationId).filter(isStationId))];
    const campaigns = await this.campaignsOf(stationIds);
    const inputs = facts.flatMap(({ id, fact }) =>
      (campaigns.get(fact.data.stationId) ?? []).map((update): Input => ({ id: update.id, command: commandOf(fact), causationId: id })),
    );
    await this.alert(facts, campaigns, await this.write(inputs));
  }

  /** A campaign tells itself what came of its stations; what else fails is an alert. */
  private async alert(
    facts: readonly Told[],
    campaigns: ReadonlyMap<string, readonly CampaignStationDoc[]>,
    taken: ReadonlySet<string>,
  ): Promise<void> {
    const known = facts.filter(({ fact }) => isStationId(fact.data.stationId));
    const failing = await this.alerts.failing([
      ...new Set(known.flatMap(({ fact }) => (fact.type === BOOTED ? [fact.data.stationId] : []))),
    ]);
    for (const { id, fact } of known) {
      const { stationId } = fact.data;
      if (fact.type === BOOTED) {
        if (failing.has(stationId)) await this.alerts.onBoot(id, fact.data);
      } else if (fact.data.status === 'Installed' || !(taken.has(id) || isOfCampaign(fact.data, campaigns.get(stationId)))) {
        // Whatever is installed, what failed before is over.
        failing.add(stationId);
        await this.alerts.onStatus(id, fact.data);
      }
    }
  }

  /** What local controllers say of what they publish; one that names no request can be about what is asked now only. */
  private async published(batch: readonly LogRecord[]): Promise<void> {
    const inputs: PublicationInput[] = [];
    for (const { event } of batch) {
      const { stationId, status, requestId, locations, receivedAt } = event.data as StationFacts[typeof PUBLISHED];
      if (!isStationId(stationId)) continue;
      const where = { stationId, ...(requestId === undefined ? { state: 'Asked' } : { requestId }) };
      const { docs } = await this.collections.publications.find({ where, limit: PAGE });
      const command = { kind: 'ReportStatus' as const, status, requestId, locations, now: Date.parse(receivedAt) };
      for (const { id } of docs) inputs.push({ id, command, causationId: event.id });
    }
    await this.writePublications(inputs);
  }

  private async writePublications(inputs: readonly PublicationInput[]): Promise<void> {
    if (inputs.length === 0) return;
    const executions = await this.streams.publications.all(inputs);
    const moved = executions.flatMap(({ outcome, state }) => (outcome === 'committed' && state !== undefined ? [state.campaignId] : []));
    await this.worker.nudge([...new Set(moved)]);
  }

  /** The updates of these stations that something they say may matter to. */
  private async campaignsOf(stationIds: readonly string[]): Promise<ReadonlyMap<string, readonly CampaignStationDoc[]>> {
    const found: CampaignStationDoc[] = [];
    for (let at = 0; at < stationIds.length; at += IDS_MAX) {
      const where = { stationId: { $in: stationIds.slice(at, at + IDS_MAX) }, open: true };
      for await (const docs of pages(this.collections.stations, { where, limit: PAGE })) found.push(...docs);
    }
    return Map.groupBy(found, ({ stationId }) => stationId);
  }

  /** @returns the causes of which something came, now or when they were handed over before */
  private async write(inputs: readonly Input[]): Promise<ReadonlySet<string>> {
    if (inputs.length === 0) return new Set();
    const executions = await this.streams.updates.all(inputs);
    const moved = executions.flatMap(({ outcome, state }) => (outcome === 'committed' && state !== undefined ? [state.campaignId] : []));
    await this.worker.nudge([...new Set(moved)]);
    const isTaken = (index: number): boolean => ['committed', 'duplicate'].includes(executions[index]?.outcome ?? '');
    return new Set(inputs.filter((_, index) => isTaken(index)).map(({ causationId }) => causationId));
  }
}

/** Also what an update says again after its end. */
const isOfCampaign = ({ requestId }: StationFacts[typeof STATUS], updates: readonly CampaignStationDoc[] = []): boolean =>
  updates.some(({ update }) => isOfUpdate(update, requestId));

function commandOf({ type, data }: Fact): FirmwareUpdateCommand {
  const now = Date.parse(data.receivedAt);
  return type === BOOTED
    ? { kind: 'ReportBoot', version: data.firmwareVersion ?? '', now }
    : { kind: 'ReportStatus', status: data.status, requestId: data.requestId, now };
}
