import type { AppliedVariable, ConfigurationReconciled, IntendedVariable, ModelEvent, OutageScheduled } from '@voltlog/device-contract';
import { type Decider, type Decision, decided, isoTime, refused } from '@voltlog/kernel';
import { INTENDED_MAX } from './template.decider.js';
import { attributeKey } from './variable-name.js';

/** Outages that are to come or go on, of one station. */
export const OUTAGES_MAX = 50;
/** Places of one station that are kept out of service. */
export const PLACES_MAX = 300;

export type ConfigurationEvent = ModelEvent<
  'ConfigurationIntended' | 'ConfigurationReconciled' | 'AvailabilityIntended' | 'OutageScheduled' | 'OutageEnded'
>;

/** 0 and 0: the whole station; connector 0: the whole EVSE. */
export interface Place {
  readonly evseId: number;
  readonly connectorId: number;
}

export type Outage = Omit<OutageScheduled, 'stationId' | 'at'>;

/** What is intended for one station, and what came of it. */
export interface Configuration {
  readonly stationId: string;
  readonly variables: readonly IntendedVariable[];
  /** Absent: never held against the station. */
  readonly lastReconciled?: Omit<ConfigurationReconciled, 'stationId'>;
  /** Out of service until told otherwise. */
  readonly inoperative: readonly (Place & { readonly reason: string; readonly since: string })[];
  /** In order of their beginning. */
  readonly outages: readonly Outage[];
  /** Counts events. */
  readonly revision: number;
  readonly updatedAt: string;
}

export type ConfigurationCommand = { readonly stationId: string; readonly now: number } & (
  | {
      /** What is intended for the station alone. */
      readonly kind: 'Intend';
      readonly variables: readonly IntendedVariable[];
      /** Refused unless it has this revision; 0: not checked. */
      readonly expectedRevision: number;
    }
  | {
      /** Some of it; the rest stays, so that two who change different variables do not undo each other. */
      readonly kind: 'IntendSome';
      readonly set: readonly IntendedVariable[];
      readonly remove: readonly Omit<IntendedVariable, 'value'>[];
    }
  | { readonly kind: 'NoteReconciled'; readonly outcome: ConfigurationReconciled['outcome']; readonly results: readonly AppliedVariable[] }
  | { readonly kind: 'IntendAvailability'; readonly place: Place; readonly operative: boolean; readonly reason: string }
  | { readonly kind: 'ScheduleOutage'; readonly outage: Outage }
  | { readonly kind: 'EndOutage'; readonly outageId: string; readonly outcome: 'Completed' | 'Cancelled' }
);

export type ConfigurationRefusal =
  | 'RevisionMismatch'
  | 'TooManyIntended'
  | 'OutageUnknown'
  | 'OutageInThePast'
  | 'TooManyOutages'
  | 'TooManyPlaces';

