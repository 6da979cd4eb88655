import type { SessionEvent } from '@voltlog/session-contract';
import type { Readings, SessionClaims } from '@voltlog/session-domain';
import {
  claimedPoints,
  needsAllPoints,
  noteMeterValue,
  noteReceived,
  noteSeqNo,
  piecewiseEnergy,
  type RegisterPoint,
  sessionDecider,
} from '@voltlog/session-domain';
import { bringUp, type Collection, type Commit, packedCollection, rebuildCollection, type Store } from '@voltlog/store';
import { sessionDocument } from '../intake/session-writer.js';
import { type StoredSession, sessionPacking } from '../store/packed-sessions.js';
import { noteClaims } from '../store/readings.js';
import {
  meterValueRange,
  openCollections,
  type SessionCollections,
  type SessionDocument,
  sessionSchema,
} from '../store/session-documents.js';

/** Meter values read at a time. */
const PAGE = 1_000;
const WAIT_MS = 48 * 3_600_000;

/**
 * Builds the sessions projection anew from the streams, beside the live one, then swaps. A service that runs on the store has to forget what it
 * keeps in memory afterwards ({@link SessionIntake.reset}) or be restarted.
 *
 * @returns commits replayed
 */
export async function replaySessions(
  store: Store,
  options: { onProgress?(progress: { readonly commits: number }): void } = {},
): Promise<number> {
  const { readings } = await openCollections(store);
  const { commits } = await rebuildCollection<StoredSession>({
    store,
    name: 'sessions',
    schema: sessionSchema,
    ...options,
    async project(batch: readonly Commit[], target: Collection<StoredSession>) {
      const streams = await streamsThatEndIn(store, batch);
      const known = await readings.getMany([...streams.keys()]);
      const docs: SessionDocument[] = [];
      for (const [sessionId, stream] of streams) {
        const { claims, version, at } = foldStream(stream);
        if (claims.identity === undefined) continue;
        const entry = { sessionId, identity: claims.identity, claims, readings: known.get(sessionId)?.readings ?? {}, version };
        docs.push(sessionDocument({ ...entry, abandoned: isOld(claims) }, at));
      }
      await bringUp(packedCollection(target, sessionPacking), docs);
    },
  });
  return commits;
}

/** Ended so long ago that nobody waits any more for its connector to become free. */
const isOld = ({ reported }: SessionClaims): boolean => reported !== undefined && Date.now() - Date.parse(reported.receivedAt) > WAIT_MS;

/** The whole streams of a batch whose last commit is in it, so that each is projected once, however its commits are spread. */
export async function streamsThatEndIn(store: Store, batch: readonly Commit[]): Promise<ReadonlyMap<string, readonly Commit[]>> {
  const seen = new Map<string, number>();
  for (const { streamId, version, events } of batch) {
    // The store holds start requests and prices too.
    if (events[0]?.type.startsWith('voltlog.session.Session') === false) continue;
    seen.set(streamId, Math.max(seen.get(streamId) ?? 0, version));
  }
  const streams = await store.streams.load([...seen.keys()]);
  return new Map([...streams].filter(([streamId, stream]) => stream.at(-1)?.version === seen.get(streamId)));
}

/** The state a session's stream folds to; `until` (ISO 8601, our clock) shows it as it was known then. */
export function foldStream(
  stream: readonly Commit[],
  until?: string,
): { readonly claims: SessionClaims; readonly version: number; readonly at: string } {
  let claims = sessionDecider.initialState;
  let version = 0;
  let at = '';
  for (const commit of stream) {
    if (until !== undefined && commit.at > until) break;
    // What the store holds of a stream was decided by the decider.
    for (const event of commit.events) claims = sessionDecider.evolve(claims, event as unknown as SessionEvent);
    version = commit.version;
    at = commit.at;
  }
  return { claims, version, at };
}

/** Builds the readings of one session anew from its meter values and its claims. */
export async function replayReadings(
  meterValues: Pick<SessionCollections['meterValues'], 'find'>,
  sessionId: string,
  claims: SessionClaims,
): Promise<Readings> {
  const readings: Readings = {};
  const points: RegisterPoint[] = [];
  noteClaims(readings, claims);
  let after: string | undefined;
  do {
    const page = await meterValues.find({
      where: { id: meterValueRange(sessionId) },
      limit: PAGE,
      ...(after === undefined ? {} : { after }),
    });
    for (const value of page.docs) {
      noteMeterValue(readings, value, points);
      noteReceived(readings, value.receivedAt);
      if (value.seqNo !== undefined) noteSeqNo(readings, value.seqNo);
    }
    after = page.next;
  } while (after !== undefined);
  if (needsAllPoints(claims, readings)) readings.piecewise = piecewiseEnergy([...points, ...claimedPoints(claims)]);
  return readings;
}
