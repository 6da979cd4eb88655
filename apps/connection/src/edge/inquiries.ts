import type { CertificateStatusQuestion, Finding, Inquiry } from '@voltlog/connection-translation';
import { OperatingError } from '@voltlog/kernel';
import type { certificatesV1 } from '@voltlog/proto';
import type { Logger } from '@voltlog/telemetry';
import type { Vendors } from '../data-transfer/vendors.js';

/** Finds out, by its kind, what a station's message asks for. */
export class Inquiries {
  constructor(
    private readonly vendors: Pick<Vendors, 'answer'>,
    private readonly certificates: Pick<certificatesV1.CertificateService, 'getCertificateStatus'>,
    private readonly logger: Logger,
  ) {}

  /** @throws {OperatingError} when nobody knows which vendors are known */
  async find(stationId: string, inquiry: Inquiry): Promise<Finding> {
    switch (inquiry.kind) {
      case 'vendor':
        return { kind: 'vendor', ...(await this.vendors.answer(inquiry)) };
      case 'certificate-status':
        return { kind: 'certificate-status', certificates: await this.statuses(stationId, inquiry.questions) };
      default:
        return inquiry satisfies never;
    }
  }

  /** The version has a word for what cannot be found out: Failed. Source: OCPP 2.0.1 Part 2 M06.FR.04 */
  private async statuses(stationId: string, questions: readonly CertificateStatusQuestion[]) {
    try {
      const asked = questions.map(({ hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber, source, urls }) => ({
        hashAlgorithm,
        issuerNameHash,
        issuerKeyHash,
        serialNumber,
        source,
        urls: [...urls],
      }));
      const { answers } = await this.certificates.getCertificateStatus({ stationId, questions: asked });
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

const wordOf = (status: string): 'Good' | 'Revoked' | 'Unknown' | 'Failed' =>
  status === 'Good' || status === 'Revoked' || status === 'Unknown' ? status : 'Failed';
