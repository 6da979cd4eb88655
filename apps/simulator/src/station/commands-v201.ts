import { baseReport, getVariables, setVariables, someReport } from './device-model.js';
import type { CommandOutcome } from './dialect.js';
import { listAt, numberAt, type Payload, textAt } from './protocol.js';
import type { SimulatedStation } from './station.js';

/** Commands of OCPP 2.0.1 that this station knows and does not do. */
const NOT_SUPPORTED = new Set([
  'ClearChargingProfile',
  'CostUpdated',
  'DeleteCertificate',
  'GetChargingProfiles',
  'GetCompositeSchedule',
  'GetInstalledCertificateIds',
  'SetChargingProfile',
]);

const status = (word: string, then?: () => void): CommandOutcome => ({
  answer: { payload: { status: word } },
  ...(then === undefined ? {} : { then }),
});

const NO_CONTROLLER: CommandOutcome = { answer: { error: 'NotSupported', description: 'this station is no local controller' } };

/** What an OCPP 2.0.1 station answers to a command, and does after it. */
export function commandV201(station: SimulatedStation, action: string, payload: Payload): CommandOutcome {
  switch (action) {
    case 'RequestStartTransaction': {
      const evse = station.freeEvse(numberAt(payload, 'evseId'));
      const idToken = textAt(payload, 'idToken', 'idToken') ?? '';
      if (evse === undefined || !station.holds.admits(evse, idToken)) return status('Rejected');
      return status('Accepted', () => station.remoteStart(evse.id, idToken, numberAt(payload, 'remoteStartId')));
    }
    case 'RequestStopTransaction': {
      const evse = station.evseOf((entry) => entry.transactionId === payload['transactionId']);
      return evse === undefined ? status('Rejected') : status('Accepted', () => station.stopTransaction(evse.id, 'Remote'));
    }
    case 'GetTransactionStatus':
      return transactionStatus(station, textAt(payload, 'transactionId'));
    case 'Reset':
      return reset(station, payload);
    case 'ChangeAvailability': {
      const evseId = numberAt(payload, 'evse', 'id');
      if (evseId !== undefined && station.evse(evseId) === undefined) return status('Rejected');
      return status(station.changeAvailability(evseId, payload['operationalStatus'] === 'Operative'));
    }
    case 'UnlockConnector': {
      const evse = station.evse(numberAt(payload, 'evseId') ?? 0);
      if (evse === undefined) return status('UnknownConnector');
      // F05.FR.02: a connector with an authorized transaction stays locked.
      return evse.transaction === undefined ? status('Unlocked', () => station.unlock(evse.id)) : status('OngoingAuthorizedTransaction');
    }
    case 'TriggerMessage':
      return payload['requestedMessage'] === 'SignChargingStationCertificate'
        ? status('Accepted', () => station.requestCertificate())
        : trigger(station, payload);
    case 'InstallCertificate':
      return station.security.installRoot(payload);
    case 'CertificateSigned':
      return station.security.install(payload);
    case 'SetNetworkProfile':
      return station.security.setNetworkProfile(payload);
    case 'GetVariables':
      return getVariables(station, payload);
    case 'SetVariables':
      return setVariables(station, payload);
    case 'GetBaseReport':
      return baseReport(station, payload);
    case 'GetReport':
      return someReport(station, payload);
    case 'SetVariableMonitoring':
      return station.monitoring.set(payload);
    case 'ClearVariableMonitoring':
      return station.monitoring.clear(payload);
    case 'GetMonitoringReport':
      return station.monitoring.report(payload);
    case 'SetMonitoringBase':
      return station.monitoring.setBase(payload);
    case 'SetMonitoringLevel':
      return station.monitoring.setLevel(payload);
    case 'ReserveNow':
      return reserveNow(station, payload);
    case 'CancelReservation':
      return station.holds.cancel(numberAt(payload, 'reservationId') ?? -1)
        ? status('Accepted', () => station.holds.told())
        : status('Rejected');
    case 'SendLocalList':
      return sendLocalList(station, payload);
    case 'GetLocalListVersion':
      return station.localList === undefined ? NO_LIST : { answer: { payload: { versionNumber: station.localList.version } } };
    case 'SetDisplayMessage':
      return station.display.set(payload);
    case 'ClearDisplayMessage':
      return station.display.clear(payload);
    case 'GetDisplayMessages':
      return station.display.report(payload, (report) => void station.call('NotifyDisplayMessages', report));
    case 'CustomerInformation':
      return status('Accepted', () => customerInformation(station, payload));
    case 'UpdateFirmware':
      return station.firmware.ordered(payload);
    case 'PublishFirmware':
      return station.publisher?.publish(payload) ?? NO_CONTROLLER;
    case 'UnpublishFirmware':
      return station.publisher?.unpublish(payload) ?? NO_CONTROLLER;
    case 'GetLog':
      return station.logUpload.log(payload);
    case 'ClearCache':
      return status('Accepted');
    case 'DataTransfer':
      return status('UnknownVendorId');
    default:
      return NOT_SUPPORTED.has(action)
        ? { answer: { error: 'NotSupported', description: `${action} is not supported` } }
        : { answer: { error: 'NotImplemented', description: `${action} is not known` } };
  }
}

