import type { authorizationV1 } from '@voltlog/proto';
import { z } from 'zod';

const fields = {
  unknownTokens: z.enum(['reject', 'accept']).meta({ description: 'what a token that nobody registered is told' }),
  authorizationAway: z
    .enum(['reject', 'accept-known', 'accept-unknown'])
    .meta({ description: 'whom stations let in while the authorization service is away' }),
  noAuthorization: z.enum(['reject', 'accept']).meta({ description: 'a station that asks nobody (free vend)' }),
  localLists: z.boolean().meta({ description: 'its stations keep a list of the tokens that may charge there' }),
};

export const policyPut = z.strictObject(fields).meta({ id: 'AuthorizationPolicyPut' });
export const policyView = z
  .object({
    siteId: z.string().nullable().meta({ description: 'null: the sites that have no policy of their own' }),
    ...fields,
    own: z.boolean().meta({ description: 'false: the site has none of its own, so that of all sites holds' }),
    version: z.int(),
  })
  .meta({ id: 'AuthorizationPolicy' });

export const toPolicy = (policy: authorizationV1.SitePolicy, own: boolean): z.input<typeof policyView> => ({
  siteId: policy.siteId === '' ? null : policy.siteId,
  unknownTokens: fields.unknownTokens.options.find((word) => word === policy.unknownTokens) ?? 'reject',
  authorizationAway: fields.authorizationAway.options.find((word) => word === policy.authorizationAway) ?? 'reject',
  noAuthorization: fields.noAuthorization.options.find((word) => word === policy.noAuthorization) ?? 'reject',
  localLists: policy.localLists,
  own,
  version: policy.version,
});
