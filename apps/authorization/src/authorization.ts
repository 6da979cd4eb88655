import { authorizationV1 } from '@voltlog/proto';
import type { ServiceContext } from '@voltlog/service';
import { Authorizer } from './commands/authorizer.js';
import { Places } from './commands/places.js';
import type { AuthorizationConfig } from './config.js';
import { AuthorizationGrpc } from './grpc/authorization.grpc.js';
import { Holds } from './holds/holds.js';
import { DecisionProjection } from './projections/decision-projection.js';
import { TokenMemory } from './projections/token-memory.js';
import { NeverStartedWatch } from './reactions/never-started-watch.js';
import { Sweep } from './reactions/sweep.js';
import { TransactionFollower } from './reactions/transaction-follower.js';
import { openCollections } from './store/documents.js';
import { TokenRepository } from './store/token-repository.js';

/** The parts of the service, joined. */
export interface Authorization {
  readonly grpc: AuthorizationGrpc;
  readonly tokens: TokenRepository;
  readonly authorizer: Authorizer;
  readonly follower: TransactionFollower;
  readonly decisions: DecisionProjection;
  readonly neverStarted: NeverStartedWatch;
  readonly sweep: Sweep;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export async function createAuthorization(context: ServiceContext, config: AuthorizationConfig): Promise<Authorization> {
  const collections = await openCollections(context.store);
  const tokens = new TokenRepository(context, collections, config);
  const places = new Places(context, tokens, collections, config);
  const holds = await Holds.open(context);
  const authorizer = new Authorizer(context, config.policy, tokens, places, holds);
  const follower = new TransactionFollower(context, tokens, collections);
  const decisions = new DecisionProjection(context, collections);
  const memory = new TokenMemory(context, tokens);
  const neverStarted = new NeverStartedWatch(context, tokens, collections, config);
  const sweep = new Sweep(context, collections, config);
  context.metrics.gauge('voltlog_authorization_tokens_in_memory', 'Tokens kept in memory', () => tokens.inMemory);
  return {
    grpc: new AuthorizationGrpc(context, authorizer, tokens, collections),
    tokens,
    authorizer,
    follower,
    decisions,
    neverStarted,
    sweep,
    async start() {
      // Memory listens before it is filled, so that no change is missed.
      await memory.start();
      tokens.start();
      await holds.start();
      await follower.start();
      await decisions.start();
      await neverStarted.start();
      await sweep.start();
    },
    async stop() {
      await sweep.stop();
      await neverStarted.stop();
      await follower.stop();
      await decisions.stop();
      await memory.stop();
      await holds.stop();
      await tokens.stop();
    },
  };
}

/** Offers the service to others. */
export const serveAuthorization = (context: ServiceContext, authorization: Authorization): void =>
  context.rpc.serve<Partial<authorizationV1.AuthorizationService>>(authorizationV1.AuthorizationServiceDefinition, authorization.grpc);
