import { Progress } from '@mantine/core';
import { count } from '../api/format.js';

interface Props {
  readonly name: string;
  readonly done: number;
  readonly stationCount: number;
  /** They are not known yet. */
  readonly planning: boolean;
}

/** How many stations are through. */
export const Through = ({ name, done, stationCount, planning }: Props) => (
  <div style={{ display: 'grid', gap: 4, minWidth: 120 }}>
    <Progress value={stationCount === 0 ? 0 : (100 * done) / stationCount} aria-label={`${name}: stations that are through`} />
    <span className="muted num">{planning ? 'Looking up the stations' : `${count(done)} of ${count(stationCount)}`}</span>
  </div>
);

/** `3 moved, 1 failed` */
export const countsInWords = <State extends string>(
  states: readonly State[],
  counts: Readonly<Partial<Record<State, number>>>,
  inWords: (state: State) => string,
): string =>
  states
    .filter((state) => (counts[state] ?? 0) > 0)
    .map((state) => `${count(counts[state] ?? 0)} ${inWords(state).toLowerCase()}`)
    .join(', ');
