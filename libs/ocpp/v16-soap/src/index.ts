export { contentTypeOf, type ReplyHeaders, type RequestHeaders, writeFault, writeRequest, writeResponse } from './compose.js';
export { hasAction } from './editions.js';
export type { Addressing } from './envelope.js';
export { type FaultSubcode, faultOf, protocolError, SoapFault } from './fault.js';
export { type HttpHints, readRequest, readResponse, type SoapRequest, type SoapResponse, type Tolerance } from './messages.js';
export type { Edition, Service } from './names.js';
