import type { Api } from './api.js';
import { eventually } from './eventually.js';
import { allOf } from './fleet.js';

/** What the API says about a decision; the fields the tests look at. */
export interface DecisionView {
  readonly status: string;
  readonly reason: string | null;
  readonly explanation: string;
  readonly purpose: string;
  readonly stationId: string;
  readonly idToken: string | null;
}

export interface LocalListView {
  readonly state: string;
  readonly reason: string | null;
  readonly wantedVersion: number;
  readonly wantedEntries: number;
  readonly stationVersion: number | null;
}

/** @param filter a query, e.g. `stationId=CP-1&status=Blocked` */
export const decisionsOf = (api: Api, filter: string): Promise<DecisionView[]> =>
  allOf<DecisionView>(api, `/v1/authorization-decisions?${filter}`);

/** The reason of the latest such decision, once it is listed. */
export const reasonOf = (api: Api, filter: string): Promise<string | null> =>
  eventually(`a decision with ${filter}`, async () => (await decisionsOf(api, filter))[0]).then(({ reason }) => reason);

/** Waits until the list of a station is like this. */
export async function untilList(
  api: Api,
  stationId: string,
  expected: Partial<LocalListView>,
  deadlineMs = 30_000,
): Promise<LocalListView> {
  let last: LocalListView | undefined;
  return eventually(
    `a local list with ${JSON.stringify(expected)}`,
    async () => {
      last = await api.get<LocalListView>(`/v1/stations/${stationId}/local-list`);
      const seen = last;
      return Object.entries(expected).every(([name, value]) => seen[name as keyof LocalListView] === value) ? seen : undefined;
    },
    deadlineMs,
  ).catch((error: unknown) => {
    throw new Error(`the local list is ${JSON.stringify(last)}`, { cause: error });
  });
}
