import type {
  CertificateStatusQuestion,
  EvCertificateFinding,
  EvCertificateInquiry,
  Finding,
  Inquiry,
  ShownContract,
} from '@voltlog/connection-translation';
import { OperatingError } from '@voltlog/kernel';
import type { certificatesV1 } from '@voltlog/proto';
import type { Logger } from '@voltlog/telemetry';
import type { Vendors } from '../data-transfer/vendors.js';
import type { FinalCosts } from './final-costs.js';

/** Finds out, by its kind, what a station's message asks for. */
export class Inquiries {
  constructor(
    private readonly vendors: Pick<Vendors, 'answer'>,
    private readonly certificates: Pick<
      certificatesV1.CertificateService,
      'getCertificateStatus' | 'checkContractCertificate' | 'getEvCertificate'
    >,
    private readonly costs: Pick<FinalCosts, 'of'>,
    private readonly logger: Logger,
  ) {}

  /**
   * @param factId of the first fact that the message became
   * @throws {OperatingError} when nobody knows which vendors are known
   */
  async find(stationId: string, inquiry: Inquiry, factId: string): Promise<Finding> {
    switch (inquiry.kind) {
      case 'vendor':
        return { kind: 'vendor', ...(await this.vendors.answer(stationId, inquiry, factId)) };
      case 'certificate-status':
        return { kind: 'certificate-status', certificates: await this.statuses(stationId, inquiry.questions) };
      case 'ev-certificate':
        return { kind: 'ev-certificate', ...(await this.evCertificate(stationId, inquiry)) };
      case 'final-cost': {
        const total = await this.costs.of(stationId, inquiry);
        return { kind: 'final-cost', ...(total === undefined ? {} : { total }) };
      }
      default:
        return inquiry satisfies never;
    }
  }

  /** OCPP 2.x AuthorizeCertificateStatusEnumType; one that cannot be checked is not accepted. Source: OCPP 2.0.1 Part 2 C07 */
  async contract(stationId: string, emaid: string, { certificate, hashes }: ShownContract): Promise<string> {
    try {
      const { status, reason } = await this.certificates.checkContractCertificate({
        stationId,
        emaid,
        certificate,
        hashes: hashes.map(toMessage),
      });
      if (reason !== '') this.logger.info({ station_id: stationId, status, reason }, 'a contract certificate was refused');
      return status;
    } catch (error) {
      if (!(error instanceof OperatingError)) throw error;
      this.logger.warn({ err: error, station_id: stationId }, 'a contract certificate could not be checked');
      return 'NoCertificateAvailable';
    }
  }

  private async evCertificate(stationId: string, inquiry: EvCertificateInquiry): Promise<EvCertificateFinding> {
    const { schemaVersion: iso15118SchemaVersion, action, exiRequest } = inquiry;
    try {
      const answer = await this.certificates.getEvCertificate({ stationId, iso15118SchemaVersion, action, exiRequest });
      return { ...answer, status: answer.status === 'Accepted' ? 'Accepted' : 'Failed' };
    } catch (error) {
      if (!(error instanceof OperatingError)) throw error;
      this.logger.warn({ err: error, station_id: stationId }, 'the provider of contract certificates could not be asked');
      return { status: 'Failed', exiResponse: '', remainingContracts: 0, reason: 'the provider of contract certificates does not answer' };
    }
  }

  /** The version has a word for what cannot be found out: Failed. Source: OCPP 2.0.1 Part 2 M06.FR.04 */
  private async statuses(stationId: string, questions: readonly CertificateStatusQuestion[]) {
    try {
      const { answers } = await this.certificates.getCertificateStatus({ stationId, questions: questions.map(toMessage) });
      return answers.map(({ status, ocspResponse, nextUpdate, reason }) => ({
        status: wordOf(status),
        ...(ocspResponse.length === 0 ? {} : { ocspResult: Buffer.from(ocspResponse).toString('base64') }),
        ...(nextUpdate === undefined ? {} : { nextUpdate }),
        ...(reason === '' ? {} : { reason }),
      }));
    } catch (error) {
      if (!(error instanceof OperatingError)) throw error;
      this.logger.warn({ err: error, station_id: stationId }, 'nobody could be asked about the certificates of a station');
      return questions.map(() => ({ status: 'Failed' as const, reason: 'the certificate service does not answer' }));
    }
  }
}

const toMessage = (question: CertificateStatusQuestion): certificatesV1.CertificateStatusQuestion => {
  const { hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber, source, urls } = question;
  return { hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber, source, urls: [...urls] };
};

const wordOf = (status: string): 'Good' | 'Revoked' | 'Unknown' | 'Failed' =>
  status === 'Good' || status === 'Revoked' || status === 'Unknown' ? status : 'Failed';
