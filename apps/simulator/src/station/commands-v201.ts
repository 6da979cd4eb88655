import type { CommandOutcome } from './dialect.js';
import { isObject, listAt, numberAt, type Payload, textAt } from './protocol.js';
import type { SimulatedStation } from './station.js';

/** Commands of OCPP 2.0.1 that this station knows and does not do. */
const NOT_SUPPORTED = new Set([
  'ClearChargingProfile',
  'ClearVariableMonitoring',
  'CostUpdated',
  'DeleteCertificate',
  'GetChargingProfiles',
  'GetCompositeSchedule',
  'GetInstalledCertificateIds',
  'GetLog',
  'GetMonitoringReport',
  'GetReport',
  'PublishFirmware',
  'SetChargingProfile',
  'SetMonitoringBase',
  'SetMonitoringLevel',
  'SetVariableMonitoring',
  'UnpublishFirmware',
  'UpdateFirmware',
]);

const status = (word: string, then?: () => void): CommandOutcome => ({
  answer: { payload: { status: word } },
  ...(then === undefined ? {} : { then }),
});

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
      return status('Accepted', () => baseReport(station, numberAt(payload, 'requestId') ?? 0));
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

/** What the maker built in, by variable and attribute. Source: OCPP 2.0.1 Part 2 §2.1.7 (LocalAuthListCtrlr) */
function listVariable({ localList }: SimulatedStation, name: string, attributeType: string): number | undefined {
  if (localList === undefined) return undefined;
  if (name === 'LocalAuthListCtrlr.ItemsPerMessage' && attributeType === 'Actual') return localList.limits.itemsPerMessage;
  if (name !== 'LocalAuthListCtrlr.Entries') return undefined;
  return attributeType === 'MaxSet' ? localList.limits.entriesMax : attributeType === 'Actual' ? localList.size : undefined;
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

const nameOf = (item: unknown): string => `${textAt(item, 'component', 'name') ?? ''}.${textAt(item, 'variable', 'name') ?? ''}`;

/** `UnknownComponent` where no variable of the component is known. */
const unknownWord = (station: SimulatedStation, item: unknown): string => {
  const component = `${textAt(item, 'component', 'name') ?? ''}.`;
  return station.settings.names().some((name) => name.startsWith(component)) ? 'UnknownVariable' : 'UnknownComponent';
};

function getVariables(station: SimulatedStation, payload: Payload): CommandOutcome {
  const getVariableResult = listAt(payload, 'getVariableData')
    .filter(isObject)
    .map((item) => {
      const setting = station.settings.get(nameOf(item));
      const { component, variable } = item;
      const asked = textAt(item, 'attributeType') ?? 'Actual';
      const built = listVariable(station, nameOf(item), asked);
      if (built !== undefined)
        return { attributeStatus: 'Accepted', attributeType: asked, attributeValue: String(built), component, variable };
      if (setting === undefined) return { attributeStatus: unknownWord(station, item), component, variable };
      if (asked !== 'Actual') return { attributeStatus: 'NotSupportedAttributeType', attributeType: asked, component, variable };
      const attributeValue = nameOf(item) === 'ClockCtrlr.DateTime' ? station.timestamp() : setting.value;
      return { attributeStatus: 'Accepted', attributeType: asked, attributeValue, component, variable };
    });
  return { answer: { payload: { getVariableResult } } };
}

function setVariables(station: SimulatedStation, payload: Payload): CommandOutcome {
  let passwordSet = false;
  const setVariableResult = listAt(payload, 'setVariableData')
    .filter(isObject)
    .map((item) => {
      const { component, variable } = item;
      if ((textAt(item, 'attributeType') ?? 'Actual') !== 'Actual')
        return { attributeStatus: 'NotSupportedAttributeType', component, variable };
      const name = nameOf(item);
      const value = textAt(item, 'attributeValue') ?? '';
      // Write-only, so no setting. Source: OCPP 2.0.1 Part 2 A01
      if (name === 'SecurityCtrlr.BasicAuthPassword') {
        passwordSet = station.security.setPassword(value);
        return { attributeStatus: passwordSet ? 'Accepted' : 'Rejected', component, variable };
      }
      if (name === 'OCPPCommCtrlr.NetworkConfigurationPriority' && !station.security.prioritize(value))
        return { attributeStatus: 'Rejected', component, variable };
      const word = station.settings.set(name, value);
      return { attributeStatus: word === 'Unknown' ? unknownWord(station, item) : word, component, variable };
    });
  const then = (): void => {
    station.settingsChanged();
    if (passwordSet) station.reconnect();
  };
  return { answer: { payload: { setVariableResult } }, then };
}

/** OCPP 2.0.1 Part 2 B07: everything the station can be configured to, in one message. */
function baseReport(station: SimulatedStation, requestId: number): void {
  const reportData = station.settings.names().map((name) => {
    const [component = '', variable = ''] = name.split('.');
    const setting = station.settings.get(name);
    return {
      component: { name: component },
      variable: { name: variable },
      variableAttribute: [
        { type: 'Actual', value: setting?.value ?? '', mutability: setting?.readonly === true ? 'ReadOnly' : 'ReadWrite' },
      ],
      variableCharacteristics: { dataType: /^\d+$/.test(setting?.value ?? '') ? 'integer' : 'string', supportsMonitoring: false },
    };
  });
  void station.call('NotifyReport', { requestId, generatedAt: station.timestamp(), seqNo: 0, reportData });
}
