import { byStatus, type CommandRoute } from '../commands/command.js';
import { installedOutcome } from '../v2/certificates.js';

/** 2.x's uses of root certificates in the words of the OCPP 1.6 Security Whitepaper §5 (CertificateUseEnumType). */
const USES: Readonly<Record<string, string>> = {
  CSMSRootCertificate: 'CentralSystemRootCertificate',
  CentralSystemRootCertificate: 'CentralSystemRootCertificate',
  ManufacturerRootCertificate: 'ManufacturerRootCertificate',
};

const unknownUse = (use: string) => ({ notSupported: `1.6 knows CSMSRootCertificate and ManufacturerRootCertificate, not ${use}` });

/** OCPP 1.6 Security Whitepaper M05 */
export const installCertificate: CommandRoute<'installCertificate'> = {
  toCalls({ certificateType, certificate }) {
    const use = USES[certificateType];
    return use === undefined
      ? unknownUse(certificateType)
      : [{ action: 'InstallCertificate', payload: { certificateType: use, certificate } }];
  },
  toOutcome: byStatus,
};

/** OCPP 1.6 Security Whitepaper M03: one use a call. */
export const getInstalledCertificateIds: CommandRoute<'getInstalledCertificateIds'> = {
  toCalls({ certificateTypes }) {
    const [asked = 'CSMSRootCertificate', ...more] = certificateTypes;
    if (more.length > 0) return { notSupported: 'a 1.6 station is asked for one type of certificate at a time' };
    const use = USES[asked];
    return use === undefined ? unknownUse(asked) : [{ action: 'GetInstalledCertificateIds', payload: { certificateType: use } }];
  },
  toOutcome: installedOutcome,
};

/** OCPP 1.6 Security Whitepaper M04 */
export const deleteCertificate: CommandRoute<'deleteCertificate'> = {
  toCalls: ({ certificate }) => [{ action: 'DeleteCertificate', payload: { certificateHashData: { ...certificate } } }],
  toOutcome: byStatus,
};

/** OCPP 1.6 Security Whitepaper A02, A03 */
export const certificateSigned: CommandRoute<'certificateSigned'> = {
  toCalls: ({ certificateChain, certificateType }) =>
    certificateType === '' || certificateType === 'ChargingStationCertificate'
      ? [{ action: 'CertificateSigned', payload: { certificateChain } }]
      : { notSupported: `1.6 has no message for a ${certificateType}` },
  toOutcome: byStatus,
};

/** 1.6 has no network profiles; its `SecurityProfile` is a configuration key. */
export const setNetworkProfile: CommandRoute<'setNetworkProfile'> = {
  toCalls: () => ({ notSupported: '1.6 has no network profiles; set the configuration key SecurityProfile' }),
  toOutcome: byStatus,
};
