export { type ConnectionConfig, connectionConfig } from './config.js';
export { connectionService } from './connection.module.js';