export const configurationDecider: Decider<ConfigurationCommand, Configuration, ConfigurationEvent, ConfigurationRefusal> = {
  initialState: { stationId: '', variables: [], inoperative: [], outages: [], revision: 0, updatedAt: '' },
  decide(command, state) {
    const { stationId } = command;
    const at = isoTime(command.now);
    switch (command.kind) {
      case 'Intend':
        if (command.expectedRevision !== 0 && command.expectedRevision !== state.revision) return refused('RevisionMismatch');
        return intend(stationId, state.variables, command.variables, at);
      case 'IntendSome': {
        const named = new Set([...command.set, ...command.remove].map(attributeKey));
        const variables = [...state.variables.filter((each) => !named.has(attributeKey(each))), ...command.set];
        return variables.length > INTENDED_MAX ? refused('TooManyIntended') : intend(stationId, state.variables, variables, at);
      }
      case 'NoteReconciled':
        return noteReconciled(command, state, at);
      case 'IntendAvailability': {
        const { place, operative, reason } = command;
        if (state.inoperative.some((each) => samePlace(each, place)) !== operative) return decided();
        if (!operative && state.inoperative.length >= PLACES_MAX) return refused('TooManyPlaces');
        return decided<ConfigurationEvent>({
          type: 'voltlog.device.AvailabilityIntended.v1',
          data: { stationId, evseId: place.evseId, connectorId: place.connectorId, operative, reason, at },
        });
      }
      case 'ScheduleOutage':
        if (state.outages.some(({ outageId }) => outageId === command.outage.outageId)) return decided();
        if (command.outage.until <= at || command.outage.until <= command.outage.from) return refused('OutageInThePast');
        if (state.outages.length >= OUTAGES_MAX) return refused('TooManyOutages');
        return decided<ConfigurationEvent>({ type: 'voltlog.device.OutageScheduled.v1', data: { stationId, ...command.outage, at } });
      case 'EndOutage': {
        const { outageId, outcome } = command;
        if (!state.outages.some((outage) => outage.outageId === outageId)) return refused('OutageUnknown');
        return decided<ConfigurationEvent>({ type: 'voltlog.device.OutageEnded.v1', data: { stationId, outageId, outcome, at } });
      }
      default:
        return command satisfies never;
    }
  },
  evolve(state, { type, data }) {
    const next = { ...state, stationId: data.stationId, revision: state.revision + 1, updatedAt: data.at };
    switch (type) {
      case 'voltlog.device.ConfigurationIntended.v1':
        return { ...next, variables: data.variables };
      case 'voltlog.device.ConfigurationReconciled.v1': {
        const { stationId: _, ...lastReconciled } = data;
        return { ...next, lastReconciled };
      }
      case 'voltlog.device.AvailabilityIntended.v1': {
        const others = state.inoperative.filter((each) => !samePlace(each, data));
        const { evseId, connectorId, reason } = data;
        return { ...next, inoperative: data.operative ? others : [...others, { evseId, connectorId, reason, since: data.at }] };
      }
      case 'voltlog.device.OutageScheduled.v1': {
        const { stationId: _, at: __, ...outage } = data;
        return { ...next, outages: [...state.outages, outage].toSorted((a, b) => (a.from < b.from ? -1 : 1)) };
      }
      case 'voltlog.device.OutageEnded.v1':
        return { ...next, outages: state.outages.filter(({ outageId }) => outageId !== data.outageId) };
      default:
        return state;
    }
  },
};

/** Places that are to be out of service at this moment, each once. */
export function inoperativeAt(state: Pick<Configuration, 'inoperative' | 'outages'>, at: string): readonly Place[] {
  const places = [...state.inoperative, ...state.outages.filter(({ from, until }) => from <= at && at < until)];
  return places
    .filter((place, index) => places.findIndex((other) => samePlace(other, place)) === index)
    .map(({ evseId, connectorId }) => ({ evseId, connectorId }));
}

export const samePlace = (a: Place, b: Place): boolean => a.evseId === b.evseId && a.connectorId === b.connectorId;

/** The same result again is no event: a station that is in sync is so at each boot. */
function noteReconciled(
  { stationId, outcome, results }: Extract<ConfigurationCommand, { kind: 'NoteReconciled' }>,
  { lastReconciled }: Configuration,
  at: string,
): Decision<ConfigurationEvent, ConfigurationRefusal> {
  const same = lastReconciled?.outcome === outcome && JSON.stringify(lastReconciled.results) === JSON.stringify(results);
  return same
    ? decided()
    : decided<ConfigurationEvent>({ type: 'voltlog.device.ConfigurationReconciled.v1', data: { stationId, outcome, results, at } });
}

function intend(
  stationId: string,
  before: readonly IntendedVariable[],
  variables: readonly IntendedVariable[],
  at: string,
): Decision<ConfigurationEvent, ConfigurationRefusal> {
  return sameIntent(before, variables)
    ? decided()
    : decided<ConfigurationEvent>({ type: 'voltlog.device.ConfigurationIntended.v1', data: { stationId, variables, at } });
}

function sameIntent(a: readonly IntendedVariable[], b: readonly IntendedVariable[]): boolean {
  const told = (variables: readonly IntendedVariable[]) =>
    JSON.stringify(variables.map((each) => [attributeKey(each), each.value]).toSorted());
  return told(a) === told(b);
}
