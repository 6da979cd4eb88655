import { STATION_TOPIC, type StationBooted } from '@voltlog/connection-contract';
import { hasConnector, isConnector, isStationId, type StationCommand, type StationIdentity, sameIdentity } from '@voltlog/device-domain';
import type { LogRecord, Subscription } from '@voltlog/event-log';
import type { ServiceContext } from '@voltlog/service';
import type { DeviceRepository } from '../store/device-repository.js';
import type { Collections, StationDoc } from '../store/documents.js';
import type { StationMemory } from '../store/station-memory.js';
import { STATUS_FACTS, type StatusFact } from './station-status.js';
import { StatusWriter } from './status-writer.js';

const GROUP = 'device';

interface Following {
  readonly stationId: string;
  readonly eventId: string;
  readonly traceparent: string | undefined;
  readonly fact: StatusFact;
}

interface StationInput {
  readonly stationId: string;
  readonly command: StationCommand;
  readonly causationId: string;
  readonly traceparent: string | undefined;
}

/**
 * Follows what stations say of themselves. All of it goes to the status read model, a batch in one write; what is new for good (a station
 * nobody registered, another firmware, a connector not known before) becomes an event of the station.
 */
export class StationFollower {
  private subscription: Subscription | undefined;
  private readonly statuses: StatusWriter;

  constructor(
    private readonly context: ServiceContext,
    private readonly repository: DeviceRepository,
    private readonly memory: StationMemory,
    collections: Pick<Collections, 'statuses'>,
  ) {
    this.statuses = new StatusWriter(collections.statuses);
  }

  async start(): Promise<void> {
    this.subscription = await this.context.log.subscribe({
      group: GROUP,
      topics: [STATION_TOPIC],
      types: STATUS_FACTS,
      handle: (batch) => this.handle(batch),
    });
  }

  async stop(): Promise<void> {
    await this.subscription?.stop();
  }

  async handle(batch: readonly LogRecord[]): Promise<void> {
    const facts: Following[] = [];
    for (const { event } of batch) {
      const fact = { type: event.type, data: event.data } as StatusFact;
      if (isStationId(fact.data.stationId))
        facts.push({ stationId: fact.data.stationId, eventId: event.id, traceparent: event.traceparent, fact });
    }
    if (facts.length === 0) return;
    const inputs = await this.news(facts);
    if (inputs.length > 0) await this.repository.onStations(inputs);
    await this.statuses.write(facts.map(({ fact }) => fact));
  }

  /** The commands that follow from the facts. In the usual batch there is none. */
  private async news(facts: readonly Following[]): Promise<readonly StationInput[]> {
    const stations = await this.memory.docs([...new Set(facts.map(({ stationId }) => stationId))]);
    const now = this.context.clock.now();
    const inputs: StationInput[] = [];
    const quarantined = new Set<string>();
    // Each change of identity counts, and all connectors together.
    const identities = new Map<string, StationIdentity>();
    const connectors = new Map<
      string,
      { readonly first: Following; readonly seen: { readonly evseId: number; readonly connectorId: number }[] }
    >();
    for (const following of facts) {
      const { stationId, eventId, traceparent, fact } = following;
      const station = stations.get(stationId);
      if (station === undefined && !quarantined.has(stationId) && fact.type !== 'voltlog.connection.StationDisconnected.v1') {
        quarantined.add(stationId);
        inputs.push({
          stationId,
          command: { kind: 'QuarantineStation', stationId, now },
          causationId: `${eventId}:quarantine`,
          traceparent,
        });
      }
      if (fact.type === 'voltlog.connection.StationBooted.v1') {
        const identity = toIdentity(fact.data);
        const { receivedAt } = fact.data;
        const known = identities.get(stationId) ?? station;
        if (known === undefined || !sameIdentity(known, identity))
          inputs.push({ stationId, command: { kind: 'ReportIdentity', identity, receivedAt }, causationId: eventId, traceparent });
        identities.set(stationId, identity);
      } else if (fact.type === 'voltlog.connection.ConnectorStatusReported.v1' && isNewConnector(station, fact.data)) {
        const { evseId, connectorId } = fact.data;
        const seen = connectors.get(stationId);
        if (seen === undefined) connectors.set(stationId, { first: following, seen: [{ evseId, connectorId }] });
        else if (!seen.seen.some((each) => each.evseId === evseId && each.connectorId === connectorId))
          seen.seen.push({ evseId, connectorId });
      }
    }
    for (const [stationId, { first, seen }] of connectors) {
      const { eventId, traceparent } = first;
      inputs.push({ stationId, command: { kind: 'ReportConnectors', connectors: seen, now }, causationId: eventId, traceparent });
    }
    return inputs;
  }
}

const toIdentity = (fact: StationBooted): StationIdentity => ({
  vendor: fact.vendor,
  model: fact.model,
  serialNumber: fact.serialNumber ?? '',
  firmwareVersion: fact.firmwareVersion ?? '',
  ocppVersion: fact.ocppVersion,
});

const isNewConnector = (
  station: StationDoc | undefined,
  { evseId, connectorId }: { readonly evseId: number; readonly connectorId: number },
): boolean => isConnector(evseId, connectorId) && (station === undefined || !hasConnector(station.evses, evseId, connectorId));
