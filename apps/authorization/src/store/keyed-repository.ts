import type { TokenFact } from '@voltlog/authorization-contract';
import { type Decider, type EventEnvelope, fold, isoTime, OperatingError } from '@voltlog/kernel';
import type { ServiceContext } from '@voltlog/service';
import { BoundedCache, type Collection, type Commit } from '@voltlog/store';

/** Tries to commit to a stream that others commit to as well. */
const CONFLICTS_MAX = 32;
/** Keys whose read model is checked against what another instance told. */
const TOLD_MAX = 10_000;
/** Tries to bring a read model up to a version that others write as well. */
const DOC_TRIES_MAX = 8;

/** A state, and how many commits made it. */
export interface Entry<State> {
  readonly state: State;
  /** Commits of the stream; 0: none. */
  readonly version: number;
}

export interface KeyedInput<Command> {
  readonly key: string;
  readonly command: Command;
  /** The same cause twice changes nothing. Inputs of one key in one call share a commit, under the first one's cause. */
  readonly causationId: string;
  /** Carried on by the events. Inputs that share a commit share the first one's. */
  readonly traceparent?: string | undefined;
}

export type Outcome<State, Event, Refusal> =
  | { readonly outcome: 'committed' | 'unchanged' | 'duplicate'; readonly entry: Entry<State>; readonly events: readonly Event[] }
  | { readonly outcome: 'refused'; readonly refusal: Refusal; readonly entry: Entry<State> };

interface VersionedDoc {
  readonly id: string;
  readonly version: number;
}

/** What is kept under a key: tokens, contracts. */
export interface Kind<Command, State, Event, Refusal, Doc extends VersionedDoc> {
  /** For a person. */
  readonly name: string;
  readonly decider: Decider<Command, State, Event, Refusal>;
  streamId(key: string): string;
  /** The folded state as the read model has it; undefined for what nobody registered. */
  toDoc(key: string, version: number, state: State): Doc | undefined;
  toState(doc: Doc): State;
}

type Fact = { readonly type: string; readonly data: object };

/**
 * States by key: a bounded memory, behind it the read model (which is the folded state), behind that the stream.
 *
 * What memory holds may be behind another instance for as long as its event travels; a commit finds that out by its version.
 */
export class KeyedRepository<Command, State, Event extends Fact, Refusal, Doc extends VersionedDoc> {
  private readonly cache: BoundedCache<Entry<State>>;
  private readonly source: string;
  /** Keys whose states changed elsewhere while a read was under way. */
  private readonly changedMeanwhile = new Set<string>();
  private loads = 0;
  /** Versions that other instances told of: a read model below them is not written yet, or its writer died. */
  private readonly told = new BoundedCache<number>(TOLD_MAX);
  /** Keys whose commits are durable while their read model could not be written. */
  private readonly undocumented = new Set<string>();

  constructor(
    private readonly context: ServiceContext,
    private readonly kind: Kind<Command, State, Event, Refusal, Doc>,
    private readonly docs: Collection<Doc>,
    private readonly options: { readonly inMemoryMax: number; publish(commits: readonly Commit[]): void },
  ) {
    this.cache = new BoundedCache(options.inMemoryMax);
    this.source = `/authorization/${context.instanceId}`;
  }

  /** What memory holds; undefined: not known here, {@link load} it. */
  peek(key: string): Entry<State> | undefined {
    return this.cache.get(key);
  }

  get inMemory(): number {
    return this.cache.size;
  }

  /** Reads states afresh; one that does not exist is the initial one. */
  async load(keys: readonly string[]): Promise<ReadonlyMap<string, Entry<State>>> {
    this.loads += 1;
    try {
      const docs = await this.docs.getMany(keys);
      const entries = new Map<string, Entry<State>>();
      const behind: string[] = [];
      for (const key of keys) {
        const doc = docs.get(key);
        const entry =
          doc === undefined
            ? { state: this.kind.decider.initialState, version: 0 }
            : { state: this.kind.toState(doc), version: doc.version };
        if (entry.version < (this.told.get(key) ?? 0)) behind.push(key);
        else entries.set(key, this.remember(key, entry));
      }
      if (behind.length > 0) for (const [key, entry] of await this.foldStreams(behind)) entries.set(key, entry);
      return entries;
    } finally {
      this.loads -= 1;
      if (this.loads === 0) this.changedMeanwhile.clear();
    }
  }

  /** Takes note of an event of any instance: what memory holds of its key is dropped when it is older. */
  changed(event: EventEnvelope): void {
    if (event.source === this.source) return;
    const key = event.subject;
    const { version = Number.POSITIVE_INFINITY } = event.data as TokenFact;
    const known = this.cache.get(key);
    if (known !== undefined && known.version >= version) return;
    this.cache.delete(key);
    if (Number.isFinite(version)) this.told.set(key, version);
    if (this.loads > 0) this.changedMeanwhile.add(key);
  }

