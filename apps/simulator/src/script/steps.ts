import type { CarName } from '../car/car.js';
import type { Tap } from '../station/card-reader.js';
import type { StopReason } from '../station/dialect.js';
import type { Loss } from '../station/link.js';
import type { Payload } from '../station/protocol.js';
import type { TransactionStage } from '../station/transaction-queue.js';

/**
 * One thing that happens to a station. A script is an array of these, in code or as a JSON file. `evse` is 1 when left out. After a
 * step the script waits until the station has said what there is to say, unless it is offline.
 */
export type Step =
  | { readonly do: 'plugIn'; readonly evse?: number; readonly car?: CarName; readonly soc?: number }
  | { readonly do: 'unplug'; readonly evse?: number }
  /** `untilRefused`: asked again until it is not accepted any more, since services hear of each other a moment later. */
  | { readonly do: 'authorize'; readonly token: string; readonly untilRefused?: true }
  /** `type`: OCPP 2.x IdTokenEnumType, where it is no card; 1.6 has no word for it. */
  | { readonly do: 'start'; readonly evse?: number; readonly token: string; readonly type?: string }
  /** A card at the reader: it starts, unless the connector is held for somebody else. */
  | { readonly do: 'swipe'; readonly evse?: number; readonly token: string }
  /** A card at the reader, decided as stations do; `outcome`: what has to come of it. */
  | { readonly do: 'tap'; readonly evse?: number; readonly token: string; readonly outcome?: Tap }
  /** Until an energy has flowed, or for simulated seconds. */
  | { readonly do: 'charge'; readonly evse?: number; readonly wh?: number; readonly seconds?: number }
  | {
      readonly do: 'stop';
      readonly evse?: number;
      readonly reason?: StopReason;
      readonly token?: string;
      readonly asTransactionId?: number;
    }
  /** Simulated seconds. */
  | { readonly do: 'wait'; readonly seconds: number }
  /** The station gives no power, and again. */
  | { readonly do: 'pause'; readonly evse?: number }
  | { readonly do: 'resume'; readonly evse?: number }
  /** An EVSE gets that hot. */
  | { readonly do: 'heat'; readonly evse?: number; readonly celsius: number }
  | { readonly do: 'goOffline'; readonly how?: 'orderly' | 'broken' }
  | { readonly do: 'goOnline' }
  | { readonly do: 'loseNextAnswer'; readonly action: string; readonly how?: Loss }
  | { readonly do: 'setClock'; readonly offsetSeconds: number }
  | { readonly do: 'reboot'; readonly reason?: StopReason }
  | { readonly do: 'repeatLast'; readonly action: string; readonly id: 'same' | 'new'; readonly payload?: Payload }
  /** A field of the payload that is `{now}` is the station's time, `{transaction}` its last transaction. */
  | { readonly do: 'call'; readonly action: string; readonly payload: Payload }
  | { readonly do: 'sendRaw'; readonly text: string }
  /** Keeps transaction messages back until they are released. */
  | { readonly do: 'hold' }
  | { readonly do: 'release'; readonly stages: readonly TransactionStage[] | 'all' }
  /** The next command of the kind is answered after the answer to a CALL of the station. */
  | { readonly do: 'callBeforeAnswering'; readonly command: string; readonly action: string; readonly payload: Payload }
  /** Until the CSMS has sent a command of the kind, counted from the start of the script. */
  | { readonly do: 'awaitCommand'; readonly action: string; readonly count?: number; readonly withinSeconds?: number }
  /** Until the station has said this, and so often (counted from its start), and was answered. */
  | {
      readonly do: 'awaitCall';
      readonly action: string;
      readonly payload: Payload;
      readonly count?: number;
      readonly withinSeconds?: number;
    }
  /** The next commands of the kind are lost: neither done nor answered. */
  | { readonly do: 'ignoreCommands'; readonly action: string; readonly count: number }
  | ApiStep
  | Expectation;

/**
 * What somebody does at the CSMS's side, by its REST API. In a path and a body `{station}` stands for the station's id, `{session}` for
 * the CSMS's id of the session of its last transaction, `{transaction}` for that as the station knows it, `{reservation}` for the reservation that was made last, `{site}` for
 * the site of the station, and `{in:60}` for the true
 * time a minute from now. `withinSeconds`: real ones; without it as long as any step may take. `orByHand`: left out without the API, since
 * somebody does it by hand then.
 */
