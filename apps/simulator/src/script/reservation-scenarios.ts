import type { Scenario } from './scenarios.js';
import type { Step } from './steps.js';

const VERSIONS = ['1.6', '2.0.1'] as const;

const charge = (token: string): readonly Step[] => [
  { do: 'plugIn' },
  { do: 'swipe', token },
  { do: 'charge', wh: 500 },
  { do: 'stop', token },
  { do: 'unplug' },
];

/** Simulated seconds until a hold of the shortest length has expired. */
const NO_SHOW_SECONDS = 65;

/** Somebody reserves the station for `token` from the CSMS's side meanwhile. */
export const RESERVATION_SCENARIOS: readonly Scenario[] = [
  {
    name: 'reserve-and-charge',
    title: 'a connector is held; a stranger is refused, its driver charges and uses the reservation',
    versions: VERSIONS,
    commands: ['ReserveNow'],
    steps: (_version, { token, otherToken }) => [
      { do: 'awaitCommand', action: 'ReserveNow' },
      { do: 'swipe', token: otherToken },
      ...charge(token),
    ],
  },
  {
    name: 'reserve-no-show',
    title: 'nobody comes for a minute; the hold expires and another driver charges',
    versions: VERSIONS,
    commands: ['ReserveNow'],
    steps: (_version, { otherToken }) => [
      { do: 'awaitCommand', action: 'ReserveNow' },
      { do: 'wait', seconds: NO_SHOW_SECONDS },
      ...charge(otherToken),
    ],
  },
  {
    name: 'reserve-cancel',
    title: 'the reservation is cancelled and another driver charges',
    versions: VERSIONS,
    commands: ['ReserveNow', 'CancelReservation'],
    steps: (_version, { otherToken }) => [
      { do: 'awaitCommand', action: 'ReserveNow' },
      { do: 'awaitCommand', action: 'CancelReservation' },
      ...charge(otherToken),
    ],
  },
  {
    name: 'reserve-lost-on-reboot',
    title: 'the station forgets its hold when it boots and is asked again; its driver charges',
    versions: VERSIONS,
    station: { forgetsHolds: true },
    commands: ['ReserveNow', 'ReserveNow'],
    steps: (_version, { token }) => [
      { do: 'awaitCommand', action: 'ReserveNow' },
      { do: 'reboot' },
      { do: 'awaitCommand', action: 'ReserveNow', count: 2 },
      ...charge(token),
    ],
  },
];
