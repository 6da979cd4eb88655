import type { PolicyEvent, SitePolicyAttributes } from '@voltlog/authorization-contract';
import { type Decider, decided, isoTime, refused } from '@voltlog/kernel';

/** A site's own policy; revision 0: it has none. */
export interface SitePolicyState {
  readonly policy: SitePolicyAttributes | undefined;
  readonly revision: number;
}

export interface PutSitePolicy extends SitePolicyAttributes {
  readonly kind: 'PutSitePolicy';
  /** Refused unless it has this revision; 0: not checked. */
  readonly expectedRevision: number;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
}

const STREAM = 'policy:';

/** The key of a site's policy; `*` is that of the sites that have none of their own. */
export const policyKey = (siteId: string): string => (siteId === '' ? '*' : siteId);
export const policyStreamId = (siteId: string): string => STREAM + policyKey(siteId);
/** The key of a policy's stream. */
export const policyKeyOfStream = (streamId: string): string => streamId.slice(STREAM.length);

/** What holds at a site. */
export const sitePolicyDecider: Decider<PutSitePolicy, SitePolicyState, PolicyEvent, 'RevisionMismatch'> = {
  initialState: { policy: undefined, revision: 0 },
  decide(command, state) {
    const { kind: _, expectedRevision, now, ...policy } = command;
    if (expectedRevision !== 0 && expectedRevision !== state.revision) return refused('RevisionMismatch');
    if (state.policy !== undefined && samePolicy(state.policy, policy)) return decided();
    return decided({
      type: 'voltlog.authorization.AuthorizationPolicyChanged.v1',
      data: { ...policy, revision: state.revision + 1, at: isoTime(now) },
    });
  },
  evolve(_state, event) {
    const { at: _, revision, ...policy } = event.data;
    return { policy, revision };
  },
};

const samePolicy = (a: SitePolicyAttributes, b: SitePolicyAttributes): boolean =>
  a.unknownTokens === b.unknownTokens &&
  a.authorizationAway === b.authorizationAway &&
  a.noAuthorization === b.noAuthorization &&
  a.localLists === b.localLists;