export type ApiStep =
  | PlugAndChargeStep
  /**
   * `answer`: parts of the body that have to be in the answer. `problem`: it has to be refused, with this word. `keep`: fields of the answer by
   * the names that stand for them in later steps, in braces; of an address what is behind its last `#` or `/`. `again`: asked until that is so; the CSMS may not know the station's state yet.
   */
  | {
      readonly do: 'api';
      readonly method: 'POST' | 'PUT';
      readonly path: string;
      readonly body?: Payload;
      readonly answer?: Payload;
      readonly problem?: string;
      readonly keep?: Readonly<Record<string, string>>;
      readonly withinSeconds?: number;
      readonly again?: true;
      readonly orByHand?: true;
    }
  /** Until a GET has these parts in its answer. */
  | {
      readonly do: 'awaitApi';
      readonly path: string;
      readonly answer: Payload;
      readonly withinSeconds?: number;
      readonly orByHand?: true;
    }
  /** Simulated minutes at most; after each of them until the CSMS knows the energy. */
  | { readonly do: 'chargeUntilStopped'; readonly evse?: number; readonly minutes: number };

export const isApiStep = (step: Step): step is ApiStep => API_STEPS.has(step.do);
const API_STEPS: ReadonlySet<Step['do']> = new Set<ApiStep['do']>([
  'api',
  'awaitApi',
  'chargeUntilStopped',
  'giveContract',
  'updateContract',
  'plugAndCharge',
  'revokeContract',
]);

/** A car of the CSMS's test PKI: what it and its operator do. */
export type PlugAndChargeStep =
  /** It is given a contract, and gets the certificate of that through the station. */
  | { readonly do: 'giveContract' }
  /** It gets a new certificate in place of the one it has. */
  | { readonly do: 'updateContract' }
  /** It shows its certificate: the station has checked the chain (`hash`), or cannot (`chain`). It charges when that is `Accepted`. */
  | { readonly do: 'plugAndCharge'; readonly evse?: number; readonly by: 'hash' | 'chain'; readonly certificateStatus: string }
  | { readonly do: 'revokeContract' };

/** What the last answer to an action has to be. */
export interface Expectation {
  readonly do: 'expect';
  readonly action: string;
  /** Parts of the payload that have to be there. */
  readonly answer?: Payload;
  /** Code of a CALLERROR, or `*` for any. */
  readonly error?: string;
  /** Field that has the value it had in the answer that was lost. */
  readonly sameAsLost?: string;
}

/** Fields each step needs and their kinds; the rest is optional. */
const NEEDED: Readonly<Record<Step['do'], Readonly<Record<string, 'string' | 'number' | 'object'>>>> = {
  plugIn: {},
  unplug: {},
  authorize: { token: 'string' },
  start: { token: 'string' },
  swipe: { token: 'string' },
  tap: { token: 'string' },
  charge: {},
  stop: {},
  wait: { seconds: 'number' },
  pause: {},
  resume: {},
  heat: { celsius: 'number' },
  goOffline: {},
  goOnline: {},
  loseNextAnswer: { action: 'string' },
  setClock: { offsetSeconds: 'number' },
  reboot: {},
  repeatLast: { action: 'string', id: 'string' },
  call: { action: 'string', payload: 'object' },
  sendRaw: { text: 'string' },
  hold: {},
  release: {},
  callBeforeAnswering: { command: 'string', action: 'string', payload: 'object' },
  awaitCommand: { action: 'string' },
  awaitCall: { action: 'string', payload: 'object' },
  ignoreCommands: { action: 'string', count: 'number' },
  giveContract: {},
  updateContract: {},
  plugAndCharge: { by: 'string', certificateStatus: 'string' },
  revokeContract: {},
  api: { method: 'string', path: 'string' },
  awaitApi: { path: 'string', answer: 'object' },
  chargeUntilStopped: { minutes: 'number' },
  expect: { action: 'string' },
};

/**
 * Reads a script from JSON.
 *
 * @throws {TypeError} with the number of the first step that is none
 */
export function parseScript(text: string): readonly Step[] {
  const steps: unknown = JSON.parse(text);
  if (!Array.isArray(steps)) throw new TypeError('a script is a JSON array of steps');
  steps.forEach((step: unknown, index) => {
    const problem = problemOf(step);
    if (problem !== undefined) throw new TypeError(`step ${index + 1}: ${problem}`);
  });
  return steps;
}

function problemOf(step: unknown): string | undefined {
  if (typeof step !== 'object' || step === null || !('do' in step) || typeof step.do !== 'string') return 'not an object with "do"';
  const needed = Object.entries(NEEDED).find(([name]) => name === step.do)?.[1];
  if (needed === undefined) return `"${step.do}" is unknown; known are ${Object.keys(NEEDED).join(', ')}`;
  for (const [field, kind] of Object.entries(needed)) {
    const value = Object.entries(step).find(([name]) => name === field)?.[1];
    if (typeof value !== kind) return `"${step.do}" needs "${field}", a ${kind}`;
  }
  return undefined;
}
