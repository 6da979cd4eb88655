import type { MeterValue, SampledValue } from '@voltlog/connection-contract';
import { baseSample, toldContext, toldLocation } from '../meter-values.js';
import type { CallContext } from '../route.js';
import { stationTime } from '../station-time.js';

export interface SampledValue16 {
  readonly value: string;
  readonly context?: string;
  readonly format?: 'Raw' | 'SignedData';
  readonly measurand?: string;
  readonly phase?: string;
  readonly location?: string;
  readonly unit?: string;
}

export interface MeterValue16 {
  readonly timestamp: string;
  readonly sampledValue: readonly SampledValue16[];
}

/** A decimal comma instead of a point: sent by several makes with a German locale. */
const tolerateDecimalComma = (text: string): number => (DECIMAL.test(text) ? Number(text.replace(',', '.')) : Number.NaN);
/** A decimal number and nothing else: `Number` would take hexadecimal and binary, too. */
const DECIMAL = /^\s*[+-]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][+-]?\d+)?\s*$/;

/**
 * 1.6 meter values in base units. Values are texts in 1.6; one that is no number is left out here and stays in the fact's `raw`.
 * Signed data are attached to the plain reading of the same measurand and phase.
 */
export function meterValues16(values: readonly MeterValue16[] | undefined, context: CallContext): readonly MeterValue[] {
  if (values === undefined) return [];
  const out: MeterValue[] = [];
  for (const value of values) out.push({ at: stationTime(value.timestamp, context), samples: samples16(value.sampledValue) });
  return out;
}

function samples16(sampled: readonly SampledValue16[]): readonly SampledValue[] {
  const samples: SampledValue[] = [];
  let signed: SampledValue16[] | undefined;
  for (const one of sampled) {
    if (one.format === 'SignedData') {
      signed ??= [];
      signed.push(one);
      continue;
    }
    const number = tolerateDecimalComma(one.value);
    if (!Number.isFinite(number)) continue;
    const sample: { -readonly [Key in keyof SampledValue]: SampledValue[Key] } = baseSample(one.measurand, number, one.unit, 0);
    if (one.phase !== undefined) sample.phase = one.phase;
    const location = toldLocation(one.location);
    if (location !== undefined) sample.location = location;
    const context = toldContext(one.context);
    if (context !== undefined) sample.context = context;
    samples.push(sample);
  }
  return signed === undefined ? samples : withSigned(samples, signed);
}

const withSigned = (samples: readonly SampledValue[], signed: readonly SampledValue16[]): readonly SampledValue[] =>
  samples.map((sample) => {
    const proof = signed.find(
      (one) =>
        baseSample(one.measurand, 0, undefined, 0).measurand === sample.measurand &&
        one.phase === sample.phase &&
        toldContext(one.context) === sample.context,
    );
    return proof === undefined ? sample : { ...sample, signed: proof };
  });
