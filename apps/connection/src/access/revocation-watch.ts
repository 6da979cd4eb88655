import type { Logger } from '@voltlog/telemetry';
import { CLOSE } from '../edge/close.js';
import type { AdmittedStation } from '../edge/parts.js';
import type { ClientCertificate } from './link.js';
import type { Revocations } from './revocations.js';

/** How often connections are looked through; who was asked about lately costs a look into memory. */
const LOOK_MS = 60_000;
/** Certificates that are asked about at once. */
const AT_ONCE_MAX = 16;

interface Watched {
  readonly station: Pick<AdmittedStation, 'stationId' | 'foreignCertificate'>;
  close(how: (typeof CLOSE)['revoked']): void;
}

/**
 * Closes connections whose certificate a foreign authority has revoked since they were opened: each is asked about again once what was told of
 * it is no longer good.
 */
export class RevocationWatch {
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;

  constructor(
    private readonly stations: () => Iterable<Watched>,
    private readonly revocations: Pick<Revocations, 'isRevoked'>,
    private readonly logger: Logger,
  ) {}

  start(): void {
    this.timer = setInterval(() => void this.look(), LOOK_MS);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** One round over all that are connected. A round that takes long is not overtaken by the next. */
  look(): Promise<void> {
    this.looking ??= this.round().finally(() => {
      this.looking = undefined;
    });
    return this.looking;
  }

  private async round(): Promise<void> {
    const shown = [...this.stations()].flatMap((station) => {
      const certificate = station.station.foreignCertificate;
      return certificate === undefined ? [] : [{ station, certificate }];
    });
    for (let from = 0; from < shown.length; from += AT_ONCE_MAX)
      await Promise.all(shown.slice(from, from + AT_ONCE_MAX).map(({ station, certificate }) => this.judge(station, certificate)));
  }

  private async judge(station: Watched, certificate: ClientCertificate): Promise<void> {
    const { stationId } = station.station;
    try {
      if (!(await this.revocations.isRevoked(certificate))) return;
      this.logger.warn({ station_id: stationId }, 'the certificate of a connected station was revoked by its authority');
      station.close(CLOSE.revoked);
    } catch (error) {
      // A socket that has gone since has no certificate to be read.
      this.logger.debug({ err: error, station_id: stationId }, 'the certificate of a station could not be looked at');
    }
  }
}
