import type { EventEnvelope } from '@voltlog/kernel';

export interface Input<Command> {
  readonly streamId: string;
  readonly command: Command;
  /** The input's own id: the same one again changes nothing. */
  readonly causationId: string;
  readonly correlationId?: string;
  readonly traceparent?: string;
}

/**
 * What became of an input.
 *
 * - `committed`: its events are durable
 * - `unchanged`: decided, there was nothing to do
 * - `duplicate`: it had been committed before; the state is the stream's of now
 * - `refused`: the decider said no
 */
export interface Execution<State, Refusal> {
  readonly outcome: 'committed' | 'unchanged' | 'duplicate' | 'refused';
  /** After this input, before the next one of the same call. */
  readonly state: State;
  /** Commits of the stream so far; 0: it does not exist. */
  readonly version: number;
  readonly events: readonly EventEnvelope[];
  readonly refusal?: Refusal;
}
