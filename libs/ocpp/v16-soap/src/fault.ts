import type { OcppError } from '@voltlog/ocpp-rpc';

/** Subcodes of faults. Source: OCPP-S 1.6 (fault response); who is to blame follows from it. */
const BLAME = {
  SecurityError: 'Sender',
  IdentityMismatch: 'Sender',
  UrlMismatch: 'Sender',
  ProtocolError: 'Sender',
  InternalError: 'Receiver',
  NotSupported: 'Receiver',
} as const;

export type FaultSubcode = keyof typeof BLAME;
export type FaultCode = 'Sender' | 'Receiver' | 'VersionMismatch' | 'MustUnderstand';

/** A message is answered with a SOAP fault, or was. */
export class SoapFault extends Error {
  override readonly name = 'SoapFault';
  readonly code: FaultCode;

  constructor(
    readonly subcode: FaultSubcode | undefined,
    message: string,
    code?: Exclude<FaultCode, 'Sender' | 'Receiver'>,
  ) {
    super(message);
    this.code = code ?? (subcode === undefined ? 'Sender' : BLAME[subcode]);
  }

  /** 400 where the sender is to blame, else 500. Source: SOAP 1.2 Part 2 §7.5.2 */
  get status(): 400 | 500 {
    return this.code === 'Sender' ? 400 : 500;
  }
}

export const protocolError = (message: string): SoapFault => new SoapFault('ProtocolError', message);

/** What JSON says with a CALLERROR. A broken rule of a schema is a ProtocolError, whatever the rule. */
export function faultOf(error: OcppError): SoapFault {
  switch (error.code) {
    case 'NotImplemented':
    case 'NotSupported':
      return new SoapFault('NotSupported', error.message);
    case 'InternalError':
    case 'GenericError':
      return new SoapFault('InternalError', error.message);
    case 'SecurityError':
      return new SoapFault('SecurityError', error.message);
    default:
      return protocolError(`${error.code}: ${error.message}`);
  }
}
