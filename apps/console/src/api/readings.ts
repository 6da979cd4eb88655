import type { MeterValue } from './types.js';

/** One moment of a session. */
export interface Reading {
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  readonly powerW: number | undefined;
  readonly socPercent: number | undefined;
}

/** The whole of a measurand: the value without a phase, else the sum over the phases. */
function total(value: MeterValue, measurand: string): number | undefined {
  const samples = value.samples.filter((sample) => sample.measurand === measurand);
  const whole = samples.find((sample) => sample.phase === undefined || sample.phase === null || sample.phase === '');
  if (whole !== undefined) return whole.value;
  return samples.length === 0 ? undefined : samples.reduce((sum, sample) => sum + sample.value, 0);
}

/** Readings in order of time; moments that say neither power nor state of charge are left out. */
export function readingsOf(values: readonly MeterValue[]): Reading[] {
  return values
    .flatMap((value): Reading[] => {
      const at = value.at === null ? Number.NaN : Date.parse(value.at);
      const powerW = total(value, 'Power.Active.Import');
      const socPercent = total(value, 'SoC');
      return Number.isNaN(at) || (powerW === undefined && socPercent === undefined) ? [] : [{ at, powerW, socPercent }];
    })
    .sort((a, b) => a.at - b.at);
}
