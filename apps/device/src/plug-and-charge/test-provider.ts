import { createPublicKey, diffieHellman, generateKeyPairSync, type KeyObject, randomBytes, X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { encryptKey, pointOf, readContainer, writeContainer } from '@voltlog/iso15118';
import { CLOCK_SKEW_MS } from '../pki/authority-keys.js';
import { checkChain, readPemChain } from '../pki/chain-check.js';
import type { TestPki } from '../pki/test-pki.js';
import type { ContractProvider, EvCertificateAnswer, EvCertificateOrder } from './contract-provider.js';
import type { TestContracts } from './test-contracts.js';

const CONTRACT_DAYS = 365;
/** Who signs the answers: made anew with each, so that nothing is kept. */
const SIGNER_DAYS = 30;

/** Gives contract certificates of the test PKI to cars of the test PKI, in the container that stands for EXI. */
export class TestContractProvider implements ContractProvider {
  constructor(
    private readonly pki: TestPki,
    private readonly contracts: TestContracts,
    private readonly now: () => number,
  ) {}

  async answer({ action, exiRequest }: EvCertificateOrder): Promise<EvCertificateAnswer> {
    const read = readContainer(exiRequest);
    if (read === undefined)
      return failed('the request is no test container, or its signature is wrong (the built-in test provider reads no EXI)');
    const [end] = read.chain;
    const checked = checkChain(read.chain, await this.anchors(action), this.now());
    if (end === undefined || 'problem' in checked)
      return failed(`the certificate of the car is not good: ${'problem' in checked ? checked.problem : ''}`);
    const name = commonNameOf(end);
    const contract = action === 'Install' ? await this.contracts.get(name) : await this.byEmaid(name);
    if (contract === undefined)
      return failed(action === 'Install' ? `there is no contract for the car ${name}` : `the contract ${name} has ended`);
    return { status: 'Accepted', exiResponse: await this.contractFor(contract.emaid, end.publicKey), remainingContracts: 0 };
  }

  /** An installation proves itself by what the maker gave the car, an update by the contract it has. */
  private async anchors(action: 'Install' | 'Update'): Promise<readonly X509Certificate[]> {
    const { root } = await this.pki.open(action === 'Install' ? 'oem' : 'mo');
    return [new X509Certificate(Buffer.from(root.certificate.rawData))];
  }

  private async byEmaid(emaid: string) {
    const { docs } = await this.contracts.find({ where: { emaid }, limit: 1 });
    return docs[0];
  }

  /** A new key, which only the car can read, with its certificate. Source: ISO 15118-2 §7.9.2.4 */
  private async contractFor(emaid: string, carKey: KeyObject): Promise<string> {
    const contract = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const ephemeral = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const signer = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const [made, cps] = await Promise.all([
      this.end('mo', emaid, contract.publicKey, CONTRACT_DAYS),
      this.end('provisioning', 'Test CPS', signer.publicKey, SIGNER_DAYS),
    ]);
    const scalar = Buffer.from(String(contract.privateKey.export({ format: 'jwk' }).d), 'base64url');
    const secret = diffieHellman({
      privateKey: ephemeral.privateKey,
      publicKey: createPublicKey(carKey.export({ format: 'pem', type: 'spki' })),
    });
    const body = {
      responseCode: 'OK',
      emaid,
      contractCertificateChain: made.map(({ raw }) => raw.toString('base64')),
      encryptedPrivateKey: encryptKey(scalar, secret).toString('base64'),
      dhPublicKey: pointOf(ephemeral.publicKey).toString('base64'),
    };
    return writeContainer(body, cps, signer.privateKey);
  }

  private async end(chain: 'mo' | 'provisioning', commonName: string, key: KeyObject, days: number): Promise<readonly X509Certificate[]> {
    const { certificateChain } = await this.pki.end({
      chain,
      orderId: randomBytes(16).toString('hex'),
      commonName,
      stationId: '',
      publicKey: new x509.PublicKey(key.export({ format: 'der', type: 'spki' })),
      notBeforeMs: this.now() - CLOCK_SKEW_MS,
      days,
    });
    return readPemChain(certificateChain) ?? [];
  }
}

/** The last CN of a subject. */
export const commonNameOf = ({ subject }: X509Certificate): string => /(?:^|\n)CN=([^\n]*)/.exec(subject)?.[1] ?? '';

const failed = (reason: string): EvCertificateAnswer => ({ status: 'Failed', reason });
