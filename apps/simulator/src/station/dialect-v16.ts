import { isoTime } from '@voltlog/kernel';
import { commandV16 } from './commands-v16.js';
import type { Dialect, Moment } from './dialect.js';
import { type Evse, samplesOf } from './evse.js';
import { numberAt, type Payload, textAt } from './protocol.js';
import { SETTINGS_16 } from './settings.js';

/** Sent instead of a transaction id by a station whose start was never answered with one. */
const NO_TRANSACTION_ID = -1;

/** OCPP 1.6J. */
export const DIALECT_16: Dialect = {
  version: '1.6',
  subprotocol: 'ocpp1.6',
  settings: SETTINGS_16,
  names: {
    heartbeat: 'HeartbeatInterval',
    sample: 'MeterValueSampleInterval',
    attempts: 'TransactionMessageAttempts',
    retryInterval: 'TransactionMessageRetryInterval',
    stopOnInvalid: 'StopTransactionOnInvalidId',
    stopOnUnplug: 'StopTransactionOnEVSideDisconnect',
    authorizeRemote: 'AuthorizeRemoteTxRequests',
    connectionTimeout: 'ConnectionTimeOut',
    masterPassGroup: 'MasterPassGroupId',
    preAuthorize: 'LocalPreAuthorize',
    offlineUnknown: 'AllowOfflineTxForUnknownId',
  },
  boot: (station) => ({
    chargePointVendor: station.identity.vendor,
    chargePointModel: station.identity.model,
    chargePointSerialNumber: station.identity.serialNumber,
    firmwareVersion: station.identity.firmwareVersion,
  }),
  statusWord,
  status: (evse, status, at) => ({ connectorId: evse.id, errorCode: 'NoError', status, timestamp: at }),
  authorize: (idToken) => ({ idTag: idToken }),
  tokenStatus: (answer) => textAt(answer, 'idTagInfo', 'status'),
  groupOf: (answer) => textAt(answer, 'idTagInfo', 'parentIdTag'),
  holdExpired: () => {},
  actionOf: (stage) => (stage === 'Started' ? 'StartTransaction' : stage === 'Ended' ? 'StopTransaction' : 'MeterValues'),
  transactionMessage,
  completed: (payload, entry) =>
    'meterStart' in payload ? payload : { transactionId: entry.transactionId ?? NO_TRANSACTION_ID, ...payload },
  startAnswered: (entry, answer) => {
    entry.transactionId = numberAt(answer, 'transactionId');
  },
  meterValues: (evse, at) => ({ connectorId: evse.id, meterValue: [{ timestamp: at, sampledValue: sampled(evse, 'Trigger') }] }),
  command: commandV16,
};

/** OCPP 1.6 §7.7 ChargePointStatus. */
function statusWord(evse: Evse): string {
  if (!evse.isOperative) return 'Unavailable';
  if (evse.transaction !== undefined) return evse.powerW > 0 ? 'Charging' : evse.isPaused ? 'SuspendedEVSE' : 'SuspendedEV';
  if (evse.hold !== undefined) return 'Reserved';
  if (evse.car === undefined) return 'Available';
  return evse.reportedStatus === 'Charging' || evse.reportedStatus?.startsWith('Suspended') === true || evse.reportedStatus === 'Finishing'
    ? 'Finishing'
    : 'Preparing';
}

function transactionMessage(moment: Moment): Payload {
  const { evse, entry, at } = moment;
  switch (moment.stage) {
    case 'Started':
      return {
        connectorId: evse.id,
        idTag: entry.idToken,
        meterStart: entry.meterStartWh,
        timestamp: at,
        ...(moment.reservationId === undefined ? {} : { reservationId: moment.reservationId }),
      };
    case 'Updated':
      return { connectorId: evse.id, meterValue: [{ timestamp: at, sampledValue: sampled(evse, 'Sample.Periodic') }] };
    case 'Ended':
      return {
        ...(moment.stopAsTransactionId === undefined ? {} : { transactionId: moment.stopAsTransactionId }),
        meterStop: entry.meterStopWh ?? entry.meterStartWh,
        timestamp: at,
        reason: reasonWord(entry.stopReason),
        ...(moment.stopToken === undefined ? {} : { idTag: moment.stopToken }),
        transactionData: [
          { timestamp: isoTime(entry.startedAt), sampledValue: [register(entry.meterStartWh, 'Transaction.Begin')] },
          { timestamp: at, sampledValue: [register(entry.meterStopWh ?? entry.meterStartWh, 'Transaction.End')] },
        ],
      };
  }
}

const register = (value: number, context: string): Payload => ({
  value: String(value),
  context,
  measurand: 'Energy.Active.Import.Register',
  unit: 'Wh',
});

const sampled = (evse: Evse, context: string): readonly Payload[] =>
  samplesOf(evse).map((sample) => ({
    value: String(sample.value),
    context,
    measurand: sample.measurand,
    unit: sample.unit,
    ...(sample.phase === undefined ? {} : { phase: sample.phase }),
    ...(sample.location === undefined ? {} : { location: sample.location }),
  }));

/** 1.6 has no word for a master pass: it is a card at the station. */
const reasonWord = (reason: string | undefined): string => (reason === 'MasterPass' ? 'Local' : (reason ?? 'Other'));
