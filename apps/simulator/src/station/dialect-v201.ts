import { EMAID } from '@voltlog/iso15118';
import { commandV201 } from './commands-v201.js';
import type { Dialect, Moment } from './dialect.js';
import { type Evse, samplesOf } from './evse.js';
import { type Payload, textAt } from './protocol.js';
import { SETTINGS_201 } from './settings.js';

/** OCPP 2.0.1. */
export const DIALECT_201: Dialect = {
  version: '2.0.1',
  subprotocol: 'ocpp2.0.1',
  settings: SETTINGS_201,
  names: {
    heartbeat: 'OCPPCommCtrlr.HeartbeatInterval',
    sample: 'SampledDataCtrlr.TxUpdatedInterval',
    attempts: 'OCPPCommCtrlr.MessageAttempts',
    retryInterval: 'OCPPCommCtrlr.MessageAttemptInterval',
    stopOnInvalid: 'TxCtrlr.StopTxOnInvalidId',
    stopOnUnplug: 'TxCtrlr.StopTxOnEVSideDisconnect',
    authorizeRemote: 'AuthCtrlr.AuthorizeRemoteStart',
    connectionTimeout: 'TxCtrlr.EVConnectionTimeOut',
    masterPassGroup: 'AuthCtrlr.MasterPassGroupId',
    preAuthorize: 'AuthCtrlr.LocalPreAuthorize',
    offlineUnknown: 'AuthCtrlr.OfflineTxForUnknownIdEnabled',
  },
  boot: (station, reason) => ({
    reason,
    chargingStation: {
      vendorName: station.identity.vendor,
      model: station.identity.model,
      serialNumber: station.identity.serialNumber,
      firmwareVersion: station.identity.firmwareVersion,
    },
  }),
  statusWord,
  status: (evse, status, at) => ({ timestamp: at, connectorStatus: status, evseId: evse.id, connectorId: evse.connectorId }),
  authorize: (idToken) => ({ idToken: token(idToken) }),
  tokenStatus: (answer) => textAt(answer, 'idTokenInfo', 'status'),
  groupOf: (answer) => textAt(answer, 'idTokenInfo', 'groupIdToken', 'idToken'),
  // H04.FR.01
  holdExpired: (station, reservationId) =>
    void station.call('ReservationStatusUpdate', { reservationId, reservationUpdateStatus: 'Expired' }),
  actionOf: () => 'TransactionEvent',
  transactionMessage,
  completed: (payload) => payload,
  startAnswered: () => {},
  meterValues: (evse, at) => ({ evseId: evse.id, meterValue: [meterValue(evse, at, 'Trigger')] }),
  command: commandV201,
};

/** OCPP 2.0.1 Part 2 ConnectorStatusEnumType. */
function statusWord(evse: Evse): string {
  if (!evse.isOperative) return 'Unavailable';
  if (evse.hold !== undefined) return 'Reserved';
  return evse.car === undefined ? 'Available' : 'Occupied';
}

/** RFID cards are what a station without further knowledge has (OCPP 2.0.1 Part 2 C01). */
const token = (idToken: string, type = EMAID.test(idToken) ? 'eMAID' : 'ISO14443'): Payload => ({ idToken, type });

function transactionMessage(moment: Moment): Payload {
  const { evse, entry, at, stage } = moment;
  const seqNo = entry.seqNo;
  entry.seqNo += 1;
  return {
    eventType: stage,
    timestamp: at,
    triggerReason: triggerReason(moment),
    seqNo,
    ...(moment.offline ? { offline: true } : {}),
    ...(moment.reservationId === undefined ? {} : { reservationId: moment.reservationId }),
    transactionInfo: {
      transactionId: String(entry.transactionId),
      chargingState: chargingState(evse, stage),
      ...(stage === 'Ended' ? { stoppedReason: stoppedReason(entry.stopReason) } : {}),
      ...(entry.remoteStartId === undefined ? {} : { remoteStartId: entry.remoteStartId }),
    },
    evse: { id: evse.id, connectorId: evse.connectorId },
    ...(stage === 'Started' ? { idToken: token(entry.idToken, entry.idTokenType) } : {}),
    ...(moment.stopToken === undefined
      ? {}
      : { idToken: token(moment.stopToken, moment.stopToken === entry.idToken ? entry.idTokenType : undefined) }),
    meterValue: [meterValue(evse, at, context(stage))],
  };
}

/** OCPP 2.0.1 Part 2 ChargingStateEnumType. */
function chargingState(evse: Evse, stage: Moment['stage']): string {
  if (stage === 'Ended') return 'EVConnected';
  if (evse.car === undefined) return 'Idle';
  if (evse.powerW > 0) return 'Charging';
  return evse.isPaused ? 'SuspendedEVSE' : 'SuspendedEV';
}

const context = (stage: Moment['stage']): string =>
  stage === 'Started' ? 'Transaction.Begin' : stage === 'Ended' ? 'Transaction.End' : 'Sample.Periodic';

/** OCPP 2.0.1 Part 2 TriggerReasonEnumType. */
function triggerReason(moment: Moment): string {
  const { entry } = moment;
  if (moment.stage === 'Started') return entry.remoteStartId === undefined ? 'Authorized' : 'RemoteStart';
  if (moment.stage === 'Updated') {
    if (moment.stateChanged !== true) return 'MeterValuePeriodic';
    return moment.evse.car === undefined ? 'EVCommunicationLost' : 'ChargingStateChanged';
  }
  switch (entry.stopReason) {
    case 'Local':
    case 'MasterPass':
      return 'StopAuthorized';
    case 'Remote':
      return 'RemoteStop';
    case 'EVDisconnected':
      return 'EVCommunicationLost';
    case 'DeAuthorized':
      return 'Deauthorized';
    case 'SoftReset':
    case 'HardReset':
      return 'ResetCommand';
    case 'UnlockCommand':
      return 'UnlockCommand';
    default:
      return 'AbnormalCondition';
  }
}

/** OCPP 2.0.1 Part 2 ReasonEnumType has one word for both resets and none for an unlock. */
function stoppedReason(reason: string | undefined): string {
  if (reason === 'SoftReset' || reason === 'HardReset') return 'ImmediateReset';
  if (reason === 'UnlockCommand') return 'Remote';
  return reason ?? 'Other';
}

const meterValue = (evse: Evse, at: string, readingContext: string): Payload => ({
  timestamp: at,
  sampledValue: samplesOf(evse).map((sample) => ({
    value: sample.value,
    context: readingContext,
    measurand: sample.measurand,
    ...(sample.phase === undefined ? {} : { phase: sample.phase }),
    ...(sample.location === undefined ? {} : { location: sample.location }),
    unitOfMeasure: { unit: sample.unit },
  })),
});
