import { mongo } from 'mongoose';
import { encodeEvents } from '../commit-codec.js';
import type { AppendOutcome, Commit } from '../store.js';

/**
 * What one call appends to one stream: a document, so that it gets in as a whole. `keys` holds `v:<version>` and `c:<causation id>` of
 * each commit: one unique index on stream and keys finds conflicts and duplicates and loads streams. Events are JSON text: an envelope
 * may hold anything a station sends, also what BSON cannot name.
 */
export interface StreamDocument {
  readonly _id: string;
  readonly streamId: string;
  readonly keys: readonly string[];
  readonly commits: readonly {
    readonly version: number;
    readonly causationId: string;
    readonly at: string;
    readonly types: readonly string[];
    readonly events: string;
  }[];
  /** Set by the server: the order of the scan. */
  readonly seq: mongo.Timestamp;
  readonly unpublished?: true;
  /** Versions published while others of the document are not. */
  readonly published?: readonly number[];
}

/** Commits of one call and stream, in order of version. */
export interface Group {
  readonly streamId: string;
  readonly commits: readonly Commit[];
}

export function documentOf({ streamId, commits }: Group): StreamDocument {
  return {
    _id: `${streamId}:${commits[0]?.version}`,
    streamId,
    keys: commits.flatMap(({ version, causationId }) => [`v:${version}`, `c:${causationId}`]),
    commits: commits.map((commit) => ({
      version: commit.version,
      causationId: commit.causationId,
      at: commit.at,
      types: commit.events.map((event) => event.type),
      events: encodeEvents(commit),
    })),
    seq: new mongo.Timestamp({ t: 0, i: 0 }),
    unpublished: true,
  };
}

/** The commits up to the first that repeats a causation id or leaves the order of versions. The unique index does not look inside a document. */
export function insertable(group: Group): Group {
  const seen = new Set<string>();
  const first = group.commits[0]?.version ?? 0;
  let count = 0;
  for (const { causationId, version } of group.commits) {
    if (seen.has(causationId) || version !== first + count) break;
    seen.add(causationId);
    count += 1;
  }
  return count === group.commits.length ? group : { streamId: group.streamId, commits: group.commits.slice(0, count) };
}

export interface Judgement {
  readonly outcomes: AppendOutcome[];
  /** From which commit on how many could still get in. */
  readonly from: number;
  readonly open: number;
}

/** The group's outcomes against what is stored; an own commit whose acknowledgement was lost counts as appended. */
export function judged(group: Group, stored: readonly Commit[]): Judgement {
  const byVersion = new Map(stored.map((commit) => [commit.version, commit]));
  const causations = new Set(stored.map((commit) => commit.causationId));
  const outcomes: AppendOutcome[] = [];
  let head = stored.at(-1)?.version ?? 0;
  let from = 0;
  let open = 0;
  for (const commit of group.commits) {
    const mine =
      byVersion.get(commit.version)?.events[0]?.id === commit.events[0]?.id &&
      byVersion.get(commit.version)?.causationId === commit.causationId;
    if (outcomes.some((outcome) => outcome !== 'appended')) outcomes.push('conflict');
    else if (mine && open === 0) {
      outcomes.push('appended');
      from += 1;
    } else if (causations.has(commit.causationId)) outcomes.push('duplicate');
    else if (commit.version !== head + 1) outcomes.push('conflict');
    else {
      outcomes.push('appended');
      causations.add(commit.causationId);
      head += 1;
      open += 1;
    }
  }
  return { outcomes, from, open };
}

export const markSome = (versions: readonly number[]): mongo.Document[] => [
  { $set: { published: { $setUnion: [{ $ifNull: ['$published', []] }, [...versions]] } } },
  { $set: { unpublished: { $cond: [{ $eq: [{ $size: '$published' }, { $size: '$commits' }] }, '$$REMOVE', true] } } },
];
