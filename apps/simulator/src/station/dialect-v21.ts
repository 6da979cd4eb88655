import { commandV201 } from './commands-v201.js';
import type { CommandOutcome, Dialect, Moment } from './dialect.js';
import { DIALECT_201 } from './dialect-v201.js';
import { isObject, numberAt, type Payload, textAt } from './protocol.js';
import type { SimulatedStation } from './station.js';
import { limitIn } from './transaction-limit.js';

/**
 * OCPP 2.1: what this station says and does beside 2.0.1 is that it keeps the limit of a transaction by itself.
 *
 * Source: OCPP 2.1 Part 2 E16
 */
export const DIALECT_21: Dialect = {
  ...DIALECT_201,
  version: '2.1',
  subprotocol: 'ocpp2.1',
  transactionMessage,
  limitOf: limitIn,
  totalCostOf: (answer) => numberAt(answer, 'totalCost'),
  command: commandV21,
};

/** Words for a limit: ReasonEnumType, which has none for a sum of money but credit, and TriggerReasonEnumType. */
const LIMIT_WORDS: Readonly<Record<string, readonly [stoppedReason: string, triggerReason: string]>> = {
  EnergyLimitReached: ['EnergyLimitReached', 'EnergyLimitReached'],
  TimeLimitReached: ['TimeLimitReached', 'TimeLimitReached'],
  CostLimitReached: ['LocalOutOfCredit', 'CostLimitReached'],
  SOCLimitReached: ['SOCLimitReached', 'SoCLimitReached'],
};

function transactionMessage(moment: Moment): Payload {
  const message = DIALECT_201.transactionMessage(moment);
  const { transactionInfo } = message;
  const words = moment.stage === 'Ended' ? LIMIT_WORDS[moment.entry.stopReason ?? ''] : undefined;
  const { limit } = moment;
  if (!isObject(transactionInfo) || (words === undefined && limit === undefined)) return message;
  return {
    ...message,
    triggerReason: words?.[1] ?? 'LimitSet',
    transactionInfo: {
      ...transactionInfo,
      ...(words === undefined ? {} : { stoppedReason: words[0] }),
      ...(limit === undefined ? {} : { transactionLimit: limit }),
    },
  };
}

function commandV21(station: SimulatedStation, action: string, payload: Payload): CommandOutcome {
  if (action !== 'CostUpdated') return commandV201(station, action, payload);
  const transactionId = textAt(payload, 'transactionId');
  const evse = station.evseOf((entry) => entry.transactionId === transactionId);
  const totalCost = numberAt(payload, 'totalCost');
  const then = (): void => {
    if (evse !== undefined && totalCost !== undefined) station.costTold(evse, totalCost);
  };
  return { answer: { payload: {} }, then };
}