/** OCPP 2.0.1 Part 2 N09, N10: this station knows nothing of its customers, and says so. */
function customerInformation(station: SimulatedStation, payload: Payload): void {
  const data = payload['report'] === true ? 'no data of this customer' : 'cleared';
  void station.call('NotifyCustomerInformation', {
    data,
    seqNo: 0,
    generatedAt: station.timestamp(),
    requestId: numberAt(payload, 'requestId') ?? 0,
  });
}

/** OCPP 2.0.1 Part 2 H01 */
function reserveNow(station: SimulatedStation, payload: Payload): CommandOutcome {
  if (!station.canReserve) return { answer: { error: 'NotSupported', description: 'this station holds nothing' } };
  const evseId = numberAt(payload, 'evseId');
  const evse = evseId === undefined ? undefined : station.evse(evseId);
  if (evseId !== undefined && evse === undefined) return status('Rejected');
  const word = station.holds.reserve(evse, {
    id: numberAt(payload, 'id') ?? 0,
    idToken: textAt(payload, 'idToken', 'idToken') ?? '',
    groupId: textAt(payload, 'groupIdToken', 'idToken'),
    expiresAt: Date.parse(textAt(payload, 'expiryDateTime') ?? ''),
  });
  return status(word, () => station.holds.told());
}

const NO_LIST: CommandOutcome = { answer: { error: 'NotSupported', description: 'this station keeps no list of tokens' } };

/** OCPP 2.0.1 Part 2 D01 */
function sendLocalList({ localList }: SimulatedStation, payload: Payload): CommandOutcome {
  if (localList === undefined) return NO_LIST;
  const tokens = listAt(payload, 'localAuthorizationList').map((entry) => {
    const until = textAt(entry, 'idTokenInfo', 'cacheExpiryDateTime');
    return {
      idToken: textAt(entry, 'idToken', 'idToken') ?? '',
      status: textAt(entry, 'idTokenInfo', 'status'),
      groupId: textAt(entry, 'idTokenInfo', 'groupIdToken', 'idToken'),
      expiresAt: until === undefined ? undefined : Date.parse(until),
    };
  });
  const version = numberAt(payload, 'versionNumber') ?? 0;
  return status(localList.update({ version, differential: payload['updateType'] === 'Differential', tokens }));
}

/** OCPP 2.0.1 Part 2 E14: without an id only the queue is told. */
function transactionStatus(station: SimulatedStation, transactionId: string | undefined): CommandOutcome {
  const messagesInQueue = station.line.hasQueued((entry) => transactionId === undefined || entry.transactionId === transactionId);
  if (transactionId === undefined) return { answer: { payload: { messagesInQueue } } };
  const ongoingIndicator = station.evseOf((entry) => entry.transactionId === transactionId) !== undefined;
  return { answer: { payload: { ongoingIndicator, messagesInQueue } } };
}

/** OCPP 2.0.1 Part 2 B11, B12: `OnIdle` waits for the transactions. */
function reset(station: SimulatedStation, payload: Payload): CommandOutcome {
  const charging = station.evseOf(() => true) !== undefined;
  if (payload['type'] === 'OnIdle' && charging) return status('Scheduled', () => station.resetWhenIdle());
  return status('Accepted', () => station.reset('HardReset'));
}

function trigger(station: SimulatedStation, payload: Payload): CommandOutcome {
  const evseId = numberAt(payload, 'evse', 'id');
  if (evseId !== undefined && station.evse(evseId) === undefined) return status('Rejected');
  switch (payload['requestedMessage']) {
    case 'BootNotification':
      return status('Accepted', () => station.line.bootAgain());
    case 'Heartbeat':
      return status('Accepted', () => station.line.heartbeat());
    case 'StatusNotification':
      return status('Accepted', () => station.reportStatus(evseId, true));
    case 'MeterValues':
      return status('Accepted', () => station.reportMeter(evseId));
    case 'TransactionEvent':
      return status('Accepted', () => station.sampleNow(evseId));
    default:
      return status('NotImplemented');
  }
}
