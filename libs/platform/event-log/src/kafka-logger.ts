import type { logCreator } from 'kafkajs';
import type { Logger } from 'pino';
import { logLevel } from './kafkajs-fast.js';

/**
 * kafkajs' log through ours. Its errors are tries that it repeats by itself, so they are warnings here; what it calls information is
 * only worth debugging.
 */
export const kafkaLogger =
  (logger: Logger | undefined): logCreator =>
  () =>
  ({ level, namespace, log }) => {
    if (logger === undefined) return;
    const { message, timestamp: _timestamp, logger: _logger, ...details } = log;
    if (level <= logLevel.ERROR) logger.warn({ kafka: namespace, ...details }, message);
    else logger.debug({ kafka: namespace, ...details }, message);
  };
