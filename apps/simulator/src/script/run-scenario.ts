import type { LedgerEntry } from '../ledger.js';
import { SimulatedStation } from '../station/station.js';
import type { StationEvent, StationOptions } from '../station/station-options.js';
import { TurnedAway } from '../station/turned-away.js';
import { VirtualClock } from '../time/clock.js';
import { type RunScriptOptions, runScript } from './run-script.js';
import type { Scenario, ScenarioTokens } from './scenarios.js';
import type { Step } from './steps.js';

/** The CSMS does not let the station in, however often it tries. */
export class StationRefused extends Error {
  override readonly name = 'StationRefused';
}

export interface RunScenarioOptions extends StationOptions, RunScriptOptions {
  readonly tokens: ScenarioTokens;
  /** Goes on trying where the CSMS does not let the station in. Default: no. */
  readonly keepsTrying?: boolean;
  /** So long the station is refused before it is given up, real ms. */
  readonly hopelessMs?: number;
}

/**
 * Switches a station on, plays a scenario at it, and switches it off. Without a clock of the caller's, time leaps from event to event and
 * begins so far in the past that it is about now when the scenario ends.
 *
 * @returns what truly happened, to be compared with what the CSMS believes
 * @throws {ScriptFailure} when the CSMS answers otherwise than the scenario expects
 * @throws {StationRefused} when it does not let the station in at all
 */
export async function runScenario(scenario: Scenario, options: RunScenarioOptions): Promise<readonly LedgerEntry[]> {
  const { version, id } = options;
  if (!scenario.versions.includes(version)) throw new RangeError(`scenario ${scenario.name} is not for OCPP ${version}`);
  const steps = scenario.steps(version, options.tokens);
  const clock = options.clock ?? new VirtualClock(Date.now() - simulatedSeconds(steps) * 1000);
  const turnedAway = new TurnedAway(options.hopelessMs);
  const hopeless = Promise.withResolvers<never>();
  const onEvent = (event: StationEvent): void => {
    options.onEvent?.(event);
    const why = options.keepsTrying === true ? undefined : turnedAway.observe(event);
    if (why !== undefined) hopeless.reject(new StationRefused(`the CSMS does not let ${id} in: ${why}`));
  };
  const station = new SimulatedStation({ reconnectMs: [50, 2_000], ...options, ...scenario.station, clock, onEvent });
  try {
    await Promise.race([station.connect(), hopeless.promise]);
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
