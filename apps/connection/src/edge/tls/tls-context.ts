import { constants } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { OperatingError } from '@voltlog/kernel';

/**
 * The suites that OCPP names, those of TLS 1.3 first: ECDHE with either kind of certificate, and plain RSA for stations that can do no
 * better. Sources: OCPP 2.0.1 Part 2 A00.FR.317, A00.FR.318, OCPP 1.6 Security Whitepaper §3.4.
 */
export const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'AES128-GCM-SHA256',
  'AES256-GCM-SHA384',
].join(':');

/** What a listener shows and whom it trusts, all PEM. */
export interface TlsMaterial {
  /** Chains, the server's own certificate first; several where there is one of ECDSA and one of RSA. */
  readonly certificates: readonly string[];
  /** In the order of the certificates. */
  readonly keys: readonly string[];
  /** Roots of client certificates; undefined: none is asked for. */
  readonly clientRoots?: string;
}

/**
 * TLS 1.2 and 1.3 alone, no compression (A00.FR.319), no renegotiation. A listener that asks for certificates resumes no session: what a
 * station is trusted for is looked at anew each time.
 *
 * @throws {OperatingError} `TlsMaterial` when it does not make a context: not PEM, or a key that is not the certificate's
 */
export function secureContextOptions(material: TlsMaterial): SecureContextOptions {
  const options: SecureContextOptions = {
    cert: [...material.certificates],
    key: [...material.keys],
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    ciphers: CIPHERS,
    honorCipherOrder: true,
    secureOptions:
      constants.SSL_OP_NO_COMPRESSION |
      constants.SSL_OP_NO_RENEGOTIATION |
      (material.clientRoots === undefined ? 0 : constants.SSL_OP_NO_TICKET),
    ...(material.clientRoots === undefined ? {} : { ca: material.clientRoots }),
  };
  try {
    createSecureContext(options);
  } catch (error) {
    throw new OperatingError('TlsMaterial', `the certificate, its key or the roots cannot be used: ${wordsOf(error)}`, { cause: error });
  }
  return options;
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
