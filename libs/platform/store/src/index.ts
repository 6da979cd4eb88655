export type { AppendOutcome, Collection, Commit, Condition, Page, Query, Store, StreamStore, Timer, TimerStore, Upsert } from './store.js';
