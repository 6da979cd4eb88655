import type { LedgerEntry } from '../ledger.js';
import { SimulatedStation } from '../station/station.js';
import type { StationOptions } from '../station/station-options.js';
import { type RunScriptOptions, runScript } from './run-script.js';
import type { Scenario, ScenarioTokens } from './scenarios.js';

/**
 * Switches a station on, plays a scenario at it, and switches it off.
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
  const station = new SimulatedStation({ reconnectMs: [50, 2_000], ...options, ...scenario.station });
  try {
    await station.connect();
    await station.idle();
    await runScript(station, scenario.steps(version, options.tokens), options);
    return station.ledger.of(id);
  } finally {
    await station.stop();
  }
}
