/** What a station can be configured to; a value of `undefined` in a lookup means that the station does not know the name. */
export interface Setting {
  readonly value: string;
  readonly readonly: boolean;
}

/** Settings of one station: the shared defaults, and what was changed. Nothing is copied until something changes. */
export class Settings {
  private changed: Map<string, string> | undefined;

  constructor(private readonly defaults: ReadonlyMap<string, Setting>) {}

  get(name: string): Setting | undefined {
    const setting = this.defaults.get(name);
    const value = this.changed?.get(name);
    return setting === undefined || value === undefined ? setting : { ...setting, value };
  }

  /** The number a setting holds, or the fallback. */
  number(name: string, fallback: number): number {
    const value = Number(this.get(name)?.value ?? Number.NaN);
    return Number.isFinite(value) ? value : fallback;
  }

  flag(name: string): boolean {
    return this.get(name)?.value.toLowerCase() === 'true';
  }

  set(name: string, value: string): 'Accepted' | 'Rejected' | 'Unknown' {
    const setting = this.defaults.get(name);
    if (setting === undefined) return 'Unknown';
    if (setting.readonly || (/^\d+$/.test(setting.value) && !/^\d+$/.test(value))) return 'Rejected';
    this.changed ??= new Map();
    this.changed.set(name, value);
    return 'Accepted';
  }

  names(): readonly string[] {
    return [...this.defaults.keys()];
  }
}

const writable = (value: string): Setting => ({ value, readonly: false });
const fixed = (value: string): Setting => ({ value, readonly: true });

/** Configuration keys of OCPP 1.6 §9. */
export const SETTINGS_16: ReadonlyMap<string, Setting> = new Map([
  ['HeartbeatInterval', writable('300')],
  ['MeterValueSampleInterval', writable('60')],
  ['TransactionMessageAttempts', writable('3')],
  ['TransactionMessageRetryInterval', writable('60')],
  ['StopTransactionOnInvalidId', writable('true')],
  ['StopTransactionOnEVSideDisconnect', writable('true')],
  ['AuthorizeRemoteTxRequests', writable('false')],
  ['AllowOfflineTxForUnknownId', writable('true')],
  ['LocalAuthListEnabled', writable('true')],
  ['LocalPreAuthorize', writable('false')],
  // Of makers who know master passes: the standard has no key for it.
  ['MasterPassGroupId', writable('')],
  ['ConnectionTimeOut', writable('60')],
  ['WebSocketPingInterval', writable('0')],
  ['SecurityProfile', writable('0')],
  // Of some makers, like any key for it; empty: where it was made to go.
  ['CentralSystemURL', writable('')],
  ['NumberOfConnectors', fixed('1')],
  ['SupportedFeatureProfiles', fixed('Core,LocalAuthListManagement,RemoteTrigger')],
]);

/** `Component.Variable` of OCPP 2.0.1 Part 2 Appendix (referenced components and variables). */
export const SETTINGS_201: ReadonlyMap<string, Setting> = new Map([
  ['OCPPCommCtrlr.HeartbeatInterval', writable('300')],
  ['OCPPCommCtrlr.MessageAttempts', writable('3')],
  ['OCPPCommCtrlr.MessageAttemptInterval', writable('60')],
  ['OCPPCommCtrlr.WebSocketPingInterval', writable('0')],
  ['OCPPCommCtrlr.NetworkConfigurationPriority', writable('1,0')],
  ['SampledDataCtrlr.TxUpdatedInterval', writable('60')],
  ['SampledDataCtrlr.TxUpdatedMeasurands', writable('Energy.Active.Import.Register,Power.Active.Import,SoC')],
  ['TxCtrlr.StopTxOnInvalidId', writable('true')],
  ['TxCtrlr.StopTxOnEVSideDisconnect', writable('true')],
  ['TxCtrlr.EVConnectionTimeOut', writable('60')],
  ['AuthCtrlr.AuthorizeRemoteStart', writable('false')],
  ['AuthCtrlr.OfflineTxForUnknownIdEnabled', writable('true')],
  ['AuthCtrlr.LocalPreAuthorize', writable('false')],
  ['AuthCtrlr.MasterPassGroupId', writable('')],
  ['LocalAuthListCtrlr.Enabled', writable('true')],
  ['ClockCtrlr.DateTime', fixed('')],
  ['ChargingStation.Model', fixed('Simulated')],
]);
