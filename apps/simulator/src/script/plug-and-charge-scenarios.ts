import type { Scenario } from './scenarios.js';

const ALL = ['1.6', '2.0.1', '2.1'] as const;
const NEEDS = 'the test PKI (`DEVICE_TEST_PKI=true`)';

/** A car with a contract instead of a card. */
export const PLUG_AND_CHARGE_SCENARIOS: readonly Scenario[] = [
  {
    name: 'contract-certificate',
    title: 'a car gets a contract certificate through the station, and a new one in its place',
    versions: ALL,
    needs: NEEDS,
    needsApi: true,
    steps: () => [
      { do: 'plugIn' },
      { do: 'giveContract' },
      { do: 'updateContract' },
      { do: 'plugAndCharge', by: 'chain', certificateStatus: 'Accepted' },
      { do: 'charge', wh: 500 },
      { do: 'unplug' },
      { do: 'awaitApi', path: '/v1/sessions/{session}', answer: { state: 'Ended' } },
    ],
  },
  {
    name: 'plug-and-charge',
    title: 'a car charges with its contract certificate, and no more once that is revoked',
    versions: ALL,
    needs: NEEDS,
    needsApi: true,
    steps: () => [
      { do: 'plugIn' },
      { do: 'giveContract' },
      { do: 'plugAndCharge', by: 'hash', certificateStatus: 'Accepted' },
      { do: 'charge', wh: 500 },
      { do: 'unplug' },
      { do: 'awaitApi', path: '/v1/sessions/{session}', answer: { state: 'Ended' } },
      { do: 'revokeContract' },
      { do: 'plugIn' },
      { do: 'plugAndCharge', by: 'hash', certificateStatus: 'CertificateRevoked' },
      { do: 'plugAndCharge', by: 'chain', certificateStatus: 'CertificateRevoked' },
      { do: 'unplug' },
    ],
  },
];
