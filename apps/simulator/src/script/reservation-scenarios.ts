import type { Payload } from '../station/protocol.js';
import { card } from './preparations.js';
import type { Scenario } from './scenarios.js';
import type { Step } from './steps.js';
import { refused } from './usual-steps.js';

const VERSIONS = ['1.6', '2.0.1', '2.1'] as const;

const charge = (token: string): readonly Step[] => [
  { do: 'plugIn' },
  { do: 'swipe', token },
  { do: 'charge', wh: 50 },
  { do: 'stop', token },
  { do: 'unplug' },
];

/** Seconds of the shortest hold, and a little more; simulated ones until it has expired. */
const NO_SHOW_SECONDS = 65;
/** Real ones until the CSMS has seen that. */
const EXPIRED_SECONDS = NO_SHOW_SECONDS + 25;
/** Real ones until a reservation for soon has begun and the station was asked. */
const BEGUN_SECONDS = 60;
const DAY_SECONDS = 86_400;

const reserve = (token: string, until: Payload = {}): Step => ({
  do: 'api',
  method: 'POST',
  path: '/v1/reservations',
  body: { stationId: '{station}', evseId: 1, idToken: token, ...until },
  answer: { state: 'Active' },
  again: true,
  orByHand: true,
});

const untilReservation = (answer: Payload, withinSeconds?: number): Step => ({
  do: 'awaitApi',
  path: '/v1/reservations/{reservation}',
  answer,
  ...(withinSeconds === undefined ? {} : { withinSeconds }),
  orByHand: true,
});

const used = untilReservation({ state: 'Used' });

