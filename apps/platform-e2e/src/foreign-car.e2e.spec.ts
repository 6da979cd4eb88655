import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testCsr } from '@voltlog/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AllInOne } from './harness/all-in-one.js';
import { registerStation, STATION_PASSWORD } from './harness/fleet.js';
import { preparePython, runForeign } from './harness/python.js';

let platform: AllInOne;
let python: string;
let folder: string;
beforeAll(async () => {
  python = await preparePython();
  folder = mkdtempSync(join(tmpdir(), 'voltlog-foreign-car-'));
  platform = await AllInOne.start({ DEVICE_TEST_PKI: 'true' });
});
afterAll(async () => {
  await platform?.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Charged {
  readonly installed: object;
  readonly refused: object;
  readonly authorized: object;
}

describe("a car of PyPI's iso15118", () => {
  it.each([
    ['1.6', 'DEABCC00000016'],
    ['2.0.1', 'DEABCC00000201'],
  ])('at a station of OCPP %s: gets its contract certificate in EXI, and charges with it', async (version, emaid) => {
    const id = `foreign-car-${version}`;
    const pcid = `WAUZZZFOREIGN${emaid.slice(-4)}`;
    await registerStation(platform.api, id);
    const { csr, key } = await testCsr(pcid);
    const made = await platform.api.ok<{ provisioningCertificateChain: string }>('PUT', `/v1/plug-and-charge/test-vehicles/${pcid}`, {
      emaid,
      csr,
    });
    await platform.api.ok('PUT', `/v1/tokens/${emaid}`, { type: 'eMAID' });
    const roots = await platform.api.get<{ data: { certificateType: string; certificate: string }[] }>('/v1/plug-and-charge/test-roots');
    const v2g = roots.data.find(({ certificateType }) => certificateType === 'V2GRootCertificate')?.certificate ?? '';
    for (const [name, pem] of Object.entries({ 'car.key': key, 'car.pem': made.provisioningCertificateChain, 'v2g.pem': v2g }))
      writeFileSync(join(folder, name), pem);

    const charged = await runForeign<Charged>(python, 'car.py', [version, platform.ocppUrl, id, STATION_PASSWORD, folder]);
    expect(charged.installed).toEqual({ sessionId: 'A1B2C3D4E5F60718', responseCode: 'OK', isSigned: true, hasKey: true, emaid });
    expect(charged.refused).toMatchObject({
      status: 'Failed',
      statusInfo: { additionalInfo: 'the signature of the request is not of the key of its certificate' },
    });
    expect(charged.authorized).toMatchObject({ idTokenInfo: { status: 'Accepted' }, certificateStatus: 'Accepted' });
  });
});
