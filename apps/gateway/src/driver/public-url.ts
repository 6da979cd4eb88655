import type { FastifyRequest } from 'fastify';
import type { GatewayConfig } from '../config.js';

/** Where drivers reach us, without a slash at the end: as configured, else the way this request came. */
export const publicUrl = (config: Pick<GatewayConfig, 'publicUrl'>, request: Pick<FastifyRequest, 'protocol' | 'host'>): string =>
  config.publicUrl === '' ? `${request.protocol}://${request.host}` : config.publicUrl;
