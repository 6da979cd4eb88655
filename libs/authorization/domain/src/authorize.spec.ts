import type { AllowedLimit, ContractAttributes, Fault, TokenAttributes } from '@voltlog/authorization-contract';
import { describe, expect, it } from 'vitest';
import { type AuthorizationPolicy, type AuthorizationQuestion, authorize, authorizeNobody, type Subject } from './authorize.js';
import type { KnownContract } from './contract.js';
import type { Place } from './places.js';
import { type KnownToken, UNKNOWN_TOKEN } from './token.state.js';

const now = Date.parse('2026-11-02T08:00:00.000Z');
const at = '2026-11-02T07:00:00.000Z';
const policy: AuthorizationPolicy = {
  cacheMs: 3_600_000,
  unknownTokens: 'reject',
  noAuthorization: 'accept',
  directPayment: 'accept',
  masterPassGroup: 'MASTER',
};
const question = (more: Partial<AuthorizationQuestion> = {}): AuthorizationQuestion => ({
  stationId: 'S',
  siteId: '',
  type: 'ISO14443',
  purpose: 'Identify',
  transactionKey: '',
  now,
  at: more.now ?? now,
  ...more,
});
const token = (more: Partial<TokenAttributes> & { readonly places?: readonly Place[] } = {}): KnownToken => ({
  kind: 'known',
  idToken: 'CARD',
  type: 'ISO14443',
  status: 'Active',
  concurrentTransactionsMax: 0,
  note: '',
  places: [],
  createdAt: at,
  updatedAt: at,
  revision: 1,
  ...more,
});
const contract = (more: Partial<ContractAttributes> & { readonly places?: readonly Place[] } = {}): KnownContract => ({
  kind: 'known',
  contractId: 'C',
  name: '',
  status: 'Active',
  concurrentTransactionsMax: 0,
  note: '',
  places: [],
  createdAt: at,
  updatedAt: at,
  revision: 1,
  ...more,
});
const placeAt = (stationId: string, key = 'a'): Place => ({ transactionKey: `${stationId}/${key}`, stationId, evseId: 0, startedAt: at });
const ask = (subject: Subject, more: Partial<AuthorizationQuestion> = {}) => authorize(question(more), subject, policy);
const start = (subject: Subject, transactionKey = 'S/a') => ask(subject, { purpose: 'Start', transactionKey });

