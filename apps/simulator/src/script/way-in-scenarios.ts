import { createHash } from 'node:crypto';
import { card, site } from './preparations.js';
import type { Scenario } from './scenarios.js';
import type { Step } from './steps.js';
import { refused, sessionIs } from './usual-steps.js';

const ALL = ['1.6', '2.0.1', '2.1'] as const;
const V2 = ['2.0.1', '2.1'] as const;

const charged = (start: Step): readonly Step[] => [{ do: 'plugIn' }, start, { do: 'charge', wh: 200 }, { do: 'stop' }, { do: 'unplug' }];

/** The MAC address of a car that is a card's owner's. */
const macOf = (token: string): string => {
  const hex = createHash('sha256').update(token).digest('hex').toUpperCase();
  return ['02', hex.slice(0, 2), hex.slice(2, 4), hex.slice(4, 6), hex.slice(6, 8), hex.slice(8, 10)].join(':');
};

/** A card that nobody registered. */
const strangerTo = (token: string): string => `${token}-U`;

/** By a remote start; whether the station asks about the token first is its own setting. */
const remoteStart = (asks: boolean): Scenario => ({
  name: asks ? 'remote-start-asks' : 'remote-start',
  title: `somebody starts a charge from afar, at a station that ${asks ? 'asks about the token first' : 'does as it is told'}, and stops it`,
  versions: ALL,
  station: { settings: { AuthorizeRemoteTxRequests: String(asks), 'AuthCtrlr.AuthorizeRemoteStart': String(asks) } },
  needsApi: true,
  steps: (_version, { token }) => [
    { do: 'plugIn' },
    {
      do: 'api',
      method: 'POST',
      path: '/v1/start-requests',
      body: { stationId: '{station}', evseId: 1, idToken: token },
      answer: { state: 'Accepted' },
      again: true,
    },
    ...(asks ? [{ do: 'awaitCall', action: 'Authorize', payload: {} } as const] : []),
    sessionIs({ state: 'Active', idToken: token, authorizationStatus: 'Accepted' }),
    { do: 'charge', wh: 100 },
    { do: 'api', method: 'POST', path: '/v1/sessions/{session}/stop', body: {} },
    sessionIs({ state: 'Ended', endCause: 'Operator' }),
    { do: 'unplug' },
  ],
});

/** How drivers say who they are, or do not. */
export const WAY_IN_SCENARIOS: readonly Scenario[] = [
  {
    name: 'free-vend',
    title: 'whoever plugs in charges, and nobody is asked who that is (1.6 has no word for it: the station has an id of its own)',
    versions: ALL,
    needs: 'a site with noAuthorization `accept`',
    prepare: () => [site({ noAuthorization: 'accept' })],
    steps: (version, { token }) => [
      ...charged({ do: 'start', ...(version === '1.6' ? { token } : { token: '', type: 'NoAuthorization' }) }),
      sessionIs({ state: 'Ended', authorizationStatus: 'Accepted', ...(version === '1.6' ? {} : { idTokenType: 'NoAuthorization' }) }),
    ],
  },
  {
    name: 'free-vend-refused',
    title: 'a station that asks nobody who that is, at a site that wants to know; the charge ends at once',
    versions: V2,
    needs: 'a site with noAuthorization `reject`',
    prepare: () => [site({ noAuthorization: 'reject' })],
    steps: (version) => [{ do: 'plugIn' }, { do: 'start', token: '', type: 'NoAuthorization' }, refused(version), { do: 'unplug' }],
  },
  {
    name: 'direct-payment',
    title: "a driver pays at the station's terminal, charges, and the payment is settled",
    versions: ['2.1'],
    steps: (_version, { token }) => [
      ...charged({ do: 'start', token: `PSP-${token}`, type: 'DirectPayment' }),
      {
        do: 'call',
        action: 'NotifySettlement',
        payload: {
          transactionId: '{transaction}',
          pspRef: `PSP-${token}`,
          status: 'Settled',
          settlementAmount: 1.5,
          settlementTime: '{now}',
        },
      },
      { do: 'expect', action: 'NotifySettlement', answer: {} },
      sessionIs({ state: 'Ended', idTokenType: 'DirectPayment', authorizationStatus: 'Accepted' }),
      { do: 'awaitApi', path: '/v1/sessions/{session}/notices', answer: { data: [{ kind: 'Settlement' }] }, orByHand: true },
    ],
  },
  {
    name: 'autocharge',
    title: 'a car is known by its MAC address and charges without a card',
    versions: V2,
    needs: 'the MAC address that the station tells, as a token of type MacAddress',
    prepare: ({ token }) => [card(macOf(token), { type: 'MacAddress', status: 'Active' })],
    steps: (_version, { token }) => [
      ...charged({ do: 'start', token: macOf(token), type: 'MacAddress' }),
      sessionIs({ state: 'Ended', idTokenType: 'MacAddress', authorizationStatus: 'Accepted' }),
    ],
  },
  {
    name: 'key-code',
    title: 'a driver types a code at the station',
    versions: V2,
    needs: '`token` of type KeyCode',
    prepare: ({ token }) => [card(`K-${token}`, { type: 'KeyCode', status: 'Active' })],
    steps: (_version, { token }) => [
      ...charged({ do: 'start', token: `K-${token}`, type: 'KeyCode' }),
      sessionIs({ state: 'Ended', idTokenType: 'KeyCode', authorizationStatus: 'Accepted' }),
    ],
  },
  remoteStart(false),
  remoteStart(true),
  {
    name: 'unknown-card',
    title: 'a card that nobody registered is refused',
    versions: ALL,
    needs: 'a site with unknownTokens `reject`',
    prepare: () => [site({ unknownTokens: 'reject' })],
    steps: (_version, { token }) => [
      { do: 'plugIn' },
      { do: 'tap', token: strangerTo(token), outcome: 'Refused' },
      { do: 'tap', token, outcome: 'Started' },
      { do: 'charge', wh: 200 },
      { do: 'tap', token, outcome: 'Stopped' },
      { do: 'unplug' },
    ],
  },
  {
    name: 'unknown-card-welcome',
    title: 'a card that nobody registered charges at a site that lets such in',
    versions: ALL,
    needs: 'a site with unknownTokens `accept`',
    prepare: () => [site({ unknownTokens: 'accept' })],
    steps: (_version, { token }) => [
      { do: 'plugIn' },
      { do: 'tap', token: strangerTo(token), outcome: 'Started' },
      { do: 'charge', wh: 200 },
      { do: 'tap', token: strangerTo(token), outcome: 'Stopped' },
      { do: 'unplug' },
      sessionIs({ state: 'Ended', idToken: strangerTo(token) }),
    ],
  },
];