/** Somebody reserves the station for `token` from the CSMS's side meanwhile. */
export const RESERVATION_SCENARIOS: readonly Scenario[] = [
  {
    name: 'reserve-and-charge',
    title: 'a connector is held; a stranger is refused, its driver charges and uses the reservation',
    versions: VERSIONS,
    commands: ['ReserveNow'],
    asksByApi: true,
    steps: (_version, { token, otherToken }) => [
      reserve(token),
      { do: 'awaitCommand', action: 'ReserveNow' },
      untilReservation({ stationHold: 'Held' }),
      { do: 'swipe', token: otherToken },
      ...charge(token),
      used,
    ],
  },
  {
    name: 'reserve-no-show',
    title: 'nobody comes for a minute; the hold expires and another driver charges',
    versions: VERSIONS,
    commands: ['ReserveNow'],
    asksByApi: true,
    steps: (_version, { token, otherToken }) => [
      reserve(token, { expiresAt: `{in:${NO_SHOW_SECONDS}}` }),
      { do: 'awaitCommand', action: 'ReserveNow' },
      { do: 'wait', seconds: NO_SHOW_SECONDS },
      untilReservation({ state: 'Expired', endReason: 'NoShow', stationHold: 'Released' }, EXPIRED_SECONDS),
      ...charge(otherToken),
    ],
  },
  {
    name: 'reserve-cancel',
    title: 'the reservation is cancelled and another driver charges',
    versions: VERSIONS,
    commands: ['ReserveNow', 'CancelReservation'],
    asksByApi: true,
    steps: (_version, { token, otherToken }) => [
      reserve(token),
      { do: 'awaitCommand', action: 'ReserveNow' },
      untilReservation({ stationHold: 'Held' }),
      { do: 'api', method: 'POST', path: '/v1/reservations/{reservation}/cancel', body: { reason: 'ByDriver' }, orByHand: true },
      { do: 'awaitCommand', action: 'CancelReservation' },
      untilReservation({ state: 'Cancelled', stationHold: 'Released' }),
      ...charge(otherToken),
    ],
  },
  {
    name: 'reserve-lost-on-reboot',
    title: 'the station forgets its hold when it boots and is asked again; its driver charges',
    versions: VERSIONS,
    station: { forgetsHolds: true },
    commands: ['ReserveNow', 'ReserveNow'],
    asksByApi: true,
    steps: (_version, { token }) => [
      reserve(token),
      { do: 'awaitCommand', action: 'ReserveNow' },
      { do: 'reboot' },
      { do: 'awaitCommand', action: 'ReserveNow', count: 2 },
      ...charge(token),
      used,
    ],
  },
  {
    name: 'reserve-cannot-hold',
    title: 'a station that holds nothing: the CSMS alone keeps a stranger away; the driver charges and uses the reservation',
    versions: VERSIONS,
    station: { canReserve: false },
    needsApi: true,
    steps: (version, { token, otherToken }) => [
      reserve(token),
      untilReservation({ stationHold: 'NotSupported' }),
      { do: 'plugIn' },
      { do: 'start', token: otherToken },
      refused(version),
      { do: 'start', token },
      { do: 'charge', wh: 50 },
      { do: 'stop', token },
      { do: 'unplug' },
      used,
    ],
  },
  {
    name: 'reserve-while-offline',
    title: 'the station is offline as it is reserved, which the reserver is told; it holds the connector once it is back',
    versions: VERSIONS,
    needsApi: true,
    steps: (_version, { token }) => [
      { do: 'goOffline' },
      reserve(token),
      untilReservation({ stationHold: 'Pending', stationStatus: 'Offline' }),
      { do: 'goOnline' },
      { do: 'awaitCommand', action: 'ReserveNow' },
      untilReservation({ stationHold: 'Held' }),
      ...charge(token),
      used,
    ],
  },
  {
    name: 'reserve-for-group',
    title: 'a connector is held for a group alone; a stranger is refused, and whoever comes of the group uses it',
    versions: VERSIONS,
    needsApi: true,
    needs: '`token` alone in a group that is called like it, with -GROUP behind',
    prepare: ({ token }) => [card(token, { groupId: groupOf(token) })],
    steps: (_version, { token, otherToken }) => [
      {
        do: 'api',
        method: 'POST',
        path: '/v1/reservations',
        body: { stationId: '{station}', evseId: 1, groupId: groupOf(token) },
        answer: { state: 'Active', idToken: null, groupId: groupOf(token) },
        again: true,
      },
      untilReservation({ stationHold: 'Held' }),
      { do: 'tap', token: otherToken, outcome: 'Refused' },
      { do: 'plugIn' },
      { do: 'tap', token, outcome: 'Started' },
      { do: 'charge', wh: 50 },
      { do: 'tap', token, outcome: 'Stopped' },
      { do: 'unplug' },
      used,
    ],
  },
  {
    name: 'reserve-for-later',
    title: 'a connector is reserved for soon: it is kept free until then, held on the spot as it begins, and used',
    versions: VERSIONS,
    needsApi: true,
    steps: (_version, { token, otherToken }) => [
      reserve(token, { startsAt: '{in:10}', expiresAt: '{in:610}' }),
      untilReservation({ stationHold: 'Pending', stationStatus: null }),
      { do: 'authorize', token: otherToken, untilRefused: true },
      untilReservation({ stationHold: 'Held' }, BEGUN_SECONDS),
      ...charge(token),
      used,
    ],
  },
  {
    name: 'reserve-conflicts',
    title: 'what cannot be reserved is refused at once, with the word for why',
    versions: VERSIONS,
    station: { evses: [1, 2].map(() => ({ kind: 'AC', powerWMax: 11_000 }) as const) },
    needsApi: true,
    steps: (_version, { token, otherToken, blockedToken }) => [
      reserve(token),
      ...(
        [
          ['evse-reserved', { evseId: 1, idToken: otherToken }],
          ['token-has-reservation', { evseId: 2, idToken: token }],
          ['token-blocked', { evseId: 2, idToken: blockedToken }],
          ['evse-unknown', { evseId: 9, idToken: otherToken }],
          ['starts-in-past', { evseId: 2, idToken: otherToken, startsAt: '{in:-3600}' }],
          ['too-far-ahead', { evseId: 2, idToken: otherToken, startsAt: `{in:${400 * DAY_SECONDS}}` }],
          ['too-long', { evseId: 2, idToken: otherToken, expiresAt: `{in:${8 * DAY_SECONDS}}` }],
          ['group-unknown', { evseId: 2, groupId: `${otherToken}-NOBODY` }],
        ] as const
      ).map(
        ([problem, wish]): Step => ({
          do: 'api',
          method: 'POST',
          path: '/v1/reservations',
          body: { stationId: '{station}', ...wish },
          problem,
        }),
      ),
      ...charge(token),
      used,
    ],
  },
  {
    name: 'reserve-car-in-the-way',
    title: 'a car stays where somebody else reserved: the reserver is told, and has the connector once it is gone',
    versions: VERSIONS,
    needsApi: true,
    steps: (_version, { token }) => [
      reserve(token, { startsAt: '{in:10}', expiresAt: '{in:610}' }),
      { do: 'plugIn' },
      untilReservation({ stationHold: 'Refused', stationStatus: 'Occupied' }, BEGUN_SECONDS),
      { do: 'unplug' },
      untilReservation({ stationHold: 'Held' }),
      ...charge(token),
      used,
    ],
  },
  {
    name: 'reserve-own-car',
    title: 'whoever reserved any connector plugs in before it begins, and shows the card only then; it stays theirs',
    versions: VERSIONS,
    station: { evses: [1, 2].map(() => ({ kind: 'AC', powerWMax: 11_000 }) as const) },
    needsApi: true,
    steps: (_version, { token }) => [
      {
        do: 'api',
        method: 'POST',
        path: '/v1/reservations',
        body: { stationId: '{station}', idToken: token, startsAt: '{in:10}', expiresAt: '{in:610}' },
        answer: { state: 'Active', evseId: 1, chosenFrom: 'Station' },
        again: true,
      },
      { do: 'plugIn' },
      untilReservation({ state: 'Active', stationStatus: 'Unidentified' }, BEGUN_SECONDS),
      { do: 'swipe', token },
      { do: 'charge', wh: 50 },
      { do: 'stop', token },
      { do: 'unplug' },
      untilReservation({ state: 'Used', evseId: 1 }),
    ],
  },
  {
    name: 'reserve-used-offline',
    title: 'the station is offline as its driver comes; the hold expires, and is told to be used once the station is back',
    versions: VERSIONS,
    needsApi: true,
    steps: (_version, { token }) => [
      reserve(token, { expiresAt: `{in:${NO_SHOW_SECONDS}}` }),
      untilReservation({ stationHold: 'Held' }),
      { do: 'goOffline' },
      ...charge(token),
      untilReservation({ state: 'Expired', endReason: 'StationOffline' }, EXPIRED_SECONDS),
      { do: 'goOnline' },
      used,
    ],
  },
];

const groupOf = (token: string): string => `${token}-GROUP`;
