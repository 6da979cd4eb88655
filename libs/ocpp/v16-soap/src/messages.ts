import { actionsOf, hasAction, shapeOf, toWords16 } from './editions.js';
import { type Addressing, type Envelope, faultIn, readEnvelope } from './envelope.js';
import { protocolError, SoapFault } from './fault.js';
import { ADDRESSING_2004, type Edition, namespaceNamed, type Service } from './names.js';
import { type Payload, toPayload } from './payload.js';
import type { XmlElement } from './xml.js';

/** What HTTP says about the message beside its envelope. */
export interface HttpHints {
  /** Header `SOAPAction` (SOAP 1.1). */
  readonly soapAction?: string | undefined;
  readonly contentType?: string | undefined;
}

/**
 * Where a message departed from the specification and was read all the same:
 * - `actionMissing`: no `wsa:Action`; it is the one of the HTTP header, or the name of the message
 * - `actionForm`: an Action without its slash, as a whole URI, or named like the request
 * - `addressing2004`: WS-Addressing of 2004, as the first plug-in of gSOAP speaks it
 * - `bareAddress`: `<wsa:From>` that holds the address itself (Maven's eu.chargetime.ocpp:v1_6 1.1.0); that library takes only answers that name
 *   the station and its address, so they do
 * - `capitalizedMessage`: `BootNotificationRequest` instead of `bootNotificationRequest`
 * - `emptyField`: `<timestamp/>` for "not told", where the field is no free text
 * - `identityNamespace`: `chargeBoxIdentity` in another namespace than the message, or in none
 * - `messageIdMissing`: no `wsa:MessageID`
 * - `namespaceSpelling`: a namespace with other capitals, or without the slash at its end
 * - `nilField`: `xsi:nil` for "not told"
 * - `serviceNamespace`: a message in the namespace of the other service (Maven's eu.chargetime.ocpp:v1_6 1.1.0); answered in the same
 * - `unqualifiedFields`: fields in no namespace
 */
export type Tolerance =
  | 'actionMissing'
  | 'actionForm'
  | 'addressing2004'
  | 'bareAddress'
  | 'capitalizedMessage'
  | 'emptyField'
  | 'identityNamespace'
  | 'messageIdMissing'
  | 'namespaceSpelling'
  | 'nilField'
  | 'serviceNamespace'
  | 'unqualifiedFields';

/** A request over SOAP, in the words of OCPP-J 1.6. Its payload has not been checked against its schema. */
export interface SoapRequest {
  readonly edition: Edition;
  /** In whose namespace it was, and the answer is to be. */
  readonly service: Service;
  readonly action: string;
  readonly payload: Payload;
  readonly chargeBoxIdentity: string;
  readonly addressing: Addressing;
  readonly tolerances: ReadonlySet<Tolerance>;
}

/** An answer over SOAP. */
export type SoapResponse =
  | { readonly kind: 'result'; readonly payload: Payload; readonly relatesTo: string | undefined }
  | { readonly kind: 'fault'; readonly fault: SoapFault; readonly relatesTo: string | undefined };

/**
 * Reads a request to one of the two services.
 *
 * @param service whose request it must be
 * @throws {SoapFault} ready to be sent back
 */
export function readRequest(text: string, service: Service, hints: HttpHints = {}): SoapRequest {
  const { addressing, headers, body } = readEnvelope(text, isIdentity);
  const tolerances = new Set<Tolerance>();
  const note = (tolerance: Tolerance) => void tolerances.add(tolerance);
  const named = namespaceNamed(body.uri);
  if (named === undefined) throw protocolError(`the message <${body.name}> is in the namespace "${body.uri}", which is none of OCPP`);
  if (named.misspelt) note('namespaceSpelling');
  if (named.service !== service) note('serviceNamespace');
  const { edition } = named;
  const action = actionOf(body, edition, service, note);
  checkAction(addressing, hints, action, note);
  const payload = toWords16(edition, `${action}Request`, toPayload(body, shapeOf(edition, `${action}Request`), note));
  if (addressing.messageId === undefined) note('messageIdMissing');
  if (addressing.bare) note('bareAddress');
  if (addressing.uri === ADDRESSING_2004) note('addressing2004');
  return {
    edition,
    service: named.service,
    action,
    payload,
    chargeBoxIdentity: identityOf(headers, body.uri, note),
    addressing,
    tolerances,
  };
}

