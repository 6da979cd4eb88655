import { type OcppProtocol, ocppProtocol } from '@voltlog/ocpp-rpc';
import { SENDERS } from './senders.js';

let loading: Promise<OcppProtocol> | undefined;

/**
 * OCPP 1.6 with its compiled schemas. They are evaluated on the first call and kept: await it once before the first station of that
 * version is served, then check synchronously.
 */
export function loadV16(): Promise<OcppProtocol> {
  loading ??= import('./generated/validators.js').then(({ validators }) => ocppProtocol('ocpp1.6', SENDERS, validators));
  return loading;
}
