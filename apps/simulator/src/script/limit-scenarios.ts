import type { OcppVersion, Payload } from '../station/protocol.js';
import { card } from './preparations.js';
import type { Scenario } from './scenarios.js';
import type { Step } from './steps.js';

const ALL = ['1.6', '2.0.1', '2.1'] as const;

const stopAction = (version: OcppVersion): string => (version === '1.6' ? 'RemoteStopTransaction' : 'RequestStopTransaction');

/** Somebody asks for a charge with a limit; the CSMS ends it there. */
const limited =
  (limit: Payload, before: readonly Step[] = [], isStopped = stopped): Scenario['steps'] =>
  (version, { token }) => [
    ...before,
    { do: 'plugIn' },
    {
      do: 'api',
      method: 'POST',
      path: '/v1/start-requests',
      body: { stationId: '{station}', evseId: 1, idToken: token, limit },
      answer: { state: 'Accepted' },
    },
    { do: 'awaitApi', path: '/v1/sessions/{session}', answer: { state: 'Active', limit } },
    { do: 'chargeUntilStopped', minutes: 40 },
    ...isStopped(version),
    ...freed('Limit'),
  ];

/** A station of 2.1 keeps the limit itself and is not asked to stop. */
const stopped = (version: OcppVersion): readonly Step[] => (version === '2.1' ? [] : awaitStop(version));
const awaitStop = (version: OcppVersion): readonly Step[] => [
  { do: 'awaitCommand', action: stopAction(version), withinSeconds: AGAIN_SECONDS },
];

const freed = (endCause: string): readonly Step[] => [
  { do: 'awaitApi', path: '/v1/sessions/{session}', answer: { state: 'Ended', endCause } },
  { do: 'unplug' },
];

/** Seconds that the limit in time gives: real ones, for the CSMS's clock is the true one. */
const LIMIT_SECONDS = 5;
/** Until a stop that was not answered is sent again: the CSMS's deadline of a command, and a pause. */
const AGAIN_SECONDS = 75;

/** Charges that the CSMS ends by itself, or that somebody ends through it. */
export const LIMIT_SCENARIOS: readonly Scenario[] = [
  {
    name: 'limit-energy',
    title: 'a charge that was asked for with 2 kWh; the CSMS stops it there',
    versions: ALL,
    needsApi: true,
    steps: limited({ energyWh: 2_000 }),
  },
  {
    name: 'limit-time',
    title: `a running charge is limited to ${LIMIT_SECONDS} seconds; the CSMS stops it without a reading`,
    versions: ALL,
    needsApi: true,
    steps: (version, { token }) => [
      { do: 'plugIn' },
      { do: 'start', token },
      { do: 'charge', wh: 300 },
      { do: 'api', method: 'PUT', path: '/v1/sessions/{session}/limit', body: { durationSeconds: LIMIT_SECONDS } },
      // A station of 2.1 is told with its next answer.
      ...(version === '2.1' ? [{ do: 'chargeUntilStopped', minutes: 10 } as const] : stopped(version)),
      ...freed('Limit'),
    ],
  },
  {
    name: 'limit-cost',
    title: 'a charge that was asked for with 1 EUR, at 0.50 EUR a kWh; the CSMS stops it there',
    versions: ALL,
    needsApi: true,
    steps: limited(
      { cost: { amount: '1.00', currency: 'EUR' } },
      [{ do: 'api', method: 'PUT', path: '/v1/prices/station:{station}', body: { currency: 'EUR', perKwh: '0.50' } }],
      // A 2.1 station knows no price and is stopped like the others.
      awaitStop,
    ),
  },
  {
    name: 'limit-soc',
    title: 'a charge that was asked for up to 33 % of the battery; the CSMS stops it there',
    versions: ALL,
    needsApi: true,
    steps: limited({ stateOfChargePercent: 33 }),
  },
  {
    name: 'limit-contract',
    title: 'a card of a contract that allows 1 kWh a session; the CSMS stops it there',
    versions: ALL,
    needsApi: true,
    needs: '`token` of a contract with a sessionLimit of 1 kWh',
    prepare: ({ token }) => [
      { path: `/v1/contracts/${token}`, body: { name: 'a little', sessionLimit: { energyWh: 1_000 } } },
      card(token, { contractId: token }),
    ],
    steps: (version, { token }) => [
      { do: 'plugIn' },
      { do: 'start', token },
      { do: 'chargeUntilStopped', minutes: 40 },
      ...stopped(version),
      ...freed('Limit'),
    ],
  },
  {
    name: 'lost-remote-stop',
    title: 'an operator stops a charge, and the station never hears of it; the CSMS asks again',
    versions: ALL,
    needsApi: true,
    steps: (version, { token }) => [
      { do: 'plugIn' },
      { do: 'start', token },
      { do: 'charge', wh: 300 },
      { do: 'ignoreCommands', action: stopAction(version), count: 1 },
      {
        do: 'api',
        method: 'POST',
        path: '/v1/sessions/{session}/stop',
        body: {},
        answer: { stationStatus: 'TimedOut' },
        withinSeconds: AGAIN_SECONDS,
      },
      { do: 'awaitCommand', action: stopAction(version), count: 2, withinSeconds: AGAIN_SECONDS },
      ...freed('Operator'),
    ],
  },
];
