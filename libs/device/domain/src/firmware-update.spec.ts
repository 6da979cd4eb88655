import type { FirmwareUpdateEvent } from '@voltlog/device-contract';
import { fold, isoTime } from '@voltlog/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FirmwareUpdateCommand, firmwareUpdateDecider, isOfUpdate, mayRunImage, UPDATE_STEPS_MAX } from './firmware-update.decider.js';

const T0 = Date.parse('2026-11-26T01:00:00.000Z');
const MINUTE = 60_000;
const PLAN = { wave: 1, version: '2.0.0', fromVersion: '1.0.0', timeZone: 'UTC', proof: 'Boot', attemptsMax: 2, retryMinutes: 30 } as const;
const plan = (change: { proof?: 'Boot' | 'Installed'; fromVersion?: string; attemptsMax?: number } = {}): FirmwareUpdateCommand => ({
  kind: 'PlanUpdate',
  campaignId: 'c',
  stationId: 'CP-1',
  plan: { ...PLAN, ...change },
  now: T0,
});
const queue = (now = T0, via = ''): FirmwareUpdateCommand => ({ kind: 'QueueUpdate', jobId: 'j', requestId: 7, via, now });
const answer = (state: string, stationStatus = state, now = T0): FirmwareUpdateCommand => ({
  kind: 'ReportAnswer',
  jobId: 'j',
  state,
  stationStatus,
  reason: '',
  now,
});
const status = (word: string, requestId: number | undefined = 7, now = T0): FirmwareUpdateCommand => ({
  kind: 'ReportStatus',
  status: word,
  requestId,
  now,
});
const boot = (version: string, now = T0): FirmwareUpdateCommand => ({ kind: 'ReportBoot', version, now });

function run(...commands: readonly FirmwareUpdateCommand[]) {
  const events: FirmwareUpdateEvent[] = [];
  for (const command of commands) {
    const decision = firmwareUpdateDecider.decide(command, fold(firmwareUpdateDecider, events));
    if (decision.ok) events.push(...decision.events);
  }
  return { state: fold(firmwareUpdateDecider, events), events };
}
const begun = [plan(), queue(), answer('Accepted')] as const;

