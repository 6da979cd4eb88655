import { useCallback, useState } from 'react';
import { wordsOf } from '../api/client.js';
import { words } from '../api/format.js';
import { usePlatform } from '../api/platform.js';
import type { CommandResult } from '../api/types.js';

export interface Outcome {
  readonly tone: 'waiting' | 'good' | 'bad';
  readonly sentence: string;
}

export interface Command {
  /** What is waited for, as it was named to the person. */
  readonly busy: string | undefined;
  readonly outcome: Outcome | undefined;
  run(command: string, body: object, name: string): void;
  clear(): void;
}

/** Sends commands to a station and keeps what the station really answered. */
export function useCommand(stationId: string): Command {
  const { api } = usePlatform();
  const [busy, setBusy] = useState<string>();
  const [outcome, setOutcome] = useState<Outcome>();
  const run = useCallback(
    (command: string, body: object, name: string) => {
      setBusy(name);
      setOutcome({ tone: 'waiting', sentence: `${name}: waiting for the station’s answer` });
      api
        .post<CommandResult>(`/v1/stations/${encodeURIComponent(stationId)}/commands/${command}`, body)
        .then((result) => setOutcome(told(name, result)))
        .catch((error: unknown) => setOutcome({ tone: 'bad', sentence: `${name}: ${wordsOf(error)}` }))
        .finally(() => setBusy(undefined));
    },
    [api, stationId],
  );
  return { busy, outcome, run, clear: useCallback(() => setOutcome(undefined), []) };
}

function told(name: string, { status, stationStatus, reason, latencyMs }: CommandResult): Outcome {
  const word = words(stationStatus ?? status);
  const after = latencyMs > 0 ? ` after ${latencyMs} ms` : '';
  // What only says again that it answered adds nothing.
  const why = reason === null || reason === '' || reason.startsWith('the station answered') ? '' : ` ${reason}`;
  return { tone: status === 'Accepted' ? 'good' : 'bad', sentence: `${name}: the station answered ${word}${after}.${why}` };
}
