import { withoutSignatures } from '@voltlog/connection-contract';

export const MASK = '***';

/** Fields whose value is nobody's business: tokens, keys, certificates. Sources: OCPP 1.6 §6, Security Whitepaper, OCPP 2.1 Part 2 §2. */
const SECRET_FIELD =
  /"(idTag|parentIdTag|idToken|additionalIdToken|hashIdTag|certificate|certificateChain|csr|signingCertificate|exiRequest|exiResponse|ocspResult|password|basicAuthPassword|apnPassword|apnUserName|customerIdentifier|user|key)"(\s*:\s*)(?:"(?:[^"\\]|\\.)*(?:"|\\?$)|\d[\d.]*)/g;
/** `key` is a secret in VPN and network profiles and a name in 1.6's configuration. */
const CONFIGURATION_FRAME = /"(?:GetConfiguration|ChangeConfiguration)"|"configurationKey"|"unknownKey"/;
/** Where the secret is named beside its value: 1.6 `AuthorizationKey`, 2.x `BasicAuthPassword`. */
const NAMED_SECRET = /AuthorizationKey|BasicAuthPassword|Password/;
const NAMED_VALUE = /"(value|attributeValue)"(\s*:\s*)"(?:[^"\\]|\\.)*(?:"|\\?$)/g;

/** The same over SOAP, whatever the prefix; text of an element is what follows it, in CDATA or not. */
const XML_TEXT = String.raw`(?:<!\[CDATA\[[\s\S]*?(?:\]\]>|$)|[^<])*`;
const SECRET_ELEMENT = new RegExp(String.raw`<((?:[\w.-]+:)?(?:idTag|parentIdTag|password))(\s[^>]*)?>${XML_TEXT}`, 'gi');
/** An address in a header may carry the password of basic authentication. */
const URL_CREDENTIALS = /\/\/[^\s/@<]{1,255}@/g;
const VALUE_ELEMENT = new RegExp(String.raw`<((?:[\w.-]+:)?value)(\s[^>]*)?>${XML_TEXT}`, 'gi');

/** What a station tells of a customer, free text. Source: OCPP 2.0.1 Part 2 N09. */
const CUSTOMER_FRAME = /"NotifyCustomerInformation"/;
const CUSTOMER_DATA = /"(data)"(\s*:\s*)"(?:[^"\\]|\\.)*(?:"|\\?$)/g;

/** Plug & Charge in 1.6: a message within a text. */
const FRAME_WITHIN = /\\"(?:idToken|certificate|certificateChain|csr|exiRequest|exiResponse|ocspResult)\\"/;

/**
 * Nothing of the above without one of these parts of names. Meter values are most frames and hold none: that is seen seven times faster by one
 * expression of parts that hardly begin like anything there than by looking for one name after another.
 */
const MARK = /Tag|Token|ficate|csr|xiRe|spResult|word|tionKey|UserName|merI|user"|key"/;

/**
 * A frame's text without the values that must not be kept.
 *
 * A text with `\u` escapes is read and written anew first, so that an escaped field name does not slip through.
 * What breaks off within a value (a torn frame, a long one that is cut) is masked to its end.
 */
export function masked(text: string): string {
  if (text.trimStart().startsWith('<')) return maskedXml(text);
  const plain = withoutSignatures(text.includes('\\u') ? rewritten(text) : text);
  if (!MARK.test(plain)) return plain;
  const configuration = CONFIGURATION_FRAME.test(plain);
  const fields = plain.replace(SECRET_FIELD, (whole, name: string, colon: string) =>
    name === 'key' && configuration ? whole : `"${name}"${colon}"${MASK}"`,
  );
  const named = NAMED_SECRET.test(plain) ? fields.replace(NAMED_VALUE, `"$1"$2"${MASK}"`) : fields;
  return CUSTOMER_FRAME.test(plain) || FRAME_WITHIN.test(plain) ? named.replace(CUSTOMER_DATA, `"$1"$2"${MASK}"`) : named;
}

/** An element that is empty stays so. A name beside a value may be written as character references: then every value is masked. */
function maskedXml(text: string): string {
  const hide = (_: string, name: string, attributes = ''): string =>
    attributes.endsWith('/') ? `<${name}${attributes}>` : `<${name}${attributes}>${MASK}`;
  const fields = withoutSignatures(text).replace(SECRET_ELEMENT, hide).replace(URL_CREDENTIALS, `//${MASK}@`);
  return NAMED_SECRET.test(text) || text.includes('&#') ? fields.replace(VALUE_ELEMENT, hide) : fields;
}

function rewritten(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return MASK;
  }
}
