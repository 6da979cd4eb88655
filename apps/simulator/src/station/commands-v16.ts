import type { CommandOutcome } from './dialect.js';
import { listAt, numberAt, type Payload, textAt } from './protocol.js';
import type { SimulatedStation } from './station.js';
import { profileOf } from './station-security.js';

/** Commands of OCPP 1.6 and its security whitepaper that this station knows and does not do. */
const NOT_SUPPORTED = new Set([
  'ClearChargingProfile',
  'DeleteCertificate',
  'GetCompositeSchedule',
  'GetInstalledCertificateIds',
  'SetChargingProfile',
]);

const accepted: CommandOutcome = { answer: { payload: { status: 'Accepted' } } };
const status = (word: string, then?: () => void): CommandOutcome => ({
  answer: { payload: { status: word } },
  ...(then === undefined ? {} : { then }),
});

/** What an OCPP 1.6 station answers to a command, and does after it (OCPP 1.6 §5). */
export function commandV16(station: SimulatedStation, action: string, payload: Payload): CommandOutcome {
  switch (action) {
    case 'RemoteStartTransaction':
      return remoteStart(station, payload);
    case 'RemoteStopTransaction': {
      const evse = station.evseOf((entry) => entry.transactionId === payload['transactionId']);
      return evse === undefined ? status('Rejected') : status('Accepted', () => station.stopTransaction(evse.id, 'Remote'));
    }
    case 'Reset': {
      const hard = payload['type'] === 'Hard';
      return status('Accepted', () => station.reset(hard ? 'HardReset' : 'SoftReset'));
    }
    case 'ChangeAvailability':
      return changeAvailability(station, payload);
    case 'UnlockConnector': {
      const evse = station.evse(numberAt(payload, 'connectorId') ?? 0);
      return evse === undefined ? status('NotSupported') : status('Unlocked', () => station.unlock(evse.id));
    }
    case 'TriggerMessage':
      return trigger(station, payload);
    case 'ExtendedTriggerMessage':
      return payload['requestedMessage'] === 'SignChargePointCertificate'
        ? status('Accepted', () => station.requestCertificate())
        : trigger(station, payload);
    case 'InstallCertificate':
      return station.security.installRoot(payload);
    case 'CertificateSigned':
      return station.security.install(payload);
    case 'GetConfiguration':
      return getConfiguration(station, payload);
    case 'ChangeConfiguration': {
      if (payload['key'] === 'AuthorizationKey') return newPassword(station, textAt(payload, 'value') ?? '');
      if (payload['key'] === 'CentralSystemURL' && !station.security.goTo(textAt(payload, 'value') ?? '')) return status('Rejected');
      if (payload['key'] === 'SecurityProfile') return newProfile(station, textAt(payload, 'value') ?? '');
      const word = station.settings.set(textAt(payload, 'key') ?? '', textAt(payload, 'value') ?? '');
      return status(word === 'Unknown' ? 'NotSupported' : word, () => station.settingsChanged());
    }
    case 'ReserveNow':
      return reserveNow(station, payload);
    case 'CancelReservation':
      return station.holds.cancel(numberAt(payload, 'reservationId') ?? -1)
        ? status('Accepted', () => station.holds.told())
        : status('Rejected');
    case 'SendLocalList':
      return sendLocalList(station, payload);
    case 'GetLocalListVersion':
      return station.localList === undefined ? NO_LIST : { answer: { payload: { listVersion: station.localList.version } } };
    case 'UpdateFirmware':
      return station.firmware.ordered16(payload);
    case 'SignedUpdateFirmware':
      return station.firmware.ordered(payload);
    case 'GetDiagnostics':
      return station.logUpload.diagnostics(payload);
    case 'GetLog':
      return station.logUpload.log(payload);
    case 'ClearCache':
      return accepted;
    case 'DataTransfer':
      return status('UnknownVendorId');
    default:
      return NOT_SUPPORTED.has(action)
        ? { answer: { error: 'NotSupported', description: `${action} is not supported` } }
        : { answer: { error: 'NotImplemented', description: `${action} is not known` } };
  }
}

/** OCPP 1.6 Security Whitepaper A01: it connects again with the new one. */
function newPassword(station: SimulatedStation, value: string): CommandOutcome {
  return station.security.setPassword(value) ? status('Accepted', () => station.reconnect()) : status('Rejected');
}

/** OCPP 1.6 Security Whitepaper A05. This station lowers its profile too, as those do whose maker allows it. */
function newProfile(station: SimulatedStation, value: string): CommandOutcome {
  const profile = profileOf(value);
  if (profile === undefined || !station.security.switchTo(profile)) return status('Rejected');
  station.settings.set('SecurityProfile', value);
  return status('Accepted', () => station.reset('SoftReset'));
}

