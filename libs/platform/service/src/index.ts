export { SERVICE_CONFIG, SERVICE_CONTEXT, type ServiceContext, type ServiceDefinition } from './service.js';
