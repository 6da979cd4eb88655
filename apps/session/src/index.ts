export { type SessionConfig, sessionConfig } from './config.js';
export { sessionService } from './session.module.js';
