// Sample commands and variants of messages, one for each way the translation can go.

const variable = { component: 'OCPPCommCtrlr', name: 'HeartbeatInterval', value: '60', evseId: 0, instance: '' };
const at = { evseId: 1, connectorId: 1 };
const idToken = { idToken: 'A', type: 'Local' };

/** Commands with words of their own: the name of the REST route, and gRPC's command. */
export const commandSamples = [
  ['request-start', 'requestStartTransaction', { idToken, evseId: 1, remoteStartId: 1, connectorId: 1, groupId: '' }],
  ['request-stop', 'requestStopTransaction', { transactionId: '1' }],
  ['reset', 'reset', { type: 'RESET_TYPE_ON_IDLE', evseId: 0 }],
  ['change-availability', 'changeAvailability', { operative: true, ...at }],
  ['unlock-connector', 'unlockConnector', at],
  ['trigger-message', 'triggerMessage', { requestedMessage: 'Heartbeat', ...at }],
  ['trigger-message', 'triggerMessage', { requestedMessage: 'LogStatusNotification', ...at }],
  ['get-variables', 'getVariables', { variables: [variable] }],
  ['set-variables', 'setVariables', { variables: [variable] }],
  ['get-base-report', 'getBaseReport', { requestId: 1, reportBase: 'FullInventory' }],
  ['get-report', 'getReport', { requestId: 1, criteria: [], variables: [variable] }],
  [
    'set-variable-monitoring',
    'setVariableMonitoring',
    { monitors: [{ monitorId: 0, variable, type: 'Delta', value: 1, severity: 5, transaction: false }] },
  ],
  ['clear-variable-monitoring', 'clearVariableMonitoring', { monitorIds: [1] }],
  ['get-monitoring-report', 'getMonitoringReport', { requestId: 1, criteria: [], variables: [] }],
  ['set-monitoring-base', 'setMonitoringBase', { monitoringBase: 'All' }],
  ['set-monitoring-level', 'setMonitoringLevel', { severity: 5 }],
  ['clear-cache', 'clearCache', {}],
  ['data-transfer', 'dataTransfer', { vendorId: 'v', messageId: '', data: '' }],
  [
    'reserve-now',
    'reserveNow',
    { reservationId: 1, ...at, idToken, groupId: '', expiresAt: '2026-01-01T00:00:00.000Z', connectorType: '' },
  ],
  ['cancel-reservation', 'cancelReservation', { reservationId: 1 }],
  ['send-local-list', 'sendLocalList', { listVersion: 1, differential: false, entries: [] }],
  ['get-local-list-version', 'getLocalListVersion', {}],
  ['install-certificate', 'installCertificate', { certificateType: 'CSMSRootCertificate', certificate: 'PEM' }],
  ['get-installed-certificate-ids', 'getInstalledCertificateIds', { certificateTypes: ['CSMSRootCertificate'] }],
  ['delete-certificate', 'deleteCertificate', { certificate: {} }],
  ['certificate-signed', 'certificateSigned', { certificateChain: 'PEM', certificateType: '', requestId: undefined }],
  [
    'set-network-profile',
    'setNetworkProfile',
    { slot: 1, csmsUrl: 'wss://x', securityProfile: 2, messageTimeoutSeconds: 0, ocppInterface: '' },
  ],
].map(([name, $case, value]) => ({ name, command: { $case, value } }));

/** Where the fact, or 1.6's message, depends on what is in the request. */
export const requestVariants = {
  TransactionEvent: ['Started', 'Updated', 'Ended'].map((eventType) => ({ eventType })),
  SetChargingProfile: [{ evseId: 0, chargingProfile: { chargingProfilePurpose: 'TxProfile', chargingSchedule: [] } }],
  GetLog: [{ logType: 'DiagnosticsLog' }, { logType: 'SecurityLog' }],
  UpdateFirmware: [{ firmware: {} }, { firmware: { signature: 's' } }],
};
