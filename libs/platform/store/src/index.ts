export { Aggregates, type AggregatesOptions } from './aggregates.js';
export { BoundedCache } from './bounded-cache.js';
export { bringUp } from './bring-up.js';
export type { Execution, Input } from './execution.js';
export { firstVersion } from './first-version.js';
export { type MongoStoreOptions, openMongoStore } from './mongo/mongo-store.js';
export { OutboxRelay, type OutboxRelayOptions } from './outbox-relay.js';
export { type Packing, packedCollection } from './packed-collection.js';
export { pages } from './pages.js';
export { type RebuildOptions, rebuildCollection, rebuildName } from './rebuild-collection.js';
export { rebuildFromTopic, type TopicRebuildOptions } from './rebuild-from-topic.js';
export { smallDocuments } from './shape.js';
export { openSqliteStore, type SqliteStoreOptions } from './sqlite/sqlite-store.js';
export type {
  AppendOutcome,
  ClaimedTimer,
  Collection,
  Commit,
  Condition,
  FileStore,
  Page,
  Query,
  Store,
  StoredFile,
  StreamStore,
  Timer,
  TimerStore,
  Upsert,
  WriteFile,
} from './store.js';
export { TimerLoop, type TimerLoopOptions } from './timer-loop.js';
