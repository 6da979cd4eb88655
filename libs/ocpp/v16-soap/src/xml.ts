import { SaxesParser } from 'saxes';

/** An element with its namespaces resolved. */
export interface XmlElement {
  /** Name without prefix. */
  readonly name: string;
  /** Namespace; empty: none. */
  readonly uri: string;
  readonly attributes: readonly XmlAttribute[];
  readonly children: readonly XmlElement[];
  /** All character data directly in it. */
  readonly text: string;
}

export interface XmlAttribute {
  readonly name: string;
  readonly uri: string;
  readonly value: string;
}

/** Why a document was not read. `message` is for the sender. */
export class XmlRefused extends Error {
  override readonly name = 'XmlRefused';
}

/** What bounds a document beside its bytes. */
export const XML_LIMITS = {
  /** The deepest message has 7; security headers some more. */
  depth: 32,
  /** A StopTransaction with 1 000 readings of 3 values each has some 20 000. */
  elements: 50_000,
  attributesPerElement: 32,
} as const;

interface Open {
  name: string;
  uri: string;
  attributes: XmlAttribute[];
  children: XmlElement[];
  text: string;
}

/**
 * Reads a document. A DOCTYPE is refused and with it every entity but the five of XML, so that neither entity bombs nor external entities
 * exist. Source: SOAP 1.2 Part 1 §5 (no document type declaration, no processing instructions)
 *
 * @throws {XmlRefused} when it is not well-formed, breaks a limit or has what SOAP forbids
 */
export function parseXml(text: string): XmlElement {
  const parser = new SaxesParser<{ xmlns: true }>({ xmlns: true });
  const open: Open[] = [];
  let root: XmlElement | undefined;
  let elements = 0;
  parser.on('error', ({ message }) => {
    throw new XmlRefused(`not well-formed XML: ${message}`);
  });
  parser.on('doctype', () => {
    throw new XmlRefused('a DOCTYPE is not allowed');
  });
  parser.on('processinginstruction', () => {
    throw new XmlRefused('processing instructions are not allowed');
  });
  parser.on('opentag', (tag) => {
    elements += 1;
    if (elements > XML_LIMITS.elements) throw new XmlRefused(`more than ${XML_LIMITS.elements} elements`);
    if (open.length >= XML_LIMITS.depth) throw new XmlRefused(`elements nested deeper than ${XML_LIMITS.depth}`);
    const attributes = Object.values(tag.attributes).map(({ local, uri, value }) => ({ name: local, uri, value }));
    if (attributes.length > XML_LIMITS.attributesPerElement)
      throw new XmlRefused(`more than ${XML_LIMITS.attributesPerElement} attributes on an element`);
    const element: Open = { name: tag.local, uri: tag.uri, attributes, children: [], text: '' };
    open.at(-1)?.children.push(element);
    open.push(element);
  });
  parser.on('closetag', () => {
    root = open.pop();
  });
  const addText = (characters: string): void => {
    const element = open.at(-1);
    if (element !== undefined) element.text += characters;
  };
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.write(text).close();
  if (root === undefined) throw new XmlRefused('there is no element');
  return root;
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;', '\r': '&#13;' };
/** What XML 1.0 has no way to say. */
const UNSAYABLE = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

/** Text as XML says it; characters that XML cannot carry are left out. */
export const escaped = (text: string): string => text.replace(UNSAYABLE, '').replace(/[&<>"'\r]/g, (character) => ESCAPES[character] ?? '');
