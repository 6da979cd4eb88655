import type { SiteEvent, StationEvent } from '@voltlog/device-contract';
import {
  type KnownStation,
  type SiteCommand,
  type SiteRefusal,
  type SiteState,
  type StationCommand,
  type StationRefusal,
  type StationState,
  siteDecider,
  stationDecider,
} from '@voltlog/device-domain';
import { type EventEnvelope, fold } from '@voltlog/kernel';
import type { ServiceContext } from '@voltlog/service';
import { Aggregates, bringUp, type Commit, type Execution, type Input, type OutboxRelay } from '@voltlog/store';
import { Documented } from './documented.js';
import type { Collections, SiteDoc, StationDoc } from './documents.js';
import type { StationMemory } from './station-memory.js';

const SITE = 'site:';
const STATION = 'station:';

export interface StationInput {
  readonly stationId: string;
  readonly command: StationCommand;
  /** The same cause twice changes nothing. */
  readonly causationId: string;
  /** Carried on by the events. */
  readonly traceparent?: string | undefined;
}

export type SiteExecution = Execution<SiteState, SiteRefusal>;
export type StationExecution = Execution<StationState, StationRefusal>;

/**
 * The streams of sites and stations, and the read models made of them. A read model is written before the one who asked is answered.
 *
 * Commands of the registry are rare, so streams are read afresh each time: nothing here can be behind another instance.
 */
export class DeviceRepository {
  private readonly sites: Aggregates<SiteCommand, SiteState, SiteEvent, SiteRefusal>;
  private readonly stations: Aggregates<StationCommand, StationState, StationEvent, StationRefusal>;
  private readonly documented: Documented;

  constructor(
    private readonly context: ServiceContext,
    private readonly collections: Collections,
    private readonly memory: StationMemory,
    outbox: Pick<OutboxRelay, 'publish'>,
  ) {
    const { store, ids, clock, instanceId } = context;
    const source = `/device/${instanceId}`;
    this.documented = new Documented(outbox, source);
    const options = { streams: store.streams, relay: this.documented.relay, source, ids, clock, cacheMax: 0 };
    this.sites = new Aggregates({ ...options, decider: siteDecider });
    this.stations = new Aggregates({ ...options, decider: stationDecider });
  }

  async site(siteId: string): Promise<SiteState> {
    return (await this.sites.load(SITE + siteId)).state;
  }

  async station(stationId: string): Promise<StationState> {
    return (await this.stations.load(STATION + stationId)).state;
  }

  async onSite(siteId: string, command: SiteCommand, causationId: string): Promise<SiteExecution> {
    const [execution] = await this.documented.noted([SITE + siteId], () =>
      this.sites.execute([{ streamId: SITE + siteId, command, causationId }]),
    );
    if (execution === undefined) throw new Error('one command has one execution');
    const docs = siteDocs([[siteId, execution]]);
    await this.documented.document(
      docs.map((doc) => [SITE + doc.id, doc.version]),
      () => bringUp(this.collections.sites, docs),
    );
    return execution;
  }

  async onStation(stationId: string, command: StationCommand, causationId: string): Promise<StationExecution> {
    const [execution] = await this.onStations([{ stationId, command, causationId }]);
    if (execution === undefined) throw new Error('one command has one execution');
    return execution;
  }

  /** Executions in the order of the inputs. */
  async onStations(inputs: readonly StationInput[]): Promise<readonly StationExecution[]> {
    const commands = inputs.map(({ stationId, command, causationId, traceparent }): Input<StationCommand> => {
      const input = { streamId: STATION + stationId, command, causationId };
      return traceparent === undefined ? input : { ...input, traceparent };
    });
    const executions = await this.documented.noted(
      commands.map(({ streamId }) => streamId),
      () => this.stations.execute(commands),
    );
    const newest = new Map<string, StationDoc>();
    for (const [index, { outcome, state, version }] of executions.entries()) {
      const { stationId } = inputs[index] as (typeof inputs)[number];
      if ((outcome === 'committed' || outcome === 'duplicate') && state.kind === 'station')
        newest.set(stationId, stationDoc(state, version));
    }
    const docs = [...newest.values()];
    await this.documented.document(
      docs.map((doc) => [STATION + doc.id, doc.version]),
      async () => {
        await bringUp(this.collections.stations, docs);
        for (const doc of docs) this.memory.remember(doc);
      },
    );
    return executions;
  }

  /** True when this instance made the event and its read model is written. */
  isDone(event: EventEnvelope): boolean {
    return this.documented.isDone(event);
  }

  /** Makes the read models of streams anew from their events. */
  async mend(streamIds: readonly string[]): Promise<void> {
    const { stations, sites } = docsOf(await this.context.store.streams.load(streamIds));
    await bringUp(this.collections.stations, stations);
    await bringUp(this.collections.sites, sites);
    this.documented.mended(streamIds);
  }
}

/** The id of the site or station a stream is about. */
export const idOf = (streamId: string): string => streamId.slice(streamId.indexOf(':') + 1);

/** The read models that whole streams fold to. */
export function docsOf(streams: ReadonlyMap<string, readonly Commit[]>): { readonly stations: StationDoc[]; readonly sites: SiteDoc[] } {
  const stations: StationDoc[] = [];
  const sites: SiteDoc[] = [];
  for (const [streamId, commits] of streams) {
    const version = commits.at(-1)?.version ?? 0;
    if (streamId.startsWith(STATION)) {
      const state = fold(stationDecider, eventsOf<StationEvent>(commits));
      if (state.kind === 'station') stations.push(stationDoc(state, version));
    } else if (streamId.startsWith(SITE)) {
      const state = fold(siteDecider, eventsOf<SiteEvent>(commits));
      if (state.kind === 'site') sites.push({ ...withoutKind(state), id: state.siteId, version });
    }
  }
  return { stations, sites };
}

function siteDocs(executions: readonly (readonly [string, SiteExecution])[]): readonly SiteDoc[] {
  return executions.flatMap(([siteId, { outcome, state, version }]) =>
    (outcome === 'committed' || outcome === 'duplicate') && state.kind === 'site' ? [{ ...withoutKind(state), id: siteId, version }] : [],
  );
}

const stationDoc = (state: KnownStation, version: number): StationDoc => ({ ...withoutKind(state), id: state.stationId, version });

function withoutKind<State extends { readonly kind: string }>(state: State): Omit<State, 'kind'> {
  const { kind: _, ...rest } = state;
  return rest;
}

/** What was written as an event of the stream is one. */
const eventsOf = <Event>(commits: readonly Commit[]): Event[] =>
  commits.flatMap((commit) => commit.events.map(({ type, data }) => ({ type, data }) as Event));
