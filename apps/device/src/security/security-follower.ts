import { type CertificateSigningRequested, STATION_TOPIC, type StationConnected, type StationFactType } from '@voltlog/connection-contract';
import { isStationId } from '@voltlog/device-domain';
import type { LogRecord, Subscription } from '@voltlog/event-log';
import type { ServiceContext } from '@voltlog/service';
import type { DeviceRepository } from '../store/device-repository.js';
import type { StationMemory } from '../store/station-memory.js';
import type { Certificates } from './certificates.js';
import type { Intents } from './intents.js';

const GROUP = 'device-security';
const FACTS: readonly StationFactType[] = ['voltlog.connection.StationConnected.v1', 'voltlog.connection.CertificateSigningRequested.v1'];

/** Follows what matters for the security of stations: that one came, and as whom; that one wants a certificate. */
export class SecurityFollower {
  private subscription: Subscription | undefined;

  constructor(
    private readonly context: Pick<ServiceContext, 'log' | 'clock'>,
    private readonly repository: Pick<DeviceRepository, 'onStation'>,
    private readonly memory: Pick<StationMemory, 'docs'>,
    private readonly certificates: Certificates,
    private readonly intents: Intents,
  ) {}

  async start(): Promise<void> {
    this.subscription = await this.context.log.subscribe({
      group: GROUP,
      topics: [STATION_TOPIC],
      types: FACTS,
      handle: (batch) => this.handle(batch),
    });
  }

  async stop(): Promise<void> {
    await this.subscription?.stop();
  }

  async handle(batch: readonly LogRecord[]): Promise<void> {
    const came = new Set<string>();
    for (const { event } of batch) {
      const data = event.data as StationConnected | CertificateSigningRequested;
      if (!isStationId(data.stationId)) continue;
      if ('csr' in data) await this.requested(event.id, data);
      else {
        came.add(data.stationId);
        await this.connected(event.id, data);
      }
    }
    if (came.size > 0) await this.intents.hurry([...came]);
  }

  private async requested(eventId: string, data: CertificateSigningRequested): Promise<void> {
    const station = (await this.memory.docs([data.stationId])).get(data.stationId);
    // Nobody registered it, or it is retired: it gets nothing.
    if (station?.lifecycle === 'Active') await this.certificates.requested(eventId, data, station);
  }

  private async connected(eventId: string, { stationId, offeredChangeId, certificateSerial }: StationConnected): Promise<void> {
    const now = this.context.clock.now();
    if (offeredChangeId !== undefined)
      await this.repository.onStation(stationId, { kind: 'SettleCredential', changeId: offeredChangeId, now }, `${eventId}:shown`);
    if (certificateSerial !== undefined) await this.certificates.installed(stationId, certificateSerial, `${eventId}:certificate`);
  }
}
