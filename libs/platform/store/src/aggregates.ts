import { type Clock, type Decider, dataTextOf, type EventEnvelope, type IdSource, isoTime, OperatingError } from '@voltlog/kernel';
import { BoundedCache } from './bounded-cache.js';
import type { Execution, Input } from './execution.js';
import type { OutboxRelay } from './outbox-relay.js';
import type { AppendOutcome, Commit, StreamStore } from './store.js';

/** Streams kept with their state; a stream that is not among them is loaded. */
const CACHE_MAX = 10_000;
/** Causation ids remembered of a stream in the cache, to know a repeated input before it is decided; the store knows them all. */
const CAUSATIONS_MAX = 256;
/** Rounds of load, decide, append in which another writer was faster each time. */
const CONFLICTS_MAX = 8;

export interface AggregatesOptions<Command, State, Event, Refusal> {
  readonly streams: StreamStore;
  readonly decider: Decider<Command, State, Event, Refusal>;
  /** Told of every commit. */
  readonly relay?: Pick<OutboxRelay, 'publish'>;
  /** `source` of the events: `/<service>/<instance>`. */
  readonly source: string;
  readonly ids: IdSource;
  readonly clock: Clock;
  /**
   * Streams kept with their state. Default 10 000. 0: every round loads; needed where several
   * instances write the same streams, since a refusal on a cached state is not checked against the store (a commit always is).
   */
  readonly cacheMax?: number;
  /** Brings an event of an older version up to today's. */
  readonly upcast?: (event: EventEnvelope) => EventEnvelope;
}

interface Slot<State> {
  state: State;
  version: number;
  causations: Set<string>;
}

interface Call<Command, State, Refusal> {
  readonly inputs: readonly Input<Command>[];
  readonly executions: (Execution<State, Refusal> | undefined)[];
  resolve(executions: readonly Execution<State, Refusal>[]): void;
  reject(error: unknown): void;
}

/** An input on its way. */
interface Entry<Command, State, Refusal> {
  readonly input: Input<Command>;
  readonly call: Call<Command, State, Refusal>;
  readonly at: number;
  /** The store said so. */
  duplicate: boolean;
}

/**
 * The command side of a service: loads streams, decides, appends. Calls that wait at the same time become one round with one bulk
 * load and one bulk append; inputs of one stream fold on one another in the order of the calls.
 */
export class Aggregates<Command, State, Event extends { readonly type: string; readonly data: object }, Refusal = never> {
  readonly #options: AggregatesOptions<Command, State, Event, Refusal>;
  readonly #cache: BoundedCache<Slot<State>>;
  #waiting: Call<Command, State, Refusal>[] = [];
  #running: Promise<void> | undefined;

  constructor(options: AggregatesOptions<Command, State, Event, Refusal>) {
    this.#options = options;
    this.#cache = new BoundedCache(options.cacheMax ?? CACHE_MAX);
  }

  /**
   * One outcome per input, in order; durable when it resolves.
   *
   * @throws {OperatingError} `StoreUnavailable`, or `TooManyConflicts` when other writers were faster each time
   * @throws what the decider threw; then nothing is known about the inputs of this call, and calling again is safe
   */
  execute(inputs: readonly Input<Command>[]): Promise<readonly Execution<State, Refusal>[]> {
    if (inputs.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ inputs, executions: new Array(inputs.length), resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** The stream as it is now. */
  async load(streamId: string): Promise<{ readonly state: State; readonly version: number }> {
    // What a round under way has decided is not true before it is appended: the store knows what is.
    const hot = this.#running === undefined ? this.#cache.get(streamId) : undefined;
    const { state, version } = hot ?? (await this.#fetch([streamId])).get(streamId) ?? this.#empty();
    return { state, version };
  }

  async #run(): Promise<void> {
    // Callers of the same turn share the round.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const calls = this.#waiting;
      this.#waiting = [];
      await this.#round(calls);
    }
    this.#running = undefined;
  }

  async #round(calls: readonly Call<Command, State, Refusal>[]): Promise<void> {
    const entries: Entry<Command, State, Refusal>[] = [];
    for (const call of calls) {
      for (let at = 0; at < call.inputs.length; at += 1)
        entries.push({ input: call.inputs[at] as Input<Command>, call, at, duplicate: false });
    }
    const failed = new Set<Call<Command, State, Refusal>>();
    try {
      await this.#settle(entries, failed);
    } catch (error) {
      for (const { streamId } of entries.map((entry) => entry.input)) this.#cache.delete(streamId);
      for (const call of calls) call.reject(error);
      return;
    }
    for (const call of calls) if (!failed.has(call)) call.resolve(call.executions as Execution<State, Refusal>[]);
  }

