import { X509Certificate } from 'node:crypto';
import { isoTime, RequestError } from '@voltlog/kernel';
import type { certificatesV1 } from '@voltlog/proto';
import type { ServiceContext } from '@voltlog/service';
import { toCertificateId } from '../pki/certificate-id.js';
import { OCSP_REQUEST_BYTES_MAX } from '../pki/ocsp-responder.js';
import type { Pki } from '../pki/pki.js';
import { RevocationUnknown } from '../pki/revocation-unknown.js';
import type { PlugAndCharge } from '../plug-and-charge/plug-and-charge.js';
import { TestPkiGrpc } from './test-pki.grpc.js';

/** OCPP 2.1: four certificates of a chain; some more for stations that count otherwise. */
const QUESTIONS_MAX = 16;
/** OCPP 2.1 AuthorizeRequest.certificate */
const PEM_LENGTH_MAX = 10_000;
/** OCPP 2.1 Get15118EVCertificateRequest.exiRequest */
const EXI_LENGTH_MAX = 11_000;

type Service = certificatesV1.CertificateService;

/** `voltlog.device.v1.CertificateService`. */
export class CertificatesGrpc implements Service {
  readonly listTestRoots: Service['listTestRoots'];
  readonly putTestVehicle: Service['putTestVehicle'];
  readonly listTestVehicles: Service['listTestVehicles'];
  readonly deleteTestVehicle: Service['deleteTestVehicle'];
  readonly listContractCertificates: Service['listContractCertificates'];
  readonly revokeContractCertificate: Service['revokeContractCertificate'];

  constructor(
    private readonly context: Pick<ServiceContext, 'clock' | 'logger'>,
    private readonly pki: Pki,
    private readonly plugAndCharge: PlugAndCharge,
  ) {
    const test = new TestPkiGrpc(pki, plugAndCharge.testContracts, () => context.clock.now());
    this.listTestRoots = test.listTestRoots;
    this.putTestVehicle = test.putTestVehicle;
    this.listTestVehicles = test.listTestVehicles;
    this.deleteTestVehicle = test.deleteTestVehicle;
    this.listContractCertificates = test.listContractCertificates;
    this.revokeContractCertificate = test.revokeContractCertificate;
  }

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

  async getRevocationList({ authorityId }: certificatesV1.GetRevocationListRequest): Promise<certificatesV1.GetRevocationListResponse> {
    const list = await this.pki.lists?.of(authorityId);
    if (list === undefined) throw new RequestError('NOT_FOUND', 'there is no such certificate authority', 'AuthorityUnknown');
    const { der, thisUpdateMs, nextUpdateMs, freshUntilMs } = list;
    return { list: der, thisUpdate: isoTime(thisUpdateMs), nextUpdate: isoTime(nextUpdateMs), freshUntil: isoTime(freshUntilMs) };
  }

  /** @throws {RequestError} `INVALID_ARGUMENT` when what is given is no certificate */
  async checkClientCertificate({
    certificate,
    issuer,
  }: certificatesV1.CheckClientCertificateRequest): Promise<certificatesV1.CheckClientCertificateResponse> {
    const [shown, maker] = [x509Of(certificate), x509Of(issuer)];
    await this.pki.earlier?.note(shown, maker);
    try {
      const { status, untilMs } = await this.pki.revocations.of(shown, maker);
      return { status, nextUpdate: isoTime(untilMs), reason: '' };
    } catch (error) {
      if (!(error instanceof RevocationUnknown)) throw error;
      return { status: 'Failed', nextUpdate: undefined, reason: error.message };
    }
  }

  async checkContractCertificate(
    request: certificatesV1.CheckContractCertificateRequest,
  ): Promise<certificatesV1.CheckContractCertificateResponse> {
    const { emaid, certificate, hashes } = request;
    if (certificate.length > PEM_LENGTH_MAX) throw invalid(`certificate must have at most ${PEM_LENGTH_MAX} characters`);
    if (hashes.length > QUESTIONS_MAX) throw invalid(`at most ${QUESTIONS_MAX} certificates at a time`);
    if (certificate === '' && hashes.length === 0) throw invalid('neither certificate nor hashes are given');
    const questions = hashes.flatMap((each) => {
      const id = toCertificateId(each);
      return id === undefined ? [] : [{ id, urls: each.urls }];
    });
    if (questions.length < hashes.length)
      return { status: 'CertChainError', reason: 'the hash data is none: digests of hashAlgorithm and a serial number, in hexadecimal' };
    return this.plugAndCharge.check.check({ emaid, certificate, hashes: questions });
  }

  async getEvCertificate(request: certificatesV1.GetEvCertificateRequest): Promise<certificatesV1.GetEvCertificateResponse> {
    const { stationId, iso15118SchemaVersion: schemaVersion, action, exiRequest } = request;
    if (action !== 'Install' && action !== 'Update') throw invalid('action must be Install or Update');
    if (exiRequest.length > EXI_LENGTH_MAX) throw invalid(`exiRequest must have at most ${EXI_LENGTH_MAX} characters`);
    const { provider } = this.plugAndCharge;
    const answer =
      provider === undefined
        ? { status: 'Failed' as const, reason: 'no provider of contract certificates is connected' }
        : await provider.answer({ stationId, schemaVersion, action, exiRequest, orderedAtMs: this.context.clock.now() });
    if (answer.status === 'Accepted') return { ...answer, reason: '' };
    this.context.logger.warn({ station_id: stationId, reason: answer.reason }, 'a car got no contract certificate');
    return { status: 'Failed', exiResponse: '', remainingContracts: 0, reason: answer.reason };
  }

  private async answer(question: certificatesV1.CertificateStatusQuestion): Promise<certificatesV1.CertificateStatusAnswer> {
    const id = toCertificateId(question);
    if (id === undefined) return failed('the hash data is none: digests of hashAlgorithm and a serial number, in hexadecimal');
    try {
      if (question.source === 'CRL') {
        const { status, untilMs } = await this.pki.crl.statusOf(id, question.urls);
        return { status, ocspResponse: new Uint8Array(), nextUpdate: isoTime(untilMs), reason: '' };
      }
      const { status, der, untilMs } = await this.pki.ocsp.statusOf(id, question.urls);
      return { status, ocspResponse: der, nextUpdate: isoTime(untilMs), reason: '' };
    } catch (error) {
      if (error instanceof RevocationUnknown) return failed(error.message);
      throw error;
    }
  }
}

function x509Of(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch {
    throw invalid('certificate and issuer must be X.509 in DER');
  }
}

const invalid = (message: string): RequestError => new RequestError('INVALID_ARGUMENT', message);

const failed = (reason: string): certificatesV1.CertificateStatusAnswer => ({
  status: 'Failed',
  ocspResponse: new Uint8Array(),
  nextUpdate: undefined,
  reason,
});
