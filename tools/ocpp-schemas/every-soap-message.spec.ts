import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { loadV16 } from '@voltlog/ocpp-v16';
import { readRequest, readResponse, writeRequest, writeResponse } from '@voltlog/ocpp-v16-soap';
import { expect, it } from 'vitest';
import { sample } from './samples.js';
import { readMessages } from './schemas.mjs';
import { SOAP_ACTIONS } from './soap-shapes.mjs';
import { VERSIONS } from './versions.mjs';

const PACKAGE = dirname(createRequire(import.meta.url).resolve('ocpp-rpc/package.json'));
const version = VERSIONS.find(({ name }) => name === 'ocpp1.6');
if (version === undefined) throw new Error('1.6 is gone');
const { messages, definitions } = readMessages(version, join(PACKAGE, 'lib/schemas', version.source));
const services = (['cs', 'cp'] as const).flatMap((service) => SOAP_ACTIONS[service].map((action) => ({ service, action })));

it.each(services)('1.6S $service $action comes through XML as it was, with all fields and with the fewest', async ({ service, action }) => {
  const protocol = await loadV16();
  for (const all of [true, false]) {
    const payload = (kind: 'request' | 'response'): object => {
      const message = messages.find((one) => one.action === action && one.kind === kind);
      if (message === undefined) throw new Error(`no ${kind} of ${action}`);
      // XML has no empty list.
      return JSON.parse(JSON.stringify(sample(message.schema, definitions, all)), (_, value) => (value?.length === 0 ? undefined : value));
    };
    const request = payload('request');
    const xml = writeRequest(action, request, {
      service,
      edition: '1.6',
      messageId: 'm1',
      chargeBoxIdentity: 'CP1',
      to: 'http://there/',
      from: 'http://here/',
    });
    const read = readRequest(xml, service);
    expect(read).toMatchObject({ action, chargeBoxIdentity: 'CP1', edition: '1.6', addressing: { messageId: 'm1', from: 'http://here/' } });
    expect(read.payload).toEqual(request);
    expect([...read.tolerances]).toEqual([]);
    if (all) expect(protocol.checkRequest(action, read.payload)).toBeUndefined();

    const response = payload('response');
    const answer = writeResponse(action, response, { service, edition: '1.6', messageId: 'm2', relatesTo: 'm1' });
    expect(readResponse(answer, service, '1.6', action)).toEqual({ kind: 'result', payload: response, relatesTo: 'm1' });
  }
});
