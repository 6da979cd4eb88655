import type { OcppVersion, Payload } from '../station/protocol.js';
import type { Step } from './steps.js';

/** The CSMS said no, and the station ends what it had begun. */
export const refused = (version: OcppVersion): Step =>
  version === '1.6'
    ? { do: 'awaitCall', action: 'StopTransaction', payload: { reason: 'DeAuthorized' } }
    : { do: 'awaitCall', action: 'TransactionEvent', payload: { transactionInfo: { stoppedReason: 'DeAuthorized' } } };

/** Until the CSMS says this of the last charge. */
export const sessionIs = (answer: Payload): Step => ({ do: 'awaitApi', path: '/v1/sessions/{session}', answer, orByHand: true });

/** Milestones of a session as it is read, each once and in this order. */
export const milestones = (...kinds: readonly string[]): Payload => ({ milestones: kinds.map((kind) => ({ kind })) });
