import { createPublicKey, diffieHellman, generateKeyPairSync, type KeyObject, randomBytes, X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import {
  type ContractRequest,
  checkSignature,
  encryptKey,
  isP256,
  MalformedExi,
  plainEmaid,
  pointOf,
  readContractRequest,
  SCHEMA_V2,
  type SignatureProblem,
  writeContractResponse,
} from '@voltlog/iso15118';
import { CLOCK_SKEW_MS } from '../pki/authority-keys.js';
import { plainSerial } from '../pki/certificate-id.js';
import { type ChainProblem, checkChain, readPemChain } from '../pki/chain-check.js';
import type { TestPki } from '../pki/test-pki.js';
import type { TrustedRoots } from '../pki/trusted-roots.js';
import type { ContractProvider, EvCertificateAnswer, EvCertificateOrder } from './contract-provider.js';
import type { TestContracts } from './test-contracts.js';

const CONTRACT_DAYS = 365;
/** Who signs the answers: made anew with each, so that nothing is kept. */
const SIGNER_DAYS = 30;

const SIGNATURES: Readonly<Record<SignatureProblem, string>> = {
  Unsigned: 'the request has no signature',
  UnknownAlgorithm: 'the signature of the request is of another algorithm than ECDSA with SHA-256 over canonical EXI',
  NotAllSigned: 'the signature of the request is not over its body',
  DigestWrong: 'the request was changed after it was signed: the digest of its body is another',
  SignatureWrong: 'the signature of the request is not of the key of its certificate',
};
const CHAINS: Readonly<Record<ChainProblem, string>> = {
  Malformed: 'its chain is too long',
  NoRoot: 'it leads to no authority that is known (DEVICE_MAKER_CERTIFICATES_PATH)',
  SignatureWrong: 'a signature in its chain is wrong',
  Expired: 'it, or one above it, has expired or is not valid yet',
};

export interface TestProviderOptions {
  readonly pki: TestPki;
  readonly contracts: TestContracts;
  /** Authorities of car makers besides the test PKI's: a car sends its own certificate alone, so also those below the root. */
  readonly makers: Pick<TrustedRoots, 'all'>;
  now(): number;
}

/** Gives contract certificates of the test PKI to cars that speak ISO 15118-2. Source: ISO 15118-2 §8.4.3.10, §8.4.3.11 */
export class TestContractProvider implements ContractProvider {
  constructor(private readonly options: TestProviderOptions) {}

  async answer({ action, exiRequest, schemaVersion }: EvCertificateOrder): Promise<EvCertificateAnswer> {
    let request: ContractRequest;
    try {
      request = readContractRequest(Buffer.from(exiRequest, 'base64'));
    } catch (error) {
      if (!(error instanceof MalformedExi)) throw error;
      const hint = schemaVersion === SCHEMA_V2 ? '' : ` (it is said to be of ${schemaVersion}; ${SCHEMA_V2} is read)`;
      return failed(`the EXI of the car cannot be read: ${error.message}${hint}`);
    }
    if (request.kind !== action) return failed(`the car asks for ${request.kind}, the station for ${action}`);
    const problem = await this.problemOf(request);
    if (problem !== undefined) return failed(problem);
    const [own] = request.chain;
    const name = commonNameOf(own);
    const contract = action === 'Install' ? await this.options.contracts.get(name) : await this.byEmaid(name);
    if (contract === undefined)
      return failed(action === 'Install' ? `there is no contract for the car ${name}` : `the contract ${name} has ended`);
    try {
      const exiResponse = (await this.contractFor(request, contract.emaid)).toString('base64');
      return { status: 'Accepted', exiResponse, remainingContracts: 0 };
    } catch (error) {
      if (!(error instanceof MalformedExi)) throw error;
      // A name that is long (DEVICE_CA_ORGANIZATION, DEVICE_OCSP_URL) makes a certificate longer than the schema allows.
      return failed(`the answer cannot be written: ${error.message}`);
    }
  }

  /** Why nothing is given for it, in plain words. */
  private async problemOf(request: ContractRequest): Promise<string | undefined> {
    const [own] = request.chain;
    if (!isP256(own.publicKey)) return 'the key of the certificate is none of P-256';
    const signature = checkSignature(request.signature, [request.body], own.publicKey);
    if (signature !== undefined) return SIGNATURES[signature];
    const checked = checkChain(request.chain, await this.anchors(request.kind), this.options.now());
    if ('problem' in checked) return `the certificate of the car (${commonNameOf(own)}) is not good: ${CHAINS[checked.problem]}`;
    if (request.kind === 'Install') return undefined;
    if (plainEmaid(request.emaid) !== plainEmaid(commonNameOf(own))) return 'the contract certificate is for another eMAID';
    if (await this.options.pki.isRevoked('mo', plainSerial(own.serialNumber))) return 'the contract certificate is revoked';
    return undefined;
  }

  /** An installation proves itself by what the maker gave the car, an update by the contract it has. */
  private async anchors(kind: 'Install' | 'Update'): Promise<readonly X509Certificate[]> {
    const { pki, makers } = this.options;
    const { root, sub } = await pki.open(kind === 'Install' ? 'oem' : 'mo');
    const own = [root, sub].map(({ certificate }) => new X509Certificate(Buffer.from(certificate.rawData)));
    return kind === 'Install' ? [...own, ...(await makers.all())] : own;
  }

  private async byEmaid(emaid: string) {
    const { docs } = await this.options.contracts.find({ where: { emaid }, limit: 1 });
    return docs[0];
  }

  /** A new key, which only the car can read, with its certificate. Source: ISO 15118-2 §7.9.2.4 */
  private async contractFor(request: ContractRequest, emaid: string): Promise<Buffer> {
    const contract = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const ephemeral = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const signer = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const [contractChain, chain] = await Promise.all([
      this.end('mo', emaid, contract.publicKey, CONTRACT_DAYS),
      this.end('provisioning', 'Test CPS', signer.publicKey, SIGNER_DAYS),
    ]);
    const scalar = Buffer.from(String(contract.privateKey.export({ format: 'jwk' }).d), 'base64url');
    const [own] = request.chain;
    const publicKey = createPublicKey(own.publicKey.export({ format: 'pem', type: 'spki' }));
    const secret = diffieHellman({ privateKey: ephemeral.privateKey, publicKey });
    const issued = { contractChain, encryptedKey: encryptKey(scalar, secret), dhPublicKey: pointOf(ephemeral.publicKey), emaid };
    return writeContractResponse(request, issued, { chain, key: signer.privateKey });
  }

  private async end(chain: 'mo' | 'provisioning', commonName: string, key: KeyObject, days: number): Promise<readonly X509Certificate[]> {
    const { pki, now } = this.options;
    const { certificateChain } = await pki.end({
      chain,
      orderId: randomBytes(16).toString('hex'),
      commonName,
      stationId: '',
      publicKey: new x509.PublicKey(key.export({ format: 'der', type: 'spki' })),
      notBeforeMs: now() - CLOCK_SKEW_MS,
      days,
    });
    return readPemChain(certificateChain) ?? [];
  }
}

/** The last CN of a subject. */
export const commonNameOf = ({ subject }: X509Certificate): string => /(?:^|\n)CN=([^\n]*)/.exec(subject)?.[1] ?? '';

const failed = (reason: string): EvCertificateAnswer => ({ status: 'Failed', reason });
