import { byStatus, type CommandOutcome, type CommandRoute, type OutgoingMessage, outcome, textOf } from '../commands/command.js';
import { installedOutcome } from '../v2/certificates.js';
import { PNC_VENDOR } from './plug-and-charge.js';

/** 2.x's uses of root certificates in the words of the OCPP 1.6 Security Whitepaper §5 (CertificateUseEnumType). */
const USES: Readonly<Record<string, string>> = {
  CSMSRootCertificate: 'CentralSystemRootCertificate',
  CentralSystemRootCertificate: 'CentralSystemRootCertificate',
  ManufacturerRootCertificate: 'ManufacturerRootCertificate',
};
/** Uses that 1.6 knows by way of Plug & Charge. */
const PNC_USES: ReadonlySet<string> = new Set(['V2GRootCertificate', 'MORootCertificate', 'OEMRootCertificate', 'V2GCertificateChain']);
const PNC_TYPE = 'V2GCertificate';

const unknownUse = (use: string) => ({
  notSupported: `1.6 knows ${[...Object.keys(USES), ...PNC_USES].filter((each) => each !== 'CentralSystemRootCertificate').join(', ')}, not ${use}`,
});

/** A message of 2.0.1 as 1.6 carries it. Source: OCA Application Note "Using ISO 15118 Plug & Charge with OCPP 1.6" */
export const plugAndCharge = (messageId: string, request: object): OutgoingMessage => ({
  action: 'DataTransfer',
  payload: { vendorId: PNC_VENDOR, messageId, data: JSON.stringify(request) },
});

/** What a station says to one: the answer of its own kind is within. */
export function plugAndChargeOutcome(
  responses: readonly unknown[],
  read: (responses: readonly unknown[]) => CommandOutcome,
): CommandOutcome {
  const status = textOf(responses[0], 'status');
  if (status !== 'Accepted') return outcome(status, 'it has no Plug & Charge by DataTransfer');
  try {
    return read([JSON.parse(textOf(responses[0], 'data'))]);
  } catch {
    return outcome('Rejected', 'what it answered is no JSON');
  }
}

/** OCPP 1.6 Security Whitepaper M05; roots for cars by Plug & Charge. */
export const installCertificate: CommandRoute<'installCertificate'> = {
  toCalls({ certificateType, certificate }) {
    if (PNC_USES.has(certificateType)) return [plugAndCharge('InstallCertificate', { certificateType, certificate })];
    const use = USES[certificateType];
    return use === undefined
      ? unknownUse(certificateType)
      : [{ action: 'InstallCertificate', payload: { certificateType: use, certificate } }];
  },
  toOutcome: (responses, { certificateType }) =>
    PNC_USES.has(certificateType) ? plugAndChargeOutcome(responses, byStatus) : byStatus(responses),
};

/** OCPP 1.6 Security Whitepaper M03: one use a call; those of cars by Plug & Charge. */
export const getInstalledCertificateIds: CommandRoute<'getInstalledCertificateIds'> = {
  toCalls({ certificateTypes }) {
    if (isPlugAndCharge(certificateTypes)) return [plugAndCharge('GetInstalledCertificateIds', { certificateType: certificateTypes })];
    const [asked = 'CSMSRootCertificate', ...more] = certificateTypes;
    if (more.length > 0) return { notSupported: 'a 1.6 station is asked for one type of certificate at a time' };
    const use = USES[asked];
    return use === undefined ? unknownUse(asked) : [{ action: 'GetInstalledCertificateIds', payload: { certificateType: use } }];
  },
  toOutcome: (responses, { certificateTypes }) =>
    isPlugAndCharge(certificateTypes) ? plugAndChargeOutcome(responses, installedOutcome) : installedOutcome(responses),
};

const isPlugAndCharge = (types: readonly string[]): boolean => types.length > 0 && types.every((each) => PNC_USES.has(each));

/** OCPP 1.6 Security Whitepaper M04; those of cars by Plug & Charge. */
export const deleteCertificate: CommandRoute<'deleteCertificate'> = {
  toCalls({ certificate, certificateType }) {
    const request = { certificateHashData: { ...certificate } };
    return [
      PNC_USES.has(certificateType) ? plugAndCharge('DeleteCertificate', request) : { action: 'DeleteCertificate', payload: request },
    ];
  },
  toOutcome: (responses, { certificateType }) =>
    PNC_USES.has(certificateType) ? plugAndChargeOutcome(responses, byStatus) : byStatus(responses),
};

/** OCPP 1.6 Security Whitepaper A02, A03; a certificate towards cars by Plug & Charge. */
export const certificateSigned: CommandRoute<'certificateSigned'> = {
  toCalls({ certificateChain, certificateType }) {
    if (certificateType === PNC_TYPE) return [plugAndCharge('CertificateSigned', { certificateChain, certificateType })];
    return certificateType === '' || certificateType === 'ChargingStationCertificate'
      ? [{ action: 'CertificateSigned', payload: { certificateChain } }]
      : { notSupported: `1.6 has no message for a ${certificateType}` };
  },
  toOutcome: (responses, { certificateType }) =>
    certificateType === PNC_TYPE ? plugAndChargeOutcome(responses, byStatus) : byStatus(responses),
};

/** 1.6 has no network profiles; its `SecurityProfile` is a configuration key. */
export const setNetworkProfile: CommandRoute<'setNetworkProfile'> = {
  toCalls: () => ({ notSupported: '1.6 has no network profiles; set the configuration key SecurityProfile' }),
  toOutcome: byStatus,
};
