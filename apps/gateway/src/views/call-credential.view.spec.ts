import { callCredentialsV1 } from '@voltlog/proto';
import { expect, it } from 'vitest';
import { toCallCredential } from './call-credential.view.js';

it.each([
  ['', 'Basic'],
  ['Basic', 'Basic'],
  ['Digest', 'Digest'],
])('a scheme told as "%s" is %s', (told, scheme) => {
  const updatedAt = '2026-01-01T00:00:00.000Z';
  const credential = callCredentialsV1.CallCredential.fromPartial({ stationId: 'S1', username: 'csms', scheme: told, updatedAt });
  expect(toCallCredential(credential, 'S1')).toEqual({ stationId: 'S1', username: 'csms', scheme, updatedAt });
});
