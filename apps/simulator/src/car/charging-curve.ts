/** What a car's battery takes. Powers in W at the plug, energy in Wh; charging losses are left out, so delivered is stored. */
export interface CarModel {
  readonly name: string;
  readonly batteryWh: number;
  readonly acPowerWMax: number;
  readonly dcPowerWMax: number;
  /** Points [state of charge 0..1, share of the maximum power 0..1], rising in the first; linear in between. */
  readonly curve: readonly (readonly [number, number])[];
  /** Below this the car ends charging by itself. */
  readonly powerWMin: number;
}

export type CurrentKind = 'AC' | 'DC';

/** What the car draws: `powerW` at the end of the time, `deliveredWh` during it. */
export interface Charged {
  readonly deliveredWh: number;
  readonly storedWh: number;
  readonly powerW: number;
}

/** Longest time over which the power is taken as constant. */
const STEP_SECONDS = 10;

/** A battery that is full to within this is full; it keeps rounding from leaving a last Wh that never comes. */
const FULL_WH = 0.01;

/** Share of the maximum power at a state of charge, both 0..1. */
export function shareAt(curve: CarModel['curve'], soc: number): number {
  let [fromSoc, fromShare] = curve[0] ?? [0, 1];
  if (soc <= fromSoc) return fromShare;
  for (const [toSoc, toShare] of curve) {
    if (soc <= toSoc) return toSoc === fromSoc ? toShare : fromShare + ((toShare - fromShare) * (soc - fromSoc)) / (toSoc - fromSoc);
    fromSoc = toSoc;
    fromShare = toShare;
  }
  return fromShare;
}

/** Power in W that flows at a state of charge; 0 when the battery is full or the car has ended. Never above either limit. */
export function powerAt(model: CarModel, storedWh: number, kind: CurrentKind, powerWMax: number): number {
  if (storedWh >= model.batteryWh - FULL_WH) return 0;
  const carPowerWMax = kind === 'AC' ? model.acPowerWMax : model.dcPowerWMax;
  const soc = storedWh / model.batteryWh;
  // The on-board charger is far below what the battery takes, so AC only tapers at the very end.
  const carPowerW =
    kind === 'AC' ? Math.min(carPowerWMax, model.dcPowerWMax * shareAt(model.curve, soc)) : carPowerWMax * shareAt(model.curve, soc);
  if (carPowerW < model.powerWMin) return 0;
  return Math.max(0, Math.min(carPowerW, powerWMax));
}

/** Charges for a time. */
export function chargeFor(
  model: CarModel,
  storedWh: number,
  draw: { readonly kind: CurrentKind; readonly powerWMax: number; readonly seconds: number },
): Charged {
  let stored = storedWh;
  let left = draw.seconds;
  let powerW = powerAt(model, stored, draw.kind, draw.powerWMax);
  while (left > 0 && powerW > 0) {
    const seconds = Math.min(left, STEP_SECONDS);
    stored = Math.min(model.batteryWh, stored + (powerW * seconds) / 3600);
    left -= seconds;
    powerW = powerAt(model, stored, draw.kind, draw.powerWMax);
  }
  return { deliveredWh: stored - storedWh, storedWh: stored, powerW };
}

/** Seconds until an energy is delivered, or `undefined` when the battery does not take it. */
export function secondsFor(
  model: CarModel,
  storedWh: number,
  draw: { readonly kind: CurrentKind; readonly powerWMax: number; readonly energyWh: number },
): number | undefined {
  let stored = storedWh;
  let seconds = 0;
  const target = storedWh + draw.energyWh;
  while (stored < target) {
    const powerW = powerAt(model, stored, draw.kind, draw.powerWMax);
    if (powerW <= 0) return undefined;
    const step = Math.min(STEP_SECONDS, ((target - stored) * 3600) / powerW);
    stored = Math.min(model.batteryWh, stored + (powerW * STEP_SECONDS) / 3600);
    seconds += step;
  }
  return seconds;
}
