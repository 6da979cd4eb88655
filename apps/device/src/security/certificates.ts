import type { CertificateSigningRequested } from '@voltlog/connection-contract';
import type { CertificateState, StationCommand } from '@voltlog/device-domain';
import { OperatingError } from '@voltlog/kernel';
import type { ServiceContext } from '@voltlog/service';
import { AuthorityBusy, type CertificateAuthority, OrderRefused } from '../pki/certificate-authority.js';
import { readSigningRequest } from '../pki/signing-request.js';
import type { DeviceRepository, StationExecution } from '../store/device-repository.js';
import type { StationDoc } from '../store/documents.js';
import { Turns } from '../turns.js';
import { DONE, type Intent, type IntentHandler, type Intents, LATER, type Step } from './intents.js';
import type { Renewals } from './renewals.js';
import type { StationLine } from './station-line.js';

/** A request that no authority has answered for this long is given up: the station has asked again since, ms. */
const ISSUE_MS = 86_400_000;
/** A certificate that could not be brought to its station for this long is given up, ms. */
const DELIVERY_MS = 7 * 86_400_000;
/** Certificates a station may have made in an hour: beyond, it asks in a loop. */
const PER_HOUR_MAX = 8;
const HOUR_MS = 3_600_000;
/** However long an authority asks to wait, ms. */
const WAIT_MS_MAX = HOUR_MS;

/** A good CSR that waits for its certificate. */
interface Order {
  /** Of the fact: the same request twice makes one certificate. */
  readonly eventId: string;
  readonly csr: string;
  readonly certificateType: string;
  readonly requestId?: number;
  readonly receivedAt: string;
  /** As the station told its serial number, when it asked. */
  readonly stationSerial: string;
}

interface Delivery {
  readonly serialNumber: string;
  readonly certificateChain: string;
  readonly certificateType: string;
  readonly requestId?: number;
}

export interface CertificatesParts {
  readonly context: Pick<ServiceContext, 'clock' | 'logger'>;
  readonly repository: Pick<DeviceRepository, 'onStation' | 'station'>;
  /** By OCPP 2.x CertificateSigningUseEnumType; a request for what nobody here makes is refused. */
  readonly authorities: Readonly<Partial<Record<string, CertificateAuthority>>>;
  readonly organization: string;
  readonly intents: Intents;
  readonly renewals: Pick<Renewals, 'installed'>;
  readonly line: StationLine;
}

/** From a station's CSR to a certificate that it has. Source: OCPP 2.0.1 Part 2 A02, A03, OCPP 1.6 Security Whitepaper A02, A03. */
export class Certificates {
  /** Has certificates made: an authority outside may be away, or slow. */
  readonly orders: IntentHandler<Order> = {
    attempt: (intent) => this.turns.take(intent.stationId, () => this.order(intent)),
    expired: async ({ stationId, data }) => {
      await this.refuse(stationId, data, 'AuthorityUnavailable', 'the certificate authority could not be asked in time');
      return DONE;
    },
  };

  /** Brings them to their stations. */
  readonly deliveries: IntentHandler<Delivery> = {
    attempt: (intent) => this.deliver(intent),
    expired: async ({ stationId, data }) => {
      await this.notInstalled(stationId, data.serialNumber, 'Undelivered', 'the station could not be reached in time');
      return DONE;
    },
  };

  /** Of stations, so that those who ask in a loop are counted. */
  private readonly turns = new Turns();

  constructor(private readonly parts: CertificatesParts) {}

  /** @param eventId of the fact: the same request twice makes one certificate */
  async requested(eventId: string, request: CertificateSigningRequested, station: StationDoc): Promise<void> {
    const { stationId, certificateType, requestId, csr, receivedAt } = request;
    const order: Order = {
      eventId,
      csr,
      certificateType,
      receivedAt,
      stationSerial: station.serialNumber,
      ...(requestId === undefined ? {} : { requestId }),
    };
    const id = `issue:${stationId}:${eventId}`;
    await this.parts.intents.begin({ id, stationId, kind: 'IssueCertificate', data: order }, ISSUE_MS);
  }

