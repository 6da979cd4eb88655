import type { OcppVersion, QuirkId } from '@voltlog/connection-contract';
import type { Payload } from '@voltlog/ocpp-rpc';

/** A well-formed message whose meaning is another. */
export interface Meant {
  readonly version: OcppVersion;
  readonly action: string;
  readonly payload: Payload;
  /** ISO 8601, our clock. */
  readonly receivedAt: string;
}

/** @returns the message as it is meant, whole; undefined: as it is sent */
export type Meaning = (message: Meant) => Payload | undefined;

/** No station is older than OCPP 1.5. */
const CLOCK_SET_FROM = '2010';
const INT32_MAX = 0x7fffffff;

const noTransactionInMeterValues: Meaning = ({ action, payload }) => {
  const id = payload['transactionId'];
  if (action !== 'MeterValues' || typeof id !== 'number' || (id > 0 && id <= INT32_MAX)) return undefined;
  const { transactionId: _, ...rest } = payload;
  return rest;
};

const clockNotSet: Meaning = ({ action, payload, receivedAt }) => {
  const at = payload['timestamp'];
  if (action !== 'StatusNotification' || typeof at !== 'string' || at >= CLOCK_SET_FROM) return undefined;
  return { ...payload, timestamp: receivedAt };
};

/** The unit is said right, and the translation does the rest. */
const samplesInKwh: Meaning = ({ action, payload }) => {
  const name = action === 'MeterValues' ? 'meterValue' : action === 'StopTransaction' ? 'transactionData' : undefined;
  const values = name === undefined ? undefined : payload[name];
  if (name === undefined || !Array.isArray(values)) return undefined;
  let changed = false;
  const mended = values.map((value: { readonly sampledValue: readonly Sample[] }) => ({
    ...value,
    sampledValue: value.sampledValue.map((sample) => {
      if (!isEnergyInWh(sample)) return sample;
      changed = true;
      return { ...sample, unit: 'kWh' };
    }),
  }));
  return changed ? { ...payload, [name]: mended } : undefined;
};

interface Sample {
  readonly measurand?: string;
  readonly unit?: string;
  readonly format?: string;
}

/** OCPP 1.6 §7.45: without a measurand it is the energy register, without a unit Wh. Signed data say themselves what they are. */
const isEnergyInWh = ({ measurand = 'Energy.Active', unit = 'Wh', format }: Sample): boolean =>
  measurand.startsWith('Energy.Active') && unit === 'Wh' && format !== 'SignedData';

const registersInKwh: Meaning = ({ action, payload }) => {
  const name = action === 'StartTransaction' ? 'meterStart' : action === 'StopTransaction' ? 'meterStop' : '';
  const register = payload[name];
  return typeof register === 'number' && register !== 0 ? { ...payload, [name]: register * 1_000 } : undefined;
};

/** How each deviation that breaks no schema is read. */
export const MEANINGS: Readonly<Partial<Record<QuirkId, Meaning>>> = {
  'no-transaction-in-meter-values': noTransactionInMeterValues,
  'clock-not-set': clockNotSet,
  'samples-in-kwh': samplesInKwh,
  'registers-in-kwh': registersInKwh,
};
