import type { OcppVersion } from './station-facts.js';

/** One request that the platform sends to stations in OCPP 2.1's words, whatever version they speak. */
export interface StationRequestEntry {
  /** What it is for, as the API shows it. */
  readonly summary: string;
  /** Why a version has no word for it; a version that is not named has one. */
  readonly missing: Partial<Readonly<Record<OcppVersion, string>>>;
}

const only2 = (summary: string, why: string) => ({ summary, missing: { 'ocpp1.6': why } });
const only21 = (summary: string, what: string) => ({
  summary,
  missing: { 'ocpp1.6': `1.6 knows no ${what}`, 'ocpp2.0.1': `2.0.1 knows no ${what}; it came with 2.1` },
});

const DISPLAY = '1.6 has no messages for the display of a station';
const PUBLISH = '1.6 has no local controller that publishes firmware';

/**
 * Every such request, by its 2.1 action. An entry here makes the gRPC message (`npm run generate`), the REST route with its schema, the CALL
 * of 2.x, and the row in `docs/reference/ocpp-coverage.md`; where 1.6 has a counterpart the translation must say it in 1.6's words, too.
 */
export const STATION_REQUESTS = {
  SetChargingProfile: { summary: 'Set a charging profile', missing: {} },
  ClearChargingProfile: { summary: 'Clear charging profiles', missing: {} },
  GetCompositeSchedule: { summary: 'Ask for the schedule that follows from all profiles', missing: {} },
  GetChargingProfiles: only2(
    'Ask the station to report its charging profiles',
    '1.6 cannot list profiles; ask for the composite schedule instead',
  ),
  GetLog: { summary: 'Have a log uploaded: diagnostics, security or data collector', missing: {} },
  UpdateFirmware: { summary: 'Update the firmware, signed or not', missing: {} },
  PublishFirmware: only2('Have a local controller publish firmware to the stations behind it', PUBLISH),
  UnpublishFirmware: only2('Have a local controller publish firmware no more', PUBLISH),
  CustomerInformation: only2('Report or clear what the station knows of a customer', '1.6 has no message about customer information'),
  SetDisplayMessage: only2('Show a message on the display', DISPLAY),
  GetDisplayMessages: only2('Ask the station to report the messages of its display', DISPLAY),
  ClearDisplayMessage: only2('Take a message off the display', DISPLAY),
  CostUpdated: only2('Tell the station the cost of a transaction so far', '1.6 has no message for the running cost'),
  GetTransactionStatus: only2(
    'Ask whether a transaction goes on and messages wait at the station',
    '1.6 cannot be asked about a transaction',
  ),
  AFRRSignal: only21('Pass an automatic frequency restoration signal on to the station', 'frequency restoration signal'),
  UpdateDynamicSchedule: only21('Update the limits of a dynamic charging profile', 'dynamic charging profile'),
  UsePriorityCharging: only21('Switch priority charging of a transaction on or off', 'priority charging'),
  NotifyAllowedEnergyTransfer: only21('Tell which kinds of energy transfer a transaction may use', 'change of the energy transfer'),
  RequestBatterySwap: only21('Start a battery swap', 'battery swap'),
  SetDERControl: only21('Set a control of a distributed energy resource', 'control of distributed energy resources'),
  GetDERControl: only21('Ask the station to report its control of distributed energy resources', 'control of distributed energy resources'),
  ClearDERControl: only21('Clear controls of a distributed energy resource', 'control of distributed energy resources'),
  SetDefaultTariff: only21('Set the default tariff of the station or an EVSE', 'tariff at the station'),
  GetTariffs: only21('List the tariffs at the station', 'tariff at the station'),
  ClearTariffs: only21('Clear tariffs at the station', 'tariff at the station'),
  ChangeTransactionTariff: only21('Change the tariff of a transaction under way', 'tariff at the station'),
  NotifyWebPaymentStarted: only21('Tell the station that somebody pays on the web page behind its QR code', 'payment by QR code'),
  GetPeriodicEventStream: only21('List the periodic event streams of the station', 'periodic event stream'),
  AdjustPeriodicEventStream: only21('Change interval and size of a periodic event stream', 'periodic event stream'),
} as const satisfies Readonly<Record<string, StationRequestEntry>>;

export type StationRequestAction = keyof typeof STATION_REQUESTS;

/** Those that 1.6 has a counterpart of. */
export type StationRequestAction16 = {
  [Action in StationRequestAction]: (typeof STATION_REQUESTS)[Action]['missing'] extends { readonly 'ocpp1.6': string } ? never : Action;
}[StationRequestAction];

/** `SetDERControl` -> `set-der-control`: the path in REST; with `_` the field in gRPC. */
export const requestPath = (action: string): string =>
  action
    .replace(/([a-z\d])([A-Z])/g, '$1-$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1-$2')
    .toLowerCase();

/** `SetDERControl` -> `setDerControl`: the case in the generated types. */
export const requestCase = (action: string): string => requestPath(action).replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