  /**
   * Sees to it that the read model holds what the events tell. The instance that commits writes it too; this is for those that died, or
   * lost their store, in between.
   */
  async mend(events: readonly EventEnvelope[]): Promise<void> {
    const versions = new Map<string, number>();
    for (const { source, subject, data } of events) {
      if (source === this.source && !this.undocumented.has(subject)) continue;
      versions.set(subject, Math.max(versions.get(subject) ?? 0, (data as TokenFact).version ?? 0));
    }
    if (versions.size === 0) return;
    const docs = await this.docs.getMany([...versions.keys()]);
    const behind = [...versions].filter(([key, version]) => (docs.get(key)?.version ?? 0) < version).map(([key]) => key);
    if (behind.length > 0) await this.writeDocs([...(await this.foldStreams(behind))]);
    for (const key of versions.keys()) this.undocumented.delete(key);
  }

  /** True when the stream has a commit of this cause. */
  async hasCause(key: string, causationId: string): Promise<boolean> {
    const streamId = this.kind.streamId(key);
    const commits = (await this.context.store.streams.load([streamId])).get(streamId) ?? [];
    return commits.some((commit) => commit.causationId === causationId);
  }

  /**
   * Decides and commits; outcomes have the order of the inputs. Durable, and in the read model, when it resolves.
   *
   * @throws {OperatingError} `TokenContended` when others kept changing it first
   */
  async execute(inputs: readonly KeyedInput<Command>[]): Promise<readonly Outcome<State, Event, Refusal>[]> {
    const outcomes = new Array<Outcome<State, Event, Refusal> | undefined>(inputs.length);
    const waiting = new Map<string, number[]>();
    for (const [index, input] of inputs.entries()) {
      const same = waiting.get(input.key);
      if (same === undefined) waiting.set(input.key, [index]);
      else same.push(index);
    }
    for (let round = 0; waiting.size > 0; round += 1) {
      if (round >= CONFLICTS_MAX)
        throw new OperatingError('TokenContended', `a ${this.kind.name} changed ${CONFLICTS_MAX} times while it was decided upon`);
      await this.round(inputs, waiting, outcomes, round);
    }
    return outcomes as Outcome<State, Event, Refusal>[];
  }

  private async round(
    inputs: readonly KeyedInput<Command>[],
    waiting: Map<string, number[]>,
    outcomes: (Outcome<State, Event, Refusal> | undefined)[],
    round: number,
  ): Promise<void> {
    const { entries, remembered } = await this.entriesFor([...waiting.keys()], round);
    const commits: Commit[] = [];
    const decisions: {
      readonly key: string;
      readonly after: Entry<State>;
      readonly settle: (outcome: 'committed' | 'duplicate', entry: Entry<State>) => void;
    }[] = [];
    for (const [key, indexes] of waiting) {
      const before = entries.get(key) ?? { state: this.kind.decider.initialState, version: 0 };
      const decision = this.decideAll(inputs, indexes, before, outcomes);
      if (decision === undefined) {
        // Nothing is committed, so no version tells whether memory was behind another instance: what it said no to is read and decided again.
        if (!remembered.has(key)) waiting.delete(key);
        continue;
      }
      commits.push(decision.commit);
      decisions.push({ key, after: decision.after, settle: decision.settle });
    }
    if (commits.length === 0) return;
    const results = await this.context.store.streams.append(commits);
    const written: [string, Entry<State>][] = [];
    const published: Commit[] = [];
    const duplicates: typeof decisions = [];
    for (const [index, { key, after, settle }] of decisions.entries()) {
      const result = results[index];
      if (result === 'appended') {
        written.push([key, this.remember(key, after)]);
        published.push(commits[index] as Commit);
        settle('committed', after);
        waiting.delete(key);
      } else if (result === 'duplicate') {
        this.cache.delete(key);
        duplicates.push(decisions[index] as (typeof decisions)[number]);
        waiting.delete(key);
      } else this.cache.delete(key);
    }
    if (written.length > 0) {
      try {
        await this.writeDocs(written);
      } catch (error) {
        for (const [key] of written) this.undocumented.add(key);
        throw error;
      } finally {
        this.options.publish(published);
      }
    }
    if (duplicates.length > 0) {
      const folded = await this.foldStreams(duplicates.map(({ key }) => key));
      for (const { key, settle } of duplicates)
        settle('duplicate', folded.get(key) ?? { state: this.kind.decider.initialState, version: 0 });
    }
  }

