import type { StopReason } from './dialect.js';
import type { Evse } from './evse.js';
import { isObject, numberAt, type Payload } from './protocol.js';

/** What a transaction may take, as the CSMS told it; what is absent is not limited. Source: OCPP 2.1 TransactionLimitType. */
export interface TransactionLimit {
  /** Wh */
  readonly maxEnergy?: number;
  /** Seconds from its start. */
  readonly maxTime?: number;
  readonly maxCost?: number;
  /** Percent. */
  readonly maxSoC?: number;
}

/** The limit of an EVSE's transaction. */
export interface KeptLimit {
  readonly limit: TransactionLimit;
  /** Of the transaction so far, as the CSMS told it: the station knows no tariff. */
  readonly totalCost?: number;
}

const SECONDS_MIN = 1;

/** The limit in an answer to a TransactionEvent. */
export function limitIn(answer: Payload): TransactionLimit | undefined {
  const { transactionLimit } = answer;
  if (!isObject(transactionLimit)) return undefined;
  const limit: { -readonly [Key in keyof TransactionLimit]: number } = {};
  for (const name of ['maxEnergy', 'maxTime', 'maxCost', 'maxSoC'] as const) {
    const value = numberAt(transactionLimit, name);
    if (value !== undefined) limit[name] = value;
  }
  return limit;
}

/** Why the transaction of an EVSE has to end now; undefined: it may go on. `now`: of the station's transactions, ms. */
export function reachedLimit(evse: Evse, { limit, totalCost }: KeptLimit, now: number): StopReason | undefined {
  const { transaction, car } = evse;
  if (transaction === undefined) return undefined;
  const { maxEnergy, maxTime, maxCost, maxSoC } = limit;
  if (maxEnergy !== undefined && transaction.deliveredWh >= maxEnergy) return 'EnergyLimitReached';
  if (maxTime !== undefined && now - transaction.startedAt >= maxTime * 1_000) return 'TimeLimitReached';
  if (maxCost !== undefined && totalCost !== undefined && totalCost >= maxCost) return 'CostLimitReached';
  if (maxSoC !== undefined && car !== undefined && car.soc * 100 >= maxSoC) return 'SOCLimitReached';
  return undefined;
}

/** Simulated seconds until the first of energy, time and state of charge is reached; undefined: never, as things are. */
export function secondsToLimit(evse: Evse, { limit }: KeptLimit, now: number): number | undefined {
  const { transaction, car } = evse;
  if (transaction === undefined) return undefined;
  const { maxEnergy, maxTime, maxSoC } = limit;
  const due: number[] = [];
  if (maxTime !== undefined) due.push(maxTime - (now - transaction.startedAt) / 1_000);
  if (car !== undefined) {
    const energies = [
      ...(maxEnergy === undefined ? [] : [transaction.meterStartWh + maxEnergy - evse.registerWh]),
      ...(maxSoC === undefined ? [] : [(maxSoC / 100) * car.model.batteryWh - car.storedWh]),
    ];
    for (const energyWh of energies) {
      const seconds = car.secondsFor(evse.kind, evse.powerWMax, Math.max(0, energyWh));
      if (seconds !== undefined) due.push(seconds);
    }
  }
  return due.length === 0 ? undefined : Math.max(SECONDS_MIN, Math.ceil(Math.min(...due)));
}
