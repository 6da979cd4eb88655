import type { AuthorizationDecided } from '@voltlog/authorization-contract';
import { tokenKey } from '@voltlog/authorization-domain';
import { RequestError } from '@voltlog/kernel';
import type { authorizationV1 } from '@voltlog/proto';
import type { ServiceContext } from '@voltlog/service';
import type { Query } from '@voltlog/store';
import type { Authorizer } from '../commands/authorizer.js';
import { toDecision } from '../projections/decision-projection.js';
import type { Collections } from '../store/documents.js';
import type { TokenRepository } from '../store/token-repository.js';
import { pageSize, toKey, toPutToken, toQuestions } from './requests.js';
import { toDecisionMessage, toDecisionRecord, tokenStatusOf, toTokenMessage } from './words.js';

/** `voltlog.authorization.v1.AuthorizationService`. */
export class AuthorizationGrpc
  implements Pick<authorizationV1.AuthorizationService, 'authorize' | 'putToken' | 'getToken' | 'listTokens' | 'listDecisions'>
{
  constructor(
    private readonly context: ServiceContext,
    private readonly authorizer: Authorizer,
    private readonly tokens: TokenRepository,
    private readonly collections: Collections,
  ) {}

  async authorize(request: authorizationV1.AuthorizeRequest): Promise<authorizationV1.AuthorizeResponse> {
    const decisions = await this.authorizer.authorize(toQuestions(request));
    return { decisions: decisions.map((decided: AuthorizationDecided) => toDecisionMessage(decided)) };
  }

  async putToken(request: authorizationV1.PutTokenRequest): Promise<authorizationV1.PutTokenResponse> {
    const command = toPutToken(request, this.context.clock.now());
    const key = toKey(request.idToken);
    const causationId = request.idempotencyKey === '' ? this.context.ids.next() : `put:${request.idempotencyKey}`;
    const [outcome] = await this.tokens.execute([{ key, command, causationId }]);
    if (outcome === undefined) throw new Error('one command has one outcome');
    if (outcome.outcome === 'refused' && !(request.idempotencyKey !== '' && (await this.tokens.hasCause(key, causationId)))) {
      throw new RequestError('ABORTED', 'the token was changed in between: read it again', outcome.refusal);
    }
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
    const page = await this.collections.tokens.find(query(request, { where }));
    return { tokens: page.docs.map(toTokenMessage), nextPageToken: page.next ?? '' };
  }

  async listDecisions(request: authorizationV1.ListDecisionsRequest): Promise<authorizationV1.ListDecisionsResponse> {
    const where = {
      ...(request.stationId === '' ? {} : { stationId: request.stationId }),
      ...(request.idToken === undefined || request.idToken.idToken === '' ? {} : { tokenKey: tokenKey(request.idToken.idToken) }),
    };
    const page = await this.collections.decisions.find(query(request, { where, sort: ['id', -1] }));
    return { decisions: page.docs.map((doc) => toDecisionRecord(toDecision(doc))), nextPageToken: page.next ?? '' };
  }
}

const query = (request: { readonly pageSize: number; readonly pageToken: string }, base: Pick<Query, 'where' | 'sort'>): Query => ({
  ...base,
  limit: pageSize(request.pageSize),
  ...(request.pageToken === '' ? {} : { after: request.pageToken }),
});
