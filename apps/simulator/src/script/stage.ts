import { randomBytes } from 'node:crypto';
import type { LedgerEntry } from '../ledger.js';
import { CsmsApi, type CsmsApiOptions } from './csms-api.js';
import { type RunScenarioOptions, runScenario } from './run-scenario.js';
import type { Scenario, ScenarioTokens } from './scenarios.js';

/** Real ms that one call of the CSMS may take. */
const CALL_MS = 30_000;

/** What a scenario is played on: a site with one station, and cards that nobody else uses. */
export interface Stage {
  readonly stationId: string;
  readonly password: string;
  readonly tokens: ScenarioTokens;
  /** Retires the place and the station, and makes the cards invalid. */
  strike(): Promise<void>;
}

/** Everything but who plays it. */
export interface StagedOptions extends Omit<RunScenarioOptions, 'id' | 'password' | 'tokens'> {
  readonly api: CsmsApiOptions;
}

/** The CSMS does not let a stage be made, or its API cannot be reached. */
export class StageRefused extends Error {
  override readonly name = 'StageRefused';
}

/**
 * Makes a stage at the CSMS, and prepares it as the scenario needs it. Of its own for each time that a scenario is played: what a station
 * and its cards did before is part of what a CSMS decides by.
 *
 * @throws {StageRefused} e.g. since the key is not one of an admin
 */
async function setStage(scenario: Scenario, options: CsmsApiOptions): Promise<Stage> {
  const api = new CsmsApi(options);
  // An idTag of 1.6 has at most 20 characters.
  const name = `SIM-${randomBytes(4).toString('hex')}`;
  const tokens = { token: `${name}-1`, otherToken: `${name}-2`, blockedToken: `${name}-X` };
  const password = randomBytes(15).toString('base64url');
  const put = (path: string, body: object) => api.call('PUT', path, { ...body }, CALL_MS);
  const note = `scenario ${scenario.name}`;
  const prepared = scenario.prepare?.(tokens) ?? [];
  const strike = async (): Promise<void> => {
    const cards = [
      ...Object.values(tokens).map((idToken) => `/v1/tokens/${idToken}`),
      ...prepared.filter(({ path }) => isCard(path)).map(({ path }) => path),
    ];
    for (const path of new Set(cards)) await put(path, { status: 'Invalid' });
    await api.call('DELETE', `/v1/stations/${name}`, undefined, CALL_MS);
    await api.call('DELETE', `/v1/sites/${name}`, undefined, CALL_MS);
  };
  try {
    await api.call('POST', '/v1/sites', { siteId: name, name: note }, CALL_MS);
    await api.call('POST', '/v1/stations', { stationId: name, siteId: name, name: note, password }, CALL_MS);
    for (const [which, idToken] of Object.entries(tokens))
      await put(`/v1/tokens/${idToken}`, { status: which === 'blockedToken' ? 'Blocked' : 'Active', note });
    for (const { path, body } of prepared) await put(path.replaceAll('{site}', name), body);
  } catch (error) {
    // Whoever may not make it may not strike it either: what was refused first says enough.
    await strike().catch(() => undefined);
    throw new StageRefused(wordsOf(error), { cause: error });
  }
  return { stationId: name, password, tokens, strike };
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const isCard = (path: string): boolean => path.startsWith('/v1/tokens/');

/** Does something on a stage of a scenario's own, which is struck after it. */
export async function onStage<Result>(scenario: Scenario, api: CsmsApiOptions, play: (stage: Stage) => Promise<Result>): Promise<Result> {
  const stage = await setStage(scenario, api);
  let result: Result;
  try {
    result = await play(stage);
  } catch (error) {
    await stage.strike().catch((failure: unknown) => {
      if (error instanceof Error) error.message += `; ${stage.stationId} is left at the CSMS: ${wordsOf(failure)}`;
    });
    throw error;
  }
  await stage.strike();
  return result;
}

/** Plays a scenario on a stage of its own; {@link runScenario} says how. */
export async function runStaged(scenario: Scenario, options: StagedOptions): Promise<readonly LedgerEntry[]> {
  return onStage(scenario, options.api, ({ stationId, password, tokens }) =>
    runScenario(scenario, { ...options, id: stationId, password, tokens }),
  );
}
