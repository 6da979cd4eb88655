import type { VariableName } from '@voltlog/connection-contract';

/** The component that holds the keys 2.x has no variable for, under their own names. */
export const COMPONENT_16 = '1.6';

export interface KeyVariable extends VariableName {
  /** Absent: Actual. */
  readonly attributeType?: 'MaxSet';
}

const at = (component: string, name: string, instance?: string): KeyVariable => ({
  component,
  name,
  ...(instance === undefined ? {} : { instance }),
});

/**
 * Configuration keys of 1.6 and the variables of 2.x that mean the same and have the same values.
 *
 * Sources: OCPP 1.6 §9, OCPP 1.6 Security Whitepaper §4, OCPP 2.0.1 Part 2 Appendix 3 (referenced components and variables).
 */
const VARIABLES: ReadonlyMap<string, KeyVariable> = new Map([
  ['AdditionalRootCertificateCheck', at('SecurityCtrlr', 'AdditionalRootCertificateCheck')],
  ['AllowOfflineTxForUnknownId', at('AuthCtrlr', 'OfflineTxForUnknownIdEnabled')],
  ['AuthorizationCacheEnabled', at('AuthCacheCtrlr', 'Enabled')],
  ['AuthorizationKey', at('SecurityCtrlr', 'BasicAuthPassword')],
  ['AuthorizeRemoteTxRequests', at('AuthCtrlr', 'AuthorizeRemoteStart')],
  ['ChargeProfileMaxStackLevel', at('SmartChargingCtrlr', 'ProfileStackLevel')],
  ['ChargingScheduleMaxPeriods', at('SmartChargingCtrlr', 'PeriodsPerSchedule')],
  ['ClockAlignedDataInterval', at('AlignedDataCtrlr', 'Interval')],
  ['ConnectionTimeOut', at('TxCtrlr', 'EVConnectionTimeOut')],
  ['ConnectorSwitch3to1PhaseSupported', at('SmartChargingCtrlr', 'Phases3to1')],
  ['CpoName', at('SecurityCtrlr', 'OrganizationName')],
  ['GetConfigurationMaxKeys', at('DeviceDataCtrlr', 'ItemsPerMessage', 'GetVariables')],
  ['HeartbeatInterval', at('OCPPCommCtrlr', 'HeartbeatInterval')],
  ['LocalAuthListEnabled', at('LocalAuthListCtrlr', 'Enabled')],
  ['LocalAuthListMaxLength', { ...at('LocalAuthListCtrlr', 'Entries'), attributeType: 'MaxSet' }],
  ['LocalAuthorizeOffline', at('AuthCtrlr', 'LocalAuthorizeOffline')],
  ['LocalPreAuthorize', at('AuthCtrlr', 'LocalPreAuthorize')],
  ['MaxChargingProfilesInstalled', at('SmartChargingCtrlr', 'Entries', 'ChargingProfiles')],
  ['MaxEnergyOnInvalidId', at('TxCtrlr', 'MaxEnergyOnInvalidId')],
  ['MeterValueSampleInterval', at('SampledDataCtrlr', 'TxUpdatedInterval')],
  ['MeterValuesAlignedData', at('AlignedDataCtrlr', 'Measurands')],
  ['MeterValuesSampledData', at('SampledDataCtrlr', 'TxUpdatedMeasurands')],
  ['ReserveConnectorZeroSupported', at('ReservationCtrlr', 'NonEvseSpecific')],
  ['ResetRetries', at('OCPPCommCtrlr', 'ResetRetries')],
  ['SecurityProfile', at('SecurityCtrlr', 'SecurityProfile')],
  ['SendLocalListMaxLength', at('LocalAuthListCtrlr', 'ItemsPerMessage')],
  ['StopTransactionOnEVSideDisconnect', at('TxCtrlr', 'StopTxOnEVSideDisconnect')],
  ['StopTransactionOnInvalidId', at('TxCtrlr', 'StopTxOnInvalidId')],
  ['StopTxnAlignedData', at('AlignedDataCtrlr', 'TxEndedMeasurands')],
  ['StopTxnSampledData', at('SampledDataCtrlr', 'TxEndedMeasurands')],
  ['TransactionMessageAttempts', at('OCPPCommCtrlr', 'MessageAttempts', 'TransactionEvent')],
  ['TransactionMessageRetryInterval', at('OCPPCommCtrlr', 'MessageAttemptInterval', 'TransactionEvent')],
  ['UnlockConnectorOnEVSideDisconnect', at('OCPPCommCtrlr', 'UnlockOnEVSideDisconnect')],
  ['WebSocketPingInterval', at('OCPPCommCtrlr', 'WebSocketPingInterval')],
]);

/** Keys are CiStrings: their letters may be written either way. */
const BY_KEY: ReadonlyMap<string, KeyVariable> = new Map([...VARIABLES].map(([key, variable]) => [key.toLowerCase(), variable]));

const idOf = (component: string, name: string, instance: string, attributeType: string): string =>
  [component, name, instance, attributeType].join('\0').toLowerCase();

const KEYS: ReadonlyMap<string, string> = new Map(
  [...VARIABLES].map(([key, one]) => [idOf(one.component, one.name, one.instance ?? '', one.attributeType ?? 'Actual'), key]),
);

/** The variable a 1.6 key stands for; one that 2.x has no word for keeps its own name in the component `1.6`. */
export const variableOf = (key: string): KeyVariable => BY_KEY.get(key.toLowerCase()) ?? { component: COMPONENT_16, name: key };

/**
 * The key that stands for a variable.
 *
 * @returns undefined: 1.6 has none
 */
export function keyOf(variable: {
  readonly component: string;
  readonly name: string;
  readonly instance: string;
  readonly attributeType?: string | undefined;
  readonly evseId?: number | undefined;
}): string | undefined {
  if (variable.component === '' || variable.component === COMPONENT_16) return variable.name;
  if ((variable.evseId ?? 0) !== 0) return undefined;
  const attributeType = variable.attributeType || 'Actual';
  return (
    KEYS.get(idOf(variable.component, variable.name, variable.instance, attributeType)) ??
    // Asked without the instance there can be only one that is meant.
    (variable.instance === '' ? KEYS.get(idOf(variable.component, variable.name, 'TransactionEvent', attributeType)) : undefined)
  );
}
