import { DEVICE_TOPIC, type StationCertificateRevoked } from '@voltlog/device-contract';
import type { LogRecord, Subscription } from '@voltlog/event-log';
import type { ServiceContext } from '@voltlog/service';
import type { Authority } from './authority-keys.js';
import type { EarlierCertificates } from './earlier-certificates.js';
import type { IssuedCertificates } from './issued-certificates.js';

/** Notes with the certificate itself that a station's was revoked: a revocation list is made of those, without asking every station. */
export class RevocationFollower {
  private subscription: Subscription | undefined;

  constructor(
    private readonly context: Pick<ServiceContext, 'log'>,
    private readonly authorities: () => Promise<readonly Authority[]>,
    private readonly issued: Pick<IssuedCertificates, 'revoke'>,
    private readonly earlier: Pick<EarlierCertificates, 'revoke'>,
  ) {}

  async start(): Promise<void> {
    this.subscription = await this.context.log.subscribe({
      group: 'device-revocations',
      topics: [DEVICE_TOPIC],
      types: ['voltlog.device.StationCertificateRevoked.v1'],
      handle: (batch) => this.handle(batch),
    });
  }

  async stop(): Promise<void> {
    await this.subscription?.stop();
  }

  async handle(batch: readonly LogRecord[]): Promise<void> {
    const authorities = await this.authorities();
    for (const { event } of batch) {
      const { stationId, serialNumber } = event.data as StationCertificateRevoked;
      // Whoever has made it; of a foreign one nothing is known here.
      let isKnown = false;
      for (const { id } of authorities) isKnown = (await this.issued.revoke(id, serialNumber)) !== undefined || isKnown;
      if (!isKnown) await this.earlier.revoke(stationId, serialNumber);
    }
  }
}
