import { type CarModel, type Charged, type CurrentKind, chargeFor, powerAt, secondsFor } from './charging-curve.js';

/** Cars one meets. The names are made up; sizes and tapers are those of cars of their class. */
export const CAR_MODELS = {
  city: {
    name: 'City hatchback',
    batteryWh: 36_000,
    acPowerWMax: 7_400,
    dcPowerWMax: 50_000,
    curve: [
      [0, 0.8],
      [0.1, 1],
      [0.6, 0.9],
      [0.8, 0.45],
      [0.95, 0.15],
      [1, 0.03],
    ],
    powerWMin: 500,
  },
  family: {
    name: 'Family crossover',
    batteryWh: 77_000,
    acPowerWMax: 11_000,
    dcPowerWMax: 135_000,
    curve: [
      [0, 0.7],
      [0.05, 1],
      [0.35, 1],
      [0.6, 0.65],
      [0.8, 0.4],
      [0.95, 0.12],
      [1, 0.02],
    ],
    powerWMin: 700,
  },
  touring: {
    name: 'Long-range saloon',
    batteryWh: 95_000,
    acPowerWMax: 22_000,
    dcPowerWMax: 250_000,
    curve: [
      [0, 0.6],
      [0.05, 1],
      [0.45, 0.9],
      [0.7, 0.5],
      [0.8, 0.35],
      [0.95, 0.1],
      [1, 0.02],
    ],
    powerWMin: 1_000,
  },
} as const satisfies Record<string, CarModel>;

export type CarName = keyof typeof CAR_MODELS;

/** A car with its battery. */
export class Car {
  storedWh: number;

  /** @param soc state of charge, 0..1 */
  constructor(
    readonly model: CarModel = CAR_MODELS.family,
    soc = 0.3,
  ) {
    if (!(soc >= 0 && soc <= 1)) throw new RangeError(`state of charge must be between 0 and 1, not ${soc}`);
    this.storedWh = soc * model.batteryWh;
  }

  /** 0..1 */
  get soc(): number {
    return this.storedWh / this.model.batteryWh;
  }

  powerW(kind: CurrentKind, powerWMax: number): number {
    return powerAt(this.model, this.storedWh, kind, powerWMax);
  }

  charge(kind: CurrentKind, powerWMax: number, seconds: number): Charged {
    const charged = chargeFor(this.model, this.storedWh, { kind, powerWMax, seconds });
    this.storedWh = charged.storedWh;
    return charged;
  }

  secondsFor(kind: CurrentKind, powerWMax: number, energyWh: number): number | undefined {
    return secondsFor(this.model, this.storedWh, { kind, powerWMax, energyWh });
  }
}
