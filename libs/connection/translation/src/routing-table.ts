import type { OcppVersion } from '@voltlog/connection-contract';
import type { Route } from './route.js';
import { routes21, routes201 } from './v2/routes.js';
import { routes16 } from './v16/routes.js';

type AnyRoute = Route<unknown>;

/** Joins request types: each route is called only with what passed the schema of its own action and version. */
const table = (routes: readonly (Route<never> | AnyRoute)[]): ReadonlyMap<string, AnyRoute> =>
  new Map(routes.map((route) => [route.action, route as AnyRoute]));

const TABLES: Readonly<Record<OcppVersion, ReadonlyMap<string, AnyRoute>>> = {
  'ocpp1.6': table(routes16),
  'ocpp2.0.1': table(routes201),
  'ocpp2.1': table(routes21),
};

/** What a station of this version may call: action -> route. An action of the version that is not in it is `NotSupported`. */
export const routesOf = (version: OcppVersion): ReadonlyMap<string, AnyRoute> => TABLES[version];
