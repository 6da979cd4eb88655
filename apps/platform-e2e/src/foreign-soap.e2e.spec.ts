import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AllInOne } from './harness/all-in-one.js';
import { registerTokens, STATION_PASSWORD } from './harness/fleet.js';
import { charges, type Told } from './harness/foreign.js';
import { type PreparedJava, prepareJava, runJava } from './harness/java.js';
import { preparePython, runForeign } from './harness/python.js';

const TOKEN = 'E2E-CARD-1';

let platform: AllInOne;
let java: PreparedJava;
let python: string;
let url: string;
beforeAll(async () => {
  [python, java] = await Promise.all([preparePython(), prepareJava()]);
  platform = await AllInOne.start({ RATE_LIMIT_BURST: '10000' });
  url = `${platform.ocppUrl.replace(/^ws/, 'http')}/soap`;
  await registerTokens(platform.api);
});
afterAll(() => platform?.stop());

const CONNECTION = { dialect: '1.6S', securityProfile: 1 };

describe('a station that speaks OCPP 1.6 over SOAP', () => {
  it("of PyPI's zeep on the official WSDLs charges; all that it gets passes their schemas", async () => {
    const args = [url, 'foreign-zeep', STATION_PASSWORD, TOKEN, java.wsdlJar];
    const told = await charges(platform, 'foreign-zeep', TOKEN, CONNECTION, () =>
      runForeign<Told & { faults: object }>(python, 'station16s.py', args),
    );
    expect(told.faults).toEqual({ tooLong: ['ProtocolError'], foreign: ['IdentityMismatch'] });
  });

  it("of Maven's eu.chargetime.ocpp:v1_6 charges", async () => {
    const id = 'foreign-maven';
    const address = url.replace('//', `//${id}:${STATION_PASSWORD}@`);
    await charges(platform, id, TOKEN, CONNECTION, () => runJava<Told>(java, ['soap', address, id, STATION_PASSWORD, TOKEN]));
  });
});