  async #settle(entries: readonly Entry<Command, State, Refusal>[], failed: Set<Call<Command, State, Refusal>>): Promise<void> {
    let left = entries;
    for (let conflicts = 0; left.length > 0; ) {
      const slots = await this.#slotsOf(left);
      const commits: Commit[] = [];
      const owners: Entry<Command, State, Refusal>[] = [];
      const broken = this.#decideAll(left, slots, commits, owners);
      if (broken !== undefined) {
        // Nothing is appended yet: the others are decided again without the call that cannot be.
        failed.add(broken.call);
        broken.call.reject(broken.error);
        for (const { input } of left) this.#cache.delete(input.streamId);
        left = left.filter((entry) => entry.call !== broken.call);
        continue;
      }
      if (commits.length === 0) return;
      const outcomes = await this.#options.streams.append(commits);
      const again = this.#sort(commits, owners, outcomes);
      if (again.size === 0) return;
      if (outcomes.includes('conflict') && !outcomes.includes('duplicate')) conflicts += 1;
      if (conflicts > CONFLICTS_MAX)
        throw new OperatingError(
          'TooManyConflicts',
          `streams ${[...again.keys()].slice(0, 3).join(', ')} change faster than they are decided`,
        );
      left = remaining(left, again);
    }
  }

  /** The stream of each entry: from the cache, the others loaded in one go. */
  async #slotsOf(entries: readonly Entry<Command, State, Refusal>[]): Promise<readonly Slot<State>[]> {
    const slots: (Slot<State> | undefined)[] = [];
    let cold: Set<string> | undefined;
    for (const { input } of entries) {
      const slot = this.#cache.get(input.streamId);
      slots.push(slot);
      if (slot === undefined) (cold ??= new Set()).add(input.streamId);
    }
    if (cold === undefined) return slots as Slot<State>[];
    const unpublished: Commit[] = [];
    const loaded = await this.#fetch([...cold], unpublished);
    for (const [streamId, slot] of loaded) this.#cache.set(streamId, slot);
    // Another instance may have died before it published them: they go before anything newer of their stream.
    if (unpublished.length > 0) this.#options.relay?.publish(unpublished);
    return slots.map((slot, i) => slot ?? loaded.get((entries[i] as Entry<Command, State, Refusal>).input.streamId) ?? this.#empty());
  }

  async #fetch(streamIds: readonly string[], unpublished: Commit[] = []): Promise<ReadonlyMap<string, Slot<State>>> {
    const loaded = await this.#options.streams.load(streamIds);
    const slots = new Map<string, Slot<State>>();
    for (const streamId of streamIds) {
      const slot = this.#empty();
      for (const commit of loaded.get(streamId) ?? []) {
        for (const event of commit.events) slot.state = this.#evolve(slot.state, event);
        slot.version = commit.version;
        remember(slot, commit.causationId);
        if (commit.published === false) unpublished.push(commit);
      }
      slots.set(streamId, slot);
    }
    return slots;
  }

  #empty(): Slot<State> {
    return { state: this.#options.decider.initialState, version: 0, causations: new Set() };
  }

  #evolve(state: State, stored: EventEnvelope): State {
    const { decider, upcast } = this.#options;
    // An envelope has the type and the data of the domain's event, and was one when it was written.
    return decider.evolve(state, (upcast === undefined ? stored : upcast(stored)) as unknown as Event);
  }

  #decideAll(
    entries: readonly Entry<Command, State, Refusal>[],
    slots: readonly Slot<State>[],
    commits: Commit[],
    owners: Entry<Command, State, Refusal>[],
  ): { call: Call<Command, State, Refusal>; error: unknown } | undefined {
    const at = isoTime(this.#options.clock.now());
    for (let i = 0; i < entries.length; i += 1) {
      const entry = entries[i] as Entry<Command, State, Refusal>;
      try {
        const commit = this.#decideOne(entry, slots[i] as Slot<State>, at);
        if (commit !== undefined) {
          commits.push(commit);
          owners.push(entry);
        }
      } catch (error) {
        return { call: entry.call, error };
      }
    }
    return undefined;
  }

  #decideOne(entry: Entry<Command, State, Refusal>, slot: Slot<State>, at: string): Commit | undefined {
    const { input, call } = entry;
    const { decider } = this.#options;
    if (entry.duplicate || slot.causations.has(input.causationId)) {
      call.executions[entry.at] = { outcome: 'duplicate', state: slot.state, version: slot.version, events: NO_EVENTS };
      return undefined;
    }
    const decision = decider.decide(input.command, slot.state);
    if (!decision.ok) {
      call.executions[entry.at] = {
        outcome: 'refused',
        state: slot.state,
        version: slot.version,
        events: NO_EVENTS,
        refusal: decision.refusal,
      };
      return undefined;
    }
    if (decision.events.length === 0) {
      call.executions[entry.at] = { outcome: 'unchanged', state: slot.state, version: slot.version, events: NO_EVENTS };
      return undefined;
    }
    const events: EventEnvelope[] = [];
    let { state } = slot;
    for (const event of decision.events) {
      events.push(this.#wrap(event, input, at));
      state = decider.evolve(state, event);
    }
    slot.state = state;
    slot.version += 1;
    remember(slot, input.causationId);
    call.executions[entry.at] = { outcome: 'committed', state, version: slot.version, events };
    const dataTexts = events.map(dataTextOf);
    return { streamId: input.streamId, version: slot.version, causationId: input.causationId, events, dataTexts, at };
  }

  #wrap(event: Event, input: Input<Command>, time: string): EventEnvelope {
    const { ids, source } = this.#options;
    const envelope: { -readonly [Key in keyof EventEnvelope]: EventEnvelope[Key] } = {
      id: ids.next(),
      type: event.type,
      source,
      subject: input.streamId,
      time,
      data: event.data,
      causationId: input.causationId,
    };
    if (input.correlationId !== undefined) envelope.correlationId = input.correlationId;
    if (input.traceparent !== undefined) envelope.traceparent = input.traceparent;
    return envelope;
  }

  /** Publishes what was appended; the streams in which something was not, each with the entry from which on it is decided again. */
  #sort(
    commits: readonly Commit[],
    owners: readonly Entry<Command, State, Refusal>[],
    outcomes: readonly AppendOutcome[],
  ): ReadonlyMap<string, Entry<Command, State, Refusal>> {
    const again = new Map<string, Entry<Command, State, Refusal>>();
    let appended: Commit[] | undefined;
    for (let i = 0; i < outcomes.length; i += 1) {
      const owner = owners[i] as Entry<Command, State, Refusal>;
      const outcome = outcomes[i];
      if (outcome === 'appended') {
        appended?.push(commits[i] as Commit);
        continue;
      }
      appended ??= commits.slice(0, i);
      if (outcome === 'duplicate') owner.duplicate = true;
      if (!again.has(owner.input.streamId)) {
        again.set(owner.input.streamId, owner);
        this.#cache.delete(owner.input.streamId);
      }
    }
    const written = appended ?? commits;
    if (written.length > 0) this.#options.relay?.publish(written);
    return again;
  }
}

const NO_EVENTS: readonly EventEnvelope[] = [];

function remember(slot: Slot<unknown>, causationId: string): void {
  slot.causations.add(causationId);
  if (slot.causations.size > CAUSATIONS_MAX) {
    for (const oldest of slot.causations) {
      slot.causations.delete(oldest);
      break;
    }
  }
}

/** The entries of the streams in `again`, from the first that was not appended on: what came after it was decided on it. */
function remaining<Command, State, Refusal>(
  entries: readonly Entry<Command, State, Refusal>[],
  again: ReadonlyMap<string, Entry<Command, State, Refusal>>,
): Entry<Command, State, Refusal>[] {
  const begun = new Set<string>();
  return entries.filter((entry) => {
    const from = again.get(entry.input.streamId);
    if (from === entry) begun.add(entry.input.streamId);
    return from !== undefined && begun.has(entry.input.streamId);
  });
}
