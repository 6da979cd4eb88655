/** A token on the list of a station. */
export interface ListEntry {
  /** The token's key. */
  readonly key: string;
  readonly idToken: string;
  /** OCPP 2.1 IdTokenEnumStringType */
  readonly type: string;
  readonly groupId?: string;
  /** ISO 8601 */
  readonly expiresAt?: string;
}

/** What the station can take. */
export interface ListLimits {
  /** 1.6 SendLocalListMaxLength, 2.x LocalAuthListCtrlr.ItemsPerMessage */
  readonly itemsPerMessage: number;
  /** 1.6 LocalAuthListMaxLength, 2.x the maximum of LocalAuthListCtrlr.Entries */
  readonly entriesMax: number;
}

/** A list as it was last sent, all of it accepted. */
export interface SentList {
  readonly listVersion: number;
  readonly entries: readonly ListEntry[];
}

/** One SendLocalList; an entry that is taken off the list is in `removed`. */
export interface ListMessage {
  readonly listVersion: number;
  readonly differential: boolean;
  readonly entries: readonly ListEntry[];
  readonly removed: readonly ListEntry[];
}

export interface ListQuestion {
  readonly wanted: readonly ListEntry[];
  readonly sent: SentList | undefined;
  /** As the station just said; 0: it has no list. */
  readonly stationVersion: number;
  readonly limits: ListLimits;
  /** Send the whole list whatever the station has. */
  readonly full: boolean;
}

export type ListPlan =
  | { readonly kind: 'InStep' }
  /** Nobody is added; `messages` leave `entries`, those that the station has already and that may still charge. */
  | {
      readonly kind: 'TooLarge';
      readonly reason: string;
      readonly entries: readonly ListEntry[];
      readonly messages: readonly ListMessage[];
    }
  /** The last message's version is the list's. */
  | { readonly kind: 'Send'; readonly messages: readonly ListMessage[] };

/**
 * What to send so that the station has the list that is wanted: the difference where the station has what was last sent and that is
 * shorter, else the whole list. A station takes so many entries in a message, so the first one replaces and the others add; each has a
 * version of its own, since an update must have a higher one than the list. Of more than the station keeps nothing is added, and whoever may
 * charge there no more is taken off all the same.
 *
 * Source: OCPP 1.6 §5.15, OCPP 2.0.1 Part 2 D01
 */
export function planList(question: ListQuestion): ListPlan {
  const { wanted, sent, limits } = question;
  if (wanted.length > limits.entriesMax) {
    const had = new Set(sent?.entries.map(({ key }) => key));
    const entries = wanted.filter(({ key }) => had.has(key)).slice(0, limits.entriesMax);
    const reason = `${wanted.length} tokens may charge there, and the station keeps ${limits.entriesMax}`;
    return { kind: 'TooLarge', reason, entries, messages: messagesFor({ ...question, wanted: entries }) };
  }
  const messages = messagesFor(question);
  return messages.length === 0 ? { kind: 'InStep' } : { kind: 'Send', messages };
}

function messagesFor({ wanted, sent, stationVersion, limits, full }: ListQuestion): readonly ListMessage[] {
  const isKnown = !full && sent !== undefined && sent.listVersion === stationVersion && stationVersion > 0;
  const base = Math.max(stationVersion, sent?.listVersion ?? 0);
  const whole = chunked(wanted, limits.itemsPerMessage, base, false);
  if (!isKnown) return stationVersion === 0 && wanted.length === 0 && !full ? [] : whole;
  const { put, removed } = differenceOf(sent.entries, wanted);
  if (put.length + removed.length === 0) return [];
  if (put.length + removed.length >= wanted.length) return whole;
  return chunked([...put, ...removed], limits.itemsPerMessage, base, true, new Set(removed));
}

function differenceOf(before: readonly ListEntry[], wanted: readonly ListEntry[]) {
  const had = new Map(before.map((entry) => [entry.key, entry]));
  const put = wanted.filter((entry) => !isSame(had.get(entry.key), entry));
  const has = new Set(wanted.map(({ key }) => key));
  return { put, removed: before.filter(({ key }) => !has.has(key)) };
}

const isSame = (a: ListEntry | undefined, b: ListEntry): boolean =>
  a !== undefined && a.idToken === b.idToken && a.type === b.type && a.groupId === b.groupId && a.expiresAt === b.expiresAt;

function chunked(
  entries: readonly ListEntry[],
  size: number,
  base: number,
  differential: boolean,
  removed: ReadonlySet<ListEntry> = new Set(),
): readonly ListMessage[] {
  const messages: ListMessage[] = [];
  for (let from = 0; from === 0 || from < entries.length; from += size) {
    const chunk = entries.slice(from, from + size);
    messages.push({
      listVersion: base + messages.length + 1,
      differential: differential || from > 0,
      entries: chunk.filter((entry) => !removed.has(entry)),
      removed: chunk.filter((entry) => removed.has(entry)),
    });
  }
  return messages;
}

/** Types that 2.0.1 knows; 2.1 takes any word. Source: OCPP 2.0.1 Part 2 IdTokenEnumType */
const TYPES_201: ReadonlySet<string> = new Set(['Central', 'eMAID', 'ISO14443', 'ISO15693', 'KeyCode', 'Local', 'MacAddress']);
/** Characters of an id token, by version. */
const LENGTH_MAX: Readonly<Record<string, number>> = { 'ocpp1.6': 20, 'ocpp2.0.1': 36, 'ocpp2.1': 255 };

/** True for a token that this version of OCPP can put on a list. */
export const fitsVersion = ({ idToken, type }: ListEntry, ocppVersion: string): boolean =>
  idToken.length <= (LENGTH_MAX[ocppVersion] ?? 20) && (ocppVersion !== 'ocpp2.0.1' || TYPES_201.has(type));
