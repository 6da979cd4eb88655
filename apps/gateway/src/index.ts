export type { GatewayConfig } from './config.js';
export { gatewayService } from './gateway.module.js';
