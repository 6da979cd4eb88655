import { assertNever } from '@voltlog/kernel';
import { CAR_MODELS, Car } from '../car/car.js';
import type { Payload } from '../station/protocol.js';
import type { SimulatedStation } from '../station/station.js';
import { ApiSteps } from './api-steps.js';
import type { CsmsApiOptions } from './csms-api.js';
import { includes } from './includes.js';
import { type ApiStep, type Expectation, isApiStep, type Step } from './steps.js';

/** Real ms that one step may take besides simulated time. */
const STEP_MS = 30_000;

/** Real ms between two questions. */
const LOOK_MS = 50;

/** The CSMS did not do what the script expects, or did not answer in time. */
export class ScriptFailure extends Error {
  override readonly name = 'ScriptFailure';
  constructor(
    readonly stepNumber: number,
    readonly step: Step,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(`step ${stepNumber} (${step.do}): ${message}`, options);
  }
}

export interface RunScriptOptions {
  readonly stepMs?: number;
  readonly onStep?: (step: Step, stepNumber: number) => void;
  /** For scripts with steps at the CSMS's side. */
  readonly api?: CsmsApiOptions;
}

/**
 * Plays a script at a station that is connected.
 *
 * @throws {ScriptFailure} at the first step that fails
 */
export async function runScript(station: SimulatedStation, steps: readonly Step[], options: RunScriptOptions = {}): Promise<void> {
  let isOffline = false;
  const api = options.api === undefined ? undefined : new ApiSteps(station, options.api);
  for (const [index, step] of steps.entries()) {
    options.onStep?.(step, index + 1);
    if (step.do === 'goOffline') isOffline = true;
    if (step.do === 'goOnline' || step.do === 'reboot') isOffline = false;
    try {
      await within(station, stepMsOf(step, options), step, async () => {
        if (!isApiStep(step)) await perform(station, step);
        else if (api === undefined) {
          if (!('orByHand' in step)) throw new Error('this step needs the API of the CSMS, and a key for it');
        } else await api.perform(step, stepMsOf(step, options));
        if (!isOffline) await station.line.until(() => station.line.isRegistered && station.line.isIdle);
      });
    } catch (error) {
      if (error instanceof ScriptFailure) throw error;
      throw new ScriptFailure(index + 1, step, error instanceof Error ? error.message : String(error), { cause: error });
    }
  }
}

/** Steps that pass simulated time take as long as that takes; those at the CSMS's side know their own deadline. */
async function within(station: SimulatedStation, ms: number, step: Step, run: () => Promise<void>): Promise<void> {
  if (step.do === 'charge' || step.do === 'wait' || isApiStep(step)) {
    await run();
    return;
  }
  let isOver = false;
  const done = run().finally(() => {
    isOver = true;
  });
  const late = new Promise<never>((_, reject) => {
    station.clock.afterWall(ms, () => (isOver ? undefined : reject(new Error(`nothing happened within ${ms} ms`))));
  });
  await Promise.race([done, late]);
}

const stepMsOf = (step: Step, { stepMs = STEP_MS }: RunScriptOptions): number =>
  'withinSeconds' in step && step.withinSeconds !== undefined ? step.withinSeconds * 1_000 : stepMs;

