import { createECDH, createPrivateKey, createPublicKey, diffieHellman, type KeyObject, X509Certificate } from 'node:crypto';
import { decryptKey, readContainer, writeContainer } from './test-container.js';

/** Before the point in a SubjectPublicKeyInfo of P-256. */
const P256_SPKI = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex');

/** What a car has to charge with. */
export interface InstalledContract {
  readonly emaid: string;
  /** The contract certificate first. */
  readonly chain: readonly X509Certificate[];
  readonly key: KeyObject;
}

/** A car of the test PKI: it has a key from its maker, and may get a contract. */
export class TestCar {
  private readonly key: KeyObject;
  private provisioning: readonly X509Certificate[] = [];
  contract: InstalledContract | undefined;

  /** @param keyPem of its provisioning certificate: P-256, PKCS#8 */
  constructor(
    readonly pcid: string,
    keyPem: string,
  ) {
    this.key = createPrivateKey(keyPem);
  }

  /** @param chainPem from its maker, the car's own first */
  provisioned(chainPem: string): void {
    const blocks = chainPem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
    this.provisioning = blocks.map((block) => new X509Certificate(block));
  }

  /** What stands for CertificateInstallationReq, base64. */
  installationRequest(): string {
    return writeContainer({ message: 'CertificateInstallationReq', pcid: this.pcid }, this.provisioning, this.key);
  }

  /** What stands for CertificateUpdateReq, base64. */
  updateRequest(): string {
    const { contract } = this;
    if (contract === undefined) throw new Error('the car has no contract to update');
    return writeContainer({ message: 'CertificateUpdateReq', emaid: contract.emaid }, contract.chain, contract.key);
  }

  /** Takes the answer, base64. An update is encrypted for the key of the contract it replaces. @throws when it is none, or the key does not fit */
  install(exiResponse: string): InstalledContract {
    const read = readContainer(exiResponse);
    if (read === undefined) throw new Error('the answer is no container, or its signature is wrong');
    const { emaid, contractCertificateChain, encryptedPrivateKey, dhPublicKey } = read.body;
    if (!Array.isArray(contractCertificateChain)) throw new Error('the answer has no contract certificate');
    const chain = contractCertificateChain.map((each) => new X509Certificate(Buffer.from(String(each), 'base64')));
    const [certificate] = chain;
    const own = this.contract?.key ?? this.key;
    const publicKey = createPublicKey({
      key: Buffer.concat([P256_SPKI, Buffer.from(String(dhPublicKey), 'base64')]),
      format: 'der',
      type: 'spki',
    });
    const scalar = decryptKey(Buffer.from(String(encryptedPrivateKey), 'base64'), diffieHellman({ privateKey: own, publicKey }));
    const key = keyOf(scalar);
    if (certificate === undefined || !certificate.checkPrivateKey(key))
      throw new Error('the key is not the one of the contract certificate');
    this.contract = { emaid: String(emaid), chain, key };
    return this.contract;
  }
}

/** @param scalar of P-256, 32 bytes */
function keyOf(scalar: Buffer): KeyObject {
  const ecdh = createECDH('prime256v1');
  ecdh.setPrivateKey(scalar);
  const point = ecdh.getPublicKey();
  const [x, y] = [point.subarray(1, 33), point.subarray(33)];
  const jwk = { kty: 'EC', crv: 'P-256', d: scalar.toString('base64url'), x: x.toString('base64url'), y: y.toString('base64url') };
  return createPrivateKey({ key: jwk, format: 'jwk' });
}
