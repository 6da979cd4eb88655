import { type FaultSubcode, protocolError, SoapFault } from './fault.js';
import { ADDRESSING, ADDRESSING_2004, isAnonymous, SOAP_11, SOAP_12 } from './names.js';
import { parseXml, type XmlElement, XmlRefused } from './xml.js';

/** Characters of a message id that are kept; a UUID as a URN has 45. */
const MESSAGE_ID_LENGTH_MAX = 255;
const ADDRESS_LENGTH_MAX = 1_000;
const ROLES = new Set(['', `${SOAP_12}/role/next`, `${SOAP_12}/role/ultimateReceiver`]);

/** The WS-Addressing headers of a message; an address that is anonymous or missing is undefined. */
export interface Addressing {
  /** Namespace they were in. */
  readonly uri: string;
  readonly action: string | undefined;
  readonly messageId: string | undefined;
  readonly relatesTo: string | undefined;
  readonly from: string | undefined;
  readonly replyTo: string | undefined;
  readonly to: string | undefined;
  /** An address was there without its element. */
  readonly bare: boolean;
}

/** An envelope with its addressing read, whatever is in its body. */
export interface Envelope {
  readonly addressing: Addressing;
  readonly headers: readonly XmlElement[];
  /** The one element of the body. */
  readonly body: XmlElement;
}

/**
 * Reads a SOAP 1.2 envelope.
 *
 * @param understood whether a header that is not of WS-Addressing is understood
 * @throws {SoapFault} when it is none. Sources: SOAP 1.2 Part 1 §5, WS-Addressing 1.0 SOAP Binding
 */
export function readEnvelope(text: string, understood: (header: XmlElement) => boolean): Envelope {
  const root = documentOf(text);
  if (root.name !== 'Envelope') throw protocolError(`the document is <${root.name}>, not an Envelope`);
  if (root.uri !== SOAP_12) {
    const said = root.uri === SOAP_11 ? 'SOAP 1.1' : root.uri || 'no namespace';
    throw new SoapFault(undefined, `the envelope is of ${said}; OCPP speaks SOAP 1.2`, 'VersionMismatch');
  }
  const [header, body] = partsOf(root);
  for (const one of header?.children ?? []) {
    if (mustUnderstand(one) && !isAddressing(one) && !understood(one))
      throw new SoapFault(undefined, `the header {${one.uri}}${one.name} is not understood`, 'MustUnderstand');
  }
  if (body.children.length > 1) throw protocolError('the Body has more than one element');
  const content = body.children[0];
  if (content === undefined) throw protocolError('the Body is empty');
  const headers = header?.children ?? [];
  return { addressing: addressingOf(headers), headers, body: content };
}

/** The fault in a body, when it is one. */
export function faultIn(body: XmlElement): SoapFault | undefined {
  if (body.name !== 'Fault' || body.uri !== SOAP_12) return undefined;
  const code = child(body, 'Code');
  const value = localName(child(code, 'Value')?.text);
  const subcode = localName(child(child(code, 'Subcode'), 'Value')?.text);
  const reason = child(child(body, 'Reason'), 'Text')?.text.trim() ?? '';
  if (isSubcode(subcode)) return new SoapFault(subcode, reason);
  return new SoapFault(value === 'Receiver' ? 'InternalError' : undefined, [subcode, reason].filter(Boolean).join(': '));
}

function documentOf(text: string): XmlElement {
  try {
    return parseXml(text);
  } catch (error) {
    if (error instanceof XmlRefused) throw protocolError(error.message);
    throw error;
  }
}

function partsOf(root: XmlElement): readonly [header: XmlElement | undefined, body: XmlElement] {
  const parts = root.children.filter(({ uri }) => uri === SOAP_12);
  const header = parts.find(({ name }) => name === 'Header');
  const body = parts.find(({ name }) => name === 'Body');
  if (body === undefined) throw protocolError('the envelope has no Body');
  if (root.children.length > (header === undefined ? 1 : 2)) throw protocolError('the envelope has more than a Header and a Body');
  return [header, body];
}

function mustUnderstand(header: XmlElement): boolean {
  const soap = (name: string) => header.attributes.find((one) => one.uri === SOAP_12 && one.name === name)?.value.trim() ?? '';
  return (soap('mustUnderstand') === '1' || soap('mustUnderstand') === 'true') && ROLES.has(soap('role'));
}

const isAddressing = ({ uri }: XmlElement): boolean => uri === ADDRESSING || uri === ADDRESSING_2004;

function addressingOf(headers: readonly XmlElement[]): Addressing {
  const own = headers.filter(isAddressing);
  const one = (name: string): XmlElement | undefined => {
    const found = own.filter((header) => header.name === name);
    if (found.length > 1) throw protocolError(`there is more than one ${name} header`);
    return found[0];
  };
  const textOf = (name: string, lengthMax: number): string | undefined => bounded(name, one(name)?.text, lengthMax);
  const addressOf = (name: string): string | undefined => {
    const holder = one(name);
    const address = bounded(name, (child(holder, 'Address') ?? holder)?.text, ADDRESS_LENGTH_MAX);
    return address === undefined || isAnonymous(address) ? undefined : address;
  };
  return {
    uri: own[0]?.uri ?? ADDRESSING,
    action: textOf('Action', ADDRESS_LENGTH_MAX),
    messageId: textOf('MessageID', MESSAGE_ID_LENGTH_MAX),
    relatesTo: textOf('RelatesTo', MESSAGE_ID_LENGTH_MAX),
    from: addressOf('From'),
    replyTo: addressOf('ReplyTo'),
    to: textOf('To', ADDRESS_LENGTH_MAX),
    bare: ['From', 'ReplyTo'].some((name) => one(name)?.children.length === 0),
  };
}

function bounded(name: string, text: string | undefined, lengthMax: number): string | undefined {
  const trimmed = text?.trim();
  if (trimmed === undefined || trimmed === '') return undefined;
  if (trimmed.length > lengthMax) throw protocolError(`the ${name} header is longer than ${lengthMax} characters`);
  return trimmed;
}

/** A child of the same namespace. */
const child = (element: XmlElement | undefined, name: string): XmlElement | undefined =>
  element?.children.find((one) => one.name === name && one.uri === element.uri);

const localName = (qualified: string | undefined): string => (qualified ?? '').trim().replace(/^.*:/, '');

const SUBCODES: ReadonlySet<string> = new Set<FaultSubcode>([
  'SecurityError',
  'IdentityMismatch',
  'UrlMismatch',
  'ProtocolError',
  'InternalError',
  'NotSupported',
]);
const isSubcode = (text: string): text is FaultSubcode => SUBCODES.has(text);
