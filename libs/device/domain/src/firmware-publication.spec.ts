import type { FirmwarePublicationEvent } from '@voltlog/device-contract';
import { fold, isoTime } from '@voltlog/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FirmwarePublicationCommand, firmwarePublicationDecider } from './firmware-publication.decider.js';

const T0 = Date.parse('2026-11-26T01:00:00.000Z');
const ask: FirmwarePublicationCommand = { kind: 'AskPublication', campaignId: 'c', stationId: 'LC-1', jobId: 'j', requestId: 7, now: T0 };
const answer = (state: string, jobId = 'j'): FirmwarePublicationCommand => ({
  kind: 'ReportAnswer',
  jobId,
  state,
  stationStatus: state,
  reason: '',
  now: T0,
});
const status = (word: string, locations: readonly string[] = [], requestId: number | undefined = 7): FirmwarePublicationCommand => ({
  kind: 'ReportStatus',
  status: word,
  requestId,
  locations,
  now: T0,
});
const AT = 'http://10.0.0.1/fw.bin';

function run(...commands: readonly FirmwarePublicationCommand[]) {
  const events: FirmwarePublicationEvent[] = [];
  for (const command of commands) {
    const decision = firmwarePublicationDecider.decide(command, fold(firmwarePublicationDecider, events));
    if (decision.ok) events.push(...decision.events);
  }
  return { state: fold(firmwarePublicationDecider, events), events };
}

describe('a local controller that publishes firmware', () => {
  it('has published once it says so and where, and takes no word back', () => {
    expect(run(ask, answer('Accepted'), status('Downloading')).state).toMatchObject({ state: 'Asked', status: 'Downloading' });
    const published = [ask, answer('Accepted'), status('Downloading'), status('Published', [AT, 'ftp://10.0.0.1/fw.bin'])] as const;
    expect(run(...published).state).toMatchObject({ state: 'Published', location: AT });
    expect(run(...published, status('PublishFailed'), answer('Rejected')).state).toMatchObject({ state: 'Published', location: AT });
  });

  it('has failed when it refuses, says so, names no address, was not asked in time or gets no further', () => {
    expect(run(ask, answer('Rejected')).state).toMatchObject({ state: 'Failed', reason: 'it refused: Rejected' });
    expect(run(ask, answer('NotSupported')).state).toMatchObject({ state: 'Failed' });
    expect(run(ask, status('InvalidChecksum')).state).toMatchObject({ reason: 'it found the checksum of the image wrong' });
    expect(run(ask, status('Published', ['', 'not an address'])).state).toMatchObject({ reason: 'it published the image, but not where' });
    expect(run(ask, { kind: 'ReportDropped', jobId: 'j', now: T0 }).state).toMatchObject({ state: 'Failed' });
    const giveUp = (before: number): FirmwarePublicationCommand => ({ kind: 'GiveUp', before: isoTime(before), reason: 'late', now: T0 });
    expect(run(ask, giveUp(T0)).state).toMatchObject({ state: 'Asked' });
    expect(run(ask, giveUp(T0 + 1)).state).toMatchObject({ state: 'Failed', reason: 'late' });
  });

  it('has published after all when it says so later', () => {
    expect(run(ask, answer('Rejected'), status('Published', [AT])).state).toMatchObject({ state: 'Published', location: AT, reason: '' });
    expect(run(ask, answer('Rejected'), status('Downloading')).state).toMatchObject({ state: 'Failed' });
  });

  it('is not concerned by other jobs and requests, or before it is asked', () => {
    expect(run(ask, answer('Rejected', 'other')).state).toMatchObject({ state: 'Asked' });
    expect(run(ask, status('Published', [AT], 8)).state).toMatchObject({ state: 'Asked' });
    expect(run(status('Published', [AT])).state).toBeUndefined();
    expect(run(ask, ask).events).toHaveLength(1);
  });

  it('stays bounded whatever it says, and a repetition of all it said does not take back what is published', () => {
    const word = fc.constantFrom(
      'Idle',
      'Downloading',
      'DownloadPaused',
      'Downloaded',
      'ChecksumVerified',
      'PublishFailed',
      'Nonsense',
      'Published',
    );
    const said = fc.record({ word, where: fc.constantFrom([], [AT]) }).map(({ word: each, where }) => status(each, where));
    fc.assert(
      fc.property(fc.array(said, { maxLength: 60 }), (all) => {
        const { state, events } = run(ask, ...all);
        expect(events.length).toBeLessThan(10);
        if (state?.state === 'Published') expect(state.location).toBe(AT);
        if (state?.state === 'Published') expect(run(ask, ...all, ...all).state).toEqual(state);
      }),
    );
  });
});
