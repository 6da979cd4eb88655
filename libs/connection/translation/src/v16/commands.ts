import type { connectionV1 as proto } from '@voltlog/proto';
import { byStatus, type CommandRoute, type CommandTable, offerRunningCost, offerTransactionLimit, raw } from '../commands/command.js';
import { cancelReservation, clearCache, dataTransfer } from '../commands/same-words.js';
import {
  certificateSigned,
  deleteCertificate,
  getInstalledCertificateIds,
  installCertificate,
  plugAndCharge,
  plugAndChargeOutcome,
  setNetworkProfile,
} from './certificates.js';
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
} from './configuration.js';
import { toConnector } from './connectors.js';
import { getLocalListVersion, sendLocalList } from './local-list.js';
import { stationRequest16 } from './station-requests.js';

/** OCPP 1.6 §5.11 */
const requestStartTransaction: CommandRoute<'requestStartTransaction'> = {
  toCalls(value, { connectorsPerEvse }) {
    const connectorId =
      value.connectorId === 0 ? toConnector({ evseId: value.evseId, connectorId: 1 }, connectorsPerEvse) : value.connectorId;
    return [
      { action: 'RemoteStartTransaction', payload: { idTag: value.idToken?.idToken ?? '', ...(connectorId === 0 ? {} : { connectorId }) } },
    ];
  },
  toOutcome: byStatus,
};

/** OCPP 1.6 §5.12 */
const requestStopTransaction: CommandRoute<'requestStopTransaction'> = {
  toCalls(value) {
    const transactionId = Number(value.transactionId);
    if (!Number.isInteger(transactionId) || value.transactionId.trim() === '')
      return { notSupported: `a 1.6 transaction id is a whole number, not ${value.transactionId}` };
    return [{ action: 'RemoteStopTransaction', payload: { transactionId } }];
  },
  toOutcome: byStatus,
};

/** OCPP 1.6 §5.14 */
const reset: CommandRoute<'reset'> = {
  toCalls: (value) =>
    value.evseId === 0
      ? [{ action: 'Reset', payload: { type: isImmediate(value.type) ? 'Hard' : 'Soft' } }]
      : { notSupported: 'a 1.6 station can only be reset as a whole' },
  toOutcome: byStatus,
};

const isImmediate = (type: proto.ResetType): boolean => `${type}` === 'RESET_TYPE_IMMEDIATE';

/** OCPP 1.6 §5.2 */
const changeAvailability: CommandRoute<'changeAvailability'> = {
  toCalls: (value, { connectorsPerEvse }) => [
    {
      action: 'ChangeAvailability',
      payload: { connectorId: toConnector(value, connectorsPerEvse), type: value.operative ? 'Operative' : 'Inoperative' },
    },
  ],
  toOutcome: byStatus,
};

/** OCPP 1.6 §5.18 */
const unlockConnector: CommandRoute<'unlockConnector'> = {
  toCalls: (value, { connectorsPerEvse }) => [
    { action: 'UnlockConnector', payload: { connectorId: Math.max(1, toConnector(value, connectorsPerEvse)) } },
  ],
  toOutcome: byStatus,
};

/** 2.1's triggers in 1.6's words. Sources: OCPP 1.6 §7.31, Security Whitepaper (ExtendedTriggerMessage). */
const TRIGGERS: Readonly<Record<string, readonly [action: string, requestedMessage: string]>> = {
  BootNotification: ['TriggerMessage', 'BootNotification'],
  DiagnosticsStatusNotification: ['TriggerMessage', 'DiagnosticsStatusNotification'],
  FirmwareStatusNotification: ['TriggerMessage', 'FirmwareStatusNotification'],
  Heartbeat: ['TriggerMessage', 'Heartbeat'],
  LogStatusNotification: ['ExtendedTriggerMessage', 'LogStatusNotification'],
  MeterValues: ['TriggerMessage', 'MeterValues'],
  SignChargePointCertificate: ['ExtendedTriggerMessage', 'SignChargePointCertificate'],
  SignChargingStationCertificate: ['ExtendedTriggerMessage', 'SignChargePointCertificate'],
  StatusNotification: ['TriggerMessage', 'StatusNotification'],
};

/** By Plug & Charge. */
const PNC_TRIGGER = 'SignV2GCertificate';

/** OCPP 1.6 §5.17 */
const triggerMessage: CommandRoute<'triggerMessage'> = {
  toCalls(value, { connectorsPerEvse }) {
    if (value.requestedMessage === PNC_TRIGGER) return [plugAndCharge('TriggerMessage', { requestedMessage: PNC_TRIGGER })];
    const trigger = TRIGGERS[value.requestedMessage];
    if (trigger === undefined) return { notSupported: `1.6 cannot trigger ${value.requestedMessage}` };
    const connectorId = toConnector(value, connectorsPerEvse);
    return [{ action: trigger[0], payload: { requestedMessage: trigger[1], ...(connectorId === 0 ? {} : { connectorId }) } }];
  },
  toOutcome: (responses, { requestedMessage }) =>
    requestedMessage === PNC_TRIGGER ? plugAndChargeOutcome(responses, byStatus) : byStatus(responses),
};

/** CiString20Type, OCPP 1.6 §7.28. */
const ID_TAG_LENGTH_MAX = 20;

/** OCPP 1.6 §5.13. A group that is too long for 1.6 is not told; the backend knows it. */
const reserveNow: CommandRoute<'reserveNow'> = {
  toCalls({ reservationId, evseId, connectorId, idToken, groupId, expiresAt }, { connectorsPerEvse }) {
    const idTag = idToken?.idToken ?? '';
    if (idTag.length > ID_TAG_LENGTH_MAX)
      return { notSupported: `a 1.6 station cannot hold a connector for a token of more than ${ID_TAG_LENGTH_MAX} characters` };
    const parentIdTag = groupId !== '' && groupId.length <= ID_TAG_LENGTH_MAX ? { parentIdTag: groupId } : {};
    const connector = toConnector({ evseId, connectorId }, connectorsPerEvse);
    return [
      { action: 'ReserveNow', payload: { connectorId: connector, expiryDate: expiresAt ?? '', idTag, ...parentIdTag, reservationId } },
    ];
  },
  toOutcome: byStatus,
};

export const commands16: CommandTable = {
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
  stationRequest: stationRequest16,
  getBaseReport,
  getReport,
  setVariableMonitoring,
  clearVariableMonitoring,
  getMonitoringReport,
  setMonitoringBase,
  setMonitoringLevel,
  rawCall: raw,
};
