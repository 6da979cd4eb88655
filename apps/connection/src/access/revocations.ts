import { type Clock, OperatingError } from '@voltlog/kernel';
import type { certificatesV1 } from '@voltlog/proto';
import { BoundedCache } from '@voltlog/store';
import type { Logger } from '@voltlog/telemetry';
import type { ClientCertificate } from './link.js';

/** Stations whose answer is kept in memory; some 200 bytes each. */
const ANSWERS_MAX = 50_000;
/** Nobody is asked twice within this, ms. */
const KEEP_MS_MIN = 60_000;

export type RevocationPolicy = 'off' | 'soft' | 'hard';

export interface RevocationsOptions {
  /** Of a certificate nobody can say of: `soft` lets it in, `hard` does not. */
  readonly policy: RevocationPolicy;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Known {
  readonly problem: string | undefined;
  /** Its authority says so; not merely nobody can say. */
  readonly revoked?: true;
  readonly untilMs: number;
}

const NO_PROBLEM: Known = { problem: undefined, untilMs: 0 };

/** Whether certificates of foreign authorities are revoked: the device service asks the responder or fetches the list that they name. */
export class Revocations {
  private readonly kept = new BoundedCache<Known>(ANSWERS_MAX);

  constructor(
    private readonly service: Pick<certificatesV1.CertificateService, 'checkClientCertificate'>,
    private readonly options: RevocationsOptions,
  ) {}

  /** What is wrong with a certificate, or nothing. */
  async problem(certificate: ClientCertificate): Promise<string | undefined> {
    return (await this.known(certificate)).problem;
  }

  /** Whether its authority has revoked it by now. One nobody can say of is not: who is in stays in. */
  async isRevoked(certificate: ClientCertificate): Promise<boolean> {
    return (await this.known(certificate)).revoked === true;
  }

  private async known({ fingerprint, der }: ClientCertificate): Promise<Known> {
    const { policy, clock } = this.options;
    if (policy === 'off') return NO_PROBLEM;
    const kept = this.kept.get(fingerprint);
    if (kept !== undefined && kept.untilMs > clock.now()) return kept;
    const known = await this.ask(der());
    const until = { ...known, untilMs: Math.max(known.untilMs, clock.now() + KEEP_MS_MIN) };
    this.kept.set(fingerprint, until);
    return until;
  }

  private async ask({ certificate, issuer }: ReturnType<ClientCertificate['der']>): Promise<Known> {
    if (issuer === undefined) return this.unknown('its issuer is not known');
    try {
      const { status, nextUpdate, reason } = await this.service.checkClientCertificate({ certificate, issuer });
      const untilMs = nextUpdate === undefined ? 0 : Date.parse(nextUpdate);
      if (status === 'Good') return { problem: undefined, untilMs };
      if (status === 'Revoked') return { problem: 'its authority has revoked the certificate', revoked: true, untilMs };
      return this.unknown(reason === '' ? 'its authority does not know it' : reason);
    } catch (error) {
      if (!(error instanceof OperatingError)) throw error;
      this.options.logger.warn({ err: error }, 'nobody could be asked whether a certificate is revoked');
      return this.unknown('the certificate service does not answer');
    }
  }

  private unknown(why: string): Known {
    const { policy } = this.options;
    return { problem: policy === 'hard' ? `it is not known whether the certificate is revoked: ${why}` : undefined, untilMs: 0 };
  }
}
