import {
  type BeforeApplicationShutdown,
  type DynamicModule,
  Inject,
  Injectable,
  Module,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import { CONTRACT_TOPIC, DECISION_TOPIC, POLICY_TOPIC, TOKEN_TOPIC } from '@voltlog/authorization-contract';
import { SERVICE_CONFIG, SERVICE_CONTEXT, type ServiceContext, type ServiceDefinition } from '@voltlog/service';
import { type Authorization, createAuthorization, serveAuthorization } from './authorization.js';
import { type AuthorizationConfig, authorizationConfig } from './config.js';
import { authorizationProjections } from './projections/rebuild.js';

const AUTHORIZATION = Symbol('voltlog.authorization');

@Injectable()
class AuthorizationLifecycle implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    @Inject(SERVICE_CONTEXT) private readonly context: ServiceContext,
    @Inject(AUTHORIZATION) private readonly authorization: Authorization,
  ) {}

  onModuleInit(): void {
    serveAuthorization(this.context, this.authorization);
  }

  onApplicationBootstrap(): Promise<void> {
    return this.authorization.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.authorization.stop();
  }
}

@Module({})
class AuthorizationModule {}

/** ID tokens and the decisions about them. */
export const authorizationService: ServiceDefinition<AuthorizationConfig> = {
  name: 'authorization',
  topics: [
    { name: TOKEN_TOPIC, partitions: 12 },
    { name: CONTRACT_TOPIC, partitions: 12 },
    { name: POLICY_TOPIC, partitions: 1 },
    { name: DECISION_TOPIC, partitions: 12 },
  ],
  config: authorizationConfig,
  projections: authorizationProjections,
  module: (context, config): DynamicModule => ({
    module: AuthorizationModule,
    providers: [
      { provide: SERVICE_CONTEXT, useValue: context },
      { provide: SERVICE_CONFIG, useValue: config },
      { provide: AUTHORIZATION, useFactory: createAuthorization, inject: [SERVICE_CONTEXT, SERVICE_CONFIG] },
      AuthorizationLifecycle,
    ],
  }),
};
