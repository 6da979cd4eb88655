import type { Scenario } from './scenarios.js';
import type { Step } from './steps.js';
import { milestones, sessionIs } from './usual-steps.js';

const ALL = ['1.6', '2.0.1', '2.1'] as const;

const TOLD = ['ChargingStarted', 'ChargingEnded', 'SessionEnded'];

/** What a driver sees, is told and is sent. */
export const DRIVER_SCENARIOS: readonly Scenario[] = [
  {
    name: 'app-charge',
    title: "a driver's app finds the EVSE, charges by the link of a contract with a limit of 3 kWh, watches, stops and has the receipt",
    versions: ALL,
    needsApi: true,
    steps: (_version, { token }) => [
      { do: 'api', method: 'POST', path: `/v1/tokens/${token}/links`, body: { label: 'My contract' }, keep: { link: 'link' } },
      { do: 'awaitApi', path: '/driver/v1/evses/{station}*1', answer: { evseId: 1, availability: 'Available' } },
      { do: 'plugIn' },
      {
        do: 'api',
        method: 'POST',
        path: '/driver/v1/evses/{station}*1/start',
        body: { contractLink: '{link}', limit: { energyWh: 3_000 } },
        keep: { charge: 'key' },
        again: true,
      },
      { do: 'awaitApi', path: '/driver/v1/charges/{charge}', answer: { state: 'Charging' } },
      sessionIs({ state: 'Active', idToken: token, limit: { energyWh: 3_000 } }),
      // Soon: a start of 1.6 that is told more than a minute late was made offline, and answers no request.
      { do: 'charge', wh: 100 },
      { do: 'api', method: 'POST', path: '/driver/v1/charges/{charge}/stop', body: {} },
      { do: 'awaitApi', path: '/driver/v1/charges/{charge}', answer: { state: 'Ended', reason: 'Driver' } },
      { do: 'unplug' },
      { do: 'awaitApi', path: '/driver/v1/charges/{charge}', answer: { state: 'Unplugged' } },
      { do: 'awaitApi', path: '/driver/v1/charges/{charge}/receipt', answer: { final: true } },
      sessionIs({ endCause: 'Driver' }),
    ],
  },
  {
    name: 'driver-is-told',
    title: 'a driver is sent an e-mail as the charge begins, as it ends and as the car is unplugged, each once',
    versions: ALL,
    needsApi: true,
    steps: (_version, { token }) => [
      ...TOLD.map(
        (kind): Step => ({
          do: 'api',
          method: 'POST',
          path: '/v1/subscriptions',
          body: { channel: 'Email', target: `${token}@example.org`, filter: { kinds: [kind], idToken: token }, ownerKind: 'Driver' },
          keep: { [kind]: 'subscriptionId' },
        }),
      ),
      { do: 'plugIn' },
      { do: 'start', token },
      { do: 'charge', wh: 300 },
      { do: 'stop', token },
      { do: 'unplug' },
      ...TOLD.map(
        (kind): Step => ({
          do: 'awaitApi',
          path: `/v1/deliveries?subscriptionId={${kind}}`,
          answer: { data: [{ kind, state: 'Delivered' }] },
        }),
      ),
    ],
  },
  {
    name: 'socket-unlocked',
    title: 'the charge is over and the plug is stuck; somebody has the connector unlocked, and the car leaves',
    versions: ALL,
    needsApi: true,
    steps: (version, { token }) => [
      { do: 'plugIn' },
      { do: 'start', token },
      { do: 'charge', wh: 300 },
      { do: 'stop', token },
      sessionIs({ state: 'Ended', unpluggedAt: null }),
      {
        do: 'api',
        method: 'POST',
        path: '/v1/stations/{station}/commands/unlock-connector',
        body: { evseId: 1, connectorId: 1 },
        answer: { status: 'Accepted', stationStatus: 'Unlocked' },
      },
      { do: 'unplug' },
      milestones(version),
    ],
  },
];
