/** Envelopes as a station might write them; for specs. */

const SOAP = 'http://www.w3.org/2003/05/soap-envelope';
const WSA = 'http://www.w3.org/2005/08/addressing';

export interface EnvelopeParts {
  readonly header?: string;
  readonly body?: string;
  readonly soap?: string;
  readonly wsa?: string;
  readonly cs?: string;
  readonly before?: string;
}

export const HEARTBEAT = '<cs:heartbeatRequest/>';
export const IDENTITY = '<cs:chargeBoxIdentity>CP1</cs:chargeBoxIdentity>';
export const ACTION = '<wsa:Action>/Heartbeat</wsa:Action>';
export const MESSAGE_ID = '<wsa:MessageID>m1</wsa:MessageID>';
export const FROM = '<wsa:From><wsa:Address>http://10.1.2.3:8080/cp</wsa:Address></wsa:From>';

/** A Heartbeat with every header, unless said otherwise. */
export const envelopeOf = ({
  header = IDENTITY + ACTION + MESSAGE_ID + FROM,
  body = HEARTBEAT,
  soap = SOAP,
  wsa = WSA,
  cs = 'urn://Ocpp/Cs/2015/10/',
  before = '<?xml version="1.0" encoding="UTF-8"?>\n',
}: EnvelopeParts = {}): string => `${before}<SOAP-ENV:Envelope xmlns:SOAP-ENV="${soap}" xmlns:wsa="${wsa}" xmlns:cs="${cs}">
  <SOAP-ENV:Header>${header}</SOAP-ENV:Header>
  <SOAP-ENV:Body>${body}</SOAP-ENV:Body>
</SOAP-ENV:Envelope>`;
