import type { IncomingMessage } from 'node:http';
import { type DetailedPeerCertificate, type PeerCertificate, TLSSocket } from 'node:tls';
import { type ClientCertificate, type Link, PLAIN, TLS } from '../../access/link.js';

/** The certificate as the gate needs it; a name that is there several times is none. */
export const toClientCertificate = (
  { subject, serialNumber, fingerprint256 }: PeerCertificate,
  detailed: () => DetailedPeerCertificate,
): ClientCertificate => ({
  commonName: single(subject.CN),
  organization: single(subject.O),
  serialNumber: normalSerial(serialNumber),
  fingerprint: fingerprint256,
  // Read from the socket when it is wanted: a connection that lives long keeps no copy.
  der: () => {
    const { raw, issuerCertificate } = detailed();
    return { certificate: raw, issuer: issuerCertificate?.raw };
  },
});

/** A serial number as hexadecimal in lower case without leading zeros, however it was written. */
export const normalSerial = (serialNumber: string): string =>
  serialNumber
    .replaceAll(':', '')
    .replace(/^0+(?=.)/, '')
    .toLowerCase();

/** How the request came. On a TLS listener that asks for certificates nobody gets here without a good one. */
export function linkOf(request: IncomingMessage): Link {
  const { socket } = request;
  if (!(socket instanceof TLSSocket)) return PLAIN;
  const certificate = socket.getPeerCertificate();
  // An empty object where none was asked for.
  return socket.authorized && certificate.subject !== undefined
    ? { kind: 'mutual', certificate: toClientCertificate(certificate, () => socket.getPeerCertificate(true)) }
    : TLS;
}

const single = (name: string | readonly string[] | undefined): string | undefined => (typeof name === 'string' ? name : undefined);
