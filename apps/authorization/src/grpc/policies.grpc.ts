import type { SitePolicyAttributes } from '@voltlog/authorization-contract';
import type { AuthorizationPolicy } from '@voltlog/authorization-domain';
import { RequestError } from '@voltlog/kernel';
import type { authorizationV1 } from '@voltlog/proto';
import type { ServiceContext } from '@voltlog/service';
import type { Sites } from '../store/sites.js';
import { causationOf, checkKey } from './requests.js';

const SITE_ID_LENGTH_MAX = 64;

type Policies = Pick<authorizationV1.AuthorizationService, 'putAuthorizationPolicy' | 'getAuthorizationPolicy'>;

/** What holds at sites. */
export class PoliciesGrpc implements Policies {
  constructor(
    private readonly context: ServiceContext,
    private readonly sites: Sites,
    private readonly policy: AuthorizationPolicy,
  ) {}

  async putAuthorizationPolicy(
    request: authorizationV1.PutAuthorizationPolicyRequest,
  ): Promise<authorizationV1.PutAuthorizationPolicyResponse> {
    const { policy, expectedVersion, idempotencyKey } = request;
    if (policy === undefined) throw new RequestError('INVALID_ARGUMENT', 'policy is missing');
    checkKey(idempotencyKey);
    const command = {
      kind: 'PutSitePolicy' as const,
      ...toPolicy(policy),
      expectedRevision: expectedVersion,
      now: this.context.clock.now(),
    };
    const execution = await this.sites.put(command, causationOf(idempotencyKey, this.context.ids));
    if (execution.outcome === 'refused')
      throw new RequestError('ABORTED', 'the policy was changed in between: read it again', execution.refusal);
    const { policy: after, revision } = execution.state;
    return { policy: after === undefined ? undefined : toPolicyMessage(after, revision) };
  }

  /** What holds at a site, and whether it is the site's own. */
  async getAuthorizationPolicy({
    siteId,
  }: authorizationV1.GetAuthorizationPolicyRequest): Promise<authorizationV1.GetAuthorizationPolicyResponse> {
    const own = await this.sites.ownPolicy(checkSiteId(siteId));
    if (own.policy !== undefined) return { policy: toPolicyMessage(own.policy, own.revision), own: true };
    const all = siteId === '' ? undefined : (await this.sites.ownPolicy('')).policy;
    return { policy: toPolicyMessage({ ...(all ?? this.configured()), siteId }, 0), own: false };
  }

  private configured(): Omit<SitePolicyAttributes, 'siteId'> {
    const { unknownTokens, noAuthorization } = this.policy;
    return { unknownTokens, noAuthorization, authorizationAway: 'accept-known', localLists: false };
  }
}

function checkSiteId(siteId: string): string {
  if (siteId.length > SITE_ID_LENGTH_MAX || siteId === '*' || /\p{Cc}/u.test(siteId))
    throw new RequestError('INVALID_ARGUMENT', `siteId must have at most ${SITE_ID_LENGTH_MAX} printable characters`);
  return siteId;
}

/** @throws {RequestError} `INVALID_ARGUMENT` naming the field that is wrong */
const toPolicy = (policy: authorizationV1.SitePolicy): SitePolicyAttributes => ({
  siteId: checkSiteId(policy.siteId),
  unknownTokens: oneOf(policy.unknownTokens, ['reject', 'accept'], 'unknownTokens'),
  authorizationAway: oneOf(policy.authorizationAway, ['reject', 'accept-known', 'accept-unknown'], 'authorizationAway'),
  noAuthorization: oneOf(policy.noAuthorization, ['reject', 'accept'], 'noAuthorization'),
  localLists: policy.localLists,
});

function oneOf<Word extends string>(text: string, words: readonly Word[], field: string): Word {
  const found = words.find((word) => word === text);
  if (found === undefined) throw new RequestError('INVALID_ARGUMENT', `${field} must be one of ${words.join(', ')}`);
  return found;
}

const toPolicyMessage = (policy: SitePolicyAttributes, version: number): authorizationV1.SitePolicy => ({ ...policy, version });
