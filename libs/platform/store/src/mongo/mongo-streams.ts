import { OperatingError, RequestError } from '@voltlog/kernel';
import { mongo } from 'mongoose';
import { BoundedCache } from '../bounded-cache.js';
import { decodeEvents } from '../commit-codec.js';
import type { AppendOutcome, Commit, StreamStore } from '../store.js';
import { Coalescer } from './coalescer.js';
import { bulkErrors, DUPLICATE_KEY } from './mongo-errors.js';
import { documentOf, type Group, insertable, judged, markSome, type StreamDocument } from './stream-document.js';

/** Documents whose commits are known by their key, for marking without a look-up. */
const KNOWN_MAX = 20_000;
const SCAN_BATCH = 512;
/** Bulks tried before a stream that others keep writing to is given up as a conflict. */
const ROUNDS_MAX = 5;
/** Between those bulks, so that the other writer's commit reaches the majority, milliseconds. */
const ROUND_PAUSE_MS = 5;
/** A commit gets its place in the scan a moment before it can be seen: near the end the scan looks twice, so far apart, milliseconds. */
const SETTLE_MS = 100;
const NEAR_END_SECONDS = 2;

/** A group on its way in. */
interface Attempt {
  readonly group: Group;
  /** Its place in the bulk. */
  readonly i: number;
  /** The part of it that is inserted. */
  readonly insert: Group;
  /** The group's outcomes once that part is in. */
  readonly verdict?: AppendOutcome[];
}

type Known = { readonly _id: string; readonly versions: number };

/** The streams of a service as documents of one collection. */
export class MongoStreams implements StreamStore {
  readonly #appends: Coalescer<Group, readonly AppendOutcome[]>;
  readonly #known = new BoundedCache<Known>(KNOWN_MAX);

