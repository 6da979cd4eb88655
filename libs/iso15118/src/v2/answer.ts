import type { KeyObject, X509Certificate } from 'node:crypto';
import { type ExiElement, element } from '../exi/element.js';
import { type ContractRequest, chainElement, writeMessage } from './messages.js';
import { signatureOf } from './signature.js';

/** What a car is given. */
export interface IssuedContract {
  /** The contract certificate first, without the root. */
  readonly contractChain: readonly X509Certificate[];
  /** Its key, for the car alone: IV and ciphertext, 48 bytes. */
  readonly encryptedKey: Buffer;
  /** With which the car gets at the key: a point of P-256, 65 bytes. */
  readonly dhPublicKey: Buffer;
  /** 14 or 15 characters, without separators. */
  readonly emaid: string;
}

/** Who signs the answer: the provisioning service. */
export interface ProvisioningService {
  readonly chain: readonly X509Certificate[];
  readonly key: KeyObject;
}

/**
 * CertificateInstallationRes or CertificateUpdateRes, as was asked for, signed.
 *
 * @throws {MalformedExi} when a certificate has more than the 800 bytes that the schema allows
 *
 * Source: ISO 15118-2 §8.4.3.10, §8.4.3.11
 */
export function writeContractResponse(
  { kind, sessionId }: Pick<ContractRequest, 'kind' | 'sessionId'>,
  { contractChain, encryptedKey, dhPublicKey, emaid }: IssuedContract,
  signer: ProvisioningService,
): Buffer {
  const signed: readonly ExiElement[] = [
    chainElement('ContractSignatureCertChain', contractChain, 'id1'),
    element('ContractSignatureEncryptedPrivateKey', encryptedKey, { Id: 'id2' }),
    element('DHpublickey', dhPublicKey, { Id: 'id3' }),
    element('eMAID', emaid, { Id: 'id4' }),
  ];
  const body = element(kind === 'Install' ? 'CertificateInstallationRes' : 'CertificateUpdateRes', [
    element('ResponseCode', 'OK'),
    chainElement('SAProvisioningCertificateChain', signer.chain),
    ...signed,
  ]);
  return writeMessage({ sessionId, signature: signatureOf(signed, signer.key), body });
}
