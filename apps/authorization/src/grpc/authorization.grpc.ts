import type { AuthorizationDecided } from '@voltlog/authorization-contract';
import { type AuthorizationPolicy, tokenKey } from '@voltlog/authorization-domain';
import { RequestError } from '@voltlog/kernel';
import type { authorizationV1 } from '@voltlog/proto';
import type { ServiceContext } from '@voltlog/service';
import { pages } from '@voltlog/store';
import type { Authorizer } from '../commands/authorizer.js';
import type { LocalLists } from '../lists/local-lists.js';
import { toDecision } from '../projections/decision-projection.js';
import { uuidV7At } from '../reactions/sweep.js';
import type { ContractRepository } from '../store/contract-repository.js';
import type { Collections } from '../store/documents.js';
import type { Sites } from '../store/sites.js';
import type { TokenRepository } from '../store/token-repository.js';
import type { Usage } from '../store/usage.js';
import { ContractsGrpc } from './contracts.grpc.js';
import { LocalListsGrpc } from './local-lists.grpc.js';
import { PoliciesGrpc } from './policies.grpc.js';
import { causationOf, notPut, pageQuery, toGroupId, toKey, toPutToken, toQuestions } from './requests.js';
import { toIsoTime } from './rules.js';
import { decisionStatusOf, toDecisionMessage, toDecisionRecord, tokenStatusOf, toTokenMessage } from './words.js';

/** Members of a group that are told, and contracts whose tokens are looked for at a time. */
const MEMBERS_MAX = 50;

export interface GrpcParts {
  readonly authorizer: Authorizer;
  readonly tokens: TokenRepository;
  readonly contracts: ContractRepository;
  readonly sites: Sites;
  readonly lists: LocalLists;
  readonly usage: Usage;
  readonly collections: Collections;
  readonly policy: AuthorizationPolicy;
}

type Service = authorizationV1.AuthorizationService;

/** `voltlog.authorization.v1.AuthorizationService`. */
export class AuthorizationGrpc implements Service {
  private readonly authorizer: Authorizer;
  private readonly tokens: TokenRepository;
  private readonly contracts: ContractRepository;
  private readonly collections: Collections;
  readonly putContract: Service['putContract'];
  readonly getContract: Service['getContract'];
  readonly listContracts: Service['listContracts'];
  readonly getLocalList: Service['getLocalList'];
  readonly syncLocalList: Service['syncLocalList'];
  readonly putAuthorizationPolicy: Service['putAuthorizationPolicy'];
  readonly getAuthorizationPolicy: Service['getAuthorizationPolicy'];

  constructor(
    private readonly context: ServiceContext,
    { authorizer, tokens, contracts, sites, lists, usage, collections, policy }: GrpcParts,
  ) {
    this.authorizer = authorizer;
    this.tokens = tokens;
    this.contracts = contracts;
    this.collections = collections;
    const ofContracts = new ContractsGrpc(context, contracts, collections, usage);
    this.putContract = (request) => ofContracts.putContract(request);
    this.getContract = (request) => ofContracts.getContract(request);
    this.listContracts = (request) => ofContracts.listContracts(request);
    const ofLists = new LocalListsGrpc(lists, sites, collections);
    this.getLocalList = (request) => ofLists.getLocalList(request);
    this.syncLocalList = (request) => ofLists.syncLocalList(request);
    const ofPolicies = new PoliciesGrpc(context, sites, policy);
    this.putAuthorizationPolicy = (request) => ofPolicies.putAuthorizationPolicy(request);
    this.getAuthorizationPolicy = (request) => ofPolicies.getAuthorizationPolicy(request);
  }

  async authorize(request: authorizationV1.AuthorizeRequest): Promise<authorizationV1.AuthorizeResponse> {
    const decisions = await this.authorizer.authorize(toQuestions(request));
    return { decisions: decisions.map((decided: AuthorizationDecided) => toDecisionMessage(decided)) };
  }

