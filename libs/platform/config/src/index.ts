export { ConfigError, loadConfig } from './config.js';
