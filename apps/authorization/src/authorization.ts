import type { RoamingAuthorizer } from '@voltlog/authorization-domain';
import { authorizationV1, connectionV1, sessionV1 } from '@voltlog/proto';
import type { ServiceContext } from '@voltlog/service';
import type { Commit } from '@voltlog/store';
import { Authorizer } from './commands/authorizer.js';
import { Places } from './commands/places.js';
import { RoamingDesk } from './commands/roaming-desk.js';
import { RunningSessions, SESSION_DEADLINE_MS } from './commands/running-sessions.js';
import { Stops } from './commands/stops.js';
import { Subjects } from './commands/subjects.js';
import type { AuthorizationConfig } from './config.js';
import { AuthorizationGrpc } from './grpc/authorization.grpc.js';
import { Holds } from './holds/holds.js';
import { CacheClearing } from './lists/cache-clearing.js';
import { ListBounds } from './lists/list-bounds.js';
import { ListFollower } from './lists/list-follower.js';
import { LocalLists } from './lists/local-lists.js';
import { DecisionProjection } from './projections/decision-projection.js';
import { TokenMemory } from './projections/token-memory.js';
import { NeverStartedWatch } from './reactions/never-started-watch.js';
import { RunningTransactions } from './reactions/running.js';
import { SessionUses } from './reactions/session-uses.js';
import { Sweep } from './reactions/sweep.js';
import { TransactionFollower } from './reactions/transaction-follower.js';
import { ContractRepository } from './store/contract-repository.js';
import { openCollections } from './store/documents.js';
import { Grants } from './store/grants.js';
import { createOutbox } from './store/outbox.js';
import { Sites } from './store/sites.js';
import { TokenRepository } from './store/token-repository.js';
import { Usage } from './store/usage.js';

/** A command waits for its station, so the call does too, milliseconds. */
const CONNECTION_MS = 20_000;

/** The parts of the service, joined. */
export interface Authorization {
  readonly grpc: authorizationV1.AuthorizationService;
  readonly tokens: TokenRepository;
  readonly contracts: ContractRepository;
  readonly sites: Sites;
  readonly lists: LocalLists;
  readonly bounds: ListBounds;
  readonly caches: CacheClearing;
  readonly authorizer: Authorizer;
  readonly follower: TransactionFollower;
  readonly decisions: DecisionProjection;
  readonly neverStarted: NeverStartedWatch;
  readonly sweep: Sweep;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** @param roaming asks the providers of tokens that are not ours; absent: nobody is asked */
export async function createAuthorization(
  context: ServiceContext,
  config: AuthorizationConfig,
  roaming?: RoamingAuthorizer,
): Promise<Authorization> {
  const collections = await openCollections(context.store);
  const outbox = createOutbox(context);
  const publish = (commits: readonly Commit[]): void => outbox.publish(commits);
  const tokens = new TokenRepository(context, collections, { ...config, publish });
  const contracts = new ContractRepository(context, collections, { ...config, publish });
  const sites = new Sites(context, collections, publish);
  const usage = new Usage(collections, context.clock);
  const subjects = new Subjects(tokens, contracts, sites, { usage, grants: new Grants(collections.grants, context.clock) }, config.policy);
  const places = new Places(context, { tokens, contracts, collections }, config);
  const holds = await Holds.open(context, config.verifyMs);
  const running = new RunningTransactions();
  const sessions = context.rpc.client<sessionV1.SessionService>(sessionV1.SessionServiceDefinition, {
    address: config.sessionGrpc,
    deadlineMs: SESSION_DEADLINE_MS,
  });
  const authorizer = new Authorizer(
    context,
    subjects,
    places,
    holds,
    new RoamingDesk(roaming, config.roaming, context.clock, context.logger),
    new Stops(running, new RunningSessions(sessions, context.clock, context.logger), tokens, contracts),
  );
  const connection = context.rpc.client<connectionV1.ConnectionService>(connectionV1.ConnectionServiceDefinition, {
    address: config.connectionGrpc,
    deadlineMs: CONNECTION_MS,
  });
  const { masterPassGroup, cacheMs } = config.policy;
  const bounds = new ListBounds(context, collections);
  const lists = new LocalLists(context, { contracts, sites, collections, connection, bounds, masterPassGroup });
  const decisions = new DecisionProjection(context, collections);
  const caches = new CacheClearing(context, { tokens, contracts, sites, collections, decisions, connection, cacheMs });
  const listFollower = new ListFollower(context, { lists, caches, tokens, contracts, sites, collections });
  const sessionUses = new SessionUses(context, { tokens, contracts, usage, collections });
  const follower = new TransactionFollower(context, { tokens, contracts, collections, running, authorizer });
  const memory = new TokenMemory(context, tokens, contracts);
  const neverStarted = new NeverStartedWatch(context, { tokens, contracts, collections }, config);
  const sweep = new Sweep(context, collections, config);
  context.metrics.gauge('voltlog_authorization_tokens_in_memory', 'Tokens kept in memory', () => tokens.inMemory);
  return {
    grpc: new AuthorizationGrpc(context, { authorizer, tokens, contracts, sites, lists, usage, collections, policy: config.policy }),
    tokens,
    contracts,
    sites,
    lists,
    bounds,
    caches,
    authorizer,
    follower,
    decisions,
    neverStarted,
    sweep,
    async start() {
      // Memory listens before it is filled, so that no change is missed.
      await Promise.all([memory.start(), sites.start()]);
      outbox.start();
      await holds.start();
      // Together: each joins a group of consumers, and one that another instance is in takes seconds to join.
      await Promise.all([follower, sessionUses, listFollower, bounds, decisions].map((part) => part.start()));
      lists.start();
      caches.start();
      await neverStarted.start();
      await sweep.start();
    },
    async stop() {
      await sweep.stop();
      await neverStarted.stop();
      await listFollower.stop();
      await bounds.stop();
      await lists.stop();
      await caches.stop();
      await sessionUses.stop();
      await follower.stop();
      await decisions.stop();
      await memory.stop();
      await holds.stop();
      await sites.stop();
      await outbox.stop();
    },
  };
}

/** Offers the service to others. */
export const serveAuthorization = (context: ServiceContext, authorization: Authorization): void =>
  context.rpc.serve<authorizationV1.AuthorizationService>(authorizationV1.AuthorizationServiceDefinition, authorization.grpc);
