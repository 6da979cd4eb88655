import { writeResponse } from '@voltlog/ocpp-v16-soap';
import { connectionV1, deviceV1, recordingsV1 } from '@voltlog/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Instance, World } from '../testing/harness.js';
import { sha256Of } from '../testing/passwords.js';
import { SoapTestStation } from '../testing/soap-test-station.js';

const PASSWORD = 'a-password-of-size-24---';

type Line = Readonly<Record<string, unknown>>;

describe('the recording of a station that speaks SOAP', () => {
  let world: World;
  let instance: Instance;
  let station: SoapTestStation;
  const open: SoapTestStation[] = [];
  const stationOf = async (stationId: string, port = instance.port, password?: string) => {
    const one = await SoapTestStation.open({ port, stationId, ...(password === undefined ? {} : { password }) });
    open.push(one);
    return one;
  };
  beforeEach(async () => {
    world = await World.open();
    instance = await world.start();
    station = await stationOf('CP1');
  });
  afterEach(async () => {
    await world.close();
    await Promise.all(open.splice(0).map((one) => one.close()));
  });

  const service = (): recordingsV1.RecordingService =>
    instance.rpc.client<recordingsV1.RecordingService>(recordingsV1.RecordingServiceDefinition, { address: '' });
  const start = async () => (await service().startRecording({ stationId: 'CP1', seconds: 0, bytesMax: 0 })).recording?.recordingId ?? '';
  const stopped = async (recordingId: string): Promise<readonly Line[]> => {
    for (const { runtime } of world.instances) await runtime.tickRecordings();
    await service().stopRecording({ recordingId });
    const lines: string[] = [];
    let pageToken = '';
    do {
      const page = await service().readRecording({ recordingId, pageToken });
      lines.push(...page.lines);
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    return lines.slice(1).map((line) => JSON.parse(line) as Line);
  };
  const withoutTime = (lines: readonly Line[]) => lines.map(({ ms: _ms, ...line }) => line);
  const NAME = expect.stringMatching(/^X[0-9A-F]{7,}$/);

  it('has what was said both ways as the frames that say the same, heartbeats too, and no names', async () => {
    await station.ask('Authorize', { idTag: 'CARD-0' });
    const recordingId = await start();
    await station.ask('Authorize', { idTag: 'CARD-1' });
    await station.ask('Heartbeat', {});
    station.onCall = () => ({ configurationKey: [{ key: 'AuthorizationKey', readonly: false, value: 'SECRET-1' }] });
    await world.command('CP1', { $case: 'rawCall', value: { action: 'GetConfiguration', payloadJson: '{}' } });
    const lines = await stopped(recordingId);
    await station.ask('Authorize', { idTag: 'CARD-2' });
    expect(withoutTime(lines)).toEqual([
      { do: 'connect', ocppVersion: 'ocpp1.6', dialect: '1.6S' },
      { from: 'station', frame: [2, 'm2', 'Authorize', { idTag: NAME }] },
      { from: 'csms', frame: [3, 'm2', { idTagInfo: { status: 'Accepted' } }] },
      { from: 'station', frame: [2, 'm3', 'Heartbeat', {}] },
      { from: 'csms', frame: [3, 'm3', { currentTime: expect.any(String) }] },
      { from: 'csms', frame: [2, expect.any(String), 'GetConfiguration', {}] },
      {
        from: 'station',
        frame: [3, expect.any(String), { configurationKey: [{ key: 'AuthorizationKey', readonly: false, value: NAME }] }],
      },
    ]);
    expect(JSON.stringify(lines)).not.toMatch(/CARD|SECRET/);
  });

  it('has what was refused, on either side, what was tolerated, and of an answer that nobody could read the length', async () => {
    const recordingId = await start();
    await station.ask('Heartbeat', {}, '');
    await station.post(station.envelope('Authorize', { idTag: 'CARD-THAT-IS-FAR-TOO-LONG' }, station.url, 'long'));
    const bare = station.envelope('Heartbeat', {}, station.url, 'bare').replace(/<(\w+):Action[^>]*>[^<]*<\/\1:Action>/, '');
    expect((await station.post(bare)).status).toBe(200);
    station.rawAnswer = { status: 500, headers: {}, text: '<html>CARD-1</html>' };
    await world.command('CP1', { $case: 'reset', value: { type: connectionV1.ResetType.ON_IDLE, evseId: 0 } });
    const lines = withoutTime(await stopped(recordingId));
    expect(lines).toContainEqual({ from: 'csms', frame: [4, 'long', expect.any(String), expect.any(String), {}] });
    expect(lines).toContainEqual({ from: 'station', tolerances: ['actionMissing'], frame: [2, 'bare', 'Heartbeat', {}] });
    expect(lines.at(-1)).toEqual({ from: 'station', unreadable: '<html>CARD-1</html>'.length });
    expect(JSON.stringify(lines)).not.toContain('CARD-1');
  });

  it('has nothing of the answer by which a station refuses a password, though it looks like one to the command', async () => {
    const recordingId = await start();
    await station.ask('Heartbeat', {});
    const text = writeResponse(
      'Reset',
      { status: 'Accepted' },
      { service: 'cp', edition: '1.6', messageId: 'answer', relatesTo: undefined },
    );
    station.rawAnswer = { status: 401, headers: {}, text };
    await world.command('CP1', { $case: 'reset', value: { type: connectionV1.ResetType.ON_IDLE, evseId: 0 } });
    const lines = withoutTime(await stopped(recordingId));
    expect(lines.at(-1)).toEqual({ from: 'station', unreadable: 'HTTP 401'.length });
  });

  it('has of a request that nobody could read the length, where it is proven that the station sent it', async () => {
    world.device.register('CP1', { passwordHash: sha256Of(PASSWORD) });
    const proven = await stationOf('CP1', (await world.start()).port, PASSWORD);
    const recordingId = await start();
    await world.instances[1]?.runtime.tickRecordings();
    await proven.post('<no envelope of CARD-1', { path: '/ocpp/soap/CP1' });
    const lines = withoutTime(await stopped(recordingId));
    expect(lines).toContainEqual({ from: 'station', unreadable: '<no envelope of CARD-1'.length });
    expect(lines).toContainEqual({ from: 'csms', frame: [4, '-1', 'ProtocolError', expect.any(String), {}] });
  });

  it('has nothing of a request that nobody could read, where anybody could have sent it', async () => {
    const recordingId = await start();
    await station.post('<no envelope', { path: '/ocpp/soap/CP1' });
    await station.ask('Heartbeat', {});
    const lines = await stopped(recordingId);
    expect(lines.map(({ frame }) => Array.isArray(frame) && frame[2])).toContain('Heartbeat');
    expect(JSON.stringify(lines)).not.toMatch(/unreadable|ProtocolError/);
  });

  it('has nothing of it either where who is not registered came with a password that nobody checked', async () => {
    const { port } = await world.start({ UNKNOWN_STATIONS: 'accept' });
    world.device.register('CP1', { lifecycle: deviceV1.StationLifecycle.QUARANTINED });
    const recordingId = await start();
    await world.instances[1]?.runtime.tickRecordings();
    const anybody = await stationOf('CP1', port, 'whatever');
    expect((await anybody.post('<no envelope', { path: '/ocpp/soap/CP1' })).status).toBe(400);
    await anybody.ask('Heartbeat', {});
    const lines = await stopped(recordingId);
    expect(lines.map(({ frame }) => Array.isArray(frame) && frame[2])).toContain('Heartbeat');
    expect(JSON.stringify(lines)).not.toMatch(/unreadable|ProtocolError/);
  });

  it('goes on with every instance, also one that was started later, until the station has gone', async () => {
    const recordingId = await start();
    await station.ask('Authorize', { idTag: 'CARD-1' });
    const second = await stationOf('CP1', (await world.start()).port);
    await second.ask('Authorize', { idTag: 'CARD-1' });
    world.skewMs += 661_000;
    await expect.poll(() => world.facts('voltlog.connection.StationDisconnected.v1'), { timeout: 20_000 }).toHaveLength(1);
    const lines = await stopped(recordingId);
    const tags = lines.flatMap(({ frame }) => (Array.isArray(frame) && frame[0] === 2 ? [(frame[3] as { idTag: string }).idTag] : []));
    expect(tags).toEqual([NAME, tags[0]]);
    expect(lines.filter(({ do: what }) => what === 'close')).toHaveLength(1);
  });

  it('has nothing of another station', async () => {
    world.device.register('CP2');
    const recordingId = await start();
    const other = await stationOf('CP2');
    await other.ask('Authorize', { idTag: 'CARD-1' });
    await other.post('<no envelope', { path: '/ocpp/soap/CP2' });
    expect(await stopped(recordingId)).toEqual([]);
  });
});
