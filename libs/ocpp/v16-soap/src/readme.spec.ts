import { expect, it } from 'vitest';
import { readRequest, SoapFault, writeFault, writeResponse } from './index.js';
import { envelopeOf } from './testing/envelopes.js';

it('the code of the README does what it says', () => {
  const request = readRequest(envelopeOf(), 'cs');
  const { edition, addressing } = request;
  const reply = { service: 'cs', edition, addressing: addressing.uri, messageId: 'urn:uuid:1', relatesTo: addressing.messageId } as const;
  const answer = writeResponse('Heartbeat', { currentTime: '2026-01-01T00:00:00Z' }, reply);
  expect(answer).toContain('<o:heartbeatResponse><o:currentTime>2026-01-01T00:00:00Z</o:currentTime></o:heartbeatResponse>');
  expect(answer).toContain('<a:Action>/HeartbeatResponse</a:Action>');
  expect(answer).toContain('<a:RelatesTo>m1</a:RelatesTo>');
  expect(writeFault(new SoapFault('SecurityError', 'not this one'), reply)).toContain('<s:Value>o:SecurityError</s:Value>');
});
