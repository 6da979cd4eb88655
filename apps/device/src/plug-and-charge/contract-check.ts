import type { X509Certificate } from 'node:crypto';
import { plainEmaid } from '@voltlog/iso15118';
import { type CertificateId, plainSerial } from '../pki/certificate-id.js';
import { type ChainProblem, type CheckedChain, checkChain, readPemChain } from '../pki/chain-check.js';
import type { OcspClient } from '../pki/ocsp-client.js';
import { pointersOf, type Revocation, type Revocations } from '../pki/revocation.js';
import { RevocationUnknown } from '../pki/revocation-unknown.js';
import { commonNameOf } from './test-provider.js';

/** OCPP 2.x AuthorizeCertificateStatusEnumType, but for `ContractCancelled`: whether the contract holds is not the certificate's to say. */
export type ContractCertificateStatus = 'Accepted' | 'SignatureError' | 'CertificateExpired' | 'CertificateRevoked' | 'CertChainError';

export interface ContractVerdict {
  readonly status: ContractCertificateStatus;
  /** In plain words; empty: accepted. */
  readonly reason: string;
}

export interface RevocationQuestion {
  readonly id: CertificateId;
  readonly urls: readonly string[];
}

/** What a station tells of a contract certificate that a car has shown. */
export interface ShownContract {
  readonly emaid: string;
  /** PEM, the contract certificate first; empty: the station has checked it itself. */
  readonly certificate: string;
  readonly hashes: readonly RevocationQuestion[];
}

export interface ContractCheckOptions {
  readonly ocsp: Pick<OcspClient, 'statusOf'>;
  readonly revocations: Revocations;
  /** Roots of mobility operators. */
  anchors(): Promise<readonly X509Certificate[]>;
  /** What becomes of a certificate nobody can say of whether it is revoked. */
  readonly unknownRevocation: 'refuse' | 'accept';
  now(): number;
}

const PROBLEMS: Readonly<Record<ChainProblem, ContractVerdict>> = {
  Malformed: { status: 'CertChainError', reason: 'the certificate is no chain of PEM' },
  NoRoot: { status: 'CertChainError', reason: 'the contract certificate leads to no root that is known' },
  SignatureWrong: { status: 'SignatureError', reason: 'a signature in the chain of the contract certificate is wrong' },
  Expired: { status: 'CertificateExpired', reason: 'a certificate of the chain has expired, or is not valid yet' },
};
const ACCEPTED: ContractVerdict = { status: 'Accepted', reason: '' };

/** Whether a contract certificate may be charged with. Source: OCPP 2.0.1 Part 2 C07 */
export class ContractCheck {
  constructor(private readonly options: ContractCheckOptions) {}

  async check(shown: ShownContract): Promise<ContractVerdict> {
    const { ocsp, anchors, now } = this.options;
    if (shown.certificate === '')
      return this.revocation(shown.hashes.map(({ id, urls }) => ({ serialNumber: id.serialNumber, ask: () => ocsp.statusOf(id, urls) })));
    const certificates = readPemChain(shown.certificate);
    if (certificates === undefined) return PROBLEMS.Malformed;
    const checked = checkChain(certificates, await anchors(), now());
    if ('problem' in checked) return PROBLEMS[checked.problem];
    const [contract] = checked.chain;
    if (contract === undefined || plainEmaid(commonNameOf(contract)) !== plainEmaid(shown.emaid))
      return { status: 'CertChainError', reason: 'the contract certificate is for another eMAID' };
    return this.revocation(this.questionsOf(checked, shown.hashes));
  }

  /** Of each certificate as the station tells it, else as the certificate does. The contract itself must have somebody to ask. */
  private questionsOf({ chain, issuers }: CheckedChain, hashes: ShownContract['hashes']): readonly Question[] {
    return chain.flatMap((certificate, i) => {
      const serialNumber = plainSerial(certificate.serialNumber);
      const told = hashes.find(({ id }) => id.serialNumber === serialNumber)?.urls ?? [];
      const issuer = issuers[i];
      const { responders, lists } = pointersOf(certificate);
      if (issuer === undefined || (i > 0 && told.length + responders.length + lists.length === 0)) return [];
      // By the issuer that signed, not by the one that the station says.
      return [{ serialNumber, ask: () => this.options.revocations.of(certificate, issuer, told) }];
    });
  }

  private async revocation(questions: readonly Question[]): Promise<ContractVerdict> {
    const { unknownRevocation } = this.options;
    const verdicts = await Promise.all(
      questions.map(async ({ serialNumber, ask }): Promise<ContractVerdict> => {
        try {
          const { status } = await ask();
          if (status === 'Good') return ACCEPTED;
          if (status === 'Revoked') return { status: 'CertificateRevoked', reason: `certificate ${serialNumber} is revoked` };
          return unknown(`its issuer does not know certificate ${serialNumber}`);
        } catch (error) {
          if (!(error instanceof RevocationUnknown)) throw error;
          return unknownRevocation === 'accept' ? ACCEPTED : unknown(error.message);
        }
      }),
    );
    return (
      verdicts.find(({ status }) => status === 'CertificateRevoked') ?? verdicts.find(({ status }) => status !== 'Accepted') ?? ACCEPTED
    );
  }
}

/** Whether one certificate is revoked. */
interface Question {
  readonly serialNumber: string;
  ask(): Promise<Pick<Revocation, 'status'>>;
}

const unknown = (why: string): ContractVerdict => ({ status: 'CertChainError', reason: `it is not known whether it is revoked: ${why}` });
