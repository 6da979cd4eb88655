import type { CommandAnswered, DisplayMessage, DisplayMessagesReported } from '@voltlog/connection-contract';
import type { DisplayDoc, KnownMessage } from './report-documents.js';

export type DisplayFact =
  | { readonly type: 'voltlog.connection.CommandAnswered.v1'; readonly data: CommandAnswered }
  | { readonly type: 'voltlog.connection.DisplayMessagesReported.v1'; readonly data: DisplayMessagesReported };

/** Messages kept of one station; no display has as many, and a station gone mad is not to fill a document. */
export const MESSAGES_MAX = 500;
/** Ids that one list may name. */
const LISTED_MAX = 5_000;

export const noMessages = (stationId: string): DisplayDoc => ({ id: stationId, version: 0, messages: [] });

/**
 * What a station displays after one more fact; the same object when the fact is about something else. A message counts as set once the
 * station has accepted it; what it reports corrects that, and a full report is all there is.
 *
 * Sources: OCPP 2.0.1 Part 2 O01 (set), O05 (clear), O03 and O04 (get).
 */
export function withDisplayFact(display: DisplayDoc, fact: DisplayFact): DisplayDoc {
  return fact.type === 'voltlog.connection.DisplayMessagesReported.v1' ? reported(display, fact.data) : answered(display, fact.data);
}

function answered(display: DisplayDoc, { action, status, stationStatus, request, receivedAt }: CommandAnswered): DisplayDoc {
  const fields = isRecord(request) ? request : {};
  switch (action) {
    case 'SetDisplayMessage': {
      const { message } = fields;
      return status === 'Accepted' && isMessage(message) ? put(display, [message], receivedAt) : display;
    }
    case 'ClearDisplayMessage':
      return status === 'Accepted' || stationStatus === 'Unknown' ? without(display, (id) => id === fields['id']) : display;
    case 'GetDisplayMessages': {
      const { requestId, ...filters } = fields;
      if (status !== 'Accepted' || typeof requestId !== 'number' || Object.keys(filters).length > 0) return display;
      // `Unknown` is how a station says that it has none.
      return stationStatus === 'Unknown'
        ? { id: display.id, version: display.version, messages: [], listedAt: receivedAt }
        : settled({ ...display, listing: { ...listingOf(display, requestId), full: true } }, receivedAt);
    }
    default:
      return display;
  }
}

function reported(display: DisplayDoc, { requestId, messages, toBeContinued, receivedAt }: DisplayMessagesReported): DisplayDoc {
  const listing = listingOf(display, requestId);
  const seen = [...listing.seen, ...messages.map(({ id }) => id)].slice(-LISTED_MAX);
  return settled({ ...put(display, messages, receivedAt), listing: { ...listing, seen, ended: !toBeContinued } }, receivedAt);
}

type Listing = NonNullable<DisplayDoc['listing']>;

/** The first part can be on the log before the answer to the request is. */
const listingOf = ({ listing }: DisplayDoc, requestId: number): Listing =>
  listing?.requestId === requestId ? listing : { requestId, seen: [], full: false, ended: false };

/** Once all of a full list is there, what it does not name is gone. */
function settled(display: DisplayDoc, at: string): DisplayDoc {
  const { listing, ...rest } = display;
  if (listing === undefined || !listing.full || !listing.ended) return display;
  return { ...without(rest, (id) => !listing.seen.includes(id)), listedAt: at };
}

const put = (display: DisplayDoc, messages: readonly DisplayMessage[], knownAt: string): DisplayDoc => {
  const replaced = new Set(messages.map(({ id }) => id));
  const known: readonly KnownMessage[] = messages.map((message) => ({ ...message, knownAt }));
  const all = [...display.messages.filter(({ id }) => !replaced.has(id)), ...known].sort((a, b) => (a.knownAt < b.knownAt ? -1 : 1));
  return { ...display, messages: all.slice(-MESSAGES_MAX).sort((a, b) => a.id - b.id) };
};

const without = (display: DisplayDoc, gone: (id: number) => boolean): DisplayDoc => ({
  ...display,
  messages: display.messages.filter(({ id }) => !gone(id)),
});

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;

/** The request has passed the schema before it was sent. */
const isMessage = (value: unknown): value is DisplayMessage =>
  isRecord(value) && typeof value['id'] === 'number' && isRecord(value['message']);
