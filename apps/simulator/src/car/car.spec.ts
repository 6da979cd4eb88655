import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CAR_MODELS, Car } from './car.js';
import { type CarModel, type CurrentKind, chargeFor, powerAt, secondsFor, shareAt } from './charging-curve.js';

const models = fc.constantFrom<CarModel>(...Object.values(CAR_MODELS));
const kinds = fc.constantFrom<CurrentKind>('AC', 'DC');
const socs = fc.double({ min: 0, max: 1, noNaN: true });
const powers = fc.double({ min: 0, max: 400_000, noNaN: true });
const times = fc.double({ min: 0, max: 50_000, noNaN: true });

describe('the charging curve', () => {
  it('never gives more power than the station or the car has', () => {
    fc.assert(
      fc.property(models, socs, kinds, powers, (model, soc, kind, powerWMax) => {
        const power = powerAt(model, soc * model.batteryWh, kind, powerWMax);
        expect(power).toBeGreaterThanOrEqual(0);
        expect(power).toBeLessThanOrEqual(powerWMax);
        expect(power).toBeLessThanOrEqual(kind === 'AC' ? model.acPowerWMax : model.dcPowerWMax);
      }),
    );
  });

  it('never delivers more than the battery takes, and the state of charge never falls', () => {
    fc.assert(
      fc.property(models, socs, kinds, powers, times, (model, soc, kind, powerWMax, seconds) => {
        const before = soc * model.batteryWh;
        const charged = chargeFor(model, before, { kind, powerWMax, seconds });
        expect(charged.storedWh).toBeGreaterThanOrEqual(before);
        expect(charged.storedWh).toBeLessThanOrEqual(model.batteryWh);
        expect(charged.deliveredWh).toBeCloseTo(charged.storedWh - before, 6);
        expect(charged.deliveredWh).toBeLessThanOrEqual((powerWMax * seconds) / 3600 + 1e-6);
      }),
    );
  });

  it('gives less the fuller the battery is, past its plateau', () => {
    for (const model of Object.values(CAR_MODELS)) {
      let last = Number.POSITIVE_INFINITY;
      for (let soc = 0.5; soc <= 1; soc += 0.01) {
        const share = shareAt(model.curve, soc);
        expect(share).toBeLessThanOrEqual(last);
        last = share;
      }
    }
  });

  it('says how long an energy takes, and takes that long', () => {
    fc.assert(
      fc.property(
        models,
        fc.double({ min: 0, max: 0.9, noNaN: true }),
        kinds,
        fc.double({ min: 100, max: 5_000, noNaN: true }),
        (model, soc, kind, energyWh) => {
          const stored = soc * model.batteryWh;
          const seconds = secondsFor(model, stored, { kind, powerWMax: 22_000, energyWh });
          if (seconds === undefined) return;
          expect(chargeFor(model, stored, { kind, powerWMax: 22_000, seconds }).deliveredWh).toBeCloseTo(energyWh, 3);
        },
      ),
    );
  });

  it('has no answer for more energy than the battery takes', () => {
    expect(secondsFor(CAR_MODELS.city, 30_000, { kind: 'AC', powerWMax: 11_000, energyWh: 7_000 })).toBeUndefined();
    expect(new Car(CAR_MODELS.city, 1).powerW('AC', 11_000)).toBe(0);
    expect(() => new Car(CAR_MODELS.city, 1.01)).toThrow(RangeError);
  });
});
