import type { MeterValue, SampledValue } from '@voltlog/connection-contract';
import { baseSample, toldContext, toldLocation } from '../meter-values.js';
import type { CallContext } from '../route.js';
import { stationTime } from '../station-time.js';

export interface SampledValueType {
  readonly value: number;
  readonly context?: string;
  readonly measurand?: string;
  readonly phase?: string;
  readonly location?: string;
  readonly signedMeterValue?: unknown;
  readonly unitOfMeasure?: { readonly unit?: string; readonly multiplier?: number };
}

export interface MeterValueType {
  readonly timestamp: string;
  readonly sampledValue: readonly SampledValueType[];
}

/** 2.x meter values in base units: `multiplier` is a power of ten. Source: OCPP 2.0.1 Part 2 §2.62. */
export function meterValues2(values: readonly MeterValueType[] | undefined, context: CallContext): readonly MeterValue[] {
  if (values === undefined) return [];
  const out: MeterValue[] = [];
  for (const value of values) {
    const samples: SampledValue[] = [];
    for (const one of value.sampledValue) {
      const unit = one.unitOfMeasure;
      const sample: { -readonly [Key in keyof SampledValue]: SampledValue[Key] } = baseSample(
        one.measurand,
        one.value,
        unit?.unit,
        unit?.multiplier ?? 0,
      );
      if (one.phase !== undefined) sample.phase = one.phase;
      const location = toldLocation(one.location);
      if (location !== undefined) sample.location = location;
      const context = toldContext(one.context);
      if (context !== undefined) sample.context = context;
      if (one.signedMeterValue !== undefined) sample.signed = one.signedMeterValue;
      samples.push(sample);
    }
    out.push({ at: stationTime(value.timestamp, context), samples });
  }
  return out;
}