  /**
   * First what memory holds, then the read model; when both were behind, the stream itself, which also mends the read model.
   *
   * @returns `remembered`: the keys whose entries come from memory alone
   */
  private async entriesFor(
    keys: readonly string[],
    round: number,
  ): Promise<{ readonly entries: ReadonlyMap<string, Entry<State>>; readonly remembered: ReadonlySet<string> }> {
    if (round === 1) return { entries: await this.load(keys), remembered: new Set() };
    if (round > 1) {
      const entries = await this.foldStreams(keys);
      await this.writeDocs([...entries]);
      return { entries, remembered: new Set() };
    }
    const entries = new Map<string, Entry<State>>();
    const missing: string[] = [];
    for (const key of keys) {
      const entry = this.cache.get(key);
      if (entry === undefined) missing.push(key);
      else entries.set(key, entry);
    }
    const remembered = new Set(entries.keys());
    if (missing.length > 0) for (const [key, entry] of await this.load(missing)) entries.set(key, entry);
    return { entries, remembered };
  }

  /** Folds the inputs of one key; undefined when nothing is to be committed (their outcomes stand then). */
  private decideAll(
    inputs: readonly KeyedInput<Command>[],
    indexes: readonly number[],
    before: Entry<State>,
    outcomes: (Outcome<State, Event, Refusal> | undefined)[],
  ) {
    let state = before.state;
    let causationId: string | undefined;
    let traceparent: string | undefined;
    const all: Event[] = [];
    const decidedHere: { readonly index: number; readonly events: readonly Event[] }[] = [];
    for (const index of indexes) {
      const { command, causationId: cause, traceparent: trace } = inputs[index] as KeyedInput<Command>;
      const decision = this.kind.decider.decide(command, state);
      if (!decision.ok) {
        outcomes[index] = { outcome: 'refused', refusal: decision.refusal, entry: { state, version: before.version } };
        continue;
      }
      if (decision.events.length === 0) {
        outcomes[index] = { outcome: 'unchanged', entry: { state, version: before.version }, events: [] };
        continue;
      }
      causationId ??= cause;
      traceparent ??= trace;
      state = fold(this.kind.decider, decision.events, state);
      all.push(...decision.events);
      decidedHere.push({ index, events: decision.events });
    }
    const first = indexes[0];
    if (causationId === undefined || first === undefined) return undefined;
    const key = (inputs[first] as KeyedInput<Command>).key;
    const after: Entry<State> = { state, version: before.version + 1 };
    const settle = (outcome: 'committed' | 'duplicate', entry: Entry<State>): void => {
      for (const each of decidedHere) outcomes[each.index] = { outcome, entry, events: outcome === 'committed' ? each.events : [] };
    };
    return { commit: this.commit(key, after.version, { causationId, traceparent }, all), after, settle };
  }

  private commit(
    key: string,
    version: number,
    { causationId, traceparent }: Pick<KeyedInput<Command>, 'causationId' | 'traceparent'>,
    events: readonly Event[],
  ): Commit {
    const trace = traceparent === undefined ? undefined : { traceparent };
    const at = isoTime(this.context.clock.now());
    return {
      streamId: this.kind.streamId(key),
      version,
      causationId,
      events: events.map((event) => ({
        id: this.context.ids.next(),
        type: event.type,
        source: this.source,
        subject: key,
        time: at,
        data: { ...event.data, version },
        causationId,
        ...trace,
      })),
      at,
    };
  }

  private remember(key: string, entry: Entry<State>): Entry<State> {
    const known = this.cache.get(key);
    if (known !== undefined && known.version > entry.version) return known;
    if (!this.changedMeanwhile.has(key)) this.cache.set(key, entry);
    return entry;
  }

  private async foldStreams(keys: readonly string[]): Promise<ReadonlyMap<string, Entry<State>>> {
    const streams = await this.context.store.streams.load(keys.map((key) => this.kind.streamId(key)));
    const entries = new Map<string, Entry<State>>();
    for (const key of keys) {
      const commits = streams.get(this.kind.streamId(key)) ?? [];
      let state: State = this.kind.decider.initialState;
      for (const commit of commits)
        for (const event of commit.events) state = this.kind.decider.evolve(state, { type: event.type, data: event.data } as Event);
      entries.set(key, this.remember(key, { state, version: commits.at(-1)?.version ?? 0 }));
    }
    return entries;
  }

  /** Brings read models up to the given versions; one that is there already stays. */
  private async writeDocs(entries: readonly (readonly [string, Entry<State>])[]): Promise<void> {
    let behind = entries.flatMap(([key, { state, version }]) => {
      const doc = this.kind.toDoc(key, version, state);
      return doc === undefined ? [] : [{ doc, expectedVersion: version - 1 }];
    });
    for (let tries = 0; behind.length > 0 && tries < DOC_TRIES_MAX; tries += 1) {
      const written = await this.docs.upsert(behind);
      const missed = behind.filter((_, index) => written[index] !== true);
      if (missed.length === 0) return;
      const stored = await this.docs.getMany(missed.map(({ doc }) => doc.id));
      behind = missed.flatMap(({ doc }) => {
        const version = stored.get(doc.id)?.version ?? 0;
        return version >= doc.version ? [] : [{ doc, expectedVersion: version }];
      });
    }
    if (behind.length > 0)
      throw new OperatingError('TokenContended', `the read model of a ${this.kind.name} changed too often to be written`);
  }
}
