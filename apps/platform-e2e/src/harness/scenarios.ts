import { JOURNEY_SCENARIOS, type OcppVersion, runStaged, type Scenario } from '@voltlog/simulator-app';
import type { Api } from './api.js';

/** Played at the same time: most of them wait, each on a stage of its own. */
const AT_ONCE = 6;
/** Real ms that a step may take, on a busy machine. */
const STEP_MS = 120_000;

/** Each in both versions; in 2.1 what is there alone. */
const VERSIONS: readonly OcppVersion[] = ['1.6', '2.0.1'];
const plays: readonly (readonly [Scenario, OcppVersion])[] = JOURNEY_SCENARIOS.flatMap((scenario) => {
  const both = VERSIONS.filter((version) => scenario.versions.includes(version));
  return (both.length === 0 ? scenario.versions : both).map((version) => [scenario, version] as const);
});

/**
 * Plays the driver's journey: reservations, cards and other ways in, limits, milestones, the end of a charge.
 *
 * @returns what failed, and why
 */
export async function playJourney(api: Api, url: string | readonly [string, ...string[]]): Promise<readonly string[]> {
  const failed: string[] = [];
  const left = [...plays];
  const play = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [scenario, version] = next;
      const options = { version, url, api: { url: api.url, key: api.key }, stepMs: STEP_MS, reconnectMs: [5, 200] as const };
      await runStaged(scenario, options).catch((error: unknown) => failed.push(`${scenario.name} of OCPP ${version}: ${String(error)}`));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, play));
  return failed;
}
