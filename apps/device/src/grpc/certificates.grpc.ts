import { isoTime, RequestError } from '@voltlog/kernel';
import type { certificatesV1 } from '@voltlog/proto';
import { toCertificateId } from '../pki/certificate-id.js';
import { OcspRefused } from '../pki/ocsp-message.js';
import { OCSP_REQUEST_BYTES_MAX } from '../pki/ocsp-responder.js';
import type { Pki } from '../pki/pki.js';

/** OCPP 2.1: four certificates of a chain; some more for stations that count otherwise. */
const QUESTIONS_MAX = 16;

/** `voltlog.device.v1.CertificateService`. */
export class CertificatesGrpc implements certificatesV1.CertificateService {
  constructor(private readonly pki: Pki) {}

  async getCertificateStatus({
    questions,
  }: certificatesV1.GetCertificateStatusRequest): Promise<certificatesV1.GetCertificateStatusResponse> {
    if (questions.length > QUESTIONS_MAX) throw new RequestError('INVALID_ARGUMENT', `at most ${QUESTIONS_MAX} certificates at a time`);
    return { answers: await Promise.all(questions.map((each) => this.answer(each))) };
  }

  async answerOcsp({ request }: certificatesV1.AnswerOcspRequest): Promise<certificatesV1.AnswerOcspResponse> {
    const { responder } = this.pki;
    if (responder === undefined)
      throw new RequestError('FAILED_PRECONDITION', 'there is no certificate authority: DEVICE_SECRET_KEY is not set', 'NoSecretKey');
    if (request.length > OCSP_REQUEST_BYTES_MAX)
      throw new RequestError('INVALID_ARGUMENT', `an OCSP request has at most ${OCSP_REQUEST_BYTES_MAX} bytes`);
    return { response: await responder.respond(Buffer.from(request)) };
  }

  private async answer(question: certificatesV1.CertificateStatusQuestion): Promise<certificatesV1.CertificateStatusAnswer> {
    const id = toCertificateId(question);
    if (id === undefined) return failed('the hash data is none: digests of hashAlgorithm and a serial number, in hexadecimal');
    if (question.source !== 'OCSP') return failed(`${question.source} is not looked at`);
    try {
      const { status, der, untilMs } = await this.pki.ocsp.statusOf(id, question.urls);
      return { status, ocspResponse: der, nextUpdate: isoTime(untilMs), reason: '' };
    } catch (error) {
      if (error instanceof OcspRefused) return failed(error.message);
      throw error;
    }
  }
}

const failed = (reason: string): certificatesV1.CertificateStatusAnswer => ({
  status: 'Failed',
  ocspResponse: new Uint8Array(),
  nextUpdate: undefined,
  reason,
});
