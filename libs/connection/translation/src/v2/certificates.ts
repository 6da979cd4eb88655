import { byStatus, type CommandRoute, outcome, textOf } from '../commands/command.js';

/** OCPP 2.0.1 Part 2 M05 */
export const installCertificate: CommandRoute<'installCertificate'> = {
  toCalls: ({ certificateType, certificate }) => [{ action: 'InstallCertificate', payload: { certificateType, certificate } }],
  toOutcome: byStatus,
};

/** OCPP 2.0.1 Part 2 M03. `NotFound` is an answer: there is none (M03.FR.02). */
export const getInstalledCertificateIds: CommandRoute<'getInstalledCertificateIds'> = {
  toCalls: ({ certificateTypes }) => [
    { action: 'GetInstalledCertificateIds', payload: certificateTypes.length === 0 ? {} : { certificateType: certificateTypes } },
  ],
  toOutcome: installedOutcome,
};

/** OCPP 2.0.1 Part 2 M04 */
export const deleteCertificate: CommandRoute<'deleteCertificate'> = {
  toCalls: ({ certificate }) => [{ action: 'DeleteCertificate', payload: { certificateHashData: { ...certificate } } }],
  toOutcome: byStatus,
};

/** OCPP 2.0.1 Part 2 A02, A03 */
export const certificateSigned: CommandRoute<'certificateSigned'> = {
  toCalls: ({ certificateChain, certificateType, requestId }, { ocppVersion }) => [
    {
      action: 'CertificateSigned',
      payload: {
        certificateChain,
        ...(certificateType === '' ? {} : { certificateType }),
        ...(requestId !== undefined && ocppVersion === 'ocpp2.1' ? { requestId } : {}),
      },
    },
  ],
  toOutcome: byStatus,
};

/** Seconds a station waits for an answer where nothing else was said. */
const MESSAGE_TIMEOUT_SECONDS = 30;

/** OCPP 2.0.1 Part 2 B09 */
export const setNetworkProfile: CommandRoute<'setNetworkProfile'> = {
  toCalls: ({ slot, csmsUrl, securityProfile, messageTimeoutSeconds, ocppInterface }, { ocppVersion }) => [
    {
      action: 'SetNetworkProfile',
      payload: {
        configurationSlot: slot,
        connectionData: {
          // 2.1 has dropped the field that could only say 2.0; the version is agreed at the handshake.
          ...(ocppVersion === 'ocpp2.0.1' ? { ocppVersion: 'OCPP20' } : {}),
          ocppTransport: 'JSON',
          ocppCsmsUrl: csmsUrl,
          messageTimeout: messageTimeoutSeconds === 0 ? MESSAGE_TIMEOUT_SECONDS : messageTimeoutSeconds,
          securityProfile,
          ocppInterface: ocppInterface === '' ? 'Wired0' : ocppInterface,
        },
      },
    },
  ],
  toOutcome: byStatus,
};

/** The same in both version families. */
export function installedOutcome(responses: readonly unknown[]) {
  const status = textOf(responses[0], 'status');
  return status === 'NotFound' ? { ...outcome('Accepted'), stationStatus: status } : byStatus(responses);
}
