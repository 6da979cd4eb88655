import type { Payload } from '../station/protocol.js';
import type { Preparation } from './scenarios.js';

/** The rules of a card. */
export const card = (idToken: string, rules: Payload): Preparation => ({ path: `/v1/tokens/${idToken}`, body: rules });

/** What holds at the site; where it is not said otherwise, nobody is let in who is not known. */
export const site = (policy: Payload): Preparation => ({
  path: '/v1/sites/{site}/authorization-policy',
  body: { unknownTokens: 'reject', authorizationAway: 'accept-known', noAuthorization: 'reject', localLists: false, ...policy },
});
