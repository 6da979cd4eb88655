import type { SampledValue } from '@voltlog/connection-contract';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { valuePacking } from './packed-values.js';
import { meterValueDocument } from './session-documents.js';

const { pack, unpack } = valuePacking;

const at = '2026-11-26T10:00:00.000Z';

it('says each word of a sample once', () => {
  const samples = [
    { measurand: 'Voltage', value: 230.1, unit: 'V', phase: 'L1-N' },
    { measurand: 'SoC', value: 54, unit: 'Percent', context: 'Sample.Clock' },
  ];
  const document = meterValueDocument('s-1', { at, samples }, at);
  expect(pack(document)).toEqual({
    id: document.id,
    receivedAt: at,
    samples: [
      ['Voltage', 230.1, 'V', 'L1-N'],
      ['SoC', 54, 'Percent', 0, 0, 'Sample.Clock'],
    ],
  });
});

it('reads what older programs wrote', () => {
  const document = meterValueDocument('s-1', { at, samples: [{ measurand: 'SoC', value: 5, unit: 'Percent' }] }, at, 3);
  expect(unpack(document)).toEqual(document);
});

it('gives back whatever was written (property)', () => {
  const word = fc.constantFrom('L1', 'Outlet', '', '0');
  const maybe = fc.option(word, { nil: undefined });
  const sample = fc
    .record({
      measurand: word,
      value: fc.double({ noNaN: true, noDefaultInfinity: true }),
      unit: word,
      phase: maybe,
      location: maybe,
      context: maybe,
    })
    .chain((each) =>
      fc.option(fc.jsonValue(), { nil: undefined }).map((signed) => JSON.parse(JSON.stringify({ ...each, signed })) as SampledValue),
    );
  fc.assert(
    fc.property(fc.array(sample), fc.option(fc.nat(), { nil: undefined }), (samples, seqNo) => {
      const document = meterValueDocument('s-1', { at, samples }, at, seqNo);
      expect(unpack(JSON.parse(JSON.stringify(pack(document))))).toEqual(document);
    }),
  );
});
