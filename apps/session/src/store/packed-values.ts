import type { SampledValue } from '@voltlog/connection-contract';
import type { Packing } from '@voltlog/store';
import type { MeterValueDocument } from './session-documents.js';

/** Stands for what a sample does not say, before something that it says. */
const NOTHING = 0;
type Told = string | typeof NOTHING;

/** A sample without the names of its fields, ending with the last one that it has. */
export type PackedSample = readonly [
  measurand: string,
  value: number,
  unit: string,
  phase?: Told,
  location?: Told,
  context?: Told,
  signed?: unknown,
];

/** A meter value as it is stored: half the bytes of the dearest rows of a session. The time is in the id. Documents of older programs are whole. */
export type StoredMeterValue = Omit<MeterValueDocument, 'at' | 'samples'> & {
  readonly at?: string;
  readonly samples: readonly (PackedSample | SampledValue)[];
};

export const valuePacking: Packing<MeterValueDocument, StoredMeterValue> = { pack: packed, unpack: unpacked };

function packed({ id, samples, receivedAt, seqNo }: MeterValueDocument): StoredMeterValue {
  const stored = { id, samples: samples.map(packedSample), receivedAt };
  return seqNo === undefined ? stored : { ...stored, seqNo };
}

function unpacked(stored: StoredMeterValue): MeterValueDocument {
  const { at = stored.id.split('#', 2)[1] ?? '', samples, ...rest } = stored;
  return { ...rest, at, samples: samples.map((sample) => (isPacked(sample) ? unpackedSample(sample) : sample)) };
}

function packedSample({ measurand, value, unit, phase, location, context, signed }: SampledValue): PackedSample {
  if (signed !== undefined) return [measurand, value, unit, phase ?? NOTHING, location ?? NOTHING, context ?? NOTHING, signed];
  if (context !== undefined) return [measurand, value, unit, phase ?? NOTHING, location ?? NOTHING, context];
  if (location !== undefined) return [measurand, value, unit, phase ?? NOTHING, location];
  return phase === undefined ? [measurand, value, unit] : [measurand, value, unit, phase];
}

function unpackedSample([measurand, value, unit, phase, location, context, signed]: PackedSample): SampledValue {
  return {
    measurand,
    value,
    unit,
    ...(isTold(phase) ? { phase } : {}),
    ...(isTold(location) ? { location } : {}),
    ...(isTold(context) ? { context } : {}),
    ...(signed === undefined ? {} : { signed }),
  };
}

const isTold = (field: Told | undefined): field is string => field !== undefined && field !== NOTHING;

const isPacked = (sample: PackedSample | SampledValue): sample is PackedSample => Array.isArray(sample);