/**
 * Reads the answer to a request of ours.
 *
 * @throws {SoapFault} when it is no answer to that request
 */
export function readResponse(text: string, service: Service, edition: Edition, action: string): SoapResponse {
  const { addressing, body }: Envelope = readEnvelope(text, isIdentity);
  const { relatesTo } = addressing;
  const fault = faultIn(body);
  if (fault !== undefined) return { kind: 'fault', fault, relatesTo };
  const named = namespaceNamed(body.uri);
  const expected = `${action}Response`;
  if (named?.service !== service || named.edition !== edition || !isNamed(body.name, action))
    throw protocolError(`<${body.name}> in "${body.uri}" is no answer to ${action}`);
  const payload = toPayload(body, shapeOf(edition, expected), () => {});
  return { kind: 'result', payload: toWords16(edition, expected, payload), relatesTo };
}

/** Maven's eu.chargetime.ocpp:v1_6 1.1.0 names some of its answers by their classes: `resetConfirmation`. */
const isNamed = (name: string, action: string): boolean =>
  [`${action}Response`, `${action}Confirmation`].some((expected) => decapitalized(name) === decapitalized(expected));

const decapitalized = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);
const capitalized = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

const isIdentity = (header: XmlElement): boolean =>
  header.name === 'chargeBoxIdentity' && (header.uri === '' || namespaceNamed(header.uri) !== undefined);

function actionOf(body: XmlElement, edition: Edition, service: Service, note: (tolerance: Tolerance) => void): string {
  const action = /^(.+)Request$/.exec(body.name)?.[1];
  if (action === undefined) throw protocolError(`<${body.name}> is no request`);
  if (capitalized(action) === action) note('capitalizedMessage');
  const known = capitalized(action);
  if (!hasAction(service, edition, known))
    throw new SoapFault('NotSupported', `${known} is not one of ${[...actionsOf(service, edition)].join(', ')}`);
  return known;
}

/** The action of the headers must be that of the body, where there is one. */
function checkAction(addressing: Addressing, hints: HttpHints, action: string, note: (tolerance: Tolerance) => void): void {
  const told = addressing.action ?? hintedAction(hints);
  if (addressing.action === undefined) note('actionMissing');
  if (told === undefined || told === `/${action}`) return;
  const bare = told.slice(told.lastIndexOf('/') + 1).replace(/Request$/, '');
  if (bare.toLowerCase() !== action.toLowerCase()) throw protocolError(`the Action is ${told}, the message is ${action}`);
  note('actionForm');
}

/** Content-Type `action` of SOAP 1.2, else `SOAPAction`. */
function hintedAction({ soapAction, contentType }: HttpHints): string | undefined {
  const parameter = /;\s*action\s*=\s*(?:"([^"]*)"|([^;\s]*))/i.exec(contentType ?? '');
  return parameter?.[1] || parameter?.[2] || soapAction?.replace(/^"(.*)"$/, '$1') || undefined;
}

function identityOf(headers: readonly XmlElement[], uri: string, note: (tolerance: Tolerance) => void): string {
  const found = headers.filter(isIdentity);
  if (found.length > 1) throw protocolError('there is more than one chargeBoxIdentity header');
  const identity = found[0]?.text.trim() ?? '';
  if (identity === '') throw new SoapFault('IdentityMismatch', 'the header chargeBoxIdentity is missing');
  if (found[0]?.uri !== uri) note('identityNamespace');
  return identity;
}