function remoteStart(station: SimulatedStation, payload: Payload): CommandOutcome {
  const idToken = textAt(payload, 'idTag') ?? '';
  const evse = station.freeEvse(numberAt(payload, 'connectorId'));
  if (evse === undefined || !station.holds.admits(evse, idToken)) return status('Rejected');
  return status('Accepted', () => station.remoteStart(evse.id, idToken, undefined));
}

/** OCPP 1.6 §5.13; connector 0: any, which this station allows. */
function reserveNow(station: SimulatedStation, payload: Payload): CommandOutcome {
  if (!station.canReserve) return { answer: { error: 'NotSupported', description: 'there is no Reservation profile' } };
  const connectorId = numberAt(payload, 'connectorId') ?? 0;
  const evse = station.evse(connectorId);
  if (connectorId !== 0 && evse === undefined) return status('Rejected');
  const word = station.holds.reserve(evse, {
    id: numberAt(payload, 'reservationId') ?? 0,
    idToken: textAt(payload, 'idTag') ?? '',
    groupId: textAt(payload, 'parentIdTag'),
    expiresAt: Date.parse(textAt(payload, 'expiryDate') ?? ''),
  });
  return status(word, () => station.holds.told());
}

const NO_LIST: CommandOutcome = { answer: { error: 'NotSupported', description: 'there is no LocalAuthListManagement profile' } };

/** OCPP 1.6 §5.15 */
function sendLocalList({ localList }: SimulatedStation, payload: Payload): CommandOutcome {
  if (localList === undefined) return NO_LIST;
  const tokens = listAt(payload, 'localAuthorizationList').map((entry) => ({
    idToken: textAt(entry, 'idTag') ?? '',
    status: textAt(entry, 'idTagInfo', 'status'),
    groupId: textAt(entry, 'idTagInfo', 'parentIdTag'),
    expiresAt: timeOf(textAt(entry, 'idTagInfo', 'expiryDate')),
  }));
  const version = numberAt(payload, 'listVersion') ?? 0;
  return status(localList.update({ version, differential: payload['updateType'] === 'Differential', tokens }));
}

const timeOf = (text: string | undefined): number | undefined => (text === undefined ? undefined : Date.parse(text));

/** What the maker built in. Source: OCPP 1.6 §9.3 */
function listSetting({ localList }: SimulatedStation, key: string): number | undefined {
  if (key === 'LocalAuthListMaxLength') return localList?.limits.entriesMax;
  return key === 'SendLocalListMaxLength' ? localList?.limits.itemsPerMessage : undefined;
}

function changeAvailability(station: SimulatedStation, payload: Payload): CommandOutcome {
  const connectorId = numberAt(payload, 'connectorId') ?? 0;
  if (connectorId !== 0 && station.evse(connectorId) === undefined) return status('Rejected');
  return status(station.changeAvailability(connectorId === 0 ? undefined : connectorId, payload['type'] === 'Operative'));
}

function trigger(station: SimulatedStation, payload: Payload): CommandOutcome {
  const connectorId = numberAt(payload, 'connectorId');
  if (connectorId !== undefined && connectorId !== 0 && station.evse(connectorId) === undefined) return status('Rejected');
  switch (payload['requestedMessage']) {
    case 'BootNotification':
      return status('Accepted', () => station.line.bootAgain());
    case 'Heartbeat':
      return status('Accepted', () => station.line.heartbeat());
    case 'StatusNotification':
      return status('Accepted', () => station.reportStatus(connectorId === 0 ? undefined : connectorId, true));
    case 'MeterValues':
      return status('Accepted', () => station.reportMeter(connectorId === 0 ? undefined : connectorId));
    default:
      return status('NotImplemented');
  }
}

/** Where it was made to go, until it is sent elsewhere. */
const addressAt = (station: SimulatedStation, key: string): string => (key === 'CentralSystemURL' ? station.security.way().urls[0] : '');

function getConfiguration(station: SimulatedStation, payload: Payload): CommandOutcome {
  const asked = listAt(payload, 'key').filter((key) => typeof key === 'string');
  const configurationKey: Payload[] = [];
  const unknownKey: string[] = [];
  for (const key of asked.length > 0 ? asked : station.settings.names()) {
    const built = listSetting(station, key);
    const setting = built === undefined ? station.settings.get(key) : { value: String(built), readonly: true };
    if (setting === undefined) unknownKey.push(key);
    else configurationKey.push({ key, readonly: setting.readonly, value: setting.value || addressAt(station, key) });
  }
  return { answer: { payload: { configurationKey, unknownKey } } };
}
