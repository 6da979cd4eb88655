import { type DataTransferRequest, dataTransfer } from '../data-transfer.js';
import type { Route } from '../route.js';
import { signCertificate } from '../sign-certificate.js';
import { authorize, certificateStatusOf } from '../v2/authorize.js';
import { getCertificateStatus } from '../v2/certificate-status.js';
import { getEvCertificate } from '../v2/ev-certificate.js';
import { idTagInfo } from './id-tag-info.js';

/** Whose messages carry Plug & Charge in 1.6. Source: OCA Application Note "Using ISO 15118 Plug & Charge with OCPP 1.6" */
export const PNC_VENDOR = 'org.openchargealliance.iso15118pnc';

type AnyRoute = Route<unknown>;

interface Message {
  readonly route: AnyRoute;
  /** undefined: what came is not what the message must be. */
  read(data: Readonly<Record<string, unknown>>): object | undefined;
}

/** Each is 2.0.1's message of the same name, in JSON as text. */
const MESSAGES: Readonly<Partial<Record<string, Message>>> = {
  Authorize: {
    // The token is told in 1.6's words.
    route: {
      ...authorize,
      toResponse: (_request, _context, answer) => ({ idTokenInfo: { status: idTagInfo(answer).status }, ...certificateStatusOf(answer) }),
    } as AnyRoute,
    read({ idToken, certificate, iso15118CertificateHashData: hashes }) {
      // The note has the text alone; stations are known to send 2.0.1's object.
      const id = isRecord(idToken) ? idToken['idToken'] : idToken;
      if (!isText(id, 36) || id === '' || !isOptionalText(certificate, 5_500)) return undefined;
      if (hashes !== undefined && !(Array.isArray(hashes) && hashes.length <= 4 && hashes.every(isOcspData))) return undefined;
      return {
        idToken: { idToken: id, type: 'eMAID' },
        ...(certificate === undefined ? {} : { certificate }),
        ...(hashes === undefined ? {} : { iso15118CertificateHashData: hashes }),
      };
    },
  },
  GetCertificateStatus: {
    route: getCertificateStatus as AnyRoute,
    read: ({ ocspRequestData }) => (isOcspData(ocspRequestData) ? { ocspRequestData } : undefined),
  },
  Get15118EVCertificate: {
    route: getEvCertificate as AnyRoute,
    read: ({ iso15118SchemaVersion, action, exiRequest }) =>
      isText(iso15118SchemaVersion, 50) && (action === 'Install' || action === 'Update') && isText(exiRequest, 5_600)
        ? { iso15118SchemaVersion, action, exiRequest }
        : undefined,
  },
  SignCertificate: {
    route: signCertificate as AnyRoute,
    read: ({ csr, certificateType }) =>
      isText(csr, 5_500) && isOptionalText(certificateType, 50) ? { csr, certificateType: certificateType ?? 'V2GCertificate' } : undefined,
  },
};

type Read = { readonly route: AnyRoute; readonly request: object } | { readonly refusal: 'Rejected' | 'UnknownMessageId' };

/** By the request: its parts are asked for one after another. */
const read = new WeakMap<DataTransferRequest, Read>();

function readOnce(request: DataTransferRequest): Read {
  let known = read.get(request);
  if (known === undefined) read.set(request, (known = readMessage(request)));
  return known;
}

function readMessage({ messageId = '', data }: DataTransferRequest): Read {
  const message = MESSAGES[messageId];
  if (message === undefined) return { refusal: 'UnknownMessageId' };
  const request = message.read(parsed(data));
  return request === undefined ? { refusal: 'Rejected' } : { route: message.route, request };
}

/** A DataTransfer of 1.6: of Plug & Charge the message within, of any other vendor what 2.x does too. */
export const dataTransfer16: Route<DataTransferRequest> = {
  ...dataTransfer,
  question: (request, context) => within(request, ({ route, request: inner }) => route.question?.(inner, context)),
  toFacts: (request, context, answer) =>
    within(request, ({ route, request: inner }) => route.toFacts(inner, context, answer)) ?? dataTransfer.toFacts(request, context, answer),
  inquiry(request, context) {
    if (request.vendorId !== PNC_VENDOR) return dataTransfer.inquiry?.(request, context);
    return within(request, ({ route, request: inner }) => route.inquiry?.(inner, context));
  },
  toResponse(request, context, answer, finding) {
    if (request.vendorId !== PNC_VENDOR) return dataTransfer.toResponse(request, context, answer, finding);
    const known = readOnce(request);
    if ('refusal' in known) return { status: known.refusal };
    return { status: 'Accepted', data: JSON.stringify(known.route.toResponse(known.request, context, answer, finding)) };
  },
};

function within<T>(request: DataTransferRequest, use: (known: Extract<Read, { route: AnyRoute }>) => T): T | undefined {
  if (request.vendorId !== PNC_VENDOR) return undefined;
  const known = readOnce(request);
  return 'refusal' in known ? undefined : use(known);
}

function parsed(data: unknown): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = typeof data === 'string' ? JSON.parse(data) : data;
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown, max: number): value is string => typeof value === 'string' && value.length <= max;
const isOptionalText = (value: unknown, max: number): value is string | undefined => value === undefined || isText(value, max);
const isOcspData = (value: unknown): boolean =>
  isRecord(value) &&
  isText(value['hashAlgorithm'], 20) &&
  isText(value['issuerNameHash'], 128) &&
  isText(value['issuerKeyHash'], 128) &&
  isText(value['serialNumber'], 40) &&
  isText(value['responderURL'], 512);
