import { byStatus, type CommandRoute, type CommandTable, offerRunningCost, offerTransactionLimit, raw } from '../commands/command.js';
import { cancelReservation, clearCache, dataTransfer } from '../commands/same-words.js';
import { stationRequest2 } from '../commands/station-request.js';
import { certificateSigned, deleteCertificate, getInstalledCertificateIds, installCertificate, setNetworkProfile } from './certificates.js';
import {
  clearVariableMonitoring,
  getBaseReport,
  getMonitoringReport,
  getReport,
  getVariables,
  setMonitoringBase,
  setMonitoringLevel,
  setVariableMonitoring,
  setVariables,
} from './device-model.js';
import { getLocalListVersion, sendLocalList } from './local-list.js';

/** OCPP 2.0.1 Part 2 F01, F02 */
const requestStartTransaction: CommandRoute<'requestStartTransaction'> = {
  toCalls: (value, context) => [
    {
      action: 'RequestStartTransaction',
      payload: {
        idToken: { idToken: value.idToken?.idToken ?? '', type: value.idToken?.type || 'Central' },
        remoteStartId: value.remoteStartId === 0 ? context.nextRemoteStartId() : value.remoteStartId,
        ...(value.evseId === 0 ? {} : { evseId: value.evseId }),
        ...(value.groupId === '' ? {} : { groupIdToken: { idToken: value.groupId, type: 'Central' } }),
      },
    },
  ],
  toOutcome: byStatus,
};

/** OCPP 2.0.1 Part 2 F03 */
const requestStopTransaction: CommandRoute<'requestStopTransaction'> = {
  toCalls: (value) => [{ action: 'RequestStopTransaction', payload: { transactionId: value.transactionId } }],
  toOutcome: byStatus,
};

/** OCPP 2.0.1 Part 2 B11, B12 */
const reset: CommandRoute<'reset'> = {
  toCalls: (value) => [
    {
      action: 'Reset',
      payload: {
        type: `${value.type}` === 'RESET_TYPE_IMMEDIATE' ? 'Immediate' : 'OnIdle',
        ...(value.evseId === 0 ? {} : { evseId: value.evseId }),
      },
    },
  ],
  toOutcome: byStatus,
};

/** OCPP 2.0.1 Part 2 G03, G04 */
const changeAvailability: CommandRoute<'changeAvailability'> = {
  toCalls: (value) => [
    { action: 'ChangeAvailability', payload: { operationalStatus: value.operative ? 'Operative' : 'Inoperative', ...evseOf(value) } },
  ],
  toOutcome: byStatus,
};

/** OCPP 2.0.1 Part 2 F05 */
const unlockConnector: CommandRoute<'unlockConnector'> = {
  toCalls: (value) => [
    { action: 'UnlockConnector', payload: { evseId: Math.max(1, value.evseId), connectorId: Math.max(1, value.connectorId) } },
  ],
  toOutcome: byStatus,
};

/** OCPP 2.0.1 Part 2 F06 */
const triggerMessage: CommandRoute<'triggerMessage'> = {
  toCalls: (value) => [{ action: 'TriggerMessage', payload: { requestedMessage: value.requestedMessage, ...evseOf(value) } }],
  toOutcome: byStatus,
};

/** `evse` of a request; left out for the station as a whole. */
function evseOf(at: { readonly evseId: number; readonly connectorId: number }): object {
  if (at.evseId === 0) return {};
  return { evse: { id: at.evseId, ...(at.connectorId === 0 ? {} : { connectorId: at.connectorId }) } };
}

/** OCPP 2.0.1 Part 2 H01 */
const reserveNow: CommandRoute<'reserveNow'> = {
  toCalls: ({ reservationId, evseId, idToken, groupId, expiresAt, connectorType }) => [
    {
      action: 'ReserveNow',
      payload: {
        id: reservationId,
        expiryDateTime: expiresAt ?? '',
        idToken: { idToken: idToken?.idToken ?? '', type: idToken?.type || 'Central' },
        ...(evseId === 0 ? {} : { evseId }),
        ...(groupId === '' ? {} : { groupIdToken: { idToken: groupId, type: 'Central' } }),
        ...(connectorType === '' ? {} : { connectorType }),
      },
    },
  ],
  toOutcome: byStatus,
};

export const commands2: CommandTable = {
  requestStartTransaction,
  requestStopTransaction,
  reset,
  changeAvailability,
  unlockConnector,
  triggerMessage,
  getVariables,
  setVariables,
  clearCache,
  dataTransfer,
  reserveNow,
  cancelReservation,
  sendLocalList,
  getLocalListVersion,
  offerTransactionLimit,
  offerRunningCost,
  installCertificate,
  getInstalledCertificateIds,
  deleteCertificate,
  certificateSigned,
  setNetworkProfile,
  stationRequest: stationRequest2,
  getBaseReport,
  getReport,
  setVariableMonitoring,
  clearVariableMonitoring,
  getMonitoringReport,
  setMonitoringBase,
  setMonitoringLevel,
  rawCall: raw,
};
