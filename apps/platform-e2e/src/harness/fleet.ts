import { isDeepStrictEqual } from 'node:util';
import type { EvseOptions, OcppVersion, ScenarioTokens } from '@voltlog/simulator-app';
import { expect } from 'vitest';
import type { Api } from './api.js';

/** Registered for every simulated station of a test. */
export const STATION_PASSWORD = 'e2e-station-secret';

/** What the API says about a session; the fields the tests look at. */
export interface SessionView {
  readonly sessionId: string;
  readonly stationId: string;
  readonly evseId: number;
  readonly transactionId: string | null;
  readonly state: 'Active' | 'Ended';
  readonly idToken: string | null;
  readonly authorizationStatus: string | null;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly energyWh: number;
  readonly meterStartWh: number | null;
  readonly meterStopWh: number | null;
  readonly powerW: number | null;
  readonly stoppedReason: string | null;
  readonly flags: readonly string[];
  readonly incomplete: boolean;
}

export interface QuarantinedView {
  readonly factId: string;
  readonly stationId: string;
  readonly type: string;
  readonly reason: string;
  readonly matchedSessionId: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface Page<Row> {
  readonly data: readonly Row[];
  readonly nextCursor: string | null;
}

/** Every row behind a list, page by page. `path` has no limit and no cursor yet. */
export async function allOf<Row>(api: Api, path: string): Promise<Row[]> {
  const rows: Row[] = [];
  let cursor: string | null = null;
  do {
    const more: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page: Page<Row> = await api.get<Page<Row>>(`${path}${path.includes('?') ? '&' : '?'}limit=200${more}`);
    rows.push(...page.data);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return rows;
}

/** A station's sessions, oldest first by when they were heard of. */
export async function sessionsOf(api: Api, stationId: string): Promise<SessionView[]> {
  return (await allOf<SessionView>(api, `/v1/sessions?stationId=${encodeURIComponent(stationId)}`)).toReversed();
}

export const quarantineOf = (api: Api, stationId: string): Promise<QuarantinedView[]> =>
  allOf<QuarantinedView>(api, `/v1/quarantine?stationId=${encodeURIComponent(stationId)}`);

/** Registers a station; one EVSE with one connector for each of `evses`. */
/** Settings of a station with a fast clock: it waits for the car for as long as a person takes, or a busy machine. */
export const waitingForTheCar = (version: OcppVersion): Record<string, string> => ({
  [version === '1.6' ? 'ConnectionTimeOut' : 'TxCtrlr.EVConnectionTimeOut']: '0',
});

export async function registerStation(
  api: Api,
  stationId: string,
  evses: readonly Pick<EvseOptions, 'powerWMax'>[] = [{ powerWMax: 11_000 }],
): Promise<void> {
  await api.ok('POST', '/v1/stations', {
    stationId,
    password: STATION_PASSWORD,
    evses: evses.map(({ powerWMax }, index) => ({
      evseId: index + 1,
      powerWMax,
      connectors: [{ connectorId: 1, connectorType: 'sType2' }],
    })),
  });
}

/** Two good tokens and a blocked one. */
export async function registerTokens(api: Api): Promise<ScenarioTokens> {
  const tokens = { token: 'E2E-CARD-1', otherToken: 'E2E-CARD-2', blockedToken: 'E2E-CARD-X' };
  await api.ok('PUT', `/v1/tokens/${tokens.token}`, { status: 'Active' });
  await api.ok('PUT', `/v1/tokens/${tokens.otherToken}`, { status: 'Active' });
  await api.ok('PUT', `/v1/tokens/${tokens.blockedToken}`, { status: 'Blocked' });
  return tokens;
}

/** Asks until the answer is exactly this; at the deadline it fails with the difference. */
export async function agrees<T>(ask: () => Promise<T>, expected: T, deadlineMs = 10_000): Promise<void> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const answer = await ask();
    if (isDeepStrictEqual(answer, expected)) return;
    if (Date.now() > end) expect(answer).toEqual(expected);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
