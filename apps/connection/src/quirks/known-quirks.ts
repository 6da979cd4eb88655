import { NO_QUIRK_CHOICES, type QuirkChoices, type QuirkId, quirkOf, type StationMake } from '@voltlog/connection-contract';
import type { deviceV1 } from '@voltlog/proto';

/** What decides about the quirks of a station. */
export interface KnownQuirks {
  readonly make: StationMake;
  readonly choices: QuirkChoices;
  /** Of the chosen ones those that read well-formed messages as something else; undefined: none, so that most calls cost one look. */
  readonly meanings: readonly QuirkId[] | undefined;
}

/** @param before what the station said itself, where the device service does not know its make */
export function knownQuirks(access: deviceV1.StationAccess, before?: KnownQuirks): KnownQuirks | undefined {
  const { vendor, model, firmwareVersion, quirksOn, quirksOff } = access;
  const make = vendor + model === '' ? before?.make : { vendor, model, firmwareVersion };
  if (make === undefined && quirksOn.length + quirksOff.length === 0) return undefined;
  const meanings = quirksOn.flatMap((id) => meaningOf(id));
  return {
    make: make ?? NO_MAKE,
    choices: quirksOn.length + quirksOff.length === 0 ? NO_QUIRK_CHOICES : { on: quirksOn, off: quirksOff },
    meanings: meanings.length === 0 ? undefined : meanings,
  };
}

export const NO_MAKE: StationMake = { vendor: '', model: '', firmwareVersion: '' };

const meaningOf = (id: string): readonly QuirkId[] => {
  const quirk = quirkOf(id);
  return quirk?.kind === 'meaning' ? [quirk.id] : [];
};

/** What a BootNotification of any version says, also one that breaks its schema. */
export function makeOf(payload: Readonly<Record<string, unknown>>): StationMake {
  const station = isObject(payload['chargingStation']) ? payload['chargingStation'] : payload;
  return {
    vendor: textOf(station['vendorName'] ?? station['chargePointVendor']),
    model: textOf(station['model'] ?? station['chargePointModel']),
    firmwareVersion: textOf(station['firmwareVersion']),
  };
}

/** No pattern is tried on more. */
const textOf = (value: unknown): string => (typeof value === 'string' ? value.slice(0, 255) : '');
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;

/** What was known with what the station just said it is. */
export const ofMake = (known: KnownQuirks | undefined, make: StationMake): KnownQuirks => ({
  make,
  choices: known?.choices ?? NO_QUIRK_CHOICES,
  meanings: known?.meanings,
});
