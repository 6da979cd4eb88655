import { X509Certificate } from 'node:crypto';
import { MalformedExi } from '../exi/bits.js';
import { decodeDocument, encodeDocument } from '../exi/codec.js';
import { childOf, type ExiElement, element } from '../exi/element.js';
import { MESSAGE } from './schema.js';

/** Bytes of a message. OCPP 2.1: exiRequest has at most 11 000 characters, exiResponse 17 000, in base64. */
const BYTES_MAX = 12_750;

/** What an answer's signature is over. Source: ISO 15118-2 §8.4.3.10, §8.4.3.11 */
const SIGNED_ANSWERS: readonly string[] = ['ContractSignatureCertChain', 'ContractSignatureEncryptedPrivateKey', 'DHpublickey', 'eMAID'];

/** A root that the car knows. */
export interface RootId {
  /** As RFC 4514 writes a name, or nearly. */
  readonly issuerName: string;
  readonly serialNumber: bigint;
}

interface Message {
  /** 8 bytes at most; the answer has the same. */
  readonly sessionId: Buffer;
  /** `Signature` of the header. */
  readonly signature: ExiElement | undefined;
  /** The body's one element, which is what a request signs. */
  readonly body: ExiElement;
}

/** A car asks for its first contract certificate, by what its maker gave it, or for a new one, by the one it has. */
export type ContractRequest = Message &
  (
    | { readonly kind: 'Install'; readonly chain: readonly [X509Certificate]; readonly roots: readonly RootId[] }
    | {
        readonly kind: 'Update';
        /** The contract certificate first. */
        readonly chain: readonly [X509Certificate, ...X509Certificate[]];
        readonly emaid: string;
        readonly roots: readonly RootId[];
      }
  );

/** What both answers carry. */
export interface ContractResponse extends Message {
  readonly kind: 'Install' | 'Update';
  readonly responseCode: string;
  /** Of whoever signed it. */
  readonly provisioningChain: readonly [X509Certificate, ...X509Certificate[]];
  readonly contractChain: readonly [X509Certificate, ...X509Certificate[]];
  readonly encryptedKey: Buffer;
  readonly dhPublicKey: Buffer;
  readonly emaid: string;
  /** The four elements that are signed. */
  readonly signed: readonly ExiElement[];
}

/** @throws {MalformedExi} when the bytes are no CertificateInstallationReq or CertificateUpdateReq with certificates */
export function readContractRequest(bytes: Buffer): ContractRequest {
  const message = readMessage(bytes);
  const { body } = message;
  const roots = (childOf(body, 'ListOfRootCertificateIDs')?.children ?? []).map(rootIdOf);
  switch (body.name) {
    case 'CertificateInstallationReq':
      return { ...message, kind: 'Install', chain: [certificateOf(childOf(body, 'OEMProvisioningCert'))], roots };
    case 'CertificateUpdateReq': {
      const emaid = String(childOf(body, 'eMAID')?.value);
      return { ...message, kind: 'Update', chain: chainOf(childOf(body, 'ContractSignatureCertChain')), emaid, roots };
    }
    default:
      throw new MalformedExi(`it is ${body.name} and no request for a contract certificate`);
  }
}

/** @throws {MalformedExi} when the bytes are no CertificateInstallationRes or CertificateUpdateRes with certificates */
export function readContractResponse(bytes: Buffer): ContractResponse {
  const message = readMessage(bytes);
  const { body } = message;
  const kind = body.name === 'CertificateInstallationRes' ? 'Install' : body.name === 'CertificateUpdateRes' ? 'Update' : undefined;
  if (kind === undefined) throw new MalformedExi(`it is ${body.name} and no answer with a contract certificate`);
  return {
    ...message,
    kind,
    responseCode: String(childOf(body, 'ResponseCode')?.value),
    provisioningChain: chainOf(childOf(body, 'SAProvisioningCertificateChain')),
    contractChain: chainOf(childOf(body, 'ContractSignatureCertChain')),
    encryptedKey: octetsOf(childOf(body, 'ContractSignatureEncryptedPrivateKey')),
    dhPublicKey: octetsOf(childOf(body, 'DHpublickey')),
    emaid: String(childOf(body, 'eMAID')?.value),
    signed: body.children.filter(({ name }) => SIGNED_ANSWERS.includes(name)),
  };
}

/** @param body the one element of the body */
export function writeMessage({ sessionId, signature, body }: Message): Buffer {
  const header = element('Header', [element('SessionID', sessionId), ...(signature === undefined ? [] : [signature])]);
  return encodeDocument(element('V2G_Message', [header, element('Body', [body])]), MESSAGE);
}

/** `CertificateChainType` of a schema: without the root. */
export const chainElement = (name: string, [end, ...others]: readonly X509Certificate[], id?: string): ExiElement =>
  element(
    name,
    [
      element('Certificate', end?.raw ?? Buffer.alloc(0)),
      ...(others.length === 0
        ? []
        : [
            element(
              'SubCertificates',
              others.map(({ raw }) => element('Certificate', raw)),
            ),
          ]),
    ],
    id === undefined ? {} : { Id: id },
  );

export const rootIdsElement = (roots: readonly RootId[]): ExiElement =>
  element(
    'ListOfRootCertificateIDs',
    roots.map(({ issuerName, serialNumber }) =>
      element('RootCertificateID', [element('X509IssuerName', issuerName), element('X509SerialNumber', serialNumber)]),
    ),
  );

function readMessage(bytes: Buffer): Message {
  if (bytes.length > BYTES_MAX) throw new MalformedExi(`it has ${bytes.length} bytes of at most ${BYTES_MAX}`);
  const message = decodeDocument(bytes, MESSAGE);
  const header = childOf(message, 'Header');
  const body = childOf(message, 'Body')?.children[0];
  if (body === undefined) throw new MalformedExi('its body is empty');
  return { sessionId: octetsOf(childOf(header, 'SessionID')), signature: childOf(header, 'Signature'), body };
}

function chainOf(chain: ExiElement | undefined): [X509Certificate, ...X509Certificate[]] {
  const others = childOf(chain, 'SubCertificates')?.children ?? [];
  return [certificateOf(childOf(chain, 'Certificate')), ...others.map(certificateOf)];
}

function certificateOf(holder: ExiElement | undefined): X509Certificate {
  try {
    const certificate = new X509Certificate(octetsOf(holder));
    // Read here: a key that is no point of its curve throws only when it is asked for.
    void certificate.publicKey;
    return certificate;
  } catch (cause) {
    throw new MalformedExi(`${holder?.name ?? 'it'} holds no certificate`, { cause });
  }
}

const octetsOf = (holder: ExiElement | undefined): Buffer => (Buffer.isBuffer(holder?.value) ? holder.value : Buffer.alloc(0));

function rootIdOf(root: ExiElement): RootId {
  const serialNumber = childOf(root, 'X509SerialNumber')?.value;
  return {
    issuerName: String(childOf(root, 'X509IssuerName')?.value),
    serialNumber: typeof serialNumber === 'bigint' ? serialNumber : 0n,
  };
}
