import { recordingsV1 } from '@voltlog/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Instance, World } from '../testing/harness.js';

const BOOT = { chargePointVendor: 'V', chargePointModel: 'M', chargePointSerialNumber: 'SERIAL-1' };

describe('a recording', () => {
  let world: World;
  let instance: Instance;
  beforeEach(async () => {
    world = await World.open();
    instance = await world.start();
  });
  afterEach(() => world.close());

  const service = (of = instance) => of.rpc.client<recordingsV1.RecordingService>(recordingsV1.RecordingServiceDefinition, { address: '' });
  const start = async (request: Partial<recordingsV1.StartRecordingRequest> = {}) => {
    const { recording } = await service().startRecording({ stationId: 'CP1', seconds: 0, bytesMax: 0, ...request });
    return recording?.recordingId ?? '';
  };
  const state = async (recordingId: string) => (await service().getRecording({ recordingId })).recording;
  const linesOf = async (recordingId: string) => {
    const lines: Record<string, unknown>[] = [];
    let pageToken = '';
    do {
      const page = await service().readRecording({ recordingId, pageToken });
      lines.push(...page.lines.map((line) => JSON.parse(line) as Record<string, unknown>));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    return lines;
  };

  it('has what was said both ways while it went on, heartbeats too, and no names', async () => {
    const station = await world.connect();
    await station.ask('BootNotification', BOOT);
    const recordingId = await start();
    await station.ask('Authorize', { idTag: 'CARD-1' });
    await station.ask('Heartbeat', {});
    await service().stopRecording({ recordingId });
    await station.ask('Authorize', { idTag: 'CARD-2' });
    const [head, ...lines] = await linesOf(recordingId);
    expect(head).toMatchObject({ format: 'voltlog-recording', version: 1, stationId: 'STATION', state: 'Stopped' });
    expect(lines.map(({ from, do: what, frame }) => what ?? `${String(from)} ${String((frame as unknown[])[0])}`).slice(0, 5)).toEqual([
      'connect',
      'station 2',
      'csms 3',
      'station 2',
      'csms 3',
    ]);
    expect(lines[1]).toMatchObject({ from: 'station', frame: [2, 'm2', 'Authorize', { idTag: expect.stringMatching(/^X[0-9A-F]{7}$/) }] });
    expect(JSON.stringify(lines)).not.toMatch(/CARD|SERIAL/);
    const times = lines.map(({ ms }) => Number(ms));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(await state(recordingId)).toMatchObject({ state: 'Stopped', lines: lines.length });
  });

  it('goes on with every instance, over a reconnect, and knows a token again there', async () => {
    const other = await world.start();
    const recordingId = await start();
    const first = await world.connect();
    await first.ask('Authorize', { idTag: 'CARD-1' });
    await first.close();
    await other.runtime.tickRecordings();
    const second = await world.connect({ port: other.port });
    await second.ask('Authorize', { idTag: 'CARD-1' });
    await instance.runtime.tickRecordings();
    await other.runtime.tickRecordings();
    await service().stopRecording({ recordingId });
    const [, ...lines] = await linesOf(recordingId);
    expect(lines.filter((line) => line['do'] !== undefined).map((line) => line['do'])).toEqual(['connect', 'close', 'connect']);
    const tags = lines.flatMap(({ frame }) => (Array.isArray(frame) && frame[0] === 2 ? [(frame[3] as { idTag: string }).idTag] : []));
    expect(tags).toHaveLength(2);
    expect(tags[0]).toBe(tags[1]);
  });

  it('has the first frame too that an instance hears which starts while it goes on', async () => {
    const recordingId = await start();
    const other = await world.start();
    const station = await world.connect({ port: other.port });
    await station.ask('Authorize', { idTag: 'CARD-1' });
    await other.runtime.tickRecordings();
    await service().stopRecording({ recordingId });
    const [, ...lines] = await linesOf(recordingId);
    expect(lines.map(({ frame }) => (frame as unknown[] | undefined)?.[2])).toContain('Authorize');
  });

  it('ends by itself with as many bytes as were asked for', async () => {
    const recordingId = await start({ bytesMax: 200 });
    const station = await world.connect();
    for (let i = 0; i < 5; i++) await station.ask('Authorize', { idTag: 'CARD-1' });
    await instance.runtime.tickRecordings();
    expect(await state(recordingId)).toMatchObject({ state: 'Full' });
    const { lines } = (await state(recordingId)) ?? {};
    await station.ask('Authorize', { idTag: 'CARD-1' });
    await instance.runtime.tickRecordings();
    expect(await state(recordingId)).toMatchObject({ state: 'Full', lines });
  });

  it('ends by itself at its time', async () => {
    const recordingId = await start({ seconds: 60 });
    world.skewMs += 59_000;
    await instance.runtime.tickRecordings();
    expect(await state(recordingId)).toMatchObject({ state: 'Active' });
    world.skewMs += 1_000;
    await instance.runtime.tickRecordings();
    expect(await state(recordingId)).toMatchObject({ state: 'Expired' });
  });

  it('is one at a time for a station, and can be forgotten', async () => {
    const recordingId = await start();
    await expect(start()).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
    await service().deleteRecording({ recordingId });
    await expect(state(recordingId)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(start()).resolves.not.toBe('');
  });

  it('outlives the store being away, and what is no JSON', async () => {
    const recordingId = await start();
    const station = await world.connect();
    instance.store.away = true;
    station.raw('[2,"x","Authorize",{"idTag":"CARD-1"');
    // Frames are taken in their order: what came before this is on the tape.
    await station.call('Heartbeat', {});
    await instance.runtime.tickRecordings();
    instance.store.away = false;
    await service().stopRecording({ recordingId });
    const lines = await linesOf(recordingId);
    expect(lines.some((line) => line['unreadable'] === 36)).toBe(true);
    expect(JSON.stringify(lines)).not.toContain('CARD');
  });
});
