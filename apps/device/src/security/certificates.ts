import type { CertificateSigningRequested } from '@voltlog/connection-contract';
import type { StationCommand } from '@voltlog/device-domain';
import type { ServiceContext } from '@voltlog/service';
import type { CertificateAuthority } from '../pki/certificate-authority.js';
import { readSigningRequest } from '../pki/signing-request.js';
import type { DeviceRepository, StationExecution } from '../store/device-repository.js';
import type { StationDoc } from '../store/documents.js';
import { DONE, type Intent, type IntentHandler, type Intents, LATER, type Step } from './intents.js';
import type { Renewals } from './renewals.js';
import type { StationLine } from './station-line.js';

/** A certificate that could not be brought to its station for this long is given up, ms. */
const DELIVERY_MS = 7 * 86_400_000;
/** Certificates a station may have made in an hour: beyond, it asks in a loop. */
const PER_HOUR_MAX = 8;

interface Delivery {
  readonly serialNumber: string;
  readonly certificateChain: string;
  readonly certificateType: string;
  readonly requestId?: number;
}

export interface CertificatesParts {
  readonly context: Pick<ServiceContext, 'clock' | 'logger'>;
  readonly repository: Pick<DeviceRepository, 'onStation'>;
  /** By OCPP 2.x CertificateSigningUseEnumType; a request for what nobody here makes is refused. */
  readonly authorities: Readonly<Partial<Record<string, CertificateAuthority>>>;
  readonly organization: string;
  readonly intents: Intents;
  readonly renewals: Pick<Renewals, 'installed'>;
  readonly line: StationLine;
}

/** From a station's CSR to a certificate that it has. Source: OCPP 2.0.1 Part 2 A02, A03, OCPP 1.6 Security Whitepaper A02, A03. */
export class Certificates implements IntentHandler<Delivery> {
  constructor(private readonly parts: CertificatesParts) {}

  /** @param eventId of the fact: the same request twice makes one certificate */
  async requested(eventId: string, request: CertificateSigningRequested, station: StationDoc): Promise<void> {
    const { authorities, organization, context } = this.parts;
    const { stationId, certificateType, requestId } = request;
    const refuse = (reason: string, detail: string) =>
      this.command(
        stationId,
        { kind: 'RefuseCertificateRequest', refusal: { certificateType, reason, detail }, now: context.clock.now() },
        eventId,
      );
    if (madeLately(station, request.receivedAt) >= PER_HOUR_MAX) {
      context.logger.warn({ station_id: stationId }, 'a station asks for certificates in a loop and gets no more for a while');
      return;
    }
    const authority = authorities[certificateType];
    if (Object.keys(authorities).length === 0)
      return void (await refuse('NoAuthority', 'there is no certificate authority: DEVICE_SECRET_KEY is not set'));
    if (authority === undefined) return void (await refuse('TypeNotSupported', `there is no authority for a ${certificateType}`));
    const expected = { stationId, serialNumber: station.serialNumber, organization };
    const read = await readSigningRequest(request.csr, expected);
    if ('reason' in read) return void (await refuse(read.reason, read.detail));
    const orderedAtMs = Date.parse(request.receivedAt);
    const certificate = await authority.issue({ stationId, csr: request.csr, publicKey: read.publicKey, orderId: eventId, orderedAtMs });
    const { serialNumber, certificateChain } = certificate;
    const id = `certificate:${stationId}:${serialNumber}`;
    const data: Delivery = { serialNumber, certificateChain, certificateType, ...(requestId === undefined ? {} : { requestId }) };
    await this.parts.intents.keep({ id, stationId, kind: 'DeliverCertificate', data }, DELIVERY_MS);
    const issue = { kind: 'IssueCertificate' as const, certificate: { certificateType, ...certificate }, now: context.clock.now() };
    await this.command(stationId, issue, eventId);
    await this.parts.intents.go(id);
  }

  async attempt({ id, stationId, data }: Intent<Delivery>): Promise<Step<Delivery>> {
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

  async expired({ stationId, data }: Intent<Delivery>): Promise<Step<Delivery>> {
    await this.notInstalled(stationId, data.serialNumber, 'Undelivered', 'the station could not be reached in time');
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

/** Certificates made in the hour before. They are back-dated by an hour, so `notBefore` is when they were asked for, less that. */
function madeLately(station: StationDoc, at: string): number {
  const since = Date.parse(at) - 2 * 3_600_000;
  return (station.security?.certificates ?? []).filter(({ notBefore }) => Date.parse(notBefore) > since).length;
}
