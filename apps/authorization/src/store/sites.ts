import { POLICY_TOPIC, type PolicyEvent, type SitePolicyAttributes } from '@voltlog/authorization-contract';
import { type PutSitePolicy, policyKey, policyStreamId, type SitePolicyState, sitePolicyDecider } from '@voltlog/authorization-domain';
import { DEVICE_TOPIC, type DeviceEventType, type StationAttributes } from '@voltlog/device-contract';
import type { LogRecord, Subscription } from '@voltlog/event-log';
import type { ServiceContext } from '@voltlog/service';
import { Aggregates, BoundedCache, bringUp, type Commit, type Execution, type Upsert } from '@voltlog/store';
import type { Collections, PolicyDoc, StationDoc } from './documents.js';

/** Stations whose site is kept in memory. */
const STATIONS_MAX = 200_000;
const PAGE = 500;
const DEVICE_PARTITIONS = 12;
/** The events that say where a station stands. */
export const STATION_TYPES: readonly DeviceEventType[] = ['voltlog.device.StationRegistered.v1', 'voltlog.device.StationChanged.v1'];

/** Where stations stand, by the device service's events, and what holds at sites: both in memory, so that an answer reads nothing. */
export class Sites {
  private readonly siteIds = new BoundedCache<string>(STATIONS_MAX);
  private readonly policies = new Map<string, SitePolicyAttributes>();
  private readonly aggregates: Aggregates<PutSitePolicy, SitePolicyState, PolicyEvent, 'RevisionMismatch'>;
  private subscriptions: readonly Subscription[] = [];

  constructor(
    private readonly context: ServiceContext,
    private readonly collections: Pick<Collections, 'stations' | 'policies'>,
    publish: (commits: readonly Commit[]) => void,
  ) {
    const { store, ids, clock, instanceId } = context;
    this.aggregates = new Aggregates({
      streams: store.streams,
      decider: sitePolicyDecider,
      relay: { publish },
      source: `/authorization/${instanceId}`,
      ids,
      clock,
      cacheMax: 0,
    });
  }

  async start(): Promise<void> {
    const { log, instanceId } = this.context;
    await log.ensureTopics([{ name: DEVICE_TOPIC, partitions: DEVICE_PARTITIONS }]);
    const everywhere = { group: `authorization-sites-${instanceId}`, startFrom: 'latest' as const };
    this.subscriptions = await Promise.all([
      // Every instance has a memory, so every instance sees every change; it listens before it reads.
      log.subscribe({
        ...everywhere,
        topics: [DEVICE_TOPIC, POLICY_TOPIC],
        handle: async (batch) => this.remember(batch),
      }),
      log.subscribe({
        group: 'authorization-stations',
        topics: [DEVICE_TOPIC],
        types: STATION_TYPES,
        handle: (batch) => this.handle(batch),
      }),
    ]);
    for (let after: string | undefined; ; ) {
      const page = await this.collections.policies.find({ limit: PAGE, ...(after === undefined ? {} : { after }) });
      for (const doc of page.docs) if (!this.policies.has(doc.id)) this.policies.set(doc.id, toPolicy(doc));
      if (page.next === undefined) return;
      after = page.next;
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.subscriptions.map((subscription) => subscription.stop()));
  }

  /** The site of a station, empty where it has none; undefined: not in memory, {@link load} it. */
  peek(stationId: string): string | undefined {
    return this.siteIds.get(stationId);
  }

  /** Sites of stations; a station that nobody registered is at none. */
  async load(stationIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const docs = await this.collections.stations.getMany(stationIds);
    const found = new Map<string, string>();
    for (const id of stationIds) {
      const siteId = this.siteIds.get(id) ?? docs.get(id)?.siteId ?? '';
      // A station that is not known yet may be told of any moment.
      if (docs.has(id)) this.siteIds.set(id, siteId);
      found.set(id, siteId);
    }
    return found;
  }

  /** True when some site, or all of them, has a policy of its own. */
  get havePolicies(): boolean {
    return this.policies.size > 0;
  }

  /** What holds at a site: its own policy, else that of all sites; undefined: what the configuration says. */
  policyOf(siteId: string): SitePolicyAttributes | undefined {
    return this.policies.get(policyKey(siteId)) ?? this.policies.get(policyKey(''));
  }

  /** Sites that want local lists; empty: those without a policy of their own. */
  withLists(): readonly string[] {
    const sites: string[] = [];
    for (const policy of this.policies.values()) if (policy.localLists) sites.push(policy.siteId);
    return sites;
  }

  /** A site's own policy. */
  ownPolicy(siteId: string): Promise<SitePolicyState> {
    return this.aggregates.load(policyStreamId(siteId)).then(({ state }) => state);
  }

  /** In the read model, and in this instance's memory, when it resolves. */
  async put(command: PutSitePolicy, causationId: string): Promise<Execution<SitePolicyState, 'RevisionMismatch'>> {
    const [execution] = await this.aggregates.execute([{ streamId: policyStreamId(command.siteId), command, causationId }]);
    if (execution === undefined) throw new Error('one command has one execution');
    const { policy } = execution.state;
    if (policy !== undefined && execution.outcome !== 'refused') {
      await bringUp(this.collections.policies, [toDoc(policy, execution.version)]);
      this.policies.set(policyKey(policy.siteId), policy);
    }
    return execution;
  }

  /** Stores where stations stand; what was missed by whoever died after a policy's commit is written here too. */
  async handle(batch: readonly LogRecord[]): Promise<void> {
    await this.collections.stations.upsert(toStations(batch));
  }

  private remember(batch: readonly LogRecord[]): void {
    for (const { topic, key, event } of batch) {
      if (topic === POLICY_TOPIC) {
        const { at: _, revision: __, ...policy } = (event as PolicyEvent & typeof event).data;
        this.policies.set(key, policy);
      } else if (STATION_TYPES.includes(event.type as DeviceEventType)) this.siteIds.set(key, (event.data as StationAttributes).siteId);
    }
  }
}

/** Where the stations of a batch stand after it. */
export function toStations(batch: readonly LogRecord[]): readonly Upsert<StationDoc>[] {
  const docs = new Map(batch.map(({ key, event }) => [key, { id: key, siteId: (event.data as StationAttributes).siteId }]));
  return [...docs.values()].map((doc) => ({ doc }));
}

const toPolicy = (doc: PolicyDoc): SitePolicyAttributes => {
  const { id: _, version: __, ...policy } = doc;
  return policy;
};

const toDoc = (policy: SitePolicyAttributes, version: number): PolicyDoc => ({ id: policyKey(policy.siteId), version, ...policy });
