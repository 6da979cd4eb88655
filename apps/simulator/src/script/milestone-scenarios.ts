import type { OcppVersion } from '../station/protocol.js';
import type { Scenario } from './scenarios.js';
import type { Step } from './steps.js';
import { milestones } from './usual-steps.js';

const VERSIONS = ['1.6', '2.0.1', '2.1'] as const;

/** What the connector says of itself; 2.x has no word for charging there. */
const status = (version: OcppVersion, isFaulted: boolean): Step => {
  const timestamp = '{now}';
  return {
    do: 'call',
    action: 'StatusNotification',
    payload:
      version === '1.6'
        ? { connectorId: 1, errorCode: isFaulted ? 'GroundFailure' : 'NoError', status: isFaulted ? 'Faulted' : 'Charging', timestamp }
        : { evseId: 1, connectorId: 1, connectorStatus: isFaulted ? 'Faulted' : 'Occupied', timestamp },
  };
};

/** What a driver is told of while a charge runs. */
export const MILESTONE_SCENARIOS: readonly Scenario[] = [
  {
    name: 'station-pauses',
    title: 'the station gives no power for ten minutes, then charges on; one session',
    versions: VERSIONS,
    steps: (version, { token }) => [
      { do: 'plugIn' },
      { do: 'start', token },
      { do: 'charge', wh: 500 },
      { do: 'pause' },
      { do: 'wait', seconds: 600 },
      { do: 'resume' },
      { do: 'charge', wh: 500 },
      { do: 'stop', token },
      { do: 'unplug' },
      milestones(version, 'SuspendedByStation'),
    ],
  },
  {
    name: 'fault-passes',
    title: 'the connector reports a fault while a car charges, and that it is well again; one session',
    versions: VERSIONS,
    steps: (version, { token }) => [
      { do: 'plugIn' },
      { do: 'start', token },
      { do: 'charge', wh: 500 },
      status(version, true),
      { do: 'wait', seconds: 60 },
      status(version, false),
      { do: 'charge', wh: 500 },
      { do: 'stop', token },
      { do: 'unplug' },
      milestones(version, 'Faulted', 'FaultCleared'),
    ],
  },
];
