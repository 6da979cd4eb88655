import type { OcppVersion, Payload } from '../station/protocol.js';
import type { Step } from './steps.js';

/** The CSMS said no, and the station ends what it had begun. */
export const refused = (version: OcppVersion): Step =>
  version === '1.6'
    ? { do: 'awaitCall', action: 'StopTransaction', payload: { reason: 'DeAuthorized' } }
    : { do: 'awaitCall', action: 'TransactionEvent', payload: { transactionInfo: { stoppedReason: 'DeAuthorized' } } };

/** Until the CSMS says this of the last charge. */
export const sessionIs = (answer: Payload): Step => ({ do: 'awaitApi', path: '/v1/sessions/{session}', answer, orByHand: true });

/** All milestones of a session whose charge is over and whose car has left: each once, after those before the end. */
export const milestones = (version: OcppVersion, ...before: readonly string[]): Step => {
  // The end of a 2.x transaction tells both at once; of 1.6 the connector tells later that the car is there still.
  const end = version === '1.6' ? ['ChargingEnded', 'ParkingStarted'] : ['ParkingStarted', 'ChargingEnded'];
  return sessionIs({ milestones: ['ChargingStarted', ...before, ...end, 'SessionEnded'].map((kind) => ({ kind })) });
};