describe('authorize', () => {
  it('lets a station answer from its cache until token or contract expires, or for as long as the operator says', () => {
    expect(ask({ token: token() })).toEqual({ status: 'Accepted', cacheExpiresAt: '2026-11-02T09:00:00.000Z' });
    const soon = token({ expiresAt: '2026-11-02T08:30:00.000Z' });
    expect(ask({ token: soon }).cacheExpiresAt).toBe('2026-11-02T08:30:00.000Z');
    expect(ask({ token: soon }, { now: now + 1_799_999 }).status).toBe('Accepted');
    expect(ask({ token: soon }, { now: now + 1_800_000 })).toEqual({ status: 'Expired', reason: 'TokenExpired' });
    const sooner = { token: token({ contractId: 'C' }), contract: contract({ expiresAt: '2026-11-02T08:15:00.000Z' }) };
    expect(ask(sooner).cacheExpiresAt).toBe('2026-11-02T08:15:00.000Z');
  });

  it('judges an offline start by when it began', () => {
    const expired = token({ expiresAt: '2026-11-02T07:30:00.000Z' });
    expect(ask({ token: expired }, { at: now - 1_800_001 }).status).toBe('Accepted');
    expect(ask({ token: expired }, { at: now - 1_800_000 }).status).toBe('Expired');
  });

  it.each([
    ['Blocked', { status: 'Blocked' }, 'Blocked'],
    ['Invalid', { status: 'Invalid' }, 'Invalid'],
    ['NotYetValid', { validFrom: '2026-11-02T08:00:00.001Z' }, 'NotAtThisTime'],
    ['Expired', { expiresAt: '2026-11-02T08:00:00.000Z' }, 'Expired'],
    ['NotHere', { siteIds: ['elsewhere'] }, 'NotAtThisLocation'],
    ['NotHere', { stationIds: ['T'] }, 'NotAtThisLocation'],
  ] as const)('tells %s of a token and of a contract: %j is %s', (fault: Fault, more, status) => {
    expect(ask({ token: token(more) })).toEqual({ status, reason: `Token${fault}` });
    expect(ask({ token: token({ contractId: 'C' }), contract: contract({ ...more, groupId: 'FLEET' }) })).toEqual({
      status,
      reason: `Contract${fault}`,
      groupId: 'FLEET',
      contractId: 'C',
    });
  });

  it.each([
    [{ validFrom: '2026-11-02T08:00:00.000Z' }],
    [{ siteIds: ['here'] }],
    [{ stationIds: ['S'] }],
    [{ siteIds: ['elsewhere'], stationIds: ['S'] }],
  ])('lets through where the rules %j allow it', (more) => {
    expect(ask({ token: token(more) }, { siteId: 'here' }).status).toBe('Accepted');
    expect(ask({ token: token({ contractId: 'C' }), contract: contract(more) }, { siteId: 'here' }).status).toBe('Accepted');
  });

  it('lets nobody in by a contract that is not there', () => {
    expect(ask({ token: token({ contractId: 'C' }) })).toMatchObject({ status: 'Invalid', reason: 'ContractUnknown' });
  });

  it('says of a start whether a place is needed, of the token or of its contract', () => {
    const full = token({ concurrentTransactionsMax: 1, places: [placeAt('S')] });
    expect(start({ token: full }).needs).toBeUndefined();
    expect(start({ token: full }, 'S/b').needs).toBe('place');
    expect(ask({ token: full }, { stationId: 'T' })).toMatchObject({ status: 'ConcurrentTx', needs: 'verify' });
    expect(ask({ token: full }, { stationId: 'T', purpose: 'Stop' }).status).toBe('Accepted');
    const ofContract = { token: token({ contractId: 'C' }), contract: contract({ concurrentTransactionsMax: 1, places: [placeAt('S')] }) };
    expect(start(ofContract).needs).toBeUndefined();
    expect(start(ofContract, 'S/b').needs).toBe('place');
    expect(ask(ofContract, { stationId: 'T' })).toMatchObject({ status: 'ConcurrentTx', needs: 'verify', contractId: 'C' });
    expect(ask(ofContract).status).toBe('Accepted');
    const oneOfTwo = {
      token: token({ contractId: 'C', concurrentTransactionsMax: 1, places: [placeAt('S')] }),
      contract: contract({ concurrentTransactionsMax: 1 }),
    };
    expect(start(oneOfTwo).needs).toBe('place');
  });

  it('lets a master pass identify and stop, and start nothing (OCPP 2.0.1 C16)', () => {
    const master = { token: token({ groupId: 'master' }) };
    expect(ask(master)).toMatchObject({ status: 'Accepted', groupId: 'master' });
    expect(ask(master, { purpose: 'Stop' }).status).toBe('Accepted');
    expect(start(master)).toEqual({ status: 'Blocked', reason: 'MasterPassMayNotStart', groupId: 'master' });
    expect(start({ token: token({ groupId: 'other' }) }).status).toBe('Accepted');
    expect(authorize(question({ purpose: 'Start', transactionKey: 'S/a' }), master, { ...policy, masterPassGroup: undefined }).status).toBe(
      'Accepted',
    );
  });

  it('tells the group of the contract where the token has none of its own', () => {
    const ofContract = contract({ groupId: 'FAMILY' });
    expect(ask({ token: token({ contractId: 'C' }), contract: ofContract }).groupId).toBe('FAMILY');
    expect(ask({ token: token({ contractId: 'C', groupId: 'OWN' }), contract: ofContract }).groupId).toBe('OWN');
  });

  it('tells the tighter of what the contract allows a session and what budgets leave', () => {
    const left: AllowedLimit = { energyWh: 5_000, cost: { amount: '12.50', currency: 'EUR' } };
    const ofContract = contract({ sessionLimit: { energyWh: 9_000, durationSeconds: 60, cost: { amount: '9', currency: 'EUR' } } });
    const subject = { token: token({ contractId: 'C' }), contract: ofContract, left };
    expect(start(subject).limit).toEqual({ energyWh: 5_000, durationSeconds: 60, cost: { amount: '9', currency: 'EUR' } });
    expect(ask(subject, { purpose: 'Stop' }).limit).toBeUndefined();
    expect(start({ token: token() }).limit).toBeUndefined();
  });

  it('starts nothing on a budget that is used up, and locks nobody in', () => {
    const subject = { token: token(), left: 'exhausted' } as const;
    expect(start(subject)).toEqual({ status: 'NoCredit', reason: 'BudgetExhausted' });
    expect(ask(subject).status).toBe('NoCredit');
    expect(ask(subject, { purpose: 'Stop' }).status).toBe('Accepted');
    expect(ask({ ...subject, charging: true }).status).toBe('Accepted');
    const holds = { ...subject, token: token({ concurrentTransactionsMax: 1, places: [placeAt('S')] }) };
    expect(start(holds).status).toBe('Accepted');
    expect(start(holds, 'S/b').status).toBe('NoCredit');
  });

  it.each(['RequestStart', 'Reserve'] as const)(
    'judges %s as a start that takes no place: nobody wants to stop anything by it',
    (purpose) => {
      const full = token({ concurrentTransactionsMax: 1, places: [placeAt('S')] });
      expect(ask({ token: full }).status).toBe('Accepted');
      expect(ask({ token: full }, { purpose })).toEqual({ status: 'ConcurrentTx', reason: 'ConcurrentLimit', needs: 'verify' });
      expect(ask({ token: token({ concurrentTransactionsMax: 2, places: [placeAt('S')] }) }, { purpose }).needs).toBeUndefined();
      expect(ask({ token: token(), left: 'exhausted', charging: true }, { purpose }).reason).toBe('BudgetExhausted');
      expect(ask({ token: token({ groupId: 'master' }) }, { purpose }).reason).toBe('MasterPassMayNotStart');
      expect(ask({ token: token({ status: 'Blocked' }) }, { purpose }).reason).toBe('TokenBlocked');
      expect(ask({ token: UNKNOWN_TOKEN }, { purpose }).reason).toBe('TokenUnknown');
      expect(ask({ token: token() }, { purpose }).status).toBe('Accepted');
    },
  );

  it('judges a reservation by when it begins: what is used up now may be free then, what is no longer valid is not', () => {
    const later = { purpose: 'Reserve', at: now + 1 } as const;
    const full = token({ concurrentTransactionsMax: 1, places: [placeAt('S')] });
    expect(ask({ token: full, left: 'exhausted' }, later).status).toBe('Accepted');
    expect(ask({ token: full }, { ...later, at: now }).status).toBe('ConcurrentTx');
    const ends = token({ expiresAt: '2026-11-02T09:00:00.000Z' });
    expect(ask({ token: ends }, { purpose: 'Reserve', at: now + 3_599_999 }).status).toBe('Accepted');
    expect(ask({ token: ends }, { purpose: 'Reserve', at: now + 3_600_000 }).reason).toBe('TokenExpired');
    expect(ask({ token: token({ groupId: 'master' }) }, later).reason).toBe('MasterPassMayNotStart');
  });

  it('takes a payment at the terminal as what it is, unless the operator says otherwise (OCPP 2.1 C25)', () => {
    expect(ask({ token: UNKNOWN_TOKEN }, { type: 'DirectPayment' })).toEqual({ status: 'Accepted', reason: 'DirectPaymentAccepted' });
    expect(ask({ token: UNKNOWN_TOKEN })).toEqual({ status: 'Unknown', reason: 'TokenUnknown' });
    const no = { ...policy, directPayment: 'reject' } as const;
    expect(authorize(question({ type: 'DirectPayment' }), { token: UNKNOWN_TOKEN }, no).status).toBe('Unknown');
    expect(ask({ token: token({ status: 'Blocked' }) }, { type: 'DirectPayment' }).status).toBe('Blocked');
  });

  it('follows the policy where nobody is asked, and lets whoever charges stop', () => {
    expect(authorizeNobody('Start', policy).status).toBe('Accepted');
    const no = { ...policy, noAuthorization: 'reject' } as const;
    expect(authorizeNobody('Start', no)).toEqual({ status: 'Invalid', reason: 'NoAuthorizationRefused' });
    expect(authorizeNobody('Identify', no).status).toBe('Invalid');
    expect(authorizeNobody('Stop', no).status).toBe('Accepted');
  });
});
