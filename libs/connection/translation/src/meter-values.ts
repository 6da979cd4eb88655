import type { SampledValue } from '@voltlog/connection-contract';

/** What `measurand` means when it is left out. Source: OCPP 1.6 §7.45, OCPP 2.0.1 Part 2 §2.46. */
export const MEASURAND_DEFAULT = 'Energy.Active.Import.Register';

const CONTEXT_DEFAULT = 'Sample.Periodic';
const LOCATION_DEFAULT = 'Outlet';

/** What is meant anyway is left out: most samples of most stations say it. Source: as above. */
export const toldContext = (context: string | undefined): string | undefined => (context === CONTEXT_DEFAULT ? undefined : context);
export const toldLocation = (location: string | undefined): string | undefined => (location === LOCATION_DEFAULT ? undefined : location);

interface BaseUnit {
  readonly unit: string;
  readonly factor: number;
  /** Added after the factor. */
  readonly offset?: number;
}

/** Units stations send -> base unit. `Celcius` is the misspelling of OCPP 1.6 edition 1, which stations still send. */
const BASE_UNITS: Readonly<Record<string, BaseUnit>> = {
  Wh: { unit: 'Wh', factor: 1 },
  kWh: { unit: 'Wh', factor: 1000 },
  W: { unit: 'W', factor: 1 },
  kW: { unit: 'W', factor: 1000 },
  A: { unit: 'A', factor: 1 },
  V: { unit: 'V', factor: 1 },
  Percent: { unit: 'Percent', factor: 1 },
  Hz: { unit: 'Hz', factor: 1 },
  Hertz: { unit: 'Hz', factor: 1 },
  varh: { unit: 'varh', factor: 1 },
  kvarh: { unit: 'varh', factor: 1000 },
  var: { unit: 'var', factor: 1 },
  kvar: { unit: 'var', factor: 1000 },
  VA: { unit: 'VA', factor: 1 },
  kVA: { unit: 'VA', factor: 1000 },
  VAh: { unit: 'VAh', factor: 1 },
  kVAh: { unit: 'VAh', factor: 1000 },
  Celsius: { unit: 'Celsius', factor: 1 },
  Celcius: { unit: 'Celsius', factor: 1 },
  Fahrenheit: { unit: 'Celsius', factor: 5 / 9, offset: -160 / 9 },
  K: { unit: 'Celsius', factor: 1, offset: -273.15 },
};

/** The unit of a measurand that names none. Source: OCPP 1.6 §7.45 (Wh for energy); the rest is the only unit the measurand has. */
function unitDefault(measurand: string): string {
  if (measurand.startsWith('Energy.Reactive')) return 'varh';
  if (measurand.startsWith('Energy.Apparent')) return 'VAh';
  if (measurand.startsWith('Energy')) return 'Wh';
  if (measurand.startsWith('Power.Reactive')) return 'var';
  if (measurand === 'Power.Factor') return '';
  if (measurand.startsWith('Power')) return 'W';
  if (measurand.startsWith('Current')) return 'A';
  if (measurand.startsWith('Voltage')) return 'V';
  if (measurand === 'SoC') return 'Percent';
  if (measurand === 'Temperature') return 'Celsius';
  if (measurand === 'Frequency') return 'Hz';
  return measurand === 'RPM' ? 'RPM' : '';
}

/**
 * One sampled value in its base unit.
 *
 * Products are rounded to 1/1 000 000 of the base unit, so that 2.3 kWh is 2300 Wh and not 2299.9999999999995.
 */
export function baseSample(
  measurand: string | undefined,
  value: number,
  unit: string | undefined,
  multiplier: number,
): { measurand: string; value: number; unit: string } {
  const name = measurand ?? MEASURAND_DEFAULT;
  const told = unit ?? unitDefault(name);
  const base = BASE_UNITS[told];
  if (base === undefined) return { measurand: name, value: multiplier === 0 ? value : rounded(value * 10 ** multiplier), unit: told };
  if (base.factor === 1 && multiplier === 0 && base.offset === undefined) return { measurand: name, value, unit: base.unit };
  return { measurand: name, value: rounded(value * base.factor * 10 ** multiplier + (base.offset ?? 0)), unit: base.unit };
}

/** Beyond 2^53 / 1e6 there are no digits left to lose. */
const rounded = (value: number): number => (Math.abs(value) < 9e9 ? Math.round(value * 1e6) / 1e6 : value);

/** The energy register among samples: the whole meter's, not a phase's, of the given context; undefined: Sample.Periodic. */
export function energyRegisterWh(samples: readonly SampledValue[], context: string | undefined): number | undefined {
  for (const sample of samples) {
    if (sample.measurand === MEASURAND_DEFAULT && sample.phase === undefined && sample.context === context) return sample.value;
  }
  return undefined;
}