async function perform(station: SimulatedStation, step: Exclude<Step, ApiStep>): Promise<void> {
  const { line } = station;
  switch (step.do) {
    case 'plugIn':
      station.plugIn(step.evse ?? 1, new Car(CAR_MODELS[step.car ?? 'family'], step.soc ?? 0.3));
      return;
    case 'unplug':
      station.unplug(step.evse ?? 1);
      return;
    case 'authorize':
      while ((await station.authorize(step.token)) === 'Accepted' && step.untilRefused === true) await rest(station);
      return;
    case 'start':
      station.start(step.evse ?? 1, step.token, step.type === undefined ? {} : { type: step.type });
      return;
    case 'swipe':
      station.swipe(step.evse ?? 1, step.token);
      return;
    case 'tap': {
      const outcome = await station.tap(step.evse ?? 1, step.token);
      if (step.outcome !== undefined && outcome !== step.outcome)
        throw new Error(`expected that ${step.token} is ${step.outcome}, and it was ${outcome}`);
      return;
    }
    case 'charge':
      await charge(station, step.evse ?? 1, step);
      return;
    case 'stop':
      station.stopTransaction(step.evse ?? 1, step.reason ?? 'Local', step.token, step.asTransactionId);
      return;
    case 'wait':
      await station.clock.pass(step.seconds * 1000);
      return;
    case 'pause':
    case 'resume':
      station.pause(step.evse ?? 1, step.do === 'pause');
      return;
    case 'heat':
      station.heat(step.evse ?? 1, step.celsius);
      return;
    case 'goOffline':
      await station.goOffline(step.how);
      return;
    case 'goOnline':
      await station.connect();
      return;
    case 'loseNextAnswer':
      line.loseNextAnswer(step.action, step.how ?? 'close');
      return;
    case 'setClock':
      station.setClock(step.offsetSeconds * 1000);
      return;
    case 'reboot':
      await station.reboot(step.reason);
      return;
    case 'repeatLast':
      await line.repeatLast(step.action, step);
      return;
    case 'call':
      await line.call(step.action, filled(step.payload, station));
      return;
    case 'sendRaw':
      line.sendRaw(step.text);
      return;
    case 'hold':
      line.queue.hold();
      return;
    case 'release':
      line.queue.release(step.stages);
      line.flush();
      return;
    case 'callBeforeAnswering':
      line.callBeforeAnswering(step.command, step.action, step.payload);
      return;
    case 'awaitCommand':
      await line.until(() => (line.commanded.get(step.action) ?? 0) >= (step.count ?? 1));
      return;
    case 'awaitCall':
      await line.until(() => {
        const last = line.last(step.action);
        return last?.answer !== undefined && line.timesSent(step.action) >= (step.count ?? 1) && includes(last.payload, step.payload);
      });
      return;
    case 'ignoreCommands':
      line.ignoreCommands(step.action, step.count);
      return;
    case 'expect':
      check(station, step);
      return;
    default:
      assertNever(step);
  }
}

const rest = (station: SimulatedStation): Promise<void> => new Promise((resolve) => station.clock.afterWall(LOOK_MS, resolve));

/** With what the words in braces stand for. */
const filled = (payload: Payload, station: SimulatedStation): Payload => {
  const words = new Map<unknown, unknown>([
    ['{now}', station.timestamp()],
    ['{transaction}', station.ledger.of(station.id).at(-1)?.transactionId],
  ]);
  return Object.fromEntries(Object.entries(payload).map(([name, value]) => [name, words.get(value) ?? value]));
};

/** Until an energy has flowed (to within what a register shows) or the battery takes no more, or for a time. */
async function charge(
  station: SimulatedStation,
  evseId: number,
  amount: { readonly wh?: number; readonly seconds?: number },
): Promise<void> {
  const evse = station.evse(evseId);
  const { car, transaction } = evse ?? {};
  if (evse === undefined || car === undefined || transaction === undefined) throw new Error(`no car is charging at EVSE ${evseId}`);
  if (amount.seconds !== undefined) await station.clock.pass(amount.seconds * 1000);
  if (amount.wh === undefined) return;
  const target = evse.registerWh + amount.wh;
  for (;;) {
    evse.meter(station.clock.now());
    const left = target - evse.registerWh;
    const seconds = left < 0.5 ? undefined : car.secondsFor(evse.kind, evse.powerWMax, left);
    if (seconds === undefined || evse.transaction !== transaction) return;
    await station.clock.pass(Math.ceil(seconds * 1000));
  }
}

function check(station: SimulatedStation, step: Expectation): void {
  const sent = station.line.last(step.action);
  const answer = sent?.answer;
  if (answer === undefined) throw new Error(`there is no answer to ${step.action}`);
  if (step.error !== undefined) {
    if (answer.kind !== 'error' || (step.error !== '*' && answer.code !== step.error)) {
      throw new Error(`expected the error ${step.error} for ${step.action}, got ${JSON.stringify(answer)}`);
    }
    return;
  }
  if (answer.kind !== 'result') throw new Error(`${step.action} was not answered but ${JSON.stringify(answer)}`);
  if (step.answer !== undefined && !includes(answer.payload, step.answer)) {
    throw new Error(`expected ${JSON.stringify(step.answer)} in the answer to ${step.action}, got ${JSON.stringify(answer.payload)}`);
  }
  if (step.sameAsLost !== undefined && (sent?.unread === undefined || sent.unread[step.sameAsLost] !== answer.payload[step.sameAsLost])) {
    throw new Error(`${step.sameAsLost} is ${JSON.stringify(answer.payload)}, the lost answer was ${JSON.stringify(sent?.unread)}`);
  }
}