  constructor(
    private readonly documents: mongo.Collection<StreamDocument>,
    private readonly call: <T>(work: () => Promise<T>) => Promise<T>,
  ) {
    this.#appends = new Coalescer(
      (groups) => this.#appendGroups(groups),
      (error) => error instanceof OperatingError,
    );
  }

  static async ensure(documents: mongo.Collection<StreamDocument>): Promise<void> {
    await documents.createIndexes([
      { key: { streamId: 1, keys: 1 }, unique: true },
      { key: { seq: 1 } },
      { key: { unpublished: 1, seq: 1 }, partialFilterExpression: { unpublished: true } },
    ]);
  }

  async append(commits: readonly Commit[]): Promise<readonly AppendOutcome[]> {
    const byStream = new Map<string, number[]>();
    for (const [i, commit] of commits.entries()) {
      const places = byStream.get(commit.streamId);
      if (places === undefined) byStream.set(commit.streamId, [i]);
      else places.push(i);
    }
    const groups = [...byStream].map(([streamId, places]) => ({ streamId, commits: places.map((i) => commits[i] as Commit) }));
    const results = await this.#appends.submit(groups);
    const outcomes: AppendOutcome[] = new Array(commits.length);
    let at = 0;
    for (const places of byStream.values()) {
      for (const [j, place] of places.entries()) outcomes[place] = results[at]?.[j] ?? 'conflict';
      at += 1;
    }
    return outcomes;
  }

  async #appendGroups(groups: readonly Group[]): Promise<readonly (readonly AppendOutcome[])[]> {
    const outcomes: AppendOutcome[][] = groups.map(() => []);
    let wave: Attempt[] = groups.map((group, i) => ({ group, i, insert: insertable(group) }));
    for (let round = 1; wave.length > 0; round += 1) {
      // Two callers may write to one stream: the second waits for what becomes of the first.
      const taken = new Set<string>();
      const now = wave.filter(({ group }) => !taken.has(group.streamId) && taken.add(group.streamId));
      const later = wave.filter((one) => !now.includes(one));
      const failed = await this.#insert(now.map(({ insert }) => insert));
      // Of what was left out of the insert, too, only the stream itself tells what it is.
      const unsettled = new Set(
        now.filter(({ group, insert, verdict }) => failed.has(group.streamId) || (verdict === undefined && insert !== group)),
      );
      // By majority: what counts as stored here is reported as durable.
      const stored = unsettled.size === 0 ? undefined : await this.#read(Array.from(unsettled, streamOf), 'majority');
      for (const one of now) {
        const { group, i, verdict } = one;
        if (!unsettled.has(one)) {
          outcomes[i] = verdict ?? group.commits.map(() => 'appended');
          continue;
        }
        const judgement = judged(group, stored?.get(group.streamId) ?? []);
        const { from, open } = judgement;
        if (open === 0) outcomes[i] = judgement.outcomes;
        else if (round >= ROUNDS_MAX) outcomes[i] = judgement.outcomes.map((outcome, j) => (j < from ? outcome : 'conflict'));
        // What comes before a duplicate still gets in.
        else
          later.push({
            group,
            i,
            insert: { streamId: group.streamId, commits: group.commits.slice(from, from + open) },
            verdict: judgement.outcomes,
          });
      }
      wave = later;
      if (stored !== undefined && wave.length > 0) await new Promise((resolve) => setTimeout(resolve, round * ROUND_PAUSE_MS));
    }
    return outcomes;
  }

  /** One bulk insert; the streams whose document did not get in. */
  async #insert(groups: readonly Group[]): Promise<ReadonlySet<string>> {
    const failed = new Set<string>();
    if (groups.length === 0) return failed;
    const documents = groups.map(documentOf);
    try {
      await this.call(() => this.documents.insertMany(documents, { ordered: false }));
    } catch (error) {
      for (const [index, { code, message }] of bulkErrors(error)) {
        if (code !== DUPLICATE_KEY)
          throw new RequestError('INVALID_ARGUMENT', `stream ${groups[index]?.streamId}: ${message}`, 'BadCommit');
        failed.add(groups[index]?.streamId ?? '');
      }
    }
    for (const { _id, streamId, commits } of documents) {
      if (!failed.has(streamId))
        for (const commit of commits) this.#known.set(keyOf(streamId, commit.version), { _id, versions: commits.length });
    }
    return failed;
  }

  load(streamIds: readonly string[]): Promise<ReadonlyMap<string, readonly Commit[]>> {
    return this.#read(streamIds, 'local');
  }

  async #read(streamIds: readonly string[], readConcern: 'local' | 'majority'): Promise<ReadonlyMap<string, readonly Commit[]>> {
    const streams = new Map<string, Commit[]>();
    if (streamIds.length === 0) return streams;
    const documents = await this.call(() => this.documents.find({ streamId: { $in: [...streamIds] } }, { readConcern }).toArray());
    for (const document of documents) {
      const stream = streams.get(document.streamId);
      if (stream === undefined) streams.set(document.streamId, this.#commitsOf(document));
      else stream.push(...this.#commitsOf(document));
    }
    for (const stream of streams.values()) stream.sort((a, b) => a.version - b.version);
    return streams;
  }

  async *scan(
    options: { after?: string; batch?: number } = {},
  ): AsyncIterable<{ readonly cursor: string; readonly commits: readonly Commit[] }> {
    let after = mongo.Timestamp.fromString(options.after ?? '0', 10);
    const limit = options.batch ?? SCAN_BATCH;
    const read = () =>
      this.call(() =>
        this.documents
          .find({ seq: { $gt: after } }, { readConcern: 'majority' })
          .sort({ seq: 1 })
          .limit(limit)
          .toArray(),
      );
    for (;;) {
      let documents = await read();
      if (documents.length > 0 && nearEnd(documents.at(-1) as StreamDocument)) {
        await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
        documents = await read();
      }
      if (documents.length === 0) return;
      let commits: Commit[] = [];
      for (const [i, document] of documents.entries()) {
        commits.push(...this.#commitsOf(document));
        if (commits.length < limit && i + 1 < documents.length) continue;
        after = document.seq;
        yield { cursor: after.toString(), commits };
        commits = [];
      }
    }
  }

  async unpublished(limit: number): Promise<readonly Commit[]> {
    const documents = await this.call(() =>
      this.documents.find({ unpublished: true }, { readConcern: 'majority' }).sort({ seq: 1 }).limit(limit).toArray(),
    );
    return documents
      .flatMap((document) => this.#commitsOf(document))
      .filter((commit) => commit.published === false)
      .slice(0, limit);
  }

  async markPublished(commits: readonly Pick<Commit, 'streamId' | 'version'>[]): Promise<void> {
    await this.#learn(commits.filter(({ streamId, version }) => this.#known.get(keyOf(streamId, version)) === undefined));
    const marked = new Map<string, { versions: number; of: number[] }>();
    for (const { streamId, version } of commits) {
      const known = this.#known.get(keyOf(streamId, version));
      if (known === undefined) continue;
      const mark = marked.get(known._id);
      if (mark === undefined) marked.set(known._id, { versions: known.versions, of: [version] });
      else mark.of.push(version);
    }
    const whole: string[] = [];
    const parts: mongo.AnyBulkWriteOperation<StreamDocument>[] = [];
    for (const [_id, { versions, of }] of marked) {
      if (new Set(of).size === versions) whole.push(_id);
      else parts.push({ updateOne: { filter: { _id }, update: markSome(of) } });
    }
    if (whole.length > 0)
      await this.call(() => this.documents.updateMany({ _id: { $in: whole } }, { $unset: { unpublished: 1, published: 1 } }));
    if (parts.length > 0) await this.call(() => this.documents.bulkWrite(parts, { ordered: false }));
  }

  /** Finds the documents of commits that this process neither wrote nor read lately. */
  async #learn(commits: readonly Pick<Commit, 'streamId' | 'version'>[]): Promise<void> {
    if (commits.length > 0) await this.load([...new Set(commits.map((commit) => commit.streamId))]);
  }

  #commitsOf(document: StreamDocument): Commit[] {
    const { _id, streamId, commits, unpublished, published } = document;
    return commits.map(({ version, causationId, at, events }) => {
      this.#known.set(keyOf(streamId, version), { _id, versions: commits.length });
      const commit = { streamId, version, causationId, events: decodeEvents({ streamId, causationId, at }, events), at };
      return unpublished === undefined || published?.includes(version) ? commit : { ...commit, published: false as const };
    });
  }
}

const streamOf = ({ group }: Attempt): string => group.streamId;

const keyOf = (streamId: string, version: number): string => `${version} ${streamId}`;

const nearEnd = ({ seq }: StreamDocument): boolean => seq.getHighBitsUnsigned() >= Date.now() / 1_000 - NEAR_END_SECONDS;
