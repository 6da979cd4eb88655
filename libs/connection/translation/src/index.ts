export { type CallContext, type Fact, type Route, type TokenQuestion } from './route.js';
export { routesOf } from './routing-table.js';
export { OFFLINE_AFTER_MS } from './station-time.js';
export { hash128 } from './hash128.js';
