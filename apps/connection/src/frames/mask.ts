const MASK = '***';

/** Fields whose value is nobody's business: tokens, keys, certificates. Sources: OCPP 1.6 §6, Security Whitepaper, OCPP 2.1 Part 2 §2. */
const SECRET_FIELD =
  /"(idTag|parentIdTag|idToken|additionalIdToken|hashIdTag|certificate|certificateChain|csr|signingCertificate|exiRequest|exiResponse|ocspResult|password|basicAuthPassword|apnPassword|apnUserName|user|key)"(\s*:\s*)(?:"(?:[^"\\]|\\.)*(?:"|\\?$)|\d[\d.]*)/g;
/** `key` is a secret in VPN and network profiles and a name in 1.6's configuration. */
const CONFIGURATION_FRAME = /"(?:GetConfiguration|ChangeConfiguration)"|"configurationKey"|"unknownKey"/;
/** Where the secret is named beside its value: 1.6 `AuthorizationKey`, 2.x `BasicAuthPassword`. */
const NAMED_SECRET = /AuthorizationKey|BasicAuthPassword|Password/;
const NAMED_VALUE = /"(value|attributeValue)"(\s*:\s*)"(?:[^"\\]|\\.)*(?:"|\\?$)/g;

/** Nothing of the above without one of these; `includes` is some ten times faster than the expressions, and meter values are most frames. */
const MARKS = ['dT', 'ertif', 'csr', 'exi', 'ocsp', 'assword', 'AuthorizationKey', 'apn', '"user"', '"key"'] as const;

/**
 * A frame's text without the values that must not be kept.
 *
 * A text with `\u` escapes is read and written anew first, so that an escaped field name does not slip through.
 * What breaks off within a value (a torn frame, a long one that is cut) is masked to its end.
 */
export function masked(text: string): string {
  const plain = text.includes('\\u') ? rewritten(text) : text;
  if (!MARKS.some((mark) => plain.includes(mark))) return plain;
  const configuration = CONFIGURATION_FRAME.test(plain);
  const fields = plain.replace(SECRET_FIELD, (whole, name: string, colon: string) =>
    name === 'key' && configuration ? whole : `"${name}"${colon}"${MASK}"`,
  );
  return NAMED_SECRET.test(plain) ? fields.replace(NAMED_VALUE, `"$1"$2"${MASK}"`) : fields;
}

function rewritten(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return MASK;
  }
}
