import type { Payload } from '../station/protocol.js';
import type { Scenario } from './scenarios.js';
import type { Step } from './steps.js';
import { refused } from './usual-steps.js';

const VERSIONS = ['1.6', '2.0.1'] as const;

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
];
