/**
 * How one aggregate decides. All three are pure: no clock, no randomness, no IO; a command carries `now` and the ids it needs.
 *
 * `decide` gives the new events (none: nothing to do) or a refusal; `evolve` folds one event into the next state.
 */
export interface Decider<Command, State, Event, Refusal = never> {
  readonly initialState: State;
  decide(command: Command, state: State): Decision<Event, Refusal>;
  evolve(state: State, event: Event): State;
}

export type Decision<Event, Refusal> = Decided<Event> | Refused<Refusal>;

export interface Decided<Event> {
  readonly ok: true;
  readonly events: readonly Event[];
}

/** The world said no: part of the type, tested like an event. */
export interface Refused<Refusal> {
  readonly ok: false;
  readonly refusal: Refusal;
}

export const decided = <Event>(...events: readonly Event[]): Decided<Event> => ({ ok: true, events });
export const refused = <Refusal>(refusal: Refusal): Refused<Refusal> => ({ ok: false, refusal });

/** Folds a whole history. */
export function fold<State, Event>(
  decider: Pick<Decider<never, State, Event, unknown>, 'initialState' | 'evolve'>,
  events: Iterable<Event>,
  from: State = decider.initialState,
): State {
  let state = from;
  for (const event of events) state = decider.evolve(state, event);
  return state;
}
