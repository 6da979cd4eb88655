import type { ExiElement, ExiValue } from '../exi/element.js';

/** Of which namespace an element is, where it is not the body's. */
const PREFIXES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({
    m: 'V2G_Message Header Body',
    h: 'SessionID Notification',
    t: 'FaultCode FaultMsg Certificate SubCertificates RootCertificateID',
    d: 'Signature SignedInfo SignatureValue CanonicalizationMethod SignatureMethod Reference Transforms Transform DigestMethod DigestValue X509IssuerName X509SerialNumber',
  }).flatMap(([prefix, names]) => names.split(' ').map((name) => [name, prefix])),
);
const NAMESPACES =
  ' xmlns:m="urn:iso:15118:2:2013:MsgDef" xmlns:h="urn:iso:15118:2:2013:MsgHeader" xmlns:b="urn:iso:15118:2:2013:MsgBody"' +
  ' xmlns:t="urn:iso:15118:2:2013:MsgDataTypes" xmlns:d="http://www.w3.org/2000/09/xmldsig#"';

/** An element as XML, to compare it with what another codec reads or to give it to one; without namespaces unless they are wanted. */
export function asXml(element: ExiElement, hasNamespaces = false): string {
  return render(element, hasNamespaces, hasNamespaces ? NAMESPACES : '');
}

function render({ name, attributes, children, value }: ExiElement, hasNamespaces: boolean, declared: string): string {
  const prefix = PREFIXES[name] ?? 'b';
  const tag = hasNamespaces ? `${prefix}:${name}` : name;
  const idPrefix = !hasNamespaces || prefix === 'd' ? '' : name.endsWith('Req') ? 'b:' : 't:';
  const said = Object.entries(attributes).map(([key, text]) => ` ${key === 'Id' ? idPrefix : ''}${key}="${escaped(text)}"`);
  const inner = value === undefined ? children.map((child) => render(child, hasNamespaces, '')).join('') : escaped(textOf(name, value));
  const head = `<${tag}${declared}${said.join('')}`;
  return inner === '' ? `${head}/>` : `${head}>${inner}</${tag}>`;
}

function textOf(name: string, value: ExiValue): string {
  if (!Buffer.isBuffer(value)) return String(value);
  return name === 'SessionID' ? value.toString('hex').toUpperCase() : value.toString('base64');
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
