import { type Decider, type Decision, fold } from '@voltlog/kernel';
import { expect } from 'vitest';

/** What a decision is held against. */
export interface Then<Event, Refusal> {
  /** Exactly these events, in this order. */
  then(...events: readonly Event[]): void;
  /** The refusal: the whole value, or the word in its `code` (or `reason`) field. */
  thenRefuses(refusal: Refusal | string): void;
  /** Accepted, and there was nothing to do. */
  thenNothing(): void;
  /** For what the others cannot say. */
  readonly decision: Decision<Event, Refusal>;
}

export interface Given<Command, State, Event, Refusal> {
  /** The state after the given events. */
  readonly state: State;
  /** Decides a command on that state. */
  when(command: Command): Then<Event, Refusal>;
  /** The same history, gone on. */
  and(...events: readonly Event[]): Given<Command, State, Event, Refusal>;
  /** Holds the state against a part of it. */
  thenState(expected: object): void;
}

/** `given(decider, ...events).when(command).then(...events)`: a spec of a decider that reads as a sentence. */
export function given<Command, State, Event, Refusal>(
  decider: Decider<Command, State, Event, Refusal>,
  ...events: readonly Event[]
): Given<Command, State, Event, Refusal> {
  const state = fold<State, Event>(decider, events);
  return {
    state,
    when: (command) => thenOf(decider.decide(command, state)),
    and: (...more) => given(decider, ...events, ...more),
    thenState: (expected) => expect(state).toMatchObject(expected),
  };
}

function thenOf<Event, Refusal>(decision: Decision<Event, Refusal>): Then<Event, Refusal> {
  return {
    decision,
    then: (...events) => expect(decision).toEqual({ ok: true, events }),
    thenNothing: () => expect(decision).toEqual({ ok: true, events: [] }),
    thenRefuses: (refusal) => {
      expect(decision).toMatchObject({ ok: false });
      if (decision.ok) return;
      expect(typeof refusal === 'string' ? wordOf(decision.refusal) : decision.refusal).toEqual(refusal);
    },
  };
}

function wordOf(refusal: unknown): unknown {
  if (typeof refusal !== 'object' || refusal === null) return refusal;
  const { code, reason } = refusal as { code?: unknown; reason?: unknown };
  return code ?? reason;
}
