import type { Car } from '../car/car.js';
import type { CurrentKind } from '../car/charging-curve.js';
import type { LedgerEntry } from '../ledger.js';
import type { Timer } from '../time/timer-heap.js';
import type { HoldRequest } from './holds.js';
import type { KeptLimit } from './transaction-limit.js';

/** What adding many small floating-point energies may lose. */
const ROUNDING_WH = 1e-6;

export interface EvseOptions {
  readonly kind: CurrentKind;
  readonly powerWMax: number;
  /** Register of the energy meter at first, Wh. */
  readonly registerWh?: number;
}

/** One EVSE with one connector and one energy meter. */
export class Evse {
  readonly connectorId = 1;
  car: Car | undefined;
  transaction: LedgerEntry | undefined;
  /** Not reported as it is: the register shows whole Wh. */
  registerWh: number;
  powerW = 0;
  isOperative = true;
  /** It is held for somebody. */
  hold: (HoldRequest & { readonly timer: Timer }) | undefined;
  /** Availability that waits for the end of a transaction (OCPP 1.6 §5.2 `Scheduled`). */
  scheduledOperative: boolean | undefined;
  /** A remote start waits for a car, and lapses with its timer. */
  pendingStart: { readonly idToken: string; readonly remoteStartId: number | undefined; readonly lapse: Timer | undefined } | undefined;
  /** The station gives no power, whatever the car would take. */
  isPaused = false;
  /** What the CSMS was last told. */
  reportedStatus: string | undefined;
  meteredAt = 0;
  sampleTimer: Timer | undefined;
  /** 2.1: what its transaction may take. */
  kept: KeptLimit | undefined;
  limitTimer: Timer | undefined;

  constructor(
    readonly id: number,
    readonly kind: CurrentKind,
    readonly powerWMax: number,
    registerWh = 0,
  ) {
    this.registerWh = registerWh;
  }

  /** The register as the meter shows it, Wh. */
  get shownWh(): number {
    return Math.floor(this.registerWh + ROUNDING_WH);
  }

  get isCharging(): boolean {
    return this.transaction !== undefined && this.car !== undefined;
  }

  /** Lets the energy flow until now. */
  meter(now: number): void {
    const seconds = (now - this.meteredAt) / 1000;
    this.meteredAt = now;
    const { car, transaction } = this;
    if (car === undefined || transaction === undefined || this.isPaused) {
      this.powerW = 0;
      return;
    }
    const charged = car.charge(this.kind, this.powerWMax, Math.max(0, seconds));
    this.registerWh += charged.deliveredWh;
    this.powerW = charged.powerW;
    transaction.deliveredWh = this.shownWh - transaction.meterStartWh;
  }
}

/** One sampled quantity in the words both versions share; the dialects give it their shape. */
export interface Sample {
  readonly measurand: string;
  readonly value: number;
  readonly unit: string;
  readonly phase?: string;
  readonly location?: string;
}

const MAINS_V = 230;
const DC_V = 400;

/** What the meter and the car show now: 8 values, the first of them the register. */
export function samplesOf(evse: Evse): readonly Sample[] {
  const { powerW } = evse;
  const samples: Sample[] = [
    { measurand: 'Energy.Active.Import.Register', value: evse.shownWh, unit: 'Wh', location: 'Outlet' },
    { measurand: 'Power.Active.Import', value: Math.round(powerW), unit: 'W', location: 'Outlet' },
    { measurand: 'Power.Offered', value: evse.powerWMax, unit: 'W', location: 'Outlet' },
  ];
  if (evse.kind === 'DC') {
    samples.push({ measurand: 'Voltage', value: DC_V, unit: 'V', location: 'Outlet' });
    samples.push({ measurand: 'Current.Import', value: tenths(powerW / DC_V), unit: 'A', location: 'Outlet' });
    if (evse.car !== undefined) samples.push({ measurand: 'SoC', value: tenths(evse.car.soc * 100), unit: 'Percent', location: 'EV' });
    return samples;
  }
  for (const phase of ['L1', 'L2', 'L3']) {
    samples.push({ measurand: 'Current.Import', value: tenths(powerW / 3 / MAINS_V), unit: 'A', phase, location: 'Outlet' });
  }
  samples.push({ measurand: 'Voltage', value: MAINS_V, unit: 'V', phase: 'L1-N', location: 'Outlet' });
  if (evse.car !== undefined) samples.push({ measurand: 'SoC', value: tenths(evse.car.soc * 100), unit: 'Percent', location: 'EV' });
  return samples;
}

const tenths = (value: number): number => Math.round(value * 10) / 10;
