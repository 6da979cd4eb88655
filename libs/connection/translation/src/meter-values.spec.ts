import { describe, expect, it } from 'vitest';
import { baseSample } from './meter-values.js';
import type { CallContext } from './route.js';
import { meterValues2 } from './v2/meter-value.js';
import { meterValues16 } from './v16/meter-value.js';

const context: CallContext = {
  stationId: 'CP1',
  ocppVersion: 'ocpp1.6',
  messageId: 'm',
  action: 'MeterValues',
  receivedAt: '2026-01-02T03:04:05.678Z',
  receivedAtMs: Date.parse('2026-01-02T03:04:05.678Z'),
  connectedAtMs: Date.parse('2026-01-02T03:04:05.678Z'),
  clockBehindMs: 0,
  connectorsPerEvse: undefined,
  registrationStatus: 'Accepted',
  heartbeatIntervalSeconds: 300,
};

describe('a sample', () => {
  it.each([
    [undefined, 1.5, 'kWh', 0, 1_500, 'Wh'],
    [undefined, 2.3, 'kWh', 0, 2_300, 'Wh'],
    [undefined, 12, undefined, 0, 12, 'Wh'],
    ['Power.Active.Import', 11.04, 'kW', 0, 11_040, 'W'],
    ['Power.Active.Import', 7, 'W', 3, 7_000, 'W'],
    ['Energy.Active.Import.Register', 5, 'kWh', -3, 5, 'Wh'],
    ['Energy.Reactive.Import.Register', 1, 'kvarh', 0, 1_000, 'varh'],
    ['Energy.Reactive.Import.Register', 1, undefined, 0, 1, 'varh'],
    ['Temperature', 21, 'Celcius', 0, 21, 'Celsius'],
    ['Temperature', 50, 'Fahrenheit', 0, 10, 'Celsius'],
    ['Temperature', 300, 'K', 0, 26.85, 'Celsius'],
    ['SoC', 80, undefined, 0, 80, 'Percent'],
    ['Frequency', 50, undefined, 0, 50, 'Hz'],
    ['Current.Import', 16, undefined, 0, 16, 'A'],
    ['Voltage', 230, 'V', 0, 230, 'V'],
    ['X.Vendor', 3, 'furlong', 0, 3, 'furlong'],
  ])('%s %d %s x10^%d is %d %s', (measurand, value, unit, multiplier, expected, base) =>
    expect(baseSample(measurand, value, unit, multiplier)).toEqual({
      measurand: measurand ?? 'Energy.Active.Import.Register',
      value: expected,
      unit: base,
    }),
  );
});

describe('1.6 meter values', () => {
  const values = (...sampledValue: object[]) =>
    meterValues16([{ timestamp: '2026-01-02T03:00:00Z', sampledValue: sampledValue as never }], context);

  it('are texts; what is no number is left out', () => {
    expect(
      values({ value: '12.5' }, { value: '1,5' }, { value: 'n/a' }, { value: '' }, { value: ' 7 ' }, { value: 'Infinity' })[0]?.samples.map(
        (one) => one.value,
      ),
    ).toEqual([12.5, 1.5, 7]);
  });

  it.each([
    ['1234', 1234],
    [' 12.5 ', 12.5],
    ['12,5', 12.5],
    ['-1.5e3', -1_500],
    ['.5', 0.5],
    ['0x10', undefined],
    ['0b11', undefined],
    ['1.2.3', undefined],
    ['Infinity', undefined],
    ['', undefined],
  ])('%j is %j', (value, expected) => {
    const [meterValue] = meterValues16([{ timestamp: '2026-01-02T03:00:00Z', sampledValue: [{ value }] as never }], context);
    expect(meterValue?.samples[0]?.value).toBe(expected);
  });

  it('keep phase, location and context', () => {
    expect(values({ value: '1', phase: 'L1', location: 'EV', context: 'Sample.Clock', measurand: 'Voltage' })[0]).toEqual({
      at: '2026-01-02T03:00:00.000Z',
      samples: [{ measurand: 'Voltage', value: 1, unit: 'V', phase: 'L1', location: 'EV', context: 'Sample.Clock' }],
    });
  });

  it('leave out the location and context that are meant anyway', () => {
    expect(values({ value: '1', location: 'Outlet', context: 'Sample.Periodic' })[0]?.samples).toEqual([
      { measurand: 'Energy.Active.Import.Register', value: 1, unit: 'Wh' },
    ]);
    const sampledValue = [{ value: 1, location: 'Outlet', context: 'Sample.Periodic' }];
    expect(meterValues2([{ timestamp: '2026-01-02T03:00:00Z', sampledValue }], context)[0]?.samples).toEqual([
      { measurand: 'Energy.Active.Import.Register', value: 1, unit: 'Wh' },
    ]);
  });

  it('attach signed data to the reading they prove', () => {
    const proof = { value: 'OCMF|{}', format: 'SignedData', context: 'Transaction.End' };
    expect(values({ value: '12', context: 'Transaction.End' }, proof)[0]?.samples).toEqual([
      { measurand: 'Energy.Active.Import.Register', value: 12, unit: 'Wh', context: 'Transaction.End', signed: proof },
    ]);
    const periodic = { value: 'OCMF|{}', format: 'SignedData', context: 'Sample.Periodic' };
    expect(values({ value: '12' }, periodic)[0]?.samples).toMatchObject([{ signed: periodic }]);
  });

  it.each([
    ['2026-01-02T03:00:00+01:00', '2026-01-02T02:00:00.000Z'],
    ['2026-01-02T03:00:00', '2026-01-02T03:00:00.000Z'],
    ['yesterday', '2026-01-02T03:04:05.678Z'],
  ])('at %s are at %s', (timestamp, at) => expect(meterValues16([{ timestamp, sampledValue: [] }], context)[0]?.at).toBe(at));
});

describe('2.x meter values', () => {
  it('are numbers with a multiplier, and keep the signed value', () => {
    const signedMeterValue = { signedMeterData: 'x', signingMethod: '', encodingMethod: 'OCMF', publicKey: '' };
    expect(
      meterValues2(
        [
          {
            timestamp: '2026-01-02T03:00:00Z',
            sampledValue: [{ value: 1.25, unitOfMeasure: { unit: 'Wh', multiplier: 3 }, context: 'Transaction.Begin', signedMeterValue }],
          },
        ],
        context,
      ),
    ).toEqual([
      {
        at: '2026-01-02T03:00:00.000Z',
        samples: [
          { measurand: 'Energy.Active.Import.Register', value: 1_250, unit: 'Wh', context: 'Transaction.Begin', signed: signedMeterValue },
        ],
      },
    ]);
  });
});
