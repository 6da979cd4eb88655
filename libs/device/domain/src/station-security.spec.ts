import type { StationEvent } from '@voltlog/device-contract';
import { fold } from '@voltlog/kernel';
import { given } from '@voltlog/testing';
import { describe, expect, it } from 'vitest';
import { stationDecider } from './station.decider.js';
import { CERTIFICATES_MAX, REVOKED_MAX, type StationSecurity } from './station-security.js';

const at = '2026-11-23T10:00:00.000Z';
const now = Date.parse(at);
const stationId = 'CP-1';
const registered: StationEvent = {
  type: 'voltlog.device.StationRegistered.v1',
  data: { stationId, siteId: '', name: '', evses: [], at },
};
const event = (name: string, data: object): StationEvent =>
  ({ type: `voltlog.device.${name}.v1`, data: { stationId, at, ...data } }) as object as StationEvent;
const offered = event('StationCredentialOffered', { changeId: 'c1', passwordHash: 'new' });
const certificate = (serialNumber: string) => ({
  serialNumber,
  certificateType: 'ChargingStationCertificate',
  certificateChain: 'PEM',
  fingerprint: 'ab',
  notBefore: at,
  notAfter: '2027-11-23T10:00:00.000Z',
});
const issued = (serialNumber: string) => event('StationCertificateIssued', certificate(serialNumber));
const started = (fromProfile: number, toProfile: number, enforce = true) =>
  event('SecurityProfileChangeStarted', { changeId: 'p1', fromProfile, toProfile, enforce });
const station = (...events: StationEvent[]) => given(stationDecider, registered, ...events);
const securityAfter = (...events: StationEvent[]): StationSecurity => {
  const state = fold(stationDecider, [registered, ...events]);
  if (state.kind === 'none') throw new Error('it is registered');
  return state.security;
};

describe('the least security profile', () => {
  it('is set, and once', () => {
    const command = { kind: 'RequireSecurityProfile' as const, securityProfileMin: 2, now };
    station()
      .when(command)
      .then(event('StationSecurityProfileRequired', { securityProfileMin: 2 }));
    station(event('StationSecurityProfileRequired', { securityProfileMin: 2 }))
      .when(command)
      .thenNothing();
  });
});

describe('a change of password', () => {
  const offer = { kind: 'OfferCredential' as const, changeId: 'c1', passwordHash: 'new', now };

  it('is offered, one at a time', () => {
    station().when(offer).then(offered);
    station(offered)
      .when({ ...offer, changeId: 'c2' })
      .thenRefuses('PasswordChangeUnderWay');
  });

  it('counts once the station showed the new one', () => {
    station(offered)
      .when({ kind: 'SettleCredential', changeId: 'c1', now })
      .then(event('StationCredentialSet', { passwordHash: 'new' }));
    station().when({ kind: 'SettleCredential', changeId: 'c1', now }).thenNothing();
    const state = fold(stationDecider, [registered, offered, event('StationCredentialSet', { passwordHash: 'new' })]);
    expect(state).toMatchObject({ passwordHash: 'new', security: { offered: null } });
  });

  it('does not count because an earlier one was shown: the station need not have it', () => {
    const withdrawn = event('StationCredentialWithdrawn', { changeId: 'c1', reason: 'Rejected' });
    const again = event('StationCredentialOffered', { changeId: 'c2', passwordHash: 'newer' });
    const later = station(offered, withdrawn, again);
    later.when({ kind: 'SettleCredential', changeId: 'c1', now }).thenNothing();
    later.when({ kind: 'SettleCredential', changeId: 'c2', now }).then(event('StationCredentialSet', { passwordHash: 'newer' }));
  });

  describe('while another one is set by hand', () => {
    const byHand = (changeId: string, passwordHash: string) => ({ kind: 'SetCredential' as const, changeId, passwordHash, now });
    const set = (passwordHash: string) => event('StationCredentialSet', { passwordHash });
    const offeredByHand = (changeId: string, passwordHash: string) =>
      event('StationCredentialOffered', { changeId, passwordHash, byHand: true });

    it('goes on to count, as the station may have it, until it shows the one that was set', () => {
      station().when(byHand('c2', 'hand')).then(set('hand'));
      station(offered).when(byHand('c2', 'hand')).then(set('new'), offeredByHand('c2', 'hand'));
      const both = [offered, set('new'), offeredByHand('c2', 'hand')];
      expect(fold(stationDecider, [registered, ...both])).toMatchObject({
        passwordHash: 'new',
        security: { offered: { passwordHash: 'hand', byHand: true } },
      });
      const later = station(...both);
      later.when({ kind: 'SettleCredential', changeId: 'c1', now }).thenNothing();
      later.when({ kind: 'SettleCredential', changeId: 'c2', now }).then(set('hand'));
      later.when({ ...offer, changeId: 'c3' }).thenRefuses('PasswordChangeUnderWay');
    });

    it('does so too when a third one is set by hand, in place of the second', () => {
      station(offered, set('new'), offeredByHand('c2', 'hand'))
        .when(byHand('c3', 'third'))
        .then(event('StationCredentialWithdrawn', { changeId: 'c2', reason: 'another one was set by hand' }), offeredByHand('c3', 'third'));
    });
  });

  it('is taken back by its own id alone', () => {
    const withdraw = { kind: 'WithdrawCredential' as const, changeId: 'c1', reason: 'Rejected', now };
    station(offered)
      .when(withdraw)
      .then(event('StationCredentialWithdrawn', { changeId: 'c1', reason: 'Rejected' }));
    station(offered)
      .when({ ...withdraw, changeId: 'c0' })
      .thenNothing();
    expect(securityAfter(offered, event('StationCredentialWithdrawn', { changeId: 'c1', reason: '' })).offered).toBeNull();
  });
});

