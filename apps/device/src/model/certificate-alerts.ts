import { type CertificateRequestRefused, DEVICE_TOPIC, type StationCertificateIssued } from '@voltlog/device-contract';
import type { LogRecord, Subscription } from '@voltlog/event-log';
import { isoTime } from '@voltlog/kernel';
import type { ServiceContext } from '@voltlog/service';
import type { Alerts } from './alerts.js';

/** "4-Error": it goes on with the certificate it has, until that expires; and a request that lies may be somebody else's. */
const SEVERITY = 4;
const REFUSED = 'voltlog.device.CertificateRequestRefused.v1';
const ISSUED = 'voltlog.device.StationCertificateIssued.v1';

type Kind = 'request' | 'renewal';
const keyOf = (kind: Kind, certificateType: string): string => `certificate/${kind}/${certificateType}`;

/** Tells operators of stations that get no certificate, until they get one. */
export class CertificateAlerts {
  private subscription: Subscription | undefined;

  constructor(
    private readonly context: Pick<ServiceContext, 'clock' | 'log'>,
    private readonly alerts: Pick<Alerts, 'open' | 'clear'>,
  ) {}

  async start(): Promise<void> {
    this.subscription = await this.context.log.subscribe({
      group: 'device-alerts-certificates',
      topics: [DEVICE_TOPIC],
      types: [REFUSED, ISSUED],
      // What was refused before anybody was told of it is over, or is refused again.
      startFrom: 'latest',
      handle: (batch) => this.handle(batch),
    });
  }

  async stop(): Promise<void> {
    await this.subscription?.stop();
  }

  async handle(batch: readonly LogRecord[]): Promise<void> {
    for (const { event } of batch) {
      if (event.type === REFUSED) await this.refused(event.id, event.data as CertificateRequestRefused);
      else await this.issued(event.data as StationCertificateIssued);
    }
  }

  /** A station that was asked for a new CSR said no. */
  async notRenewed(stationId: string, certificateType: string, reason: string): Promise<void> {
    const at = isoTime(this.context.clock.now());
    await this.open(stationId, 'renewal', certificateType, { detail: `it does not ask for a new certificate: ${reason}`, at });
  }

  private refused(eventId: string, { stationId, certificateType, detail, at }: CertificateRequestRefused): Promise<void> {
    return this.open(stationId, 'request', certificateType, { detail: `its certificate request was refused: ${detail}`, at }, eventId);
  }

  private async issued({ stationId, certificateType }: StationCertificateIssued): Promise<void> {
    for (const kind of ['request', 'renewal'] as const) await this.alerts.clear(stationId, keyOf(kind, certificateType), 'Platform');
  }

  private open(
    stationId: string,
    kind: Kind,
    certificateType: string,
    { detail, at: occurredAt }: { readonly detail: string; readonly at: string },
    causationId?: string,
  ): Promise<void> {
    const what = { source: 'SecurityEvent', severity: SEVERITY, subject: certificateType, detail } as const;
    const report = { ...what, evseId: 0, connectorId: 0, value: '', occurredAt };
    return this.alerts.open(stationId, keyOf(kind, certificateType), report, causationId);
  }
}
