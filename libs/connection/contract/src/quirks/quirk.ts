import type { OcppVersion } from '../station-facts.js';

/** What a station says it is when it boots; empty: not told. */
export interface StationMake {
  readonly vendor: string;
  readonly model: string;
  readonly firmwareVersion: string;
}

/** Regular expressions, without regard to case; what is absent fits all. */
export interface MakePattern {
  readonly vendor?: string;
  readonly model?: string;
  readonly firmwareVersion?: string;
}

/** One way in which real stations depart from the text of OCPP, and what is made of it. */
export interface Quirk {
  readonly id: QuirkId;
  /** What the station does. */
  readonly deviates: string;
  /** What is made of it. */
  readonly tolerance: string;
  readonly versions: readonly OcppVersion[];
  /** Stations that are known for it: it is on for them unless the operator says otherwise. Empty: only an operator switches it on. */
  readonly stations: readonly MakePattern[];
  /**
   * `violation`: the message breaks its schema, and is looked at only then. `meaning`: it is well formed and says something else than the
   * station means; it is rewritten whenever the quirk is on, and so never without an operator who said so.
   */
  readonly kind: 'violation' | 'meaning';
  /** Where it was seen. */
  readonly sources: readonly string[];
  /** A message that shows it; `error`: what it is answered without the quirk, absent where it is well formed. */
  readonly example: { readonly version: OcppVersion; readonly action: string; readonly payload: unknown; readonly error?: string };
}

export type QuirkId =
  | 'long-texts'
  | 'long-id-token'
  | 'word-case'
  | 'unknown-error-code'
  | 'unknown-stop-reason'
  | 'unknown-sample-words'
  | 'no-samples'
  | 'numbers-as-texts'
  | 'texts-as-numbers'
  | 'extra-fields'
  | 'null-fields'
  | 'list-not-wrapped'
  | 'time-form'
  | 'no-time'
  | 'no-transaction-id'
  | 'no-connector-id'
  | 'no-transaction-in-meter-values'
  | 'clock-not-set'
  | 'samples-in-kwh'
  | 'registers-in-kwh';

/** What an operator said about one station. */
export interface QuirkChoices {
  /** On whatever the station says it is. */
  readonly on: readonly string[];
  /** Off whatever the station says it is. */
  readonly off: readonly string[];
}

export const NO_QUIRK_CHOICES: QuirkChoices = { on: [], off: [] };

/** Why a quirk is on or off for a station. */
export type QuirkCause = 'Operator' | 'Make' | 'None';
