import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject, X509Certificate } from 'node:crypto';
import { type ExiElement, element } from './exi/element.js';
import { decryptKey, keyOf } from './key-transport.js';
import { chainElement, type RootId, readContractResponse, rootIdsElement, writeMessage } from './v2/messages.js';
import { checkSignature, signatureOf } from './v2/signature.js';

/** Before the point in a SubjectPublicKeyInfo of P-256. */
const P256_SPKI = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex');
/** Of the session between car and station; a station counts its own. */
const SESSION_ID = Buffer.from('0102030405060708', 'hex');

/** What a car has to charge with. */
export interface InstalledContract {
  readonly emaid: string;
  /** The contract certificate first. */
  readonly chain: readonly X509Certificate[];
  readonly key: KeyObject;
}

/** A car that speaks ISO 15118-2: it has a key from its maker, and may get a contract. */
export class TestCar {
  private readonly key: KeyObject;
  private provisioning: readonly X509Certificate[] = [];
  contract: InstalledContract | undefined;

  /**
   * @param keyPem of its provisioning certificate: P-256, PKCS#8
   * @param roots that it knows
   */
  constructor(
    readonly pcid: string,
    keyPem: string,
    private readonly roots: readonly RootId[] = [{ issuerName: 'CN=Test V2G Root', serialNumber: 1n }],
  ) {
    this.key = createPrivateKey(keyPem);
  }

  /** @param chainPem from its maker, the car's own first */
  provisioned(chainPem: string): void {
    const blocks = chainPem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
    this.provisioning = blocks.map((block) => new X509Certificate(block));
  }

  /** CertificateInstallationReq, EXI in base64. */
  installationRequest(): string {
    const own = element('OEMProvisioningCert', this.provisioning[0]?.raw ?? Buffer.alloc(0));
    return this.request(element('CertificateInstallationReq', [own, rootIdsElement(this.roots)], { Id: 'id1' }), this.key);
  }

  /** CertificateUpdateReq, EXI in base64. @throws when it has no contract */
  updateRequest(): string {
    const { contract } = this;
    if (contract === undefined) throw new Error('the car has no contract to update');
    const { emaid, chain, key } = contract;
    const children = [chainElement('ContractSignatureCertChain', chain), element('eMAID', emaid), rootIdsElement(this.roots)];
    return this.request(element('CertificateUpdateReq', children, { Id: 'id1' }), key);
  }

  /** Takes the answer, EXI in base64. An update is encrypted for the key of the contract it replaces. @throws when it is none, or the key does not fit */
  install(exiResponse: string): InstalledContract {
    const { responseCode, provisioningChain, contractChain, ...read } = readContractResponse(Buffer.from(exiResponse, 'base64'));
    if (responseCode !== 'OK') throw new Error(`the answer is ${responseCode}`);
    const [signer, ...above] = provisioningChain;
    const problem = checkSignature(read.signature, read.signed, signer.publicKey);
    if (problem !== undefined) throw new Error(`the signature of the answer is not good: ${problem}`);
    if (!above.every((each, i) => provisioningChain[i]?.verify(each.publicKey))) throw new Error('the chain of the signer is broken');
    const own = (read.kind === 'Update' ? this.contract?.key : undefined) ?? this.key;
    const publicKey = createPublicKey({ key: Buffer.concat([P256_SPKI, read.dhPublicKey]), format: 'der', type: 'spki' });
    const key = keyOf(decryptKey(read.encryptedKey, diffieHellman({ privateKey: own, publicKey })));
    if (!contractChain[0].checkPrivateKey(key)) throw new Error('the key is not the one of the contract certificate');
    this.contract = { emaid: read.emaid, chain: contractChain, key };
    return this.contract;
  }

  private request(body: ExiElement, key: KeyObject): string {
    return writeMessage({ sessionId: SESSION_ID, signature: signatureOf([body], key), body }).toString('base64');
  }
}
