import { EMAID } from '@voltlog/iso15118';
import { isoTime, RequestError } from '@voltlog/kernel';
import type { certificatesV1 } from '@voltlog/proto';
import { CLOCK_SKEW_MS } from '../pki/authority-keys.js';
import { plainSerial } from '../pki/certificate-id.js';
import type { IssuedCertificates, IssuedDoc } from '../pki/issued-certificates.js';
import type { Pki } from '../pki/pki.js';
import { readSigningRequest } from '../pki/signing-request.js';
import type { TestPki } from '../pki/test-pki.js';
import type { TestContractDoc, TestContracts } from '../plug-and-charge/test-contracts.js';
import { pageSize } from './requests.js';

const PROVISIONING_DAYS = 3_650;
/** ISO 15118-2 PCID: 17 or 18 characters; names of test cars may be shorter. */
const PCID = /^[A-Za-z0-9-]{1,18}$/;
const SERIAL_NUMBER = /^[0-9a-f]{1,40}$/;

type Service = certificatesV1.CertificateService;

/** The part of `voltlog.device.v1.CertificateService` that is about the test PKI. */
export class TestPkiGrpc {
  constructor(
    private readonly pki: Pki,
    private readonly contracts: TestContracts,
    private readonly now: () => number,
  ) {}

  listTestRoots: Service['listTestRoots'] = async () => ({ roots: [...(await this.on().testPki.installable())] });

  putTestVehicle: Service['putTestVehicle'] = async ({ pcid, emaid, csr }) => {
    const { testPki } = this.on();
    if (!PCID.test(pcid)) throw invalid('pcid must have 1 to 18 letters, digits and hyphens');
    if (!EMAID.test(emaid)) throw invalid('emaid must be one, as DE-ABC-C12345678');
    const chain = csr === '' ? '' : await this.provisioned(testPki, pcid, csr);
    const known = await this.contracts.get(pcid);
    const createdAt = known?.createdAt ?? isoTime(this.now());
    const doc: TestContractDoc = { id: pcid, emaid: emaid.replaceAll('-', '').toUpperCase(), createdAt };
    await this.contracts.upsert([{ doc }]);
    return { vehicle: toVehicle(doc), provisioningCertificateChain: chain };
  };

  listTestVehicles: Service['listTestVehicles'] = async (request) => {
    this.on();
    const { docs, next } = await this.contracts.find({ limit: pageSize(request.pageSize), ...cursorOf(request.pageToken) });
    return { vehicles: docs.map(toVehicle), nextPageToken: next ?? '' };
  };

  deleteTestVehicle: Service['deleteTestVehicle'] = async ({ pcid }) => {
    this.on();
    if ((await this.contracts.get(pcid)) === undefined) throw new RequestError('NOT_FOUND', `there is no test vehicle ${pcid}`);
    await this.contracts.delete([pcid]);
    return {};
  };

  listContractCertificates: Service['listContractCertificates'] = async ({ emaid, pageSize: size, pageToken }) => {
    const { issued, authority } = await this.mo();
    const where = { authority, ...(emaid === '' ? {} : { commonName: emaid.replaceAll('-', '').toUpperCase() }) };
    const { docs, next } = await issued.find({ where, limit: pageSize(size), ...cursorOf(pageToken) });
    return { certificates: docs.map(toCertificate), nextPageToken: next ?? '' };
  };

  revokeContractCertificate: Service['revokeContractCertificate'] = async (request) => {
    const { issued, authority } = await this.mo();
    const serialNumber = plainSerial(request.serialNumber);
    if (!SERIAL_NUMBER.test(serialNumber)) throw invalid('serialNumber must be 1 to 40 hexadecimal digits');
    const doc = await issued.revoke(authority, serialNumber);
    if (doc === undefined) throw new RequestError('NOT_FOUND', `there is no contract certificate ${serialNumber}`);
    return { certificate: toCertificate(doc) };
  };

  private async provisioned(testPki: TestPki, pcid: string, csr: string): Promise<string> {
    const read = await readSigningRequest(csr, { stationId: pcid, serialNumber: '', organization: '' });
    if ('reason' in read) throw invalid(read.detail);
    const made = await testPki.end({
      chain: 'oem',
      orderId: csr,
      commonName: pcid,
      stationId: '',
      publicKey: read.publicKey,
      notBeforeMs: this.now() - CLOCK_SKEW_MS,
      days: PROVISIONING_DAYS,
    });
    return made.certificateChain;
  }

  private async mo(): Promise<{ readonly issued: IssuedCertificates; readonly authority: string }> {
    const { testPki, issued } = this.on();
    return { issued, authority: (await testPki.open('mo')).sub.id };
  }

  private on(): { readonly testPki: TestPki; readonly issued: IssuedCertificates } {
    const { testPki, issued } = this.pki;
    if (testPki === undefined || issued === undefined)
      throw new RequestError('FAILED_PRECONDITION', 'the test PKI is off: set DEVICE_TEST_PKI=true and DEVICE_SECRET_KEY', 'NoTestPki');
    return { testPki, issued };
  }
}

const cursorOf = (pageToken: string) => (pageToken === '' ? {} : { after: pageToken });

const toVehicle = ({ id, emaid, createdAt }: TestContractDoc): certificatesV1.TestVehicle => ({ pcid: id, emaid, createdAt });

const toCertificate = ({ serialNumber, commonName, notAfter, revokedAt }: IssuedDoc): certificatesV1.ContractCertificate => ({
  serialNumber,
  emaid: commonName,
  notAfter,
  revokedAt,
});

const invalid = (message: string): RequestError => new RequestError('INVALID_ARGUMENT', message);
