export { type SessionConfig, sessionConfig } from './config.js';
export { foldStream, replayReadings, replaySessions } from './projections/replay.js';
export { sessionService } from './session.module.js';
