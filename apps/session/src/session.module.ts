import { type DynamicModule, Module } from '@nestjs/common';
import { SERVICE_CONFIG, SERVICE_CONTEXT, type ServiceContext, type ServiceDefinition } from '@voltlog/service';
import { PRICE_TOPIC, SESSION_TOPIC, START_REQUEST_TOPIC } from '@voltlog/session-contract';
import { type SessionConfig, sessionConfig } from './config.js';
import { sessionProjections } from './projections/rebuild.js';
import { SessionRuntime } from './session-runtime.js';

/** Consumers of sessions are few per instance; the key is the session. */
const PARTITIONS = 12;
/** Prices change by hand. */
const PRICE_PARTITIONS = 1;

@Module({})
class SessionModule {}

function sessionModule(context: ServiceContext, config: SessionConfig): DynamicModule {
  return {
    module: SessionModule,
    providers: [{ provide: SERVICE_CONTEXT, useValue: context }, { provide: SERVICE_CONFIG, useValue: config }, SessionRuntime],
  };
}

/** The commercial charging session, folded from what stations report. */
export const sessionService: ServiceDefinition<SessionConfig> = {
  name: 'session',
  topics: [
    { name: SESSION_TOPIC, partitions: PARTITIONS },
    { name: START_REQUEST_TOPIC, partitions: PARTITIONS },
    { name: PRICE_TOPIC, partitions: PRICE_PARTITIONS },
  ],
  config: sessionConfig,
  projections: sessionProjections,
  module: sessionModule,
};
