import { card } from './preparations.js';
import type { Preparation, Scenario, ScenarioTokens } from './scenarios.js';
import { refused, sessionIs } from './usual-steps.js';

const ALL = ['1.6', '2.0.1', '2.1'] as const;
const TWO_OUTLETS = [1, 2].map(() => ({ kind: 'AC', powerWMax: 11_000 }) as const);

/** A card that may not charge here and now; its neighbour may. */
const refusedCard = (
  name: string,
  title: string,
  { needs, prepare }: { readonly needs: string; prepare(tokens: ScenarioTokens): readonly Preparation[] },
): Scenario => ({
  name,
  title,
  versions: ALL,
  needs,
  prepare,
  steps: (_version, { token, otherToken }) => [
    { do: 'plugIn' },
    { do: 'tap', token: otherToken, outcome: 'Refused' },
    { do: 'tap', token, outcome: 'Started' },
    { do: 'charge', wh: 200 },
    { do: 'tap', token, outcome: 'Stopped' },
    { do: 'unplug' },
  ],
});

/** What a card may, when and where. */
export const CARD_RULE_SCENARIOS: readonly Scenario[] = [
  refusedCard('card-not-here', 'a card that is good at another site is refused here', {
    needs: '`otherToken` good at another site alone',
    prepare: ({ otherToken }) => [card(otherToken, { siteIds: ['somewhere-else'] })],
  }),
  refusedCard('card-not-yet', 'a card that is good from next year on is refused', {
    needs: '`otherToken` valid later',
    prepare: ({ otherToken }) => [card(otherToken, { validFrom: new Date(Date.now() + 366 * 86_400_000).toISOString() })],
  }),
  refusedCard('card-no-more', 'a card that was good until yesterday is refused', {
    needs: '`otherToken` expired',
    prepare: ({ otherToken }) => [card(otherToken, { expiresAt: new Date(Date.now() - 86_400_000).toISOString() })],
  }),
  {
    name: 'one-at-a-time',
    title: 'a contract with one session at a time charges one car, with another of its cards no second one, and then that',
    versions: ALL,
    station: { evses: TWO_OUTLETS },
    needs: '`token` and `otherToken` of one contract with one session at a time',
    prepare: ({ token, otherToken }) => [
      { path: `/v1/contracts/${token}`, body: { name: 'one at a time', concurrentTransactionsMax: 1 } },
      ...[token, otherToken].map((idToken) => card(idToken, { contractId: token })),
    ],
    steps: (version, { token, otherToken }) => [
      { do: 'plugIn' },
      { do: 'start', token },
      // Soon: a start of 1.6 that is told a minute late was made offline, and is let in.
      { do: 'charge', wh: 60 },
      { do: 'plugIn', evse: 2 },
      { do: 'start', evse: 2, token: otherToken },
      refused(version),
      { do: 'stop', token },
      { do: 'unplug' },
      sessionIs({ state: 'Ended' }),
      { do: 'wait', seconds: 2 },
      { do: 'start', evse: 2, token: otherToken },
      { do: 'charge', evse: 2, wh: 60 },
      { do: 'stop', evse: 2, token: otherToken },
      { do: 'unplug', evse: 2 },
      sessionIs({ state: 'Ended', idToken: otherToken, authorizationStatus: 'Accepted' }),
    ],
  },
  {
    name: 'card-lost',
    title: 'a card is blocked while nobody charges; the station forgets that it was good, and refuses it',
    versions: ALL,
    needsApi: true,
    steps: (_version, { token, otherToken }) => [
      { do: 'plugIn' },
      { do: 'tap', token: otherToken, outcome: 'Started' },
      { do: 'charge', wh: 100 },
      { do: 'tap', token: otherToken, outcome: 'Stopped' },
      { do: 'api', method: 'PUT', path: `/v1/tokens/${otherToken}`, body: { status: 'Blocked' } },
      { do: 'awaitCommand', action: 'ClearCache' },
      { do: 'tap', token: otherToken, outcome: 'Refused' },
      { do: 'tap', token, outcome: 'Started' },
      { do: 'charge', wh: 100 },
      { do: 'tap', token, outcome: 'Stopped' },
      { do: 'unplug' },
    ],
  },
];
