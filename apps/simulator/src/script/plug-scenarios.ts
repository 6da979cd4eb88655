import type { Scenario } from './scenarios.js';
import type { Step } from './steps.js';
import { sessionIs } from './usual-steps.js';

const VERSIONS = ['1.6', '2.0.1', '2.1'] as const;

const charging = (token: string): readonly Step[] => [
  { do: 'plugIn' },
  { do: 'start', token },
  { do: 'charge', wh: 500 },
  { do: 'unplug' },
];

/** What becomes of a charge whose cable is taken out of the car: the station's own setting says. */
export const PLUG_SCENARIOS: readonly Scenario[] = [
  {
    name: 'unplug-ends',
    title: 'the car is unplugged while it charges; the session ends by that',
    versions: VERSIONS,
    steps: (_version, { token }) => [...charging(token), sessionIs({ state: 'Ended', stoppedReason: 'EVDisconnected' })],
  },
  {
    name: 'unplug-suspends',
    title: 'the station keeps a transaction whose car is unplugged; plugged in again, it charges on: one session',
    versions: VERSIONS,
    station: { settings: { StopTransactionOnEVSideDisconnect: 'false', 'TxCtrlr.StopTxOnEVSideDisconnect': 'false' } },
    steps: (_version, { token }) => [
      ...charging(token),
      { do: 'wait', seconds: 120 },
      sessionIs({ state: 'Active' }),
      { do: 'plugIn' },
      { do: 'charge', wh: 500 },
      { do: 'stop', token },
      { do: 'unplug' },
      sessionIs({ state: 'Ended', stoppedReason: 'Local' }),
    ],
  },
];