describe('certificates', () => {
  it('are issued, and installed once', () => {
    station()
      .when({ kind: 'IssueCertificate', certificate: certificate('a1'), now })
      .then(issued('a1'));
    const installed = { kind: 'ReportCertificateInstalled' as const, serialNumber: 'a1', now };
    station(issued('a1'))
      .when(installed)
      .then(event('StationCertificateInstalled', { serialNumber: 'a1' }));
    station(issued('a1'), event('StationCertificateInstalled', { serialNumber: 'a1' }))
      .when(installed)
      .thenNothing();
    station().when(installed).thenNothing();
  });

  it('of an undelivered one it may turn out that the station has it; of a revoked one not', () => {
    const lost = event('StationCertificateNotInstalled', { serialNumber: 'a1', outcome: 'Undelivered', reason: 'away' });
    const revoked = event('StationCertificateRevoked', { serialNumber: 'a1', reason: 'stolen' });
    const installed = { kind: 'ReportCertificateInstalled' as const, serialNumber: 'a1', now };
    station(issued('a1'), lost)
      .when(installed)
      .then(event('StationCertificateInstalled', { serialNumber: 'a1' }));
    station(issued('a1'), revoked).when(installed).thenNothing();
  });

  it('are revoked once, also one that was not issued here', () => {
    const revoke = { kind: 'RevokeCertificate' as const, serialNumber: 'ff', reason: 'stolen', now };
    const revoked = event('StationCertificateRevoked', { serialNumber: 'ff', reason: 'stolen' });
    station().when(revoke).then(revoked);
    station(revoked).when(revoke).thenNothing();
    expect(securityAfter(issued('ff'), revoked)).toMatchObject({
      revoked: ['ff'],
      certificates: [{ status: 'Revoked', reason: 'stolen' }],
    });
  });

  describe('that are revoked', () => {
    const revoked = (serialNumber: string, more: object = {}) =>
      event('StationCertificateRevoked', { serialNumber, reason: 'stolen', ...more });
    const all = Array.from({ length: REVOKED_MAX }, (_, i) => [issued(`${i}`), revoked(`${i}`)]).flat();
    const late = '2027-11-23T10:00:00.001Z';
    const revoke = { kind: 'RevokeCertificate' as const, serialNumber: 'ff', reason: 'stolen', now };

    it('are not forgotten before they expire: one too many is refused', () => {
      station(...all.slice(0, -1))
        .when(revoke)
        .then(revoked('ff'));
      station(...all)
        .when(revoke)
        .thenRefuses('TooManyRevoked');
      expect(securityAfter(...all, revoked('ff')).revoked).toHaveLength(REVOKED_MAX + 1);
    });

    it('make room once they have expired, and those of which it is not known do not', () => {
      station(...all)
        .when({ ...revoke, now: Date.parse(late) })
        .then(revoked('ff', { at: late }));
      expect(securityAfter(revoked('ee'), ...all, revoked('ff', { at: late })).revoked).toEqual(['ff', 'ee']);
      expect(securityAfter(...all, revoked('ff', { at: '2027-11-23T10:00:00.000Z' })).revoked).toHaveLength(REVOKED_MAX + 1);
    });
  });

  it('are remembered up to a number, newest first', () => {
    const { certificates } = securityAfter(...Array.from({ length: CERTIFICATES_MAX + 1 }, (_, i) => issued(`${i}`)));
    expect([certificates.length, certificates[0]?.serialNumber]).toEqual([CERTIFICATES_MAX, `${CERTIFICATES_MAX}`]);
  });

  it('a refused CSR is told until there is a good one', () => {
    const refusal = { certificateType: 'ChargingStationCertificate', reason: 'NameMismatch', detail: 'is for CP-2' };
    const refusedCsr = event('CertificateRequestRefused', refusal);
    station().when({ kind: 'RefuseCertificateRequest', refusal, now }).then(refusedCsr);
    expect(securityAfter(refusedCsr).csrRefusal).toBe('is for CP-2');
    expect(securityAfter(refusedCsr, issued('a1')).csrRefusal).toBe('');
  });
});

