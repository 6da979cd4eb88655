import type { LedgerEntry } from '../ledger.js';
import { SimulatedStation } from '../station/station.js';
import type { StationOptions } from '../station/station-options.js';
import { VirtualClock } from '../time/clock.js';
import { type RunScriptOptions, runScript } from './run-script.js';
import type { Scenario, ScenarioTokens } from './scenarios.js';
import type { Step } from './steps.js';

/**
 * Switches a station on, plays a scenario at it, and switches it off. Without a clock of the caller's, time leaps from event to event and
 * begins so far in the past that it is about now when the scenario ends.
 *
 * @returns what truly happened, to be compared with what the CSMS believes
 * @throws {ScriptFailure} when the CSMS answers otherwise than the scenario expects
 */
export async function runScenario(
  scenario: Scenario,
  options: StationOptions & { readonly tokens: ScenarioTokens } & RunScriptOptions,
): Promise<readonly LedgerEntry[]> {
  const { version, id } = options;
  if (!scenario.versions.includes(version)) throw new RangeError(`scenario ${scenario.name} is not for OCPP ${version}`);
  const steps = scenario.steps(version, options.tokens);
  const clock = options.clock ?? new VirtualClock(Date.now() - simulatedSeconds(steps) * 1000);
  const station = new SimulatedStation({ reconnectMs: [50, 2_000], ...options, ...scenario.station, clock });
  try {
    await station.connect();
    await station.idle();
    await runScript(station, steps, options);
    return station.ledger.of(id);
  } finally {
    await station.stop();
    if (options.clock === undefined) clock.dispose();
  }
}

/** About how long a script takes: what it waits, and its energies at the power of an outlet. */
export function simulatedSeconds(steps: readonly Step[]): number {
  let seconds = 0;
  for (const step of steps) {
    if (step.do === 'wait') seconds += step.seconds;
    if (step.do === 'charge') seconds += (step.seconds ?? 0) + ((step.wh ?? 0) * 3600) / OUTLET_W;
  }
  return Math.ceil(seconds);
}

const OUTLET_W = 11_000;
