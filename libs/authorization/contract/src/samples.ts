import type { AuthorizationEvents } from './authorization-events.js';

/** Recorded data of every event type, never edited: what was published once must load for ever. */
export const AUTHORIZATION_SAMPLES: { readonly [Type in keyof AuthorizationEvents]: readonly AuthorizationEvents[Type][] } = {
  'voltlog.authorization.TokenRegistered.v1': [
    { idToken: 'B4A63CDF', type: 'ISO14443', status: 'Active', concurrentTransactionsMax: 0, note: '', at: '2026-11-02T09:00:00.000Z', version: 1 },
    {
      idToken: 'NL-TNM-C00122045-K',
      type: 'eMAID',
      status: 'Active',
      expiresAt: '2028-01-01T00:00:00.000Z',
      groupId: 'FLEET-7',
      concurrentTransactionsMax: 1,
      note: 'van 12',
      at: '2026-11-02T09:00:01.000Z',
      version: 1,
    },
  ],
  'voltlog.authorization.TokenChanged.v1': [
    { idToken: 'B4A63CDF', type: 'ISO14443', status: 'Blocked', concurrentTransactionsMax: 0, note: 'card lost', at: '2026-11-03T10:15:00.000Z', version: 2 },
  ],
  'voltlog.authorization.TransactionPermitted.v1': [
    {
      idToken: 'NL-TNM-C00122045-K',
      transactionKey: 'CP-0001/7d1c0d0e5a6b4f2f',
      stationId: 'CP-0001',
      evseId: 1,
      startedAt: '2026-11-03T10:20:00.000Z',
      overLimit: false,
      at: '2026-11-03T10:20:00.412Z',
      version: 2,
    },
  ],
  'voltlog.authorization.TransactionReleased.v1': [
    { idToken: 'NL-TNM-C00122045-K', transactionKey: 'CP-0001/7d1c0d0e5a6b4f2f', stationId: 'CP-0001', cause: 'Ended', at: '2026-11-03T11:02:10.000Z', version: 3 },
  ],
  'voltlog.authorization.AuthorizationDecided.v1': [
    {
      decisionId: '0193c1a0-7f3a-7000-8000-000000000001',
      stationId: 'CP-0001',
      evseId: 0,
      idToken: 'B4A63CDF',
      type: 'Local',
      purpose: 'Identify',
      offline: false,
      status: 'Accepted',
      cacheExpiresAt: '2026-11-04T10:20:00.000Z',
      at: '2026-11-03T10:20:00.000Z',
    },
    {
      decisionId: '0193c1a0-7f3a-7000-8000-000000000002',
      stationId: 'CP-0002',
      evseId: 1,
      idToken: 'NL-TNM-C00122045-K',
      type: 'eMAID',
      purpose: 'Start',
      transactionKey: 'CP-0002/AB-77',
      occurredAt: '2026-11-03T10:21:00.000Z',
      offline: false,
      status: 'ConcurrentTx',
      reason: 'ConcurrentLimit',
      groupId: 'FLEET-7',
      at: '2026-11-03T10:21:00.300Z',
    },
  ],
};
