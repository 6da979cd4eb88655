import { connectionV1 } from '@voltlog/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { World } from '../testing/harness.js';

const { CommandStatus } = connectionV1;
const HASH = { hashAlgorithm: 'SHA256', issuerNameHash: 'aa', issuerKeyHash: 'bb', serialNumber: '1f' };
const NONE = undefined;

let world: World;
beforeEach(async () => {
  world = await World.open();
  await world.start();
});
afterEach(() => world.close());

/** As 1.6 says it. */
const plugAndCharge = (messageId: string, request: object) =>
  ['DataTransfer', { vendorId: 'org.openchargealliance.iso15118pnc', messageId, data: JSON.stringify(request) }] as const;

describe('a command about certificates', () => {
  it.each([
    [
      { $case: 'installCertificate', value: { certificateType: 'CSMSRootCertificate', certificate: 'PEM' } },
      ['InstallCertificate', { certificateType: 'CentralSystemRootCertificate', certificate: 'PEM' }],
      ['InstallCertificate', { certificateType: 'CSMSRootCertificate', certificate: 'PEM' }],
      ['InstallCertificate', { certificateType: 'CSMSRootCertificate', certificate: 'PEM' }],
    ],
    [
      { $case: 'installCertificate', value: { certificateType: 'V2GRootCertificate', certificate: 'PEM' } },
      plugAndCharge('InstallCertificate', { certificateType: 'V2GRootCertificate', certificate: 'PEM' }),
      ['InstallCertificate', { certificateType: 'V2GRootCertificate', certificate: 'PEM' }],
      ['InstallCertificate', { certificateType: 'V2GRootCertificate', certificate: 'PEM' }],
    ],
    [
      { $case: 'getInstalledCertificateIds', value: { certificateTypes: [] } },
      ['GetInstalledCertificateIds', { certificateType: 'CentralSystemRootCertificate' }],
      ['GetInstalledCertificateIds', {}],
      ['GetInstalledCertificateIds', {}],
    ],
    [
      { $case: 'getInstalledCertificateIds', value: { certificateTypes: ['CSMSRootCertificate', 'ManufacturerRootCertificate'] } },
      NONE,
      ['GetInstalledCertificateIds', { certificateType: ['CSMSRootCertificate', 'ManufacturerRootCertificate'] }],
      ['GetInstalledCertificateIds', { certificateType: ['CSMSRootCertificate', 'ManufacturerRootCertificate'] }],
    ],
    [
      { $case: 'getInstalledCertificateIds', value: { certificateTypes: ['V2GRootCertificate', 'MORootCertificate'] } },
      plugAndCharge('GetInstalledCertificateIds', { certificateType: ['V2GRootCertificate', 'MORootCertificate'] }),
      ['GetInstalledCertificateIds', { certificateType: ['V2GRootCertificate', 'MORootCertificate'] }],
      ['GetInstalledCertificateIds', { certificateType: ['V2GRootCertificate', 'MORootCertificate'] }],
    ],
    [
      { $case: 'deleteCertificate', value: { certificateType: 'MORootCertificate', certificate: HASH } },
      plugAndCharge('DeleteCertificate', { certificateHashData: HASH }),
      ['DeleteCertificate', { certificateHashData: HASH }],
      ['DeleteCertificate', { certificateHashData: HASH }],
    ],
    [
      { $case: 'triggerMessage', value: { requestedMessage: 'SignV2GCertificate', evseId: 0, connectorId: 0 } },
      plugAndCharge('TriggerMessage', { requestedMessage: 'SignV2GCertificate' }),
      ['TriggerMessage', { requestedMessage: 'SignV2GCertificate' }],
      ['TriggerMessage', { requestedMessage: 'SignV2GCertificate' }],
    ],
    [
      { $case: 'deleteCertificate', value: { certificateType: '', certificate: HASH } },
      ['DeleteCertificate', { certificateHashData: HASH }],
      ['DeleteCertificate', { certificateHashData: HASH }],
      ['DeleteCertificate', { certificateHashData: HASH }],
    ],
    [
      { $case: 'certificateSigned', value: { certificateChain: 'PEM', certificateType: 'ChargingStationCertificate', requestId: 7 } },
      ['CertificateSigned', { certificateChain: 'PEM' }],
      ['CertificateSigned', { certificateChain: 'PEM', certificateType: 'ChargingStationCertificate' }],
      ['CertificateSigned', { certificateChain: 'PEM', certificateType: 'ChargingStationCertificate', requestId: 7 }],
    ],
    [
      { $case: 'certificateSigned', value: { certificateChain: 'PEM', certificateType: 'V2GCertificate', requestId: undefined } },
      plugAndCharge('CertificateSigned', { certificateChain: 'PEM', certificateType: 'V2GCertificate' }),
      ['CertificateSigned', { certificateChain: 'PEM', certificateType: 'V2GCertificate' }],
      ['CertificateSigned', { certificateChain: 'PEM', certificateType: 'V2GCertificate' }],
    ],
    [
      {
        $case: 'setNetworkProfile',
        value: { slot: 2, csmsUrl: 'wss://x', securityProfile: 2, messageTimeoutSeconds: 0, ocppInterface: '' },
      },
      NONE,
      ['SetNetworkProfile', { configurationSlot: 2, connectionData: { ocppVersion: 'OCPP20', ...networkProfile() } }],
      ['SetNetworkProfile', { configurationSlot: 2, connectionData: networkProfile() }],
    ],
  ] as const)('%j is said in each version that has a word for it', async (command, in16, in201, in21) => {
    for (const [version, expected] of [
      ['ocpp1.6', in16],
      ['ocpp2.0.1', in201],
      ['ocpp2.1', in21],
    ] as const) {
      const station = await world.connect({ protocols: [version] });
      const sent: unknown[] = [];
      station.onCall = (action, payload, id) => {
        sent.push([action, payload]);
        return JSON.stringify([3, id, { status: 'Accepted', ...(action === 'DataTransfer' ? { data: '{"status":"Accepted"}' } : {}) }]);
      };
      const { status } = await world.command('CP1', command as Parameters<World['command']>[1]);
      expect([version, status, sent]).toEqual(
        expected === NONE ? [version, CommandStatus.NOT_SUPPORTED, []] : [version, CommandStatus.ACCEPTED, [expected]],
      );
    }
  });

  it.each([
    [{ status: 'UnknownVendorId' }, CommandStatus.NOT_SUPPORTED],
    [{ status: 'Accepted', data: '{"status":"Rejected","statusInfo":{"reasonCode":"Full"}}' }, CommandStatus.REJECTED],
    [{ status: 'Accepted', data: 'nonsense' }, CommandStatus.REJECTED],
    [{ status: 'Accepted' }, CommandStatus.REJECTED],
  ])('of 1.6 Plug & Charge that is answered %j: %s', async (answer, status) => {
    const station = await world.connect();
    station.onCall = (_action, _payload, id) => JSON.stringify([3, id, answer]);
    const value = { certificateType: 'MORootCertificate', certificate: 'PEM' };
    expect(await world.command('CP1', { $case: 'installCertificate', value })).toMatchObject({ status });
  });

  it('that finds none is answered all the same', async () => {
    const station = await world.connect();
    station.onCall = (_action, _payload, id) => JSON.stringify([3, id, { status: 'NotFound' }]);
    const value = { certificateTypes: [] };
    expect(await world.command('CP1', { $case: 'getInstalledCertificateIds', value })).toMatchObject({
      status: CommandStatus.ACCEPTED,
      stationStatus: 'NotFound',
    });
    expect(await world.command('CP1', { $case: 'deleteCertificate', value: { certificateType: '', certificate: HASH } })).toMatchObject({
      status: CommandStatus.REJECTED,
    });
  });
});

function networkProfile() {
  return { ocppTransport: 'JSON', ocppCsmsUrl: 'wss://x', messageTimeout: 30, securityProfile: 2, ocppInterface: 'Wired0' };
}
