import type { NotificationKind, NotificationLanguage } from '@voltlog/notification-contract';
import { de } from './words.de.js';
import { en } from './words.en.js';
import { fr } from './words.fr.js';
import { nl } from './words.nl.js';

/** What a text is filled with: ready for the reader's language and time zone. What is not known is empty. */
export interface Values {
  /** The station, and the EVSE where it is known. */
  readonly place: string;
  readonly percent: string;
  readonly from: string;
  readonly until: string;
  /** What an alert is about, and what it says of it, in the words of the platform (English). */
  readonly subject: string;
  readonly detail: string;
}

export interface Text {
  readonly title: string;
  readonly body: string;
}

/** Everything that is said in one language. */
export interface Words {
  /** For `Intl`. */
  readonly locale: string;
  readonly labels: {
    readonly station: string;
    readonly evse: string;
    readonly time: string;
    readonly energy: string;
    readonly cost: string;
    readonly battery: string;
    readonly reserved: string;
    readonly limit: string;
    readonly errorCode: string;
  };
  /** Of limits: energy, duration, cost, stateOfCharge. */
  readonly dimensions: Readonly<Record<string, string>>;
  /** Why a reservation was cancelled, where neither its driver nor an operator did: a sentence. */
  readonly reasons: Readonly<Record<string, string>>;
  /** Why the reader gets this. */
  readonly footer: string;
  /** The link beside it. */
  readonly unsubscribe: string;
  /** Several at once, at the end of quiet hours. */
  readonly digest: (count: number) => Text;
  /** How often an alert came up since it was last told: a sentence. */
  readonly repeated: (times: number) => string;
  readonly kinds: { readonly [Kind in NotificationKind]: (values: Values) => Text };
}

export const WORDS: { readonly [Language in NotificationLanguage]: Words } = { en, de, nl, fr };
