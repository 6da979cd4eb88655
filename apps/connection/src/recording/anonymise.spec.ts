import { describe, expect, it } from 'vitest';
import { Anonymiser } from './anonymise.js';
import { Pseudonyms } from './pseudonyms.js';

const anonymiser = new Anonymiser(new Pseudonyms('key'), 'CP-0815');
const frame = (...parts: readonly unknown[]) => anonymiser.frame(JSON.stringify(parts)) ?? [];
const payload = (action: string, request: object) => frame(2, 'm1', action, request)[3] as Record<string, unknown>;

/** Secrets of every kind, each where OCPP has it; none may be left. */
const SECRETS: readonly (readonly [string, object])[] = [
  ['Authorize', { idTag: 'SECRET-1' }],
  ['Authorize', { idToken: { idToken: 'SECRET-2', type: 'ISO14443', additionalInfo: [{ additionalIdToken: 'SECRET-3', type: 'x' }] } }],
  ['BootNotification', { chargePointSerialNumber: 'SECRET-4', chargeBoxSerialNumber: 'SECRET-5', iccid: 'SECRET-6', imsi: 'SECRET-7' }],
  ['BootNotification', { chargingStation: { serialNumber: 'SECRET-8', modem: { iccid: 'SECRET-9', imsi: 'SECRET-10' } } }],
  ['SignCertificate', { csr: 'SECRET-11' }],
  ['CertificateSigned', { certificateChain: 'SECRET-12' }],
  ['InstallCertificate', { certificate: 'SECRET-13' }],
  ['ChangeConfiguration', { key: 'AuthorizationKey', value: 'SECRET-14' }],
  ['SetVariables', { setVariableData: [{ variable: { name: 'BasicAuthPassword' }, attributeValue: 'SECRET-15' }] }],
  ['GetConfiguration', { configurationKey: [{ key: 'SimImsi', readonly: true, value: 'SECRET-16' }] }],
  ['NotifyReport', { reportData: [{ variable: { name: 'SerialNumber' }, variableAttribute: [{ value: 'SECRET-17' }] }] }],
  ['NotifyEvent', { eventData: [{ variable: { name: 'MACAddress' }, actualValue: 'SECRET-18' }] }],
  ['DataTransfer', { vendorId: 'V', data: 'SECRET-19' }],
  ['NotifyCustomerInformation', { data: 'SECRET-20' }],
  [
    'SetNetworkProfile',
    {
      connectionData: {
        apn: { apn: 'SECRET-21', apnPassword: 'SECRET-22' },
        vpn: { server: 'SECRET-23', key: 'SECRET-24', user: 'SECRET-25' },
      },
    },
  ],
  ['GetLog', { log: { remoteLocation: 'https://SECRET-26.example/upload?token=1' } }],
  ['GetDiagnostics', { location: 'ftp://user:SECRET-27@host/path' }],
  ['StatusNotification', { info: 'reach SECRET-28@example.org at once' }],
  ['MeterValues', { meterValue: [{ sampledValue: [{ format: 'SignedData', value: 'SECRET-29' }] }] }],
  ['Get15118EVCertificate', { exiRequest: 'SECRET-30' }],
];

describe('a frame of a recording', () => {
  it.each(SECRETS)('%s keeps no secret: %j', (action, request) => {
    const text = JSON.stringify(frame(2, 'm1', action, request));
    expect(text).not.toContain('SECRET');
    expect(Object.keys(payload(action, request))).toEqual(Object.keys(request));
  });

  it.each([
    ['text', '{"certificate":"SECRET-40"}'],
    ['an object', { vendor: { keys: ['SECRET-41', { privateKey: 'SECRET-42' }] }, ocspResult: { der: 'SECRET-43' } }],
    ['a list', ['SECRET-44']],
  ])('the data of an answer is kept as little as that of its call: %s', (_, data) => {
    for (const kept of [frame(3, 'm1', { status: 'Accepted', data }), frame(2, 'm1', 'DataTransfer', { vendorId: 'V', data })])
      expect(JSON.stringify(kept)).not.toContain('SECRET');
    expect(frame(3, 'm1', { status: 'Accepted', data })[2]).toMatchObject({ status: 'Accepted' });
  });

  it('data of other calls, and other fields of answers, stay', () => {
    const stream = { id: 1, pending: 0, basetime: '2026-01-02T03:30:00.000Z', data: [{ t: 0.5, v: '231.5' }] };
    expect(frame(6, 'm1', 'NotifyPeriodicEventStream', stream)[3]).toEqual(stream);
    expect(frame(3, 'm1', { status: 'Accepted', interval: 300 })[2]).toEqual({ status: 'Accepted', interval: 300 });
  });

  it('the same is replaced by the same, and another by another', () => {
    const first = payload('Authorize', { idTag: 'CARD-1' })['idTag'];
    expect(payload('StartTransaction', { idTag: 'CARD-1', connectorId: 1 })).toEqual({ idTag: first, connectorId: 1 });
    expect(payload('Authorize', { idTag: 'CARD-2' })['idTag']).not.toBe(first);
    const another = new Anonymiser(new Pseudonyms('other'), 'CP-0815').frame('[2,"1","Authorize",{"idTag":"CARD-1"}]');
    expect(another?.[3]).not.toEqual({ idTag: first });
  });

  it('what is replaced stays as long as the schema allows', () => {
    for (const length of [1, 8, 20, 36, 5_000]) {
      const replaced = String(payload('Authorize', { idTag: 'x'.repeat(length) })['idTag']);
      expect(replaced.length).toBeLessThanOrEqual(Math.max(8, Math.min(20, length)));
    }
    expect(payload('GetLog', { remoteLocation: 'https://files.example/a' })['remoteLocation']).toMatch(/^https:\/\/x[0-9a-f]+\.invalid\/$/);
  });

  it("the station's id is told nowhere", () => {
    expect(frame(2, 'CP-0815-17', 'StatusNotification', { info: 'here is CP-0815', connectorId: 1 })).toEqual([
      2,
      'STATION-17',
      'StatusNotification',
      { info: 'here is STATION', connectorId: 1 },
    ]);
  });

  it('measurements, words and times stay', () => {
    const values = {
      connectorId: 1,
      transactionId: 7,
      meterValue: [{ timestamp: '2026-01-02T03:30:00.000Z', sampledValue: [{ value: '150' }] }],
    };
    expect(payload('MeterValues', values)).toEqual(values);
    expect(payload('ChangeConfiguration', { key: 'HeartbeatInterval', value: '300' })).toEqual({ key: 'HeartbeatInterval', value: '300' });
    expect(frame(4, 'm1', 'NotSupported', 'no', {})).toEqual([4, 'm1', 'NotSupported', 'no', {}]);
  });

  it('what is no frame is not kept', () => {
    expect(anonymiser.frame('{"idTag":"SECRET"')).toBeUndefined();
    expect(anonymiser.frame('"SECRET"')).toBeUndefined();
  });
});
