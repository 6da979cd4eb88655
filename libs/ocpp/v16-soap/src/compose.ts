import { fromWords16, shapeOf } from './editions.js';
import type { SoapFault } from './fault.js';
import { ADDRESSING, type Edition, namespaceOf, type Service, SOAP_12 } from './names.js';
import { type Payload, toXml } from './payload.js';
import { escaped } from './xml.js';

/** What an answer says of the request it belongs to. */
export interface ReplyHeaders {
  readonly service: Service;
  readonly edition: Edition;
  /** Namespace of the addressing headers, as the request had it. */
  readonly addressing?: string;
  readonly messageId: string;
  readonly relatesTo: string | undefined;
  /** Whom it is for, where the station takes only what names it (see `bareAddress`); else the way back says that. */
  readonly addressee?: { readonly chargeBoxIdentity: string; readonly to: string };
}

/** What a request of ours says beside its payload. */
export interface RequestHeaders {
  readonly service: Service;
  readonly edition: Edition;
  readonly messageId: string;
  readonly chargeBoxIdentity: string;
  /** Where it goes. */
  readonly to: string;
  /** Where the sender can be called; empty: nowhere but on the way back. */
  readonly from: string;
}

/** @returns the media type of a message, with its action. Source: SOAP 1.2 Part 2, appendix A */
export const contentTypeOf = (action: string): string => `application/soap+xml; charset=utf-8; action="/${action}"`;

/** The answer to a request, its payload in the words of OCPP-J 1.6 and checked. */
export function writeResponse(action: string, payload: object, reply: ReplyHeaders): string {
  const message = `${action}Response`;
  return envelope(reply, replyHeaders(`/${message}`, reply), messageXml(message, reply.edition, payload));
}

/** A request, its payload in the words of OCPP-J 1.6 and checked. */
export function writeRequest(action: string, payload: object, request: RequestHeaders): string {
  const { chargeBoxIdentity, messageId, to, from } = request;
  const anonymous = `${ADDRESSING}/anonymous`;
  const headers =
    `<o:chargeBoxIdentity s:mustUnderstand="true">${escaped(chargeBoxIdentity)}</o:chargeBoxIdentity>` +
    `<a:MessageID>${escaped(messageId)}</a:MessageID>` +
    `<a:From><a:Address>${escaped(from || anonymous)}</a:Address></a:From>` +
    `<a:ReplyTo><a:Address>${anonymous}</a:Address></a:ReplyTo>` +
    `<a:To s:mustUnderstand="true">${escaped(to)}</a:To>` +
    `<a:Action s:mustUnderstand="true">/${action}</a:Action>`;
  return envelope(request, headers, messageXml(`${action}Request`, request.edition, payload));
}

/** A fault as the answer to a request. Source: SOAP 1.2 Part 1 §5.4 */
export function writeFault(fault: SoapFault, reply: ReplyHeaders): string {
  const subcode = fault.subcode === undefined ? '' : `<s:Subcode><s:Value>o:${fault.subcode}</s:Value></s:Subcode>`;
  const body =
    `<s:Fault><s:Code><s:Value>s:${fault.code}</s:Value>${subcode}</s:Code>` +
    `<s:Reason><s:Text xml:lang="en">${escaped(fault.message)}</s:Text></s:Reason></s:Fault>`;
  return envelope(reply, replyHeaders(`${ADDRESSING}/fault`, reply), body);
}

function replyHeaders(action: string, { addressing = ADDRESSING, messageId, relatesTo, addressee }: ReplyHeaders): string {
  const identity = addressee === undefined ? '' : `<o:chargeBoxIdentity>${escaped(addressee.chargeBoxIdentity)}</o:chargeBoxIdentity>`;
  return (
    `${identity}<a:Action>${escaped(action)}</a:Action><a:MessageID>${escaped(messageId)}</a:MessageID>` +
    `<a:To>${escaped(addressee?.to ?? anonymousOf(addressing))}</a:To>${relatesTo === undefined ? '' : `<a:RelatesTo>${escaped(relatesTo)}</a:RelatesTo>`}`
  );
}

const anonymousOf = (addressing: string): string => `${addressing}${addressing === ADDRESSING ? '' : '/role'}/anonymous`;

function messageXml(message: string, edition: Edition, payload: object): string {
  const tag = message.charAt(0).toLowerCase() + message.slice(1);
  const fields = toXml(fromWords16(edition, message, payload as Payload), shapeOf(edition, message), 'o');
  return fields === '' ? `<o:${tag}/>` : `<o:${tag}>${fields}</o:${tag}>`;
}

const envelope = (
  { service, edition, addressing = ADDRESSING }: Pick<ReplyHeaders, 'service' | 'edition' | 'addressing'>,
  header: string,
  body: string,
): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<s:Envelope xmlns:s="${SOAP_12}" xmlns:a="${addressing}" xmlns:o="${namespaceOf(service, edition)}">` +
  `<s:Header>${header}</s:Header><s:Body>${body}</s:Body></s:Envelope>`;
