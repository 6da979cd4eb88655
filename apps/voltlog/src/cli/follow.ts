import type { Client, Json } from './client.js';
import { CliError, EXIT } from './errors.js';
import type { Output } from './output.js';

/** Between two readings, ms. */
const POLL_MS = 1_000;
/** Readings in a row without an answer: some five minutes, in which the API has been started anew, or is not coming back by itself. */
export const AWAY_MAX = 300;

/** Stations by what came of them. */
export const counts = (work: Json): Readonly<Record<string, number>> => work['counts'] as Readonly<Record<string, number>>;

/** `3 Updated, 1 Skipped` */
export const inWords = (work: Json): string =>
  Object.entries(counts(work))
    .map(([state, count]) => `${count} ${state}`)
    .join(', ');

interface Following {
  readonly path: string;
  /** States in which it goes on only when somebody says so. */
  readonly resting: ReadonlySet<unknown>;
  /** How far it is. */
  progress(now: Json): string;
}

/**
 * Reads something again and again until it rests, and tells meanwhile how far it is. That can take days, in which the API is started
 * anew: while it is away it is waited for.
 *
 * @param first as it was read, or made
 * @throws {CliError} when the API says no, or is away for too long
 */
export async function followed(client: Pick<Client, 'get'>, output: Output, first: Json, following: Following): Promise<Json> {
  let now = first;
  for (let away = 0; !following.resting.has(now['state']); ) {
    output.progress(away === 0 ? following.progress(now) : 'the API is away; trying again');
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    try {
      now = await client.get(following.path);
      away = 0;
    } catch (error) {
      away += 1;
      if (away >= AWAY_MAX || !(error instanceof CliError) || error.exitCode !== EXIT.unavailable) throw error;
    }
  }
  return now;
}
