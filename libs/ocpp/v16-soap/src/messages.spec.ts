import { describe, expect, it } from 'vitest';
import { readRequest, readResponse, SoapFault, type Tolerance, writeFault, writeResponse } from './index.js';
import { ACTION, type EnvelopeParts, envelopeOf, FROM, HEARTBEAT, IDENTITY, MESSAGE_ID } from './testing/envelopes.js';
import { XML_LIMITS } from './xml.js';

const read = (parts: EnvelopeParts = {}, hints = {}) => readRequest(envelopeOf(parts), 'cs', hints);

function faultOf(work: () => unknown): Pick<SoapFault, 'code' | 'subcode' | 'message'> {
  try {
    work();
  } catch (error) {
    if (error instanceof SoapFault) return { code: error.code, subcode: error.subcode, message: error.message };
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('a request over SOAP', () => {
  it('is read with its identity and addresses, and without a tolerance', () => {
    expect(read()).toEqual({
      edition: '1.6',
      service: 'cs',
      action: 'Heartbeat',
      payload: {},
      chargeBoxIdentity: 'CP1',
      addressing: {
        uri: 'http://www.w3.org/2005/08/addressing',
        action: '/Heartbeat',
        messageId: 'm1',
        relatesTo: undefined,
        from: 'http://10.1.2.3:8080/cp',
        replyTo: undefined,
        to: undefined,
        bare: false,
      },
      tolerances: new Set(),
    });
  });

  it('has numbers, truths, lists and texts with entities and CDATA in their JSON form', () => {
    const body = `<cs:stopTransactionRequest><cs:transactionId> +7 </cs:transactionId><cs:timestamp>2026-01-01T00:00:00Z</cs:timestamp>
      <cs:idTag>a&amp;b<![CDATA[<c>]]></cs:idTag><cs:meterStop>-12</cs:meterStop>
      <cs:transactionData><cs:timestamp>2026-01-01T00:00:00Z</cs:timestamp>
        <cs:sampledValue><cs:value>1.5</cs:value></cs:sampledValue><cs:sampledValue><cs:value>2</cs:value></cs:sampledValue>
      </cs:transactionData></cs:stopTransactionRequest>`;
    expect(read({ body, header: IDENTITY + MESSAGE_ID }).payload).toEqual({
      transactionId: 7,
      idTag: 'a&b<c>',
      timestamp: '2026-01-01T00:00:00Z',
      meterStop: -12,
      transactionData: [{ timestamp: '2026-01-01T00:00:00Z', sampledValue: [{ value: '1.5' }, { value: '2' }] }],
    });
  });

  it('keeps what the schema is to refuse: unknown and foreign fields, wrong numbers, and what is there too often', () => {
    const body = `<cs:stopTransactionRequest><cs:transactionId>0x7</cs:transactionId><cs:meterStop>1</cs:meterStop><cs:meterStop>2</cs:meterStop>
      <cs:__proto__>x</cs:__proto__><x:more xmlns:x="urn:x">1</x:more></cs:stopTransactionRequest>`;
    const { payload } = read({ body, header: IDENTITY + MESSAGE_ID });
    expect(payload).toEqual(
      Object.fromEntries([
        ['transactionId', '0x7'],
        ['meterStop', [1, 2]],
        ['__proto__', 'x'],
        ['{urn:x}more', '1'],
      ]),
    );
    expect(Object.getPrototypeOf(payload)).toBe(Object.prototype);
  });
});

describe('what is no OCPP request over SOAP', () => {
  const nested = (depth: number) => '<cs:a>'.repeat(depth) + '</cs:a>'.repeat(depth);
  const bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>';
  const external = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>';
  const payload = (inner: string) => ({ header: IDENTITY + MESSAGE_ID, body: `<cs:heartbeatRequest>${inner}</cs:heartbeatRequest>` });
  it.each<[string, EnvelopeParts, Partial<SoapFault>]>([
    ['an entity bomb', { before: bomb }, { subcode: 'ProtocolError', message: 'a DOCTYPE is not allowed' }],
    ['an external entity', { before: external }, { subcode: 'ProtocolError', message: 'a DOCTYPE is not allowed' }],
    ['an unknown entity', payload('&e;'), { subcode: 'ProtocolError' }],
    ['a processing instruction', { before: '<?xml-stylesheet href="x"?>' }, { message: 'processing instructions are not allowed' }],
    ['broken XML', { body: '<cs:heartbeatRequest>' }, { subcode: 'ProtocolError' }],
    ['an unbound prefix', { body: '<x:heartbeatRequest/>' }, { subcode: 'ProtocolError' }],
    ['deep nesting', payload(nested(XML_LIMITS.depth - 2)), { message: `elements nested deeper than ${XML_LIMITS.depth}` }],
    ['too many elements', payload('<cs:a/>'.repeat(XML_LIMITS.elements)), { message: `more than ${XML_LIMITS.elements} elements` }],
    [
      'too many attributes',
      payload(`<cs:a ${Array.from({ length: XML_LIMITS.attributesPerElement + 1 }, (_, n) => `a${n}=""`).join(' ')}/>`),
      { message: `more than ${XML_LIMITS.attributesPerElement} attributes on an element` },
    ],
    ['SOAP 1.1', { soap: 'http://schemas.xmlsoap.org/soap/envelope/' }, { code: 'VersionMismatch', subcode: undefined }],
    ['an envelope in no namespace of SOAP', { soap: 'urn:x' }, { code: 'VersionMismatch' }],
    ['an empty body', { body: '' }, { message: 'the Body is empty' }],
    ['two messages', { body: HEARTBEAT + HEARTBEAT }, { message: 'the Body has more than one element' }],
    ['a foreign namespace', { body: '<x:heartbeatRequest xmlns:x="urn:x"/>' }, { subcode: 'ProtocolError' }],
    ['no namespace', { body: '<heartbeatRequest/>' }, { subcode: 'ProtocolError' }],
    ['a message of the other service', { cs: 'urn://Ocpp/Cp/2015/10/', body: '<cs:resetRequest/>' }, { subcode: 'NotSupported' }],
    ['a response', { body: '<cs:heartbeatResponse/>' }, { message: '<heartbeatResponse> is no request' }],
    ['an unknown message', { body: '<cs:fooRequest/>' }, { code: 'Receiver', subcode: 'NotSupported' }],
    ['a message that SOAP does not have', { body: '<cs:signCertificateRequest/>' }, { subcode: 'NotSupported' }],
    ['another action', { header: `${IDENTITY}<wsa:Action>/Authorize</wsa:Action>` }, { subcode: 'ProtocolError' }],
    ['no identity', { header: ACTION + MESSAGE_ID }, { code: 'Sender', subcode: 'IdentityMismatch' }],
    ['an empty identity', { header: `<cs:chargeBoxIdentity> </cs:chargeBoxIdentity>${ACTION}` }, { subcode: 'IdentityMismatch' }],
    ['two identities', { header: IDENTITY + IDENTITY + ACTION }, { subcode: 'ProtocolError' }],
    ['two message ids', { header: IDENTITY + MESSAGE_ID + MESSAGE_ID }, { message: 'there is more than one MessageID header' }],
    ['an endless message id', { header: `${IDENTITY}<wsa:MessageID>${'x'.repeat(256)}</wsa:MessageID>` }, { subcode: 'ProtocolError' }],
    [
      'a header that must be understood and is not',
      { header: `${IDENTITY}<x:Security xmlns:x="urn:x" SOAP-ENV:mustUnderstand="1"/>` },
      { code: 'MustUnderstand', message: 'the header {urn:x}Security is not understood' },
    ],
  ])('%s is refused', (_, parts, fault) => {
    expect(faultOf(() => read(parts))).toMatchObject(fault);
  });

  it.each([
    ['nesting', payload(nested(XML_LIMITS.depth - 3))],
    ['a header for another node', { header: `${IDENTITY}<x:S xmlns:x="urn:x" SOAP-ENV:mustUnderstand="1" SOAP-ENV:role="urn:proxy"/>` }],
    ['a header that need not be understood', { header: `${IDENTITY}<x:S xmlns:x="urn:x"/>` }],
    ['a long message id', { header: `${IDENTITY}<wsa:MessageID>${'x'.repeat(255)}</wsa:MessageID>` }],
  ])('%s at its limit is read', (_, parts) => {
    expect(read(parts).action).toBe('Heartbeat');
  });
});

describe('tolerances', () => {
  const tolerances = (parts: EnvelopeParts, hints = {}): Tolerance[] => [...read(parts, hints).tolerances].sort();
  const withAction = (action: string) => ({ header: `${IDENTITY}${MESSAGE_ID}<wsa:Action>${action}</wsa:Action>` });
  const boot = (fields: string) => ({
    header: IDENTITY + MESSAGE_ID,
    body: `<cs:statusNotificationRequest>${fields}</cs:statusNotificationRequest>`,
  });

  it('actionMissing: the action of the HTTP headers counts, or the name of the message', () => {
    const header = { header: IDENTITY + MESSAGE_ID };
    expect(tolerances(header)).toEqual(['actionMissing']);
    expect(tolerances(header, { soapAction: '"/Heartbeat"' })).toEqual(['actionMissing']);
    expect(tolerances(header, { contentType: 'application/soap+xml; action="/Heartbeat"' })).toEqual(['actionMissing']);
    expect(faultOf(() => read(header, { soapAction: '"/Authorize"' })).subcode).toBe('ProtocolError');
    expect(faultOf(() => read(header, { contentType: 'application/soap+xml;action=/Authorize' })).subcode).toBe('ProtocolError');
  });

  it.each(['Heartbeat', 'urn://Ocpp/Cs/2015/10/Heartbeat', '/heartbeat', 'HeartbeatRequest'])('actionForm: %s', (action) => {
    expect(tolerances(withAction(action))).toEqual(['actionForm']);
  });

  it('messageIdMissing', () => {
    expect(tolerances({ header: IDENTITY + ACTION })).toEqual(['messageIdMissing']);
  });

  it('addressing2004', () => {
    const wsa = 'http://schemas.xmlsoap.org/ws/2004/08/addressing';
    expect(tolerances({ wsa })).toEqual(['addressing2004']);
    expect(read({ wsa }).addressing).toMatchObject({ messageId: 'm1', from: 'http://10.1.2.3:8080/cp' });
  });

  it('bareAddress', () => {
    const parts = { header: `${IDENTITY}${ACTION}${MESSAGE_ID}<wsa:From>http://10.1.2.3/</wsa:From>` };
    expect(tolerances(parts)).toEqual(['bareAddress']);
    expect(read(parts).addressing.from).toBe('http://10.1.2.3/');
    const addressee = { chargeBoxIdentity: 'CP1', to: 'http://10.1.2.3/' };
    const reply = { service: 'cs', edition: '1.6', messageId: 'm2', relatesTo: 'm1', addressee } as const;
    const answer = writeResponse('Heartbeat', { currentTime: 't' }, reply);
    expect(answer).toContain('<o:chargeBoxIdentity>CP1</o:chargeBoxIdentity>');
    expect(answer).toContain('<a:To>http://10.1.2.3/</a:To>');
  });

  it('serviceNamespace: the answer is in the namespace that the station used', () => {
    const parts = { cs: 'urn://Ocpp/Cp/2015/10/' };
    expect(tolerances(parts)).toEqual(['serviceNamespace']);
    expect(read(parts).service).toBe('cp');
  });

  it('capitalizedMessage', () => {
    expect(tolerances({ body: '<cs:HeartbeatRequest/>' })).toEqual(['capitalizedMessage']);
  });

  it.each(['urn://Ocpp/Cs/2015/10', 'urn://ocpp/cs/2015/10/'])('namespaceSpelling: %s', (cs) => {
    expect(tolerances({ cs })).toEqual(['namespaceSpelling']);
  });

  it.each([
    '<chargeBoxIdentity>CP1</chargeBoxIdentity>',
    '<p:chargeBoxIdentity xmlns:p="urn://Ocpp/Cp/2015/10/">CP1</p:chargeBoxIdentity>',
  ])('identityNamespace: %s', (identity) => {
    const parts = { header: identity + ACTION + MESSAGE_ID };
    expect(tolerances(parts)).toEqual(['identityNamespace']);
    expect(read(parts).chargeBoxIdentity).toBe('CP1');
  });

  it('unqualifiedFields', () => {
    const parts = boot('<connectorId>1</connectorId>');
    expect(tolerances(parts)).toEqual(['actionMissing', 'unqualifiedFields']);
    expect(read(parts).payload).toEqual({ connectorId: 1 });
  });

  it('nilField and emptyField are not told; an empty text is one', () => {
    const nil = '<cs:info xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/>';
    const parts = boot(`${nil}<cs:timestamp/><cs:vendorId/>`);
    expect(tolerances(parts)).toEqual(['actionMissing', 'emptyField', 'nilField']);
    expect(read(parts).payload).toEqual({ vendorId: '' });
  });

  it('an address that is anonymous is none', () => {
    const from = `<wsa:From><wsa:Address>http://www.w3.org/2005/08/addressing/anonymous</wsa:Address></wsa:From>`;
    const replyTo = FROM.replaceAll('From', 'ReplyTo');
    expect(read({ header: IDENTITY + from + replyTo }).addressing).toMatchObject({ from: undefined, replyTo: 'http://10.1.2.3:8080/cp' });
  });
});

describe('an answer over SOAP', () => {
  const reply = { service: 'cp', edition: '1.6', messageId: 'm2', relatesTo: 'm1' } as const;

  it('a fault is read as it was written', () => {
    const fault = new SoapFault('NotSupported', 'no <such> thing & more');
    const read = readResponse(writeFault(fault, reply), 'cp', '1.6', 'Reset');
    expect(read).toMatchObject({
      kind: 'fault',
      relatesTo: 'm1',
      fault: { code: 'Receiver', subcode: 'NotSupported', message: fault.message },
    });
  });

  it('a fault without one of the subcodes says what it said', () => {
    const xml = writeFault(new SoapFault(undefined, 'why'), reply);
    expect(readResponse(xml, 'cp', '1.6', 'Reset')).toMatchObject({ fault: { code: 'Sender', subcode: undefined, message: 'why' } });
    const own = xml.replace('</s:Code>', '<s:Subcode><s:Value>o:Own</s:Value></s:Subcode></s:Code>').replace('s:Sender', 's:Receiver');
    expect(readResponse(own, 'cp', '1.6', 'Reset')).toMatchObject({ fault: { subcode: 'InternalError', message: 'Own: why' } });
  });

  it.each([
    ['resetResponse', true],
    ['ResetResponse', true],
    ['resetConfirmation', true],
    ['resetAnswer', false],
  ])('is known by its name: %s', (name, known) => {
    const body = `<p:${name} xmlns:p="urn://Ocpp/Cp/2015/10/"><p:status>Accepted</p:status></p:${name}>`;
    const read = () => readResponse(envelopeOf({ body }), 'cp', '1.6', 'Reset');
    if (known) expect(read()).toMatchObject({ payload: { status: 'Accepted' } });
    else expect(faultOf(read).subcode).toBe('ProtocolError');
  });

  it('the answer to something else is none', () => {
    const body = '<p:resetResponse xmlns:p="urn://Ocpp/Cp/2015/10/"><p:status>Accepted</p:status></p:resetResponse>';
    expect(readResponse(envelopeOf({ body }), 'cp', '1.6', 'Reset')).toMatchObject({ payload: { status: 'Accepted' } });
    expect(faultOf(() => readResponse(envelopeOf({ body }), 'cp', '1.6', 'ClearCache')).subcode).toBe('ProtocolError');
    expect(faultOf(() => readResponse(envelopeOf({ body }), 'cp', '1.5', 'Reset')).subcode).toBe('ProtocolError');
  });
});