describe('a firmware update', () => {
  it('is done once the station boots with the version, and says what shows it', () => {
    const words = ['Downloading', 'Downloaded', 'Installing', 'Installed'].map((word) => status(word));
    expect(run(...begun, ...words).state).toMatchObject({ state: 'Updating', status: 'Installed' });
    expect(run(...begun, ...words, boot('2.0.0')).state).toMatchObject({ state: 'Updated', evidence: 'Boot' });
    expect(run(plan({ proof: 'Installed' }), queue(), answer('Accepted'), ...words).state).toMatchObject({
      state: 'Updated',
      evidence: 'Installed',
    });
  });

  it.each([
    ['planned', [plan()], undefined, false],
    ['planned', [plan()], 0, false],
    ['queued', [plan(), queue()], undefined, true],
    ['queued', [plan(), queue()], 7, true],
    ['queued', [plan(), queue()], 8, false],
    ['under way', begun, undefined, true],
    ['under way', begun, 8, false],
    ['over', [...begun, status('InstallationFailed')], 7, true],
    ['over', [...begun, status('InstallationFailed')], undefined, false],
  ] as const)(
    'that is %s takes what the station says for its own by the number alone that it was sent with',
    (_, commands, requestId, own) => {
      const { state } = run(...commands);
      expect(state !== undefined && isOfUpdate(state, requestId)).toBe(own);
    },
  );

  it('says that nobody saw it fetch the image', () => {
    expect(run(...begun, boot('2.0.0')).state).toMatchObject({ reason: 'the platform has not seen it fetch the image' });
    expect(run(...begun, { kind: 'ReportFetch', now: T0 }, boot('2.0.0')).state).toMatchObject({ fetched: true, reason: '' });
  });

  it('has failed when a station that said it was done boots with what it had', () => {
    expect(run(...begun, status('Installed'), boot('1.0.0')).state).toMatchObject({
      state: 'Planned',
      reason: 'it said Installed, but booted with version 1.0.0',
    });
    // A restart in the middle tells nothing.
    expect(run(...begun, status('Installing'), boot('1.0.0')).state).toMatchObject({ state: 'Updating' });
  });

  it('waits for the word where that shows it, whatever version the station boots with', () => {
    const words = [status('InstallRebooting'), boot('1.0.0'), status('Installed')];
    expect(run(plan({ proof: 'Installed' }), queue(), answer('Accepted'), ...words).state).toMatchObject({
      state: 'Updated',
      evidence: 'Installed',
    });
    expect(run(...begun, ...words).state).toMatchObject({ state: 'Planned', reason: expect.stringContaining('InstallRebooting') });
  });

  it('hears a word that gets further from a station that said too much, in this attempt and in the next', () => {
    const noise = Array.from({ length: UPDATE_STEPS_MAX }, (_, index) => status(index % 2 === 0 ? 'Downloading' : 'DownloadPaused'));
    const noisy = run(...begun, ...noise, status('Downloaded'), status('Downloading'));
    expect(noisy.state).toMatchObject({ status: 'Downloaded', rank: 3 });
    const next = [status('DownloadFailed'), queue(T0 + 30 * MINUTE), answer('Accepted')];
    expect(run(...begun, ...noise, ...next, status('Downloading'), status('DownloadPaused')).state).toMatchObject({
      attempt: 2,
      status: 'DownloadPaused',
    });
    const installed = run(plan({ proof: 'Installed' }), queue(), answer('Accepted'), ...noise, status('Installed')).state;
    expect(installed).toMatchObject({ state: 'Updated' });
    expect(installed?.steps.length).toBe(UPDATE_STEPS_MAX);
  });

  it('is tried as often as planned, after a pause, and not again when the station cannot do it', () => {
    const once = run(...begun, status('DownloadFailed')).state;
    expect(once).toMatchObject({ state: 'Planned', attempt: 1, dueAt: isoTime(T0 + 30 * MINUTE) });
    const twice = run(...begun, status('DownloadFailed'), queue(T0 + 30 * MINUTE), answer('Accepted'), status('InstallationFailed'));
    expect(twice.state).toMatchObject({ state: 'Failed', attempt: 2, reason: 'it could not install the image' });
    expect(run(plan(), queue(), answer('NotSupported')).state).toMatchObject({ state: 'Failed', attempt: 1 });
    expect(run(plan(), queue(), answer('Rejected')).state).toMatchObject({ state: 'Planned', attempt: 1 });
  });

  it('made it after all when it boots with the version within a day of its failure', () => {
    const failed = [plan({ attemptsMax: 1 }), queue(), answer('Accepted'), status('InstallationFailed')] as const;
    const day = 24 * 60 * MINUTE;
    expect(run(...failed, boot('2.0.0', T0 + day - 1)).state).toMatchObject({ state: 'Updated', evidence: 'Boot' });
    expect(run(...failed, boot('2.0.0', T0 + day)).state).toMatchObject({ state: 'Failed' });
  });

  it('takes no word about another request, before it is told, or after it has ended', () => {
    expect(run(...begun, status('DownloadFailed', 8)).state).toMatchObject({ state: 'Updating', status: '' });
    expect(run(plan(), status('Downloading')).state).toMatchObject({ state: 'Planned', status: '' });
    expect(run(...begun, boot('2.0.0'), status('InstallationFailed')).state).toMatchObject({ state: 'Updated' });
    // Unsigned 1.6 names no request.
    expect(run(...begun, status('Downloading', undefined)).state).toMatchObject({ status: 'Downloading' });
  });

  it('takes a word that comes before the answer to the command', () => {
    expect(run(plan(), queue(), status('Downloading'), answer('Accepted')).state).toMatchObject({
      state: 'Updating',
      status: 'Downloading',
    });
  });

  it('is given up on only when it got no further: the same word again, or an earlier one, is no progress', () => {
    const late = T0 + 61 * MINUTE;
    const giveUp = (before: number): FirmwareUpdateCommand => ({
      kind: 'GiveUp',
      before: isoTime(before),
      reason: 'nothing happened',
      now: late,
    });
    const stuck = [
      ...begun,
      status('Downloaded', 7, T0),
      status('Downloading', 7, T0 + 30 * MINUTE),
      status('Downloaded', 7, T0 + 59 * MINUTE),
    ];
    expect(run(...stuck, giveUp(T0 + MINUTE)).state).toMatchObject({ state: 'Planned', reason: 'nothing happened' });
    expect(run(...begun, status('Downloading', 7, T0 + 2 * MINUTE), giveUp(T0 + MINUTE)).state).toMatchObject({ state: 'Updating' });
  });

  it('is skipped where the version is there already, and by a boot that shows it', () => {
    expect(run(plan({ fromVersion: '2.0.0' })).state).toMatchObject({ state: 'Skipped' });
    expect(run(plan(), boot('2.0.0')).state).toMatchObject({ state: 'Skipped' });
  });

  it('goes back to planned when its job is ended before its turn, with no try lost', () => {
    expect(run(plan(), queue(), { kind: 'ReportDropped', jobId: 'j', state: 'Cancelled', now: T0 }).state).toMatchObject({
      state: 'Planned',
      attempt: 0,
    });
    expect(run(plan(), queue(), { kind: 'ReportDropped', jobId: 'j', state: 'Expired', now: T0 }).state).toMatchObject({
      state: 'Expired',
    });
    expect(run(...begun, { kind: 'ReportDropped', jobId: 'j', state: 'Cancelled', now: T0 }).state).toMatchObject({ state: 'Updating' });
    expect(run(plan(), queue(), { kind: 'ReportDropped', jobId: 'other', state: 'Cancelled', now: T0 }).state).toMatchObject({
      state: 'Queued',
    });
  });

  it("is told the platform's address at once when it could not fetch the image from its controller, once", () => {
    const behind = [plan({ attemptsMax: 1 }), queue(T0, 'LC-1'), answer('Accepted')] as const;
    const again = run(...behind, status('DownloadFailed')).state;
    expect(again).toMatchObject({ state: 'Planned', direct: true, dueAt: isoTime(T0) });
    expect(run(...behind, status('DownloadFailed'), queue(), answer('Accepted'), status('DownloadFailed')).state).toMatchObject({
      state: 'Failed',
      attempt: 2,
    });
    expect(run(...behind, status('InstallationFailed')).state).toMatchObject({ state: 'Failed', attempt: 1 });
    // It has all the tries that were planned at the platform's.
    const tries = (count: number) => Array.from({ length: count }, () => [queue(), answer('Accepted'), status('DownloadFailed')]).flat();
    const first = [plan(), queue(T0, 'LC-1'), answer('Accepted'), status('DownloadFailed')];
    expect(run(...first, ...tries(1)).state).toMatchObject({ state: 'Planned', attempt: 2, dueAt: isoTime(T0 + 30 * MINUTE) });
    expect(run(...first, ...tries(2)).state).toMatchObject({ state: 'Failed', attempt: 3 });
    expect(run(...behind, boot('2.0.0')).state).toMatchObject({ reason: 'it was told to fetch the image from local controller LC-1' });
  });

  it('says what to look at when it could not download the image', () => {
    const reason = (...commands: readonly FirmwareUpdateCommand[]) => run(...begun, ...commands, status('DownloadFailed')).state?.reason;
    const refused: FirmwareUpdateCommand = { kind: 'ReportFetchRefused', reason: 'this address has expired', now: T0 };
    expect(reason()).toContain('never asked the platform');
    expect(reason({ kind: 'ReportFetch', now: T0 })).toContain('could not end it');
    expect(reason(refused, refused)).toBe('it came for the image and was refused: this address has expired');
    expect(run(...begun, refused, refused).events).toHaveLength(begun.length + 1);
    expect(run(...begun, boot('2.0.0'), refused).state).toMatchObject({ state: 'Updated', refusedFetch: '' });
  });

  it('may run the image when it was updated, or failed after it began to install it', () => {
    const may = (...commands: readonly FirmwareUpdateCommand[]) => {
      const { state } = run(plan({ attemptsMax: 1 }), queue(), answer('Accepted'), ...commands);
      return state !== undefined && mayRunImage(state);
    };
    expect(may(status('Installing'))).toBe(false);
    expect(may(boot('2.0.0'))).toBe(true);
    expect(may(status('InstallationFailed'))).toBe(true);
    expect(may(status('Installing'), status('DownloadFailed'))).toBe(true);
    expect(may(status('Downloaded'), status('InvalidSignature'))).toBe(false);
    expect(may(status('DownloadFailed'))).toBe(false);
  });

  it('is brought back only when it has ended, and says by which campaign', () => {
    const back: FirmwareUpdateCommand = { kind: 'TakeBack', rollBackId: 'r', now: T0 };
    expect(run(...begun, back).state).toMatchObject({ rollBackId: '' });
    const { state, events } = run(...begun, boot('2.0.0'), back, back);
    expect(state).toMatchObject({ state: 'Updated', rollBackId: 'r' });
    expect(events.filter(({ type }) => type === 'voltlog.device.FirmwareUpdateTakenBack.v1')).toHaveLength(1);
  });

  it('stays bounded and lawful whatever a station says, and a repetition of all it said changes no end', () => {
    const words = fc.constantFrom(
      'Downloading',
      'Downloaded',
      'Installing',
      'Installed',
      'InstallRebooting',
      'DownloadFailed',
      'Idle',
      'Nonsense',
    );
    const said = fc.oneof(
      words.map((word) => status(word)),
      fc.constantFrom('1.0.0', '2.0.0', '').map((version) => boot(version)),
    );
    fc.assert(
      fc.property(fc.array(said, { maxLength: 120 }), (all) => {
        const { state, events } = run(...begun, ...all);
        expect(state?.steps.length).toBeLessThanOrEqual(UPDATE_STEPS_MAX);
        expect(events.length).toBeLessThan(UPDATE_STEPS_MAX + 10);
        if (state?.state === 'Updated') expect(all.some((each) => each.kind === 'ReportBoot' && each.version === '2.0.0')).toBe(true);
        if (state?.state === 'Updated') expect(run(...begun, ...all, ...all).state).toEqual(state);
      }),
    );
  });
});
