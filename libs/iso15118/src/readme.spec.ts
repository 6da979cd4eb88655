import { X509Certificate } from 'node:crypto';
import { expect, it } from 'vitest';
import { checkSignature, keyOf, readContractRequest, TestCar } from './index.js';
import vectors from './testing/oracle-vectors.json' with { type: 'json' };

it('the code of the README does what it says', () => {
  const key = keyOf(Buffer.from(vectors.scalars.car.toString(16).padStart(64, '0'), 'hex'));
  const car = new TestCar('WAUZZZORACLE00001', String(key.export({ format: 'pem', type: 'pkcs8' })));
  car.provisioned(vectors.certificates.car);
  const request = readContractRequest(Buffer.from(car.installationRequest(), 'base64'));
  expect(checkSignature(request.signature, [request.body], request.chain[0].publicKey)).toBeUndefined();
  expect(request.chain[0].raw.equals(new X509Certificate(vectors.certificates.car).raw)).toBe(true);
});