  async putToken(request: authorizationV1.PutTokenRequest): Promise<authorizationV1.PutTokenResponse> {
    const command = toPutToken(request, this.context.clock.now());
    const key = toKey(request.idToken);
    if (command.contractId !== undefined && command.contractId !== '') await this.checkContract(command.contractId);
    const causationId = causationOf(request.idempotencyKey, this.context.ids);
    const [outcome] = await this.tokens.execute([{ key, command, causationId }]);
    if (outcome === undefined) throw new Error('one command has one outcome');
    if (outcome.outcome === 'refused' && !(request.idempotencyKey !== '' && (await this.tokens.hasCause(key, causationId))))
      throw notPut('token', outcome.refusal);
    const { state } = outcome.entry;
    if (state.kind === 'unknown') throw new Error('a token that was put is known');
    return {
      token: toTokenMessage(state),
      created: outcome.outcome === 'committed' && outcome.events.some((event) => event.type === 'voltlog.authorization.TokenRegistered.v1'),
    };
  }

  async getToken(request: authorizationV1.GetTokenRequest): Promise<authorizationV1.GetTokenResponse> {
    const doc = await this.collections.tokens.get(toKey(request.idToken));
    if (doc === undefined) throw new RequestError('NOT_FOUND', 'there is no such token', 'TokenUnknown');
    return { token: toTokenMessage(doc) };
  }

  async listTokens(request: authorizationV1.ListTokensRequest): Promise<authorizationV1.ListTokensResponse> {
    const status = tokenStatusOf(request.status);
    const where = { ...(request.groupId === '' ? {} : { groupId: request.groupId }), ...(status === undefined ? {} : { status }) };
    const page = await this.collections.tokens.find(pageQuery(request, { where }));
    return { tokens: page.docs.map(toTokenMessage), nextPageToken: page.next ?? '' };
  }

  async listGroupMembers({
    groupId,
    countMax,
  }: authorizationV1.ListGroupMembersRequest): Promise<authorizationV1.ListGroupMembersResponse> {
    if (toGroupId(groupId) === '') throw new RequestError('INVALID_ARGUMENT', 'groupId must be given');
    const limit = countMax === 0 ? MEMBERS_MAX : Math.min(countMax, MEMBERS_MAX);
    const { contracts, tokens } = this.collections;
    const members = [...(await tokens.find({ where: { groupId, status: 'Active' }, limit })).docs];
    for await (const docs of pages(contracts, { where: { groupId }, limit: MEMBERS_MAX })) {
      if (members.length >= limit) break;
      const contractId = { $in: docs.map(({ id }) => id) };
      // A token's own group goes before that of its contract.
      const where = { contractId, groupId: { $exists: false }, status: 'Active' };
      members.push(...(await tokens.find({ where, limit: limit - members.length })).docs);
    }
    return { idTokens: members.map(({ idToken, type }) => ({ idToken, type })) };
  }

  async listDecisions(request: authorizationV1.ListDecisionsRequest): Promise<authorizationV1.ListDecisionsResponse> {
    const status = decisionStatusOf(request.status);
    const where = {
      ...(request.stationId === '' ? {} : { stationId: request.stationId }),
      ...(request.idToken === undefined || request.idToken.idToken === '' ? {} : { tokenKey: tokenKey(request.idToken.idToken) }),
      ...(request.contractId === '' ? {} : { contractId: request.contractId }),
      ...(status === undefined ? {} : { status }),
      ...timeRange(toIsoTime(request.from, 'from'), toIsoTime(request.to, 'to')),
    };
    const page = await this.collections.decisions.find(pageQuery(request, { where, sort: ['id', -1] }));
    return { decisions: page.docs.map((doc) => toDecisionRecord(toDecision(doc))), nextPageToken: page.next ?? '' };
  }

  /** A token must not wait for a contract that nobody made: it would be refused everywhere. Contracts are never removed. */
  private async checkContract(contractId: string): Promise<void> {
    const entry = this.contracts.peek(contractId) ?? (await this.contracts.load([contractId])).get(contractId);
    if (entry?.state.kind !== 'known')
      throw new RequestError('FAILED_PRECONDITION', 'there is no such contract: put it first', 'ContractUnknown');
  }
}

/** Ids of decisions rise with time. */
const timeRange = (from: string | undefined, to: string | undefined) =>
  from === undefined && to === undefined
    ? {}
    : {
        id: {
          ...(from === undefined ? {} : { $gte: uuidV7At(Date.parse(from)) }),
          ...(to === undefined ? {} : { $lt: uuidV7At(Date.parse(to)) }),
        },
      };
