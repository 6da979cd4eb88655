import type { Scenario } from './scenarios.js';

const POWER = { component: 'EVSE', evseId: 1, name: 'Power' };

/** Stations that watch themselves, and what the CSMS makes of it. */
export const MONITORING_SCENARIOS: readonly Scenario[] = [
  {
    name: 'monitoring',
    title: 'the CSMS has a station watch its power, and an EVSE gets too hot; each is an alert until it is over',
    versions: ['2.0.1', '2.1'],
    needsApi: true,
    steps: (_version, { token }) => [
      {
        do: 'api',
        method: 'POST',
        path: '/v1/stations/{station}/commands/set-variable-monitoring',
        body: { monitors: [{ variable: POWER, type: 'UpperThreshold', value: 5_000, severity: 4 }] },
        answer: { status: 'Accepted' },
      },
      { do: 'api', method: 'POST', path: '/v1/stations/{station}/device-model/reports', body: { reportBase: 'Monitoring' } },
      { do: 'awaitApi', path: '/v1/stations/{station}/device-model/reports', answer: { data: [{ kind: 'Monitors', status: 'Complete' }] } },
      { do: 'plugIn' },
      { do: 'start', token },
      {
        do: 'awaitApi',
        path: '/v1/alerts?stationId={station}',
        answer: { data: [{ subject: 'EVSE[1].Power', severity: 4, state: 'Open' }] },
      },
      { do: 'charge', wh: 500 },
      { do: 'stop', token },
      { do: 'awaitApi', path: '/v1/alerts?stationId={station}', answer: { data: [] } },
      { do: 'unplug' },
      { do: 'heat', celsius: 95 },
      {
        do: 'awaitApi',
        path: '/v1/alerts?stationId={station}',
        answer: { data: [{ subject: 'EVSE[1].Temperature', severity: 3, value: '95', state: 'Open' }] },
      },
      { do: 'heat', celsius: 40 },
      { do: 'awaitApi', path: '/v1/alerts?stationId={station}', answer: { data: [] } },
    ],
  },
];
