import type { Decider, EventEnvelope } from '@voltlog/kernel';
import type { ServiceContext } from '@voltlog/service';
import { Aggregates, bringUp, type Collection, type Commit, type Execution, type OutboxRelay } from '@voltlog/store';
import { Documented } from './documented.js';

export interface DocumentedInput<Command> {
  readonly id: string;
  readonly command: Command;
  /** The same cause twice changes nothing. */
  readonly causationId: string;
  readonly traceparent?: string | undefined;
}

export interface DocumentedParts<Command, State, Event, Refusal, Doc extends { readonly id: string }> {
  readonly context: Pick<ServiceContext, 'store' | 'ids' | 'clock' | 'instanceId'>;
  readonly outbox: Pick<OutboxRelay, 'publish'>;
  /** Of the streams' ids, e.g. `model:`. */
  readonly prefix: string;
  readonly decider: Decider<Command, State, Event, Refusal>;
  readonly collection: Collection<Doc>;
  /** @param version commits of the stream; undefined: there is nothing to show */
  toDoc(id: string, state: State, version: number): Doc | undefined;
}

/** The documents that whole streams fold to; streams of another kind are left out. */
export function documentsOf<State, Event, Doc>(
  streams: ReadonlyMap<string, readonly Commit[]>,
  {
    prefix,
    decider,
    toDoc,
  }: {
    readonly prefix: string;
    readonly decider: Pick<Decider<never, State, Event, unknown>, 'initialState' | 'evolve'>;
    readonly toDoc: (id: string, state: State, version: number) => Doc | undefined;
  },
): Doc[] {
  return [...streams].flatMap(([streamId, commits]) => {
    if (!streamId.startsWith(prefix)) return [];
    // What was written as an event of the stream is one.
    const events = commits.flatMap((commit) => commit.events.map(({ type, data }) => ({ type, data }) as Event));
    const state = events.reduce((before, event) => decider.evolve(before, event), decider.initialState);
    return toDoc(streamId.slice(prefix.length), state, commits.at(-1)?.version ?? 0) ?? [];
  });
}

/**
 * Streams of one kind with a document of each, written before the one who asked is answered and before others are told.
 *
 * Streams are read afresh for each round: nothing here can be behind another instance.
 */
export class DocumentedStreams<
  Command,
  State,
  Event extends { readonly type: string; readonly data: object },
  Refusal,
  Doc extends { readonly id: string; readonly version: number },
> {
  private readonly aggregates: Aggregates<Command, State, Event, Refusal>;
  private readonly documented: Documented;

  constructor(private readonly parts: DocumentedParts<Command, State, Event, Refusal, Doc>) {
    const { context, decider, outbox } = parts;
    const source = `/device/${context.instanceId}`;
    this.documented = new Documented(outbox, source);
    this.aggregates = new Aggregates({
      streams: context.store.streams,
      decider,
      relay: this.documented.relay,
      source,
      ids: context.ids,
      clock: context.clock,
      cacheMax: 0,
    });
  }

  /** What the stream folds to now. */
  async state(id: string): Promise<State> {
    return (await this.aggregates.load(this.parts.prefix + id)).state;
  }

  async one(id: string, command: Command, causationId: string): Promise<Execution<State, Refusal>> {
    const [execution] = await this.all([{ id, command, causationId }]);
    if (execution === undefined) throw new Error('one command has one execution');
    return execution;
  }

  /** Executions in the order of the inputs. */
  async all(inputs: readonly DocumentedInput<Command>[]): Promise<readonly Execution<State, Refusal>[]> {
    const { prefix, collection, toDoc } = this.parts;
    const executions = await this.documented.noted(
      inputs.map(({ id }) => prefix + id),
      () =>
        this.aggregates.execute(
          inputs.map(({ id, command, causationId, traceparent }) => ({
            streamId: prefix + id,
            command,
            causationId,
            ...(traceparent === undefined ? {} : { traceparent }),
          })),
        ),
    );
    const newest = new Map<string, Doc>();
    for (const [index, { outcome, state, version }] of executions.entries()) {
      const id = inputs[index]?.id ?? '';
      const doc = outcome === 'committed' || outcome === 'duplicate' ? toDoc(id, state, version) : undefined;
      if (doc !== undefined) newest.set(id, doc);
    }
    const docs = [...newest.values()];
    await this.documented.document(
      docs.map((doc) => [prefix + doc.id, doc.version]),
      () => bringUp(collection, docs),
    );
    return executions;
  }

  /** The documents of these streams from their events, where this instance did not write them itself. */
  async mend(events: readonly EventEnvelope[]): Promise<void> {
    const { prefix, decider, collection, context, toDoc } = this.parts;
    const streamIds = new Set<string>();
    for (const event of events) if (event.subject.startsWith(prefix) && !this.documented.isDone(event)) streamIds.add(event.subject);
    if (streamIds.size === 0) return;
    const docs = documentsOf(await context.store.streams.load([...streamIds]), { prefix, decider, toDoc });
    await bringUp(collection, docs);
    this.documented.mended([...streamIds]);
  }
}
