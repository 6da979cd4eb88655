export { Health } from './health.js';
export { type PlatformConfig, platformConfig } from './platform-config.js';
export { onStopSignal, runService } from './run-service.js';
export { SERVICE_CONFIG, SERVICE_CONTEXT, type ServiceContext, type ServiceDefinition } from './service.js';
export { type HttpOptions, type RunningService, startService } from './start-service.js';
export { tracedLog } from './traced-log.js';
