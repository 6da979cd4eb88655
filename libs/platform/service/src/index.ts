export { tuneGarbageCollection } from './garbage-collection.js';
export { Health } from './health.js';
export { type PlatformConfig, platformConfig } from './platform-config.js';
export { findProjection, listProjections, projectionsOf, replay } from './replay.js';
export { onStopSignal, runService } from './run-service.js';
export {
  type HttpErrors,
  type Projection,
  type ReplayContext,
  SERVICE_CONFIG,
  SERVICE_CONTEXT,
  type ServiceContext,
  type ServiceDefinition,
} from './service.js';
export { type HttpOptions, type RunningService, startService } from './start-service.js';
export { tracedLog } from './traced-log.js';
