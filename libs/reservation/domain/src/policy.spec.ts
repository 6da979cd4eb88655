import { given } from '@voltlog/testing';
import { describe, expect, it } from 'vitest';
import { claim } from './claims.js';
import { DEFAULT_POLICY, policyDecider, policyProblem } from './policy.js';

const put = (change: object = {}, expectedRevision = 0) => ({
  kind: 'PutPolicy' as const,
  siteId: 'depot',
  policy: { ...DEFAULT_POLICY, ...change },
  expectedRevision,
  now: 0,
});
const changed = (change: object = {}) => ({
  type: 'voltlog.reservation.ReservationPolicyChanged.v1' as const,
  data: { siteId: 'depot', ...DEFAULT_POLICY, ...change, at: '1970-01-01T00:00:00.000Z' },
});

describe('the policy of a site', () => {
  it('is put whole; the same again changes nothing', () => {
    given(policyDecider).when(put()).then(changed());
    given(policyDecider, changed()).when(put()).thenNothing();
    given(policyDecider, changed())
      .when(put({ activePerTokenMax: 2 }))
      .then(changed({ activePerTokenMax: 2 }));
  });

  it('is not overwritten by who has not seen it', () => {
    given(policyDecider, changed())
      .when(put({ enabled: false }, 2))
      .thenRefuses('RevisionMismatch');
    given(policyDecider, changed())
      .when(put({ enabled: false }, 1))
      .then(changed({ enabled: false }));
    given(policyDecider).when(put({}, 1)).thenRefuses('RevisionMismatch');
  });

  it.each([
    [{}, undefined],
    [{ lengthSecondsMax: 59 }, 'lengthSecondsMax'],
    [{ lengthSecondsMax: 60, lengthSecondsDefault: 60, expiringNoticeSeconds: 60 }, undefined],
    [{ lengthSecondsMax: 7 * 86_400 + 1 }, 'lengthSecondsMax'],
    [{ lengthSecondsDefault: 2 * 3_600 + 1 }, 'lengthSecondsDefault'],
    [{ leadSecondsMax: 365 * 86_400 }, undefined],
    [{ leadSecondsMax: 365 * 86_400 + 1 }, 'leadSecondsMax'],
    [{ activePerTokenMax: 101 }, 'activePerTokenMax'],
    [{ expiringNoticeSeconds: -1 }, 'expiringNoticeSeconds'],
    [{ keepFreeSeconds: 14_400 }, undefined],
    [{ keepFreeSeconds: 14_401 }, 'keepFreeSeconds'],
    [{ openingHours: [{ weekday: 7, from: '23:59', until: '24:00' }] }, undefined],
    [{ openingHours: [{ weekday: 8, from: '00:00', until: '24:00' }] }, 'openingHours[0]'],
    [{ openingHours: [{ weekday: 1, from: '24:00', until: '24:00' }] }, 'openingHours[0]'],
    [{ openingHours: [{ weekday: 1, from: '9:00', until: '12:00' }] }, 'openingHours[0]'],
    [{ openingHours: Array.from({ length: 51 }, () => ({ weekday: 1, from: '09:00', until: '12:00' })) }, 'at most 50'],
  ])('%j', (change, problem) => {
    const found = policyProblem({ ...DEFAULT_POLICY, ...change });
    if (problem === undefined) expect(found).toBeUndefined();
    else expect(found).toContain(problem);
  });
});

describe('a claim of a token', () => {
  const one = { reservationId: 'R1', stationId: 'S1', expiresAt: '2026-03-02T08:30:00.000Z', at: '2026-03-02T08:00:00.000Z' };
  const two = { ...one, reservationId: 'R2' };

  it('counts until it expires, once per reservation, up to the limit', () => {
    expect(claim([], one, 1, one.at)).toEqual({ kind: 'claimed', claims: [one] });
    expect(claim([one], two, 1, one.at)).toEqual({ kind: 'full' });
    expect(claim([one], two, 2, one.at)).toEqual({ kind: 'claimed', claims: [one, two] });
    expect(claim([one], two, 0, one.at)).toEqual({ kind: 'claimed', claims: [one, two] });
    const moved = { ...one, stationId: 'S2' };
    expect(claim([one], moved, 1, one.at, ['S1'])).toEqual({ kind: 'claimed', claims: [moved] });
    expect(claim([one], moved, 1, one.at)).toEqual({ kind: 'elsewhere', stationId: 'S1' });
    expect(claim([one], two, 1, one.expiresAt)).toEqual({ kind: 'claimed', claims: [two] });
    expect(claim([one], two, 1, '2026-03-02T08:29:59.999Z')).toEqual({ kind: 'full' });
  });
});