  private async order({ stationId, data, attempts }: Intent<Order>): Promise<Step<Order>> {
    const { authorities, organization, context, repository, intents } = this.parts;
    const { csr, certificateType, requestId, eventId, receivedAt, stationSerial } = data;
    const state = await repository.station(stationId);
    if (state.kind === 'none') return DONE;
    if (madeLately(state.security.certificates, receivedAt) >= PER_HOUR_MAX) {
      context.logger.warn({ station_id: stationId }, 'a station asks for certificates in a loop and gets no more for a while');
      return DONE;
    }
    const authority = authorities[certificateType];
    if (Object.keys(authorities).length === 0)
      return this.refuse(stationId, data, 'NoAuthority', 'there is no certificate authority: DEVICE_SECRET_KEY is not set');
    if (authority === undefined) return this.refuse(stationId, data, 'TypeNotSupported', `there is no authority for a ${certificateType}`);
    const read = await readSigningRequest(csr, { stationId, serialNumber: stationSerial, organization });
    if ('reason' in read) return this.refuse(stationId, data, read.reason, read.detail);
    try {
      const orderedAtMs = Date.parse(receivedAt);
      const renews = state.security.certificates.some(
        (each) =>
          each.certificateType === certificateType && each.status === 'Installed' && Date.parse(each.notAfter) > context.clock.now(),
      );
      const certificate = await authority.issue({ stationId, csr, publicKey: read.publicKey, orderId: eventId, orderedAtMs, renews });
      const { serialNumber, certificateChain } = certificate;
      const id = `certificate:${stationId}:${serialNumber}`;
      const delivery: Delivery = { serialNumber, certificateChain, certificateType, ...(requestId === undefined ? {} : { requestId }) };
      const kept = await intents.keep({ id, stationId, kind: 'DeliverCertificate', data: delivery }, DELIVERY_MS);
      const issue = { kind: 'IssueCertificate' as const, certificate: { certificateType, ...certificate }, now: context.clock.now() };
      await this.command(stationId, issue, eventId);
      await intents.go(kept);
      return DONE;
    } catch (error) {
      if (error instanceof OrderRefused) return this.refuse(stationId, data, 'AuthorityRefused', error.message);
      if (!(error instanceof OperatingError)) throw error;
      context.logger.warn({ err: error, station_id: stationId, attempts }, 'a certificate could not be made; it is tried again');
      return error instanceof AuthorityBusy && error.retryAfterMs !== undefined
        ? { again: Math.min(error.retryAfterMs, WAIT_MS_MAX) }
        : LATER;
    }
  }

  private async deliver({ id, stationId, data }: Intent<Delivery>): Promise<Step<Delivery>> {
    const { serialNumber, certificateChain, certificateType, requestId } = data;
    const value = { certificateChain, certificateType, requestId };
    const said = await this.parts.line.say(stationId, { $case: 'certificateSigned', value });
    switch (said.kind) {
      case 'accepted':
        await this.installed(stationId, serialNumber, `${id}:installed`);
        await this.parts.intents.hurry([stationId]);
        return DONE;
      case 'refused':
        await this.notInstalled(stationId, serialNumber, 'Rejected', said.reason);
        return DONE;
      default:
        return LATER;
    }
  }

  /** The station has it: it said so, or showed it. */
  async installed(stationId: string, serialNumber: string, causationId: string): Promise<void> {
    const now = this.parts.context.clock.now();
    const { outcome, state } = await this.command(stationId, { kind: 'ReportCertificateInstalled', serialNumber, now }, causationId);
    if (state.kind === 'none' || outcome === 'unchanged' || outcome === 'refused') return;
    const certificate = state.security.certificates.find((each) => each.serialNumber === serialNumber);
    if (certificate !== undefined) await this.parts.renewals.installed(stationId, certificate);
  }

  private async refuse(stationId: string, { certificateType, eventId }: Order, reason: string, detail: string): Promise<Step<never>> {
    const refusal = { certificateType, reason, detail };
    await this.command(stationId, { kind: 'RefuseCertificateRequest', refusal, now: this.parts.context.clock.now() }, eventId);
    return DONE;
  }

  private async notInstalled(stationId: string, serialNumber: string, outcome: 'Rejected' | 'Undelivered', reason: string): Promise<void> {
    const report = { serialNumber, outcome, reason };
    const now = this.parts.context.clock.now();
    await this.command(stationId, { kind: 'ReportCertificateNotInstalled', report, now }, `certificate:${serialNumber}:${outcome}`);
  }

  private command(stationId: string, command: StationCommand, causationId: string): Promise<StationExecution> {
    return this.parts.repository.onStation(stationId, command, causationId);
  }
}

/** Certificates made in the hour before. */
function madeLately(certificates: readonly CertificateState[], at: string): number {
  const since = Date.parse(at) - HOUR_MS;
  return certificates.filter(({ issuedAt, notBefore }) => Date.parse(issuedAt ?? notBefore) > since).length;
}
