export { type Authorization, createAuthorization } from './authorization.js';
export { authorizationService } from './authorization.module.js';
export { type AuthorizationConfig, authorizationConfig } from './config.js';