describe('a change of profile', () => {
  const start = {
    kind: 'StartProfileChange' as const,
    changeId: 'p1',
    fromProfile: 1,
    toProfile: 2,
    enforce: true,
    allowDowngrade: false,
    now,
  };

  it('goes up; down only when that is said', () => {
    station().when(start).then(started(1, 2));
    station()
      .when({ ...start, fromProfile: 2 })
      .thenRefuses('ProfileUnchanged');
    station()
      .when({ ...start, fromProfile: 3, toProfile: 2 })
      .thenRefuses('DowngradeNotAllowed');
    station()
      .when({ ...start, fromProfile: 3, toProfile: 2, allowDowngrade: true })
      .then(started(3, 2));
  });

  it('down lowers what is required first, so that the station is let in', () => {
    const required = (securityProfileMin: number) => event('StationSecurityProfileRequired', { securityProfileMin });
    station(required(3))
      .when({ ...start, fromProfile: 3, toProfile: 1, allowDowngrade: true })
      .then(required(1), started(3, 1));
  });

  it('is one at a time', () => {
    station(started(1, 2))
      .when({ ...start, changeId: 'p2' })
      .thenRefuses('ProfileChangeUnderWay');
  });

  it('advances, ends, and then required what was asked for', () => {
    const advance = { kind: 'AdvanceProfileChange' as const, changeId: 'p1', phase: 'Switch' as const, now };
    const advanced = event('SecurityProfileChangeAdvanced', { changeId: 'p1', phase: 'Switch' });
    station(started(1, 2)).when(advance).then(advanced);
    station(started(1, 2), advanced).when(advance).thenNothing();
    const ended = event('SecurityProfileChangeEnded', { changeId: 'p1', outcome: 'Completed', reason: '' });
    const end = { kind: 'EndProfileChange' as const, changeId: 'p1', outcome: 'Completed' as const, reason: '', now };
    station(started(1, 2))
      .when(end)
      .then(ended, event('StationSecurityProfileRequired', { securityProfileMin: 2 }));
    station(started(1, 2, false))
      .when(end)
      .then(ended);
    station(started(1, 2), ended).when(end).thenNothing();
    station(started(1, 2), ended).when(advance).thenNothing();
  });

  it('that failed requires nothing', () => {
    const end = { kind: 'EndProfileChange' as const, changeId: 'p1', outcome: 'RolledBack' as const, reason: 'is back on 1', now };
    station(started(1, 2))
      .when(end)
      .then(event('SecurityProfileChangeEnded', { changeId: 'p1', outcome: 'RolledBack', reason: 'is back on 1' }));
  });
});
